"""norms: layer normalisation against batch normalisation, and the argument about smoothness."""

from math import isfinite
from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded

if TYPE_CHECKING:
    from glasshead.lab.norms import Norms

ROUNDING = 1e-4
"""Below this a change is float32 rounding: normalised numbers are about 1."""


def run(**given: Any) -> "Norms":
    """Run glasshead.lab.norms."""
    from glasshead.lab.norms import norms

    return norms(**given)


def judge(result: "Norms") -> Verdict:
    """Decide whose outputs moved by more than rounding when the mates changed."""
    mates = result.changes[0]
    batch, layer = mates.batch_largest > ROUNDING, mates.layer_largest > ROUNDING
    return Verdict(
        answer=0 if batch and layer else 1 if layer else 2 if batch else 3,
        sentence=(
            f"With {result.mates} other {_mates(result)} the sentence's numbers changed by up to "
            f"{mates.batch_largest:.2g} under batch normalisation (root mean square {mates.batch:.2g}), under layer "
            f"normalisation by up to {mates.layer_largest:.2g}."
        ),
    )


def exhibits(result: "Norms") -> tuple[Exhibit, ...]:
    """Show the changes, their fall with the size of the batch, LayerNorm's steps, evaluation, then smoothness."""
    shallow = result.landscapes[0].depth
    return (
        Table(
            title="one sentence, everything else changed: what becomes of its numbers",
            columns=("what is changed", "batch norm", "largest", "layer norm", "largest"),
            rows=tuple(
                (each.what, *(f"{size:.2g}" for size in (
                    each.batch, each.batch_largest, each.layer, each.layer_largest
                )))
                for each in result.changes
            ),
            note=f"Against {result.mates} {_mates(result)}, training mode, padding not counted: root mean square, and "
            f"largest, at {result.site}.",
        ),
        Plot(
            title="how much the mates matter",
            x="sentences in the batch",
            y="change (rms)",
            log_x=True,
            series=(
                Series(
                    label="batch norm",
                    x=[each.sentences for each in result.sizes],
                    y=[each.batch for each in result.sizes],
                ),
                Series(
                    label="layer norm",
                    x=[each.sentences for each in result.sizes],
                    y=[each.layer for each in result.sizes],
                ),
            ),
            note=f"Against the statistics of all {result.pool}: {result.mates_from}. A large batch has steadier ones.",
        ),
        Table(
            title=f"the two steps of {result.site}, for each token",
            columns=("token", "mean", "variance", "mean 1", "var 1", "mean 2", "var 2"),
            rows=tuple(
                (
                    each.token,
                    round(each.mean, 3),
                    round(each.variance, 3),
                    round(each.normed_mean, 3) + 0.0,
                    round(each.normed_variance, 3),
                    round(each.out_mean, 3),
                    round(each.out_variance, 3),
                )
                for each in result.tokens
            ),
            note="Mean and variance as they come, after step 1 (mean 0, variance 1), after gain and bias (step 2).",
        ),
        _arithmetic(result),
        Table(
            title="what batch normalisation makes of the features of a batch",
            columns=("batch norm", "largest |mean|", "smallest variance", "largest variance"),
            rows=tuple((each.what, f"{each.mean:.2g}", each.smallest, each.largest) for each in result.features),
            note=f"It aims at mean 0 and variance 1. In evaluation its averages are of {result.mates_from}: what is "
            "unlike them does not fit.",
        ),
        Plot(
            title=f"range of the loss along the gradient, {shallow} hidden layers",
            x="step of the training",
            y="nats",
            series=tuple(
                Series(
                    label=_name(each.norm),
                    x=each.steps,
                    y=[probe.highest - probe.lowest for probe in each.probes],
                )
                for each in result.landscapes
                if each.depth == shallow
            ),
            note=f"Largest loss minus smallest over ¼ to 4 steps of a learning rate of {result.rate:g}.",
        ),
        Table(
            title="smoothing: medians over a training",
            columns=("layers", "norm", "first loss", "last", "range", "∇ change", "β", "first β"),
            rows=tuple(
                (each.depth, each.norm, *map(_figure, (
                    each.first, each.last, each.range, each.difference, each.beta, each.beta_first
                )))
                for each in result.landscapes
            ),
            note="Smaller is smoother, but so is what learns nothing, and β depends on the weights' size. "
            + _smoother(result),
        ),
    )  # fmt: skip


