"""heads: why several heads, if one of the same width costs as much."""

from statistics import fmean
from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded
from glasshead.lab.tools.words import counted, shape, vector

if TYPE_CHECKING:
    from glasshead.lab.heads import Heads, Sizes, Trained

APART = 0.15
"""Mean losses that differ by less than this share count as equal: seeds differ by as much."""
RIGHT = 0.05
"""Shares of right answers that differ by more than this decide if the mean losses are equal."""
FAR = 0.5
"""Below this accuracy the model has not learned the task."""
LEARNED = 0.9
"""A final loss above this share of the loss of chance counts as nothing learned."""


def run(**given: Any) -> "Heads":
    """Run glasshead.lab.heads."""
    from glasshead.lab.heads import heads

    return heads(**given)


def judge(result: "Heads") -> Verdict:
    """Compare one head with the most heads: by the mean loss of the whole training, then by the right answers."""
    few, many = result.trained[0], result.trained[-1]
    slow, quick = _mean(few, "mean"), _mean(many, "mean")
    ahead = _mean(few, "right") - _mean(many, "right")
    nothing = [_mean(each, "unseen") > LEARNED * result.chance for each in (few, many)]
    sentence = (
        f"Answers from {len(result.places)} of 8 letters, {result.steps[-1]:,} steps: mean loss {slow:.2f} with "
        f"{_heads(few)}, {quick:.2f} with {_heads(many)}; at the end {_mean(few, 'right'):.0%} and "
        f"{_mean(many, 'right'):.0%} of unseen sentences right."
    )
    if all(nothing):
        answer = 0
        sentence += " Neither has learned it yet, so this says nothing: take more steps."
    elif slow > (1 + APART) * quick or (slow >= (1 - APART) * quick and ahead < -RIGHT):
        answer = 2 if nothing[0] else 1
    elif slow < (1 - APART) * quick or ahead > RIGHT:
        answer = 3
    else:
        answer = 0
        if max(_mean(each, "right") for each in (few, many)) < FAR:
            sentence += " Neither has got far, so this says little: take more steps."
    return Verdict(answer=answer, sentence=sentence)


def exhibits(result: "Heads") -> tuple[Exhibit, ...]:
    """Show the trainings, then the limit of a single mean, then the cost of heads."""
    one, several = result.sizes
    return (
        Plot(
            title=f"loss while learning, answers from {_places(result)}",
            x="step",
            y="nats a token",
            series=tuple(
                Series(
                    label=_heads(each),
                    x=result.steps,
                    y=[fmean(at) for at in zip(*(run.curve for run in each.runs), strict=True)],
                )
                for each in result.trained
            ),
            note=f"{_seeds(result)}. A model that ignores the letters has {result.chance:.2f}: half of the tokens are "
            "the end, which is easy.",
        ),
        Table(
            title="the trained models",
            columns=("heads", "parameters", "mean loss", "loss unseen", "right unseen", "each seed"),
            rows=tuple(
                (
                    each.heads,
                    each.parameters,
                    _mean(each, "mean"),
                    _mean(each, "unseen"),
                    f"{_mean(each, 'right'):.0%}",
                    " ".join(f"{run.right:.0%}" for run in each.runs),
                )
                for each in result.trained
            ),
            note="Mean loss: of all steps, low where it was learned early. Unseen: sentences kept from the training.",
        ),
        Table(
            title="two places wanted at once: what is brought",
            columns=("first", "second", "one head, ½ and ½", "two heads, a place each"),
            rows=tuple(
                (
                    each.first,
                    each.second,
                    vector(each.one),
                    f"{vector(each.two[: len(each.one)])} {vector(each.two[len(each.one) :])}",
                )
                for each in result.fetched
            ),
            note="Numbers for A, B, C. With one mean, A then B is B then A; two halves side by side keep the order.",
        ),
        Plot(
            title="one head that looks more at the first place",
            x="its weight on the first place",
            y="smallest distance",
            series=tuple(
                Series(
                    label=label,
                    x=[each.share for each in result.mixed],
                    y=[getattr(each, name) for each in result.mixed],
                )
                for label, name in (("one head", "one"), ("two heads", "two"))
            ),
            note="Between what two different pairs of letters bring. Best is ⅔ and ⅓: a third of what two heads have.",
        ),
        Table(
            title=f"what they cost, d_model {result.d_model}, 10 tokens",
            columns=("", _heads(one), _heads(several)),
            rows=(
                *(
                    (name, shape(sizes), shape(other))
                    for (name, sizes), (_, other) in zip(one.shapes, several.shapes, strict=True)
                ),
                ("parameters", one.parameters, several.parameters),
                ("multiply–adds", one.multiplications, several.multiplications),
            ),
            note="The model's own attention, run once. What several heads have more of is softmaxes.",
        ),
    )


