"""warmup: why the learning rate rises before it falls."""

from math import isnan
from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded
from glasshead.lab.tools.words import counted

if TYPE_CHECKING:
    from glasshead.lab.warmup import Run, Warmup

MARGIN = 0.25
"""Least rise of the final loss without warm-up, in nats a token, that counts as worse."""
FULL = 1500
"""Steps of the training whose result ships with the program."""


def run(**given: Any) -> "Warmup":
    """Run glasshead.lab.warmup."""
    from glasshead.lab.warmup import warmup

    return warmup(**given)


def judge(result: "Warmup") -> Verdict:
    """Decide which of the two ends clearly higher without the rise than with it."""
    runs = {(each.norm, each.rising): each for each in result.runs}
    post, pre = (_worse(runs[norm, False], runs[norm, True]) for norm in ("post", "pre"))
    sentence = (
        f"After {result.steps} steps the loss was {_nats(runs['post', True])} with warm-up and "
        f"{_nats(runs['post', False])} without it in post-norm, {_nats(runs['pre', True])} and "
        f"{_nats(runs['pre', False])} in pre-norm (nats a token; {MARGIN} apart counts)."
    )
    return Verdict(answer=0 if post and pre else 1 if post else 2 if pre else 3, sentence=sentence + _doubts(result))


def exhibits(result: "Warmup") -> tuple[Exhibit, ...]:
    """Show the losses, the schedule, then the reasons."""
    names = {(norm, True): f"{norm}, warm-up" for norm in ("post", "pre")}
    names |= {(norm, False): f"{norm}, none" for norm in ("post", "pre")}
    steps = [each.step for each in result.schedule]
    first, last = result.gradients[result.layers], result.gradients[-1]
    rises = (last.post / first.post, last.pre / first.pre)
    return (
        Plot(
            title=f"four trainings, {result.layers} + {result.layers} layers, peak rate {result.rate:g}",
            x="step",
            y="loss, nats a token",
            series=tuple(
                Series(label=names[each.norm, each.rising], x=each.steps, y=each.losses) for each in result.runs
            ),
            note=f"Warm-up: {counted(result.rise, 'step')}. None: the peak from step 1 to {result.rise}; "
            "then the same fall.",
        ),
        Table(
            title="how they ended",
            columns=("norm", "warm-up", "loss", "decoded right"),
            rows=tuple(
                (each.norm, counted(result.rise, "step") if each.rising else "none", each.last, each.exact)
                for each in result.runs
            ),
            note="Loss: mean of the last tenth of the steps. Decoded right: the share of unseen sentences, greedily.",
        ),
        Table(
            title="norm of the gradient in each layer",
            columns=("layer", "post", "post warmed", "post bare", "pre", "pre warmed", "pre bare"),
            rows=tuple(
                (each.name, each.post, each.post_rising, each.post_bare, each.pre, each.pre_rising, each.pre_bare)
                for each in result.gradients
            ),
            note=f"{_measured(result)} Decoder's last ÷ first: post {rises[0]:.2g}, pre {rises[1]:.2g}.",
        ),
        Plot(
            title="Adam's first updates, without warm-up",
            x="update",
            y="change ÷ rate",
            series=tuple(
                Series(
                    label=f"{norm}-norm",
                    x=[each.step for each in result.updates],
                    y=[getattr(each, norm) for each in result.updates],
                )
                for norm in ("post", "pre")
            ),
            note="The first moves all that has a gradient by the whole rate: with one seen, m̂/√v̂ is +1 or −1.",
        ),
        Plot(
            title=f"the paper's rate, d_model {result.d_model}, warm-up {result.warmup}",
            x="step",
            y="rate",
            log_x=True,
            log_y=True,
            series=(
                Series(label="the schedule", x=steps, y=[each.rate for each in result.schedule]),
                Series(label="without its rise", x=steps, y=[each.bare for each in result.schedule]),
            ),
            note=f"Peak 1/√(d_model · warmup) = {result.peak:.3g} at step {result.warmup}.",
        ),
    )


def _worse(bare: "Run", rising: "Run") -> bool:
    return not isnan(rising.last) and (isnan(bare.last) or bare.last > rising.last + MARGIN)