def _arithmetic(result: "Norms") -> Lines:
    token = result.arithmetic

    def numbers(label: str, values: tuple[float, ...]) -> str:
        return f"{label:<18}" + "".join(f"{value:>9.3f}" for value in values).replace("-", "−")

    centred = tuple(value - token.mean for value in token.came)
    return Lines(
        title=f"the first {len(token.came)} numbers of {token.token}",
        lines=(
            numbers("x", token.came),
            numbers("x − mean", centred),
            numbers("÷ √(variance + ε)", token.normed),
            numbers("gain", token.gain),
            numbers("bias", token.bias),
            numbers("gain · … + bias", token.out),
        ),
        note=f"Its mean is {token.mean:.3f}, its variance {token.variance:.3f}, over all its numbers.",
    )


def _mates(result: "Norms") -> str:
    return "mate" if result.mates == 1 else "mates"


def _figure(value: float) -> str | float:
    """Write a number for a cell. A diverged net may have none."""
    return round(value, 3 if abs(value) < 1 else 2) if isfinite(value) else "no number"


def _smoother(result: "Norms") -> str:
    """Name the normalisation with the smaller β, none or batch, for each depth."""
    beta = {(each.depth, each.norm): each.beta for each in result.landscapes}
    depths = sorted({depth for depth, _ in beta})
    both = {depth: (beta[depth, "none"], beta[depth, "batch"]) for depth in depths}
    said = ", ".join(
        f"{depth} layers {'batch' if batch < none or not isfinite(none) else 'none'}"
        for depth, (none, batch) in both.items()
    )
    return f"None or batch, the smaller β: {said}."


def _name(norm: str) -> str:
    return norm if norm == "none" else f"{norm} norm"


PAGE = Page(
    name="norms",
    title="Layer against batch normalisation",
    claim="LayerNorm asks one token alone; with batch normalisation the mates, padding and mode change a sentence.",
    paragraphs=(
        "A Transformer normalises after each sub-layer (section 3.1) with LayerNorm (Ba et al. 2016): a token's vector "
        "to mean 0 and variance 1, then gain and bias. Batch normalisation (Ioffe and Szegedy 2015) takes mean and "
        "variance of each feature over the batch. On text these fluctuate much (Shen et al. 2020).",
        "Real vectors of a trained model go through its LayerNorm and through batch normalisation with the same gain "
        "and bias, while mates, padding and mode change. Then small nets learn with either and with none, and the loss "
        "is looked at along the gradient: its range, and how fast the gradient changes (β).",
        "Why batch norm helps is disputed: less covariate shift (Ioffe), a smoother loss (Santurkar 2018), not always "
        "smoother, above all not in shallow nets (Yao 2020, residual ones); without residuals it makes deep nets' "
        "gradients explode at the start (Yang 2019). Compare β at both depths: small nets without residuals on one toy "
        "task settle nothing.",
    ),
    question=Question(
        text="A sentence stays the same, its batch mates become others. In training, whose output for it changes?",
        answers=(
            "both, batch and layer normalisation's",
            "only layer normalisation's",
            "only batch normalisation's",
            "neither: each sentence is normalised by itself",
        ),
    ),
    controls=(
        Control(name="text", usual="", help="a sentence for the trained model; empty: its first example"),
        Control(name="layer", usual=0, help="which encoder layer, from 0", stops=(0, 1, 2), least=0, most=1000),
        Control(name="mates", usual=7, help="other sentences in the batch", stops=(1, 3, 7, 15, 31), least=1, most=48),
        Control(
            name="depth",
            usual=16,
            help="hidden layers of the deep small net; 2 stand beside it",
            stops=(2, 4, 8, 16, 32),
            least=1,
            most=64,
        ),
        Control(
            name="rate",
            usual=0.3,
            help="learning rate of the small nets, and the unit of their steps",
            stops=(0.03, 0.1, 0.3, 1.0),
            least=1e-6,
            most=1,
        ),
        Control(
            name="steps",
            usual=150,
            help="how long the small nets learn",
            stops=(15, 50, 150, 400),
            least=1,
            most=10_000,
            quick=15,
            full=400,
        ),
        seeded("another seed draws other mates and nets"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The pane takes one token through every LayerNorm: its own mean and variance before, 0 and 1 after "
        "step 1, then gain and bias. Move to other tokens: each has its own, whatever the others are.",
        text="the black cat is sleeping",
        steps=3,
        stack="encoder",
        kind="self",
        layer=0,
        head=0,
        stage="weights",
        pane="norms",
    ),
    sources=(
        "Ba, Kiros and Hinton 2016, Layer Normalization",
        "Ioffe and Szegedy 2015, Batch Normalization: Accelerating Deep Network Training by Reducing Internal "
        "Covariate Shift",
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?",
        "Yao et al. 2020, PyHessian: Neural Networks Through the Lens of the Hessian",
        "Yang et al. 2019, A Mean Field Theory of Batch Normalization",
        "Shen et al. 2020, PowerNorm: Rethinking Batch Normalization in Transformers",
    ),
    result="glasshead.lab.norms:Norms",
    model=True,
)
