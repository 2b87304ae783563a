"""block: the effect of the residual connection and LayerNorm on a gradient, and the place of LayerNorm."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded
from glasshead.lab.tools.words import counted

if TYPE_CHECKING:
    from glasshead.lab.block import Block, Flow

SHOWN = 5
"""Numbers of a token's vector that are shown; all are used in the computation."""
ROUNDING = 1e-30
"""A share of squares that float64 cannot tell from 0."""


def run(**given: Any) -> "Block":
    """Run glasshead.lab.block."""
    from glasshead.lab.block import block

    return block(**given)


def judge(result: "Block") -> Verdict:
    """Judge the gradient at the bottom of the deepest stack, divided by that at its top, without the connection."""
    reached = {each.name: each.reached for each in result.flows}
    without = reached["no residual"]
    sentence = (
        f"{counted(result.layers, 'layer')} of the {result.stack}, the gradient at the bottom (input of layer 0) / at "
        f"the top (output of the last): {without:.2g} without the residual connection, {reached['post-norm']:.2g} "
        f"with it (post-norm), {reached['pre-norm']:.2g} pre-norm; with neither it nor LayerNorm "
        f"{reached['neither']:.2g}."
    )
    return Verdict(answer=0 if without < 1e-3 else 1 if without < 1 / 3 else 2 if without < 3 else 3, sentence=sentence)


def exhibits(result: "Block") -> tuple[Exhibit, ...]:
    """Show gradients on their way down, then the tokens' vectors on their way up, then one sub-layer by hand."""
    flows, worked = result.flows, result.worked
    layers = range(result.layers)
    between = range(result.layers + 1)
    normed = [each for each in flows if each.name in ("post-norm", "pre-norm")]

    def lines(y: Any, x: Sequence[int], of: Sequence["Flow"] = flows) -> tuple[Series, ...]:
        return tuple(Series(label=each.name, x=x, y=y(each)) for each in of)

    return (
        Plot(
            title=f"gradient on its way down the {result.stack}, at the top 1",
            x="layer whose input it is",
            y="norm of ∂loss/∂x",
            log_y=True,
            series=lines(lambda each: [norm / each.gradients[-1] for norm in each.gradients], between),
            note="Before any training. The last point is the output of the stack. The last two are without LayerNorm.",
        ),
        Plot(
            title="what of it reaches the bottom, by depth",
            x="layers",
            y="bottom / top",
            log_y=True,
            series=tuple(
                Series(
                    label=each.name,
                    x=[depth.layers for depth in result.depths],
                    y=[depth.reached[number] for depth in result.depths],
                )
                for number, each in enumerate(flows)
            ),
            note="Bottom: input of layer 0; top: output of the last. Residual alone: products of I + J grow without "
            "bound; LayerNorm keeps each step small.",
        ),
        Plot(
            title="gradient of each layer's W_2: post- against pre-norm",
            x="layer",
            y="norm of ∂loss/∂W_2",
            log_y=True,
            series=lines(lambda each: each.weights, layers, normed),
            note="W_2: the second matrix of a layer's feed-forward network. "
            + "; ".join(f"{each.name} top / bottom {each.weights[-1] / each.weights[0]:.2g}" for each in normed)
            + ".",
        ),
        Plot(
            title="size of the tokens' vectors on their way up",
            x="layer whose input it is",
            y="root mean square",
            log_y=True,
            series=lines(lambda each: each.sizes, between),
            note="LayerNorm after the sum sets it to 1; x + f(LayerNorm(x)) adds to it at every sub-layer.",
        ),
        Plot(
            title="what still tells the tokens of a sentence apart",
            x="layer whose input it is",
            y="share of the squares",
            log_y=True,
            series=lines(lambda each: [max(share, ROUNDING) for share in each.apart], between),
            note="Share of the squares that is not the tokens' mean; at 1e-28 all are one. Dong 2021 prove it for "
            "attention alone; feed-forward layers only slow it.",
        ),
        Table(
            title=f"{worked.site} of {worked.model}, token {worked.token}: LayerNorm step by step",
            columns=("", *(f"x{number}" for number in range(1, _width(result) + 1)), "mean", "variance"),
            rows=tuple(
                (
                    row.name,
                    *(round(number, 3) for number in row.numbers[:SHOWN]),
                    round(row.mean, 6) + 0.0,  # −0 is 0
                    round(row.variance, 4),
                )
                for row in worked.rows
            ),
            note=f"{_width(result)} of {len(worked.rows[0].numbers)} numbers, all of them computed. "
            f"The last row and the model's own: at most {worked.difference:.0e} apart.",
        ),
    )