def _doubts(result: "Warmup") -> str:
    """List in sentences the reasons why these trainings do not show the claim; empty if there are none."""
    found = ""
    if result.rise == 1:
        found += " A rise of one step is none: both trainings of a norm are the same."
    if result.rise > result.steps:
        found += " The training ends while the rate still rises: the warmed models never reached the peak."
    (warmed,) = (each for each in result.runs if each.norm == "post" and each.rising)
    if not warmed.last < result.guess / 2:
        found += " Even with warm-up post-norm has not learned its task: more steps, or a smaller rate."
        if result.steps < FULL:
            found += f" The result that comes with the program is of {FULL:,} steps."
    return found


def _measured(result: "Warmup") -> str:
    """Describe when gradients were measured again, and the ratio of the rates until then: rise / step."""
    found = f"At the start; then means of updates {result.late - result.averaged + 1}–{result.late}."
    if result.late > result.rise:
        return f"{found} From {result.rise} on both have one rate."
    return f"{found} Until then bare's rate was at least {result.rise / (result.late - 1):.3g} times as high."


def _nats(run: "Run") -> str:
    return "no number any more" if isnan(run.last) else f"{run.last:.2f}"


PAGE = Page(
    name="warmup",
    title="Warm-up",
    claim="At a high peak rate, beginning without the rise breaks post-norm, and hardly pre-norm.",
    paragraphs=(
        "The paper's rate rises in a line for `warmup` steps, then falls as 1/√step (section 5.3); it does not say "
        "why. Its blocks are post-norm, LayerNorm(x + f(x)); many later models are pre-norm, x + f(LayerNorm(x)). "
        "Whether both need the rise as much has been asked since (Xiong et al. 2020).",
        "Four models of the same weights learn to reverse letters: post- and pre-norm, with the rise and beginning at "
        "the peak; the peak and the fall are the same. Gradients are measured in every layer before the first update "
        "and some updates later, and how far Adam's first updates move the parameters.",
        "The gradient norms: which way they grow at the start, and what is left of them some full-size updates later, "
        "at the decoder's bottom above all. The cause is disputed: large gradients near the output (Xiong), Adam's "
        "early variance (RAdam), amplified updates (Admin). This shows that it happens here, not who is right.",
    ),
    question=Question(
        text="The rate begins at its peak instead of rising to it. Which model ends with a clearly higher loss?",
        answers=(
            "both: a bad start is not made up for",
            "post-norm only, the paper's",
            "pre-norm only",
            "neither is clearly worse",
        ),
    ),
    controls=(
        Control(
            name="d_model",
            usual=512,
            help="width, for the schedule that is drawn",
            stops=(64, 128, 256, 512, 1024),
            least=1,
            most=100_000,
        ),
        Control(
            name="warmup",
            usual=4000,
            help="warm-up of the schedule that is drawn, in steps",
            stops=(1, 100, 400, 1000, 4000, 16_000),
            least=1,
            most=1_000_000,
        ),
        Control(
            name="layers",
            usual=6,
            help="layers of the encoder, and of the decoder, that are trained",
            stops=(1, 2, 4, 6, 8),
            least=1,
            most=24,
            quick=4,
        ),
        Control(
            name="rate",
            usual=0.006,
            help="the peak of the four trainings",
            stops=(0.0005, 0.001, 0.003, 0.006, 0.01),
            least=1e-6,
            most=1.0,
            quick=0.01,
            full=0.003,
        ),
        Control(
            name="rise",
            usual=25,
            help="warm-up of the two that have it, in steps",
            stops=(1, 8, 25, 100, 300),
            least=1,
            most=20_000,
            quick=12,
            full=300,
        ),
        Control(
            name="steps",
            usual=50,
            help="steps of each training",
            stops=(20, 50, 100, 300, 1500),
            least=10,
            most=20_000,
            quick=24,
            full=FULL,
        ),
        seeded("another seed: other weights and sentences"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens on the norms of a trained post-norm model: each sub-layer's mean and variance, "
        "brought back to 0 and 1 by a LayerNorm that stands on the residual path itself.",
        text="the black cat is sleeping",
        steps=3,
        stack="decoder",
        kind="self",
        stage="weights",
        pane="norms",
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 5.3",
        "Xiong et al. 2020, On Layer Normalization in the Transformer Architecture",
        "Liu L. et al. 2020, On the Variance of the Adaptive Learning Rate and Beyond (RAdam)",
        "Liu L. et al. 2020, Understanding the Difficulty of Training Transformers (Admin; amplification of updates)",
    ),
    result="glasshead.lab.warmup:Warmup",
    trained=True,
)
