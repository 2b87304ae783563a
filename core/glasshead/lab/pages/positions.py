"""positions: a step of k positions is one rotation; learned positions; order removed."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Grid, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded

if TYPE_CHECKING:
    from glasshead.lab.positions import Own, Positions

EXACT = 1e-4
"""Below this an error is rounding: the table holds float32 numbers in −1…1."""


def run(**given: Any) -> "Positions":
    """Run glasshead.lab.positions."""
    from glasshead.lab.positions import positions

    return positions(**given)


def judge(result: "Positions") -> Verdict:
    """Judge by the errors whether one matrix serves all positions, and whether another k needs another matrix."""
    own = next(each for each in result.offsets if each.k == result.k)
    fit = result.learned.fits[0]
    which = f"all {own.pairs:,} positions" if own.pairs > 1 else "the only position there is"
    sentence = (
        f"One matrix takes {which} {_way(result.k)}, with an error of at most {own.error:.1e}. The best linear map for "
        f"learned positions, 1 further, is off by {fit.learned:.2f} of their size (sinusoids: {fit.sinusoidal:.1e}; "
        f"random numbers: {fit.random:.2f})."
    )
    if own.error > EXACT:
        return Verdict(answer=3, sentence=sentence)
    return Verdict(answer=1 if result.borrowed > EXACT else 2, sentence=sentence)


def exhibits(result: "Positions") -> tuple[Exhibit, ...]:
    """Show distances, the matrix and its error, learned positions, order."""
    learned, shown = result.learned, len(result.matrix)
    labels = tuple(f"{name} {pair}" for pair in range(shown) for name in ("sin", "cos"))[:shown]
    widest = max(each.spread for each in result.distances)
    apart = max(each.spread for each in learned.distances)
    found: list[Exhibit] = [
        Plot(
            title=f"dot product of two positions, m {result.width}",
            x="distance in positions",
            y="PE(pos) · PE(pos + k)",
            series=(
                Series(
                    label="mean of all pairs",
                    x=[each.distance for each in result.distances],
                    y=[each.mean for each in result.distances],
                ),
                Series(
                    label="Σ cos(k ω_i)",
                    x=[each.distance for each in result.distances],
                    y=[each.formula or 0.0 for each in result.distances],
                    points=True,
                ),
            ),
            note=f"Pairs of the same distance differ by at most {widest:.1e}. Before or after makes no difference.",
        ),
        Table(
            title="one matrix M_k for all positions",
            columns=("k", "positions", "largest |M_k PE(pos) − PE(pos + k)|"),
            rows=tuple((each.k, each.pairs, f"{each.error:.1e}") for each in result.offsets),
            note=f"M_{result.k} used where M_{result.other} belongs misses by {result.borrowed:.2f}. Numbers are "
            "in −1…1, rounded to float32.",
        ),
        Grid(
            title=f"the first blocks of M_{result.k}",
            rows=labels,
            columns=labels,
            values=result.matrix,
            note="Each pair is turned by the angle k·ω_i, the fast ones far, the slow ones hardly. Elsewhere zeros.",
        ),
        Plot(
            title="dot products, learned and not",
            x="distance in positions",
            y="relative to distance 0",
            series=(
                Series(
                    label="learned",
                    x=[each.distance for each in learned.distances],
                    y=[each.mean for each in learned.distances],
                ),
                Series(
                    label="sinusoids",
                    x=[each.distance for each in learned.beside],
                    y=[each.mean for each in learned.beside],
                ),
            ),
            note=f"{learned.positions} positions of {learned.width} numbers. Learned pairs of one distance differ by "
            f"up to {apart:.2f}.",
        ),
        Table(
            title="error of the best linear map, on a position left out",
            columns=("k", "sinusoids", "learned", "before training", "random"),
            rows=tuple(
                (each.k, f"{each.sinusoidal:.1e}", each.learned, each.untrained, each.random) for each in learned.fits
            ),
            note=f"0 is exact, 1 no better than nothing. Learned in {learned.steps:,} steps: loss {learned.loss:.2f} "
            f"nats a token, {learned.exact:.0%} said right.",
        ),
        Table(
            title="the encoder's output for shuffled tokens, against its shuffled output",
            columns=("positions", "largest difference", "size of the output"),
            rows=tuple((each.positions, f"{each.difference:.2g}", each.size) for each in result.readings),
            note="Without positions they are the same but for rounding: the encoder reads a bag of tokens.",
        ),
        Lines(
            title="what it then says",
            lines=(
                f"source       {result.text}",
                f"shuffled     {result.shuffled}",
                *(
                    line
                    for each in result.readings
                    for line in (
                        f"{each.positions:<12} {each.translation}",
                        f"  shuffled   {each.shuffled}",
                    )
                ),
            ),
            note=f"{result.model} was trained with its positions: without them it is another model.",
        ),
    ]
    if result.own is not None:
        found.insert(len(found) - 2, _table(result.model, result.own))
    return tuple(found)


def _table(model: str, own: "Own") -> Table:
    few = any(each.pairs <= own.width for each in own.shifts)
    return Table(
        title=f"the positions that {model} learned",
        columns=("k", "dot product", "spread", "map, fitted to", "off by", "sinusoids", "random"),
        rows=tuple(
            (
                each.k, round(each.mean, 3), round(each.spread, 3), each.pairs, each.own,
                f"{each.sinusoidal:.1e}", each.random,
            )
            for each in own.shifts
        ),
        note=f"{own.positions:,} of {own.width:,} numbers; products relative to distance 0. "
        + (
            "No more pairs than numbers: a map can hardly foretell others."
            if few
            else "Those that no training sentence reached are as they began."
        ),
    )  # fmt: skip


def _way(k: int) -> str:
    return f"{-k} back" if k < 0 else f"{k} further"


PAGE = Page(
    name="positions",
    title="Where a token stands",
    claim="PE(pos + k) is a linear function of PE(pos): one rotation a pair, the same at every position.",
    paragraphs=(
        "Attention does not know order, so the paper adds sines and cosines of many wavelengths to the embeddings: "
        "for each frequency ω a pair, sin(pos·ω) and cos(pos·ω). It hopes that the model can easily attend by "
        "relative position (section 3.5). To think with: sin(a + b) = sin a cos b + cos a sin b, and cos(a + b) = "
        "cos a cos b − sin a sin b.",
        "A matrix from PE(pos) to PE(pos + k) is built and tried on every position. A small model learns positions "
        "of its own while it learns to say letters backwards; the best linear map is fitted to all its positions "
        "but one, and tried on that one. Then a trained model reads a sentence with its tokens shuffled, with "
        "positions and without.",
        "Errors: 1e-7 is rounding. With enough steps what is learned grows smooth, yet no one matrix shifts it "
        "exactly. That a linear map exists does not show that a model uses it: the paper found learned positions "
        "as good (table 3, E); what they come to hold depends on the training (Wang and Chen 2020). A decoder "
        "without positions still sees order through its mask (Haviv 2022).",
    ),
    question=Question(
        text="A matrix takes PE(pos) to PE(pos + k). What does this matrix depend on?",
        answers=(
            "on pos and on k",
            "on k only",
            "on neither: one serves all",
            "there is none: sin and cos are not linear",
        ),
    ),
    controls=(
        Control(
            name="k",
            usual=3,
            help="how many positions further; below 0: back",
            stops=(-3, -1, 1, 2, 3, 5, 10, 50),
            least=-1023,
            most=1023,
        ),
        Control(
            name="width", usual=64, help="numbers of a position, even", stops=(4, 16, 64, 128, 512), least=2, most=1024
        ),
        Control(
            name="length",
            usual=100,
            help="how many positions are looked at",
            stops=(10, 50, 100, 500),
            least=2,
            most=1024,
        ),
        Control(
            name="steps",
            usual=600,
            help="how long the small model learns positions",
            stops=(1, 100, 600, 2000, 4000),
            least=1,
            most=10_000,
            quick=100,
            full=4000,
        ),
        Control(name="text", usual="", help="a sentence for the trained model; empty: its first example"),
        seeded("another seed trains and shuffles otherwise"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens without positions: look along a row of the encoder's self-attention. Equal tokens "
        "get equal weights wherever they stand, and neighbours are nothing special.",
        text="the black cat does not see the small house",
        steps=3,
        stack="encoder",
        kind="self",
        layer=0,
        head=0,
        stage="weights",
        pane="attention",
        edits=("*.position = 0",),
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 3.5 and table 3, row E",
        "Gehring et al. 2017, Convolutional Sequence to Sequence Learning (learned positions)",
        "Wang and Chen 2020, What Do Position Embeddings Learn?",
        "Haviv et al. 2022, Transformer Language Models without Positional Encodings Still Learn Positional "
        "Information",
    ),
    result="glasshead.lab.positions:Positions",
    model=True,
    trained=True,
)