def _width(result: "Block") -> int:
    return min(SHOWN, len(result.worked.rows[0].numbers))


PAGE = Page(
    name="block",
    title="Residual and LayerNorm",
    claim="x + f(x) keeps a way down open for the gradient; LayerNorm keeps it from growing out of bounds.",
    paragraphs=(
        "Each sub-layer is wrapped as LayerNorm(x + sublayer(x)) (sections 3.1 and 5.4); pre-norm, x + "
        "f(LayerNorm(x)), came later (Xiong et al. 2020). To think with: on its way down a gradient is multiplied "
        "by the derivative of every layer. That of f(x) is J, that of x + f(x) is I + J (He 2016), and LayerNorm "
        "divides by the size of what it gets.",
        "Stacks of growing depth are built of the model's own layers in five ways, as they are initialised. A loss "
        "on random tokens is sent back, and the norm of its gradient taken at the input of each layer. Then one "
        "sub-layer of a trained model is worked out by hand.",
        "Without the residual a decoder's input lives on in queries alone: its gradient shrinks in every layer. In "
        "a deep decoder post-norm gradients are largest near the output, pre-norm ones more alike (Xiong 2020); in "
        "shallow stacks and in the encoder, whose loss comes from far away, much less so. How such models learn, "
        "this does not show: see warmup.",
    ),
    question=Question(
        text="Before training, the residual connections of a deep stack (decoder or encoder, as set) are cut, "
        "LayerNorm stays. How much of the top's gradient reaches the bottom?",
        answers=(
            "less than a thousandth",
            "less, but more than a thousandth",
            "about as much (a third to three times)",
            "more than three times as much",
        ),
    ),
    controls=(
        Control(
            name="layers",
            usual=12,
            help="depth of the deepest stack",
            stops=(1, 2, 6, 12, 24),
            least=1,
            most=48,
            full=24,
        ),
        Control(
            name="d_model",
            usual=64,
            help="width of the stacks; 4 divides it",
            stops=(16, 32, 64, 128),
            least=4,
            most=512,
        ),
        Control(
            name="stack",
            usual="decoder",
            help="which of the two is that deep; the other has one layer",
            stops=("decoder", "encoder"),
            choice=True,
        ),
        Control(name="text", usual="", help="a sentence for the trained model; empty: its first example"),
        Control(name="token", usual=1, help="which token is worked out, from 0", stops=(0, 1, 2, 3), least=0),
        seeded("another seed draws other weights"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens with the LayerNorms of a token: mean and variance of x + sublayer(x), then what "
        "is left after the two steps. Go to another layer, or on by a step.",
        text="the black cat is sleeping",
        steps=3,
        stack="decoder",
        kind="self",
        layer=0,
        head=0,
        stage="weights",
        pane="norms",
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, sections 3.1 and 5.4",
        "He et al. 2016, Identity Mappings in Deep Residual Networks",
        "Xiong et al. 2020, On Layer Normalization in the Transformer Architecture",
        "Dong, Cordonnier, Loukas 2021, Attention Is Not All You Need: Pure Attention Loses Rank Doubly Exponentially "
        "with Depth",
    ),
    result="glasshead.lab.block:Block",
    model=True,
)
