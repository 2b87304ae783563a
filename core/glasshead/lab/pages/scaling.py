"""scaling: why scores are divided by √d_k."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded

if TYPE_CHECKING:
    from glasshead.lab.scaling import Scaling


MEETS = "What a gradient is multiplied by: largest where a few keys compete, near 0 where one has won."


def run(**given: Any) -> "Scaling":
    """Run glasshead.lab.scaling."""
    from glasshead.lab.scaling import scaling

    return scaling(**given)


def judge(result: "Scaling") -> Verdict:
    """Judge by the slope of the variance of q·k in a log–log plot: 1 if it grows as d_k."""
    power = _power(result)
    first, last = result.widths[0], result.widths[-1]
    sentence = (
        f"From d_k {first.d_k} to {last.d_k} the variance of q·k went from {first.plain.variance:.2f} to "
        f"{last.plain.variance:.1f}, as d_k to the power {power:.2f}, "
        f"the largest weight from {first.plain.largest:.2f} to {last.plain.largest:.2f}, "
        f"the Jacobian's norm from {max(each.plain.jacobian for each in result.widths):.2f} at most to "
        f"{last.plain.jacobian:.2f}; with 1/√d_k they ended at {last.scaled.variance:.2f}, "
        f"{last.scaled.largest:.2f} and {last.scaled.jacobian:.2f}."
    )
    return Verdict(answer=0 if power < 0.25 else 1 if power < 0.75 else 2 if power < 1.5 else 3, sentence=sentence)


def exhibits(result: "Scaling") -> tuple[Exhibit, ...]:
    """Show variance, weights and gradient, then the trained model."""
    d_k = [each.d_k for each in result.widths]

    def both(what: str, unit: str, name: str, *, log_y: bool = False, note: str = "") -> Plot:
        return Plot(
            title=what,
            x="d_k",
            y=unit,
            log_x=True,
            log_y=log_y,
            note=note,
            series=(
                Series(label="q·k", x=d_k, y=[getattr(each.plain, name) for each in result.widths]),
                Series(label="q·k / √d_k", x=d_k, y=[getattr(each.scaled, name) for each in result.widths]),
            ),
        )

    rows = tuple(
        (each.d_k, *(getattr(side, name) for name in ("variance", "largest", "entropy", "jacobian")
                     for side in (each.plain, each.scaled)))
        for each in result.widths
    )  # fmt: skip
    return (
        both("variance of the scores", "", "variance", log_y=True, note="As a line of slope 1: it equals d_k."),
        both("largest weight", f"of {result.keys} keys", "largest"),
        both(
            "norm of softmax's Jacobian",
            "Frobenius norm",
            "jacobian",
            log_y=True,
            note=MEETS,
        ),
        Table(
            title="measured",
            columns=("d_k", "variance", "scaled", "largest", "scaled", "entropy", "scaled", "Jacobian", "scaled"),
            rows=rows,
            note=f"Means over queries drawn at random, each with {result.keys} keys. Entropy in bits.",
        ),
        Table(
            title=f"{result.model}, d_k {result.model_d_k}, with the scale and without",
            columns=("attention", "largest", "without", "entropy", "without"),
            rows=tuple(
                (each.site, each.largest, each.largest_unscaled, each.entropy, each.entropy_unscaled)
                for each in result.trained
            ),
            note="Means over heads and queries. The model was trained with the scale: without it, it is another one.",
        ),
        Lines(
            title="what it then says",
            lines=(
                f"source       {result.text}",
                f"with         {result.translation}",
                f"without      {result.translation_unscaled}",
            ),
            note="The same here: choosing the likeliest token hides the change. The table above shows it."
            if result.translation == result.translation_unscaled
            else "Different: the change is large enough to choose other tokens.",
        ),
    )


def _power(result: "Scaling") -> float:
    """Fit the power of d_k that the variance grows as, over all widths; 0 if nothing varies."""
    from glasshead.lab.tools.stopwatch import slope

    varying = [each for each in result.widths if each.plain.variance > 0]
    return slope([each.d_k for each in varying], [each.plain.variance for each in varying]) if len(varying) > 1 else 0.0


PAGE = Page(
    name="scaling",
    title="Why 1/√d_k",
    claim="As d_k grows q·k varies more, softmax peaks and its gradient shrinks; dividing by √d_k undoes it.",
    paragraphs=(
        "A score is q·k, a sum of d_k products. The paper suspects that large scores push softmax to where its "
        "gradient is nearly zero and little is learned, and divides them by √d_k (section 3.2.1). To think with: "
        "the product of two independent numbers of mean 0 and variance 1 has mean 0 and variance 1 too, and d_k of "
        "them are added.",
        "Queries and keys are drawn at random for growing d_k, and softmax is taken over their scores as they are "
        "and divided by √d_k. Then a trained model runs on one sentence, with its scale and with the scale taken "
        "out.",
        "Two lines that part: variances of independent terms add up, so the bare scores follow d_k; the scaled "
        "ones stay where they are. Which distribution is drawn hardly matters once d_k is large: change `draw`. "
        "Trained vectors are not independent, so in the model the effect is real but its size is its own.",
    ),
    question=Question(
        text="The numbers in q and k are independent, of mean 0 and variance 1. d_k is doubled. What happens to the "
        "variance of q·k?",
        answers=("it stays the same", "it grows by a factor of √2", "it doubles", "it grows fourfold"),
    ),
    controls=(
        Control(
            name="d_k",
            usual=512,
            help="the largest width of a head",
            stops=(4, 16, 64, 128, 256, 512, 1024),
            least=4,
            most=8192,
            quick=128,
            full=1024,
        ),
        Control(
            name="keys",
            usual=32,
            help="how many keys share the weight",
            stops=(2, 8, 16, 32, 64),
            least=2,
            most=2000,
        ),
        Control(
            name="queries",
            usual=1000,
            help="how many queries are drawn for each d_k",
            stops=(500, 1000, 2000),
            least=500,
            most=100_000,
            quick=500,
            full=2000,
        ),
        Control(
            name="draw",
            usual="normal",
            help="the distribution of the numbers, all of variance 1",
            stops=("normal", "uniform", "signs"),
            choice=True,
        ),
        Control(name="text", usual="", help="a sentence for the trained model; empty: its first example"),
        seeded("another seed draws other numbers"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens without 1/√d_k: look at the weights (nearly all black or white), and press u to "
        "see the arithmetic.",
        text="the black cat is sleeping",
        steps=4,
        stack="decoder",
        kind="cross",
        layer=0,
        head=0,
        stage="weights",
        pane="attention",
        edits=("*.scores = unscaled",),
    ),
    sources=("Vaswani et al. 2017, Attention Is All You Need, section 3.2.1 and footnote 4",),
    result="glasshead.lab.scaling:Scaling",
    model=True,
)
