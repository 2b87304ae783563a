"""complexity: the paper's table of layer types, computed, counted and timed."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict

if TYPE_CHECKING:
    from glasshead.lab.complexity import Complexity, Timings

ASKED = ("recurrent", "self-attention", "convolution")
"""The layers of the first answers, in their order."""
SAME = 3
"""The answer that the first two cost the same."""


def run(**given: Any) -> "Complexity":
    """Run glasshead.lab.complexity."""
    from glasshead.lab.complexity import complexity

    return complexity(**given)


def judge(result: "Complexity") -> Verdict:
    """Find the cheapest of three layers at these n and d by its multiply–adds, or a tie."""
    cost = {row.layer: row.multiply_adds for row in result.rows}
    asked = [cost[layer] for layer in ASKED]
    recurrent, attention, convolution = asked
    counts = ", ".join(f"{layer} {cost[layer] / 1e6:,.3g}" for layer in ASKED)
    whole = cost["self-attention"] + result.projections
    return Verdict(
        answer=SAME if recurrent == attention == min(asked) else asked.index(min(asked)),
        sentence=(
            f"At n {result.n:,} and d {result.d:,}, in millions of multiply–adds: {counts}. "
            f"With its four projections, which the table leaves out, self-attention needs {whole / 1e6:,.3g}."
            + (" But here n is above d." if result.n > result.d else "")
            + (" At n = d, recurrence and attention cost the same." if recurrent == attention else "")
            + (f" A convolution with k {result.k} costs what recurrence does." if convolution == recurrent else "")
        ),
    )


def exhibits(result: "Complexity") -> tuple[Exhibit, ...]:
    """Show the table, its three columns as curves, and the times."""
    names = [row.layer for row in result.rows]
    cross = "at n = d" + ("" if result.d >= result.costs[0].n else ", left of this plot")
    found: list[Exhibit] = [
        Table(
            title=f"the paper's table at n {result.n:,} · d {result.d:,} · k {result.k} · r {result.r}",
            columns=("layer", "cost", "mult–adds", "waits", "path"),
            rows=tuple(
                (
                    row.layer,
                    row.complexity,
                    f"{row.multiply_adds:,}",
                    f"{row.sequential}: {row.waits_counted:,}",
                    f"{row.path}: {row.hops_counted:,}",
                )
                for row in result.rows
            ),
            note="Beside each O what was counted. waits: products that follow each other. path: layers or steps until "
            "the last output sees the first input.",
        ),
        Plot(
            title=f"multiply–adds of a layer, d {result.d:,}",
            x="n",
            y="multiply–adds",
            log_x=True,
            log_y=True,
            series=tuple(
                Series(
                    label=_short(name),
                    x=[each.n for each in result.costs],
                    y=[each.multiply_adds[number] for each in result.costs],
                )
                for number, name in enumerate(names)
                if name != "dilated convolution"
            ),
            note=f"Self-attention and recurrence cross {cross}. A dilated convolution costs what a plain one does.",
        ),
    ]
    if result.timings is not None:
        found += _clock(result, result.timings)
    found += [
        Plot(
            title="longest path between two positions, counted",
            x="n",
            y="layers or steps",
            log_x=True,
            log_y=True,
            series=tuple(
                Series(
                    label=_short(name),
                    x=[each.n for each in result.paths],
                    y=[each.hops[number] for each in result.paths],
                )
                for number, name in enumerate(names)
            ),
            note="By gradients: the fewest layers through which the last output depends on the first input.",
        ),
        Table(
            title="by the formula, and as counted",
            columns=("layer", "multiply–adds", "waits", "counted", "path", "counted"),
            rows=tuple(
                (row.layer, row.exact, row.waits, row.waits_counted, row.hops, row.hops_counted) for row in result.rows
            ),
            note="What O leaves out: attention's 2 is for scores and for sums of values, recurrence's for W x and U h.",
        ),
        Lines(
            title="what is counted, and how",
            lines=(
                f"projections  W_Q W_K W_V W_O would add 4·n·d² = {result.projections:,}",
                "recurrent    torch.nn.RNN, tanh; W x of all n at once, then n − 1 steps",
                "convolution  looks back over k positions; centred it takes twice the layers",
                "             O(n/k): section 4's text; table 1 prints the dilated one's path",
                "dilated      layer l takes positions k^l apart; the last one is timed",
                "restricted   q − r/2 … q + (r−1)/2, so r/2 further with each layer",
            ),
        ),
    ]
    return tuple(found)


def _clock(result: "Complexity", timings: "Timings") -> list[Exhibit]:
    return [
        Plot(
            title=f"time of one layer on this machine, d {result.d:,}",
            x="n",
            y="milliseconds",
            log_x=True,
            log_y=True,
            series=tuple(
                Series(label=_short(each.layer), x=timings.lengths, y=[1000 * seconds for seconds in each.seconds])
                for each in timings.layers
            ),
            note=f"The fastest of several interleaved rounds, {timings.threads} thread(s). It differs each time.",
        ),
        Table(
            title="time grows as n to the power of",
            columns=("layer", "expected", "fitted", f"ms at {timings.lengths[-1]:,}"),
            rows=tuple(
                (each.layer, each.expected, round(each.slope, 2), round(1000 * each.seconds[-1], 3))
                for each in timings.layers
            ),
            note=f"Fitted from n {timings.fitted[0]:,} on; caches bend lines. A window by a mask (Config.window) "
            "computes all n² scores: it saves nothing.",
        ),
    ]


def _short(layer: str) -> str:
    """Shorten the name for a legend with six entries."""
    return (
        layer.removeprefix("self-").removesuffix(" attention").removesuffix(" convolution").removeprefix("window by ")
    )


PAGE = Page(
    name="complexity",
    title="What a layer costs",
    claim="Self-attention joins all positions in one step; by table 1 it costs less than recurrence while n < d.",
    paragraphs=(
        "Table 1 of the paper (section 4) compares layers that map n vectors of d numbers to n others: what one costs, "
        "how much in it must wait for something else, and through how many layers a signal goes from one position to "
        "any other. Its convolution has a dilated one's path (Kalchbrenner 2016); that of a plain one (as in Gehring "
        "2017), O(n/k), is in the text.",
        "All five layers run here. Multiply–adds are exact; the products that wait for each other are counted on the "
        "graph autograd keeps; paths by gradients: layers are stacked until the last output depends on the first "
        "input. Then the clock, against n, with the slope in a log–log plot.",
        "Look where curves cross (n = d) and at slopes: 2 where all pairs are computed, else 1. The table leaves out "
        "attention's projections, 4·n·d²: with them a plain recurrent layer is always cheaper (an LSTM takes four "
        "times as much). And multiply–adds are not speed: what need not wait keeps a processor busy. That short paths "
        "help learning is not tested here.",
    ),
    question=Question(
        text="As table 1 counts, without projections: n positions, vectors wider than n. Which of these needs the "
        "fewest multiply–adds?",
        answers=(
            "recurrent: one step a token",
            "self-attention: a score for every pair of tokens",
            "convolution: k neighbours of every token",
            "recurrent and self-attention, which cost the same",
        ),
    ),
    controls=(
        Control(
            name="n",
            usual=128,
            help="positions",
            stops=(16, 32, 64, 128, 256, 512, 1024, 2048),
            least=2,
            most=4096,
            quick=64,
            full=256,
        ),
        Control(
            name="d",
            usual=512,
            help="width of a position's vector",
            stops=(16, 64, 128, 256, 512, 1024),
            least=1,
            most=2048,
            quick=128,
        ),
        Control(
            name="k",
            usual=3,
            help="kernel of the convolution, in positions",
            stops=(2, 3, 5, 9, 15),
            least=2,
            most=64,
        ),
        Control(
            name="r",
            usual=16,
            help="neighbourhood of restricted attention, in positions",
            stops=(2, 4, 8, 16, 32, 64),
            least=2,
            most=64,
        ),
        Control(
            name="longest",
            usual=1024,
            help="most positions that are timed",
            stops=(128, 256, 512, 1024, 2048),
            least=128,
            most=4096,
            quick=256,
            full=2048,
        ),
        Control(name="measure", usual=True, help="whether the clock is asked, which differs each time"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The encoder's self-attention: a row is a token, and in one layer it looks at every other, however "
        "far. [ and ] change the layer: in none of them does a neighbour have to pass a word on.",
        text="the black cat does not see the small house",
        steps=1,
        stack="encoder",
        kind="self",
        layer=0,
        head=0,
        stage="weights",
        pane="attention",
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 4 and table 1",
        "Kalchbrenner et al. 2016, Neural Machine Translation in Linear Time (dilated convolutions)",
        "Gehring et al. 2017, Convolutional Sequence to Sequence Learning",
    ),
    result="glasshead.lab.complexity:Complexity",
)