def _heads(of: "Trained | Sizes") -> str:
    return counted(of.heads, "head")


def _places(result: "Heads") -> str:
    return f"{counted(len(result.places), 'letter')} of 8"


def _seeds(result: "Heads") -> str:
    seeds = len(result.trained[0].runs)
    return f"Means over {seeds} seeds" if seeds > 1 else "One seed"


def _mean(of: "Trained", what: str) -> float:
    return fmean(getattr(run, what) for run in of.runs)


PAGE = Page(
    name="heads",
    title="Why several heads",
    claim="One head delivers one mean; several fetch from several places at once, for the same cost.",
    paragraphs=(
        "A head gives a query one row of weights, so one mean of the values. Several heads project to "
        "lower-dimensional spaces, attend each on its own, and W_O joins what they bring (section 3.2.2). All "
        "heads together are as wide as one would be: each of h heads has d_k = d_model / h.",
        "Models of the same width and size, but for the number of heads, learn to answer with one token that names "
        "several letters of a sentence of eight. Below, without training: two letters fetched by one head and by "
        "two with matrices set by hand, and what 1 and h heads cost.",
        'The paper: "with a single attention head, averaging inhibits this"; one head is 0.9 BLEU worse than the '
        "best, too many are worse too (table 3). Look at how early the curves fall. One head is not unable: with "
        "uneven weights it tells first from second, only less clearly. Set places to 1 and the difference is gone. "
        "On real text many heads can be removed (Michel 2019, Voita 2019).",
    ),
    question=Question(
        text="An answer needs several letters at once. One head has as many parameters as several together. How does "
        "it learn this, against several?",
        answers=("about as well", "later, or it gets stuck on the way", "not at all", "earlier"),
    ),
    controls=(
        Control(
            name="heads",
            usual="1,4",
            help="numbers of heads to compare: 1 and others that divide 32",
            stops=("1,2", "1,4", "1,2,4", "1,2,4,8"),
            full="1,2,4,8",
        ),
        Control(
            name="places",
            usual=3,
            help="how many letters each answer needs",
            stops=(1, 2, 3, 4, 5),
            least=1,
            most=6,
            quick=2,
            full=4,
        ),
        Control(
            name="steps",
            usual=300,
            help="steps of each training",
            stops=(200, 300, 500, 1000, 2000),
            least=10,
            most=20_000,
            quick=200,
            full=2000,
        ),
        Control(
            name="seeds",
            usual=2,
            help="trainings of each number of heads",
            stops=(1, 2, 3, 4),
            least=1,
            most=20,
            quick=1,
            full=4,
        ),
        Control(
            name="d_model",
            usual=512,
            help="width for the table of costs",
            stops=(64, 256, 512, 1024),
            least=1,
            most=2048,
        ),
        Control(name="h", usual=8, help="heads for the table of costs", stops=(1, 2, 4, 8, 16), least=1, most=2048),
        seeded("the first training's seed"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens with the map of all heads at once: in one layer they look at different places for "
        "the same token. Choose one, and see what it alone attends to.",
        text="the black cat does not see the small house",
        steps=4,
        stack="decoder",
        kind="cross",
        layer=0,
        head=0,
        stage="weights",
        pane="map",
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 3.2.2 and table 3, row A",
        "Michel, Levy, Neubig 2019, Are Sixteen Heads Really Better than One?",
        "Voita et al. 2019, Analyzing Multi-Head Self-Attention: Specialized Heads Do the Heavy Lifting",
    ),
    result="glasshead.lab.heads:Heads",
    trained=True,
)
