"""The effect of the residual connection and LayerNorm on each sub-layer (sections 3.1 and 5.4 of the paper).

    out = LayerNorm(x + sublayer(x))            the paper's, post-norm
    out = x + sublayer(LayerNorm(x))            pre-norm

The derivative of x + f(x) is I + J, where J is the derivative of f: the I passes a gradient down whatever J is. Without
x there is only J, and the gradient is a product of one J for each sub-layer. The place of LayerNorm decides how
gradients are spread over the layers before anything is learned (Xiong et al. 2020, On Layer Normalization in the
Transformer Architecture).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from glasshead.errors import GlassheadError
from glasshead.lab.tools import checks
from glasshead.lab.tools.checks import one_of, whole
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.sentence import capture, read_sentence
from glasshead.lab.tools.small_training import FIRST, Pairs, build
from glasshead.lab.tools.words import counted
from glasshead.model import Config, LayerNorm, Residual, Transformer
from glasshead.subjects import Subject
from glasshead.training.loss import smoothed

Side = Literal["encoder", "decoder"]
SIDES = ("encoder", "decoder")
HEADS, VOCABULARY, SENTENCES, TOKENS = 4, 100, 8, 16
"""Heads, vocabulary, sentences and tokens of the measured stacks and their random input."""

MOST = 1_000_000
"""Most layers × d_model²: about 8 seconds on one processor."""
Steps = list[tuple[str, Tensor]]
"""Names of a sub-layer's steps, each with the token's vector after it."""


class Way(NamedTuple):
    """One way to build a layer."""

    name: str
    norm: Literal["post", "pre"]
    residual: bool
    normed: bool
    """Whether the layer has LayerNorms."""


WAYS = (
    Way("post-norm", "post", True, True),
    Way("pre-norm", "pre", True, True),
    Way("no residual", "post", False, True),
    Way("residual alone", "post", True, False),
    Way("neither", "post", False, False),
)
"""The ways, the paper's first; `residual alone` and `neither` have no LayerNorm."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A token's vector after one step, with the mean and the population variance of all its numbers."""

    name: str
    numbers: tuple[float, ...]
    mean: float
    variance: float


@dataclass(frozen=True, kw_only=True)
class Worked:
    """One sub-layer of a trained model on one token, computed step by step."""

    model: str
    text: str
    site: str
    token: str
    rows: tuple[Row, ...]
    difference: float
    """Largest difference between the last row and the model's own value."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One way to build a stack, before any training: the vectors on their way up, and the gradient on its way down."""

    name: str
    gradients: tuple[float, ...]
    """Norm of ∂loss/∂x, where x is the input of layer 0, 1 …, and the output of the last layer."""
    sizes: tuple[float, ...]
    """Root mean square of the numbers in the same x."""
    apart: tuple[float, ...]
    """Share of their squares outside the mean over the tokens of a sentence, 0–1; 0 means that all tokens are equal."""
    weights: tuple[float, ...]
    """Norm of ∂loss/∂W_2 of the feed-forward network of layer 0, 1 …"""

    @property
    def reached(self) -> float:
        """Divide the gradient at the input of layer 0 by the gradient at the output of the last layer."""
        return self.gradients[0] / self.gradients[-1]


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Stacks of one depth: for each way, the gradient at the input divided by the gradient at the output."""

    layers: int
    reached: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """The result of the experiment."""

    stack: str
    layers: int
    d_model: int
    flows: tuple[Flow, ...]
    depths: tuple[Depth, ...]
    worked: Worked


def block(
    *,
    layers: int = 12,
    d_model: int = 64,
    stack: Side = "decoder",
    text: str = "",
    token: int = 1,
    seed: int = 0,
    subject: Subject,
    progress: Progress = silent,
) -> Block:
    """Compute one sub-layer of a trained model by hand; send a gradient down stacks of 1, 2, 4 … `layers` layers.

    stack: the stack of that depth; the other has one layer. text: a source for the trained model, its first example if
    empty · token: index of the token to work out (in the decoder, of the translation), from 0. Raises GlassheadError
    for invalid arguments.
    """
    whole("layers", layers, most=48)
    whole("d_model", d_model, least=HEADS, most=512)
    if d_model % HEADS:
        raise GlassheadError(f"d_model is {d_model}; the {HEADS} heads do not divide it: choose another number.")
    if layers * d_model**2 > MOST:
        raise GlassheadError(
            f"layers × d_model² is {layers * d_model**2:,}; it must be at most {MOST:,}: make one of them smaller."
        )
    one_of("stack", stack, SIDES)
    whole("token", token, least=0)
    checks.seed(seed)
    worked = _worked(subject, text, stack, token, part(progress, 0.0, 0.2))
    examples = _drawn(seed)
    steps = sorted({*(2**power for power in range(layers.bit_length())), layers})
    work, done, depths = sum(steps) * len(WAYS), 0, []
    for depth in steps:
        flows = []
        for way in WAYS:
            here = part(progress, 0.2 + 0.8 * done / work, 0.2 + 0.8 * (done + depth) / work)
            here(0.0, f"{counted(depth, 'layer')}, {way.name}")
            model = made(way, depth, d_model, stack, seed)
            flows.append(flow(model, stack, examples, way.name, here))
            done += depth
        depths.append(Depth(layers=depth, reached=tuple(each.reached for each in flows)))
    return Block(stack=stack, layers=layers, d_model=d_model, flows=tuple(flows), depths=tuple(depths), worked=worked)


def made(way: Way, layers: int, d_model: int, stack: Side, seed: int) -> Transformer:
    """Build an untrained model in float64: one stack of `layers` layers built one way, the other as in the paper.

    The other stack has one layer, and the seed gives the same weights for every way. LayerNorm is removed by an
    identity in its place.
    """
    paper = Config(
        vocab_size=VOCABULARY,
        d_model=d_model,
        heads=HEADS,
        d_ff=4 * d_model,
        encoder_layers=layers if stack == "encoder" else 1,
        decoder_layers=layers if stack == "decoder" else 1,
        dropout=0.0,
        max_length=TOKENS,
    )
    model = build(paper, seed)
    other = build(replace(paper, norm=way.norm, residual=way.residual), seed)
    model.register_module(stack, getattr(other, stack))
    if not way.normed:
        for each in getattr(model, stack).modules():
            if isinstance(each, Residual):
                each.register_module("norm", nn.Identity())
    return model.double()


def flow(model: Transformer, stack: Side, examples: Pairs, name: str = "", progress: Progress = silent) -> Flow:
    """Send the mean loss of some examples back through a model, and measure what arrives at each layer of one stack."""
    layers: Any = getattr(model, stack).layers
    inputs: list[Tensor] = []

    def keep(x: Tensor) -> None:
        progress(0.2 + 0.4 * len(inputs) / (len(layers) + 1), f"{counted(len(layers), 'layer')}, {name}: up")
        x.retain_grad()
        inputs.append(x)

    hooks = [layer.register_forward_pre_hook(lambda _module, given: keep(given[0])) for layer in layers]
    hooks.append(layers[-1].register_forward_hook(lambda _module, _given, out: keep(out)))
    try:
        loss, _ = smoothed(model(examples.source, examples.target), examples.labels, smoothing=0.0, pad_id=0)
    finally:
        for hook in hooks:
            hook.remove()
    progress(0.6, f"{counted(len(layers), 'layer')}, {name}: its gradient")
    model.zero_grad()
    torch.autograd.backward(loss / examples.labels.numel())
    streams = [x.detach() for x in inputs]
    return Flow(
        name=name,
        gradients=tuple(_norm(x.grad) for x in inputs),
        sizes=tuple(float(x.square().mean().sqrt()) for x in streams),
        apart=tuple(_apart(x) for x in streams),
        weights=tuple(_norm(layer.ffn.sublayer.outer.weight.grad) for layer in layers),
    )


def _apart(x: Tensor) -> float:
    """Compute the share of the squares outside the mean over q; 0 if x is 0. x: b q m"""
    every, rest = float(x.square().sum()), float((x - x.mean(1, keepdim=True)).square().sum())
    return rest / every if every else 0.0


def _norm(gradient: Tensor | None) -> float:
    """Compute the norm of a gradient; 0 if none arrived."""
    return 0.0 if gradient is None else float(gradient.norm())


def _drawn(seed: int) -> Pairs:
    """Draw random inputs and random labels: before training no task is better than another."""
    draw = torch.Generator().manual_seed(seed)

    def ids() -> Tensor:
        return torch.randint(FIRST, VOCABULARY, (SENTENCES, TOKENS), generator=draw)

    return Pairs(ids(), ids(), ids())


def _worked(subject: Subject, text: str, stack: Side, token: int, progress: Progress) -> Worked:
    """Work out the first self-attention of a stack: all but the sub-layer's own output in float64, by the formula."""
    sentence = read_sentence(subject, text, progress)
    tokens = sentence.source_tokens if stack == "encoder" else sentence.target_tokens
    if token >= len(tokens):
        raise GlassheadError(
            f"token is {token}; the {stack} has {counted(len(tokens), 'token')} here, so the last one is "
            f"{len(tokens) - 1}."
        )
    site, below = f"{stack}.0.self", "source.sum" if stack == "encoder" else "target.sum"
    kept = capture(subject, sentence, [below, f"{site}.out", f"{site}.resid", f"{site}.norm.out"])
    found = {name: value[0, token].double() for name, value in kept.items()}
    x, sublayer = found[below], found[f"{site}.out"]
    norm: LayerNorm = getattr(subject.native, stack).layers[0].self.norm
    by_hand = _post if subject.config.norm == "post" else _pre
    steps = by_hand(x, sublayer, norm, residual=subject.config.residual)
    wanted = found[f"{site}.norm.out" if subject.config.norm == "post" else f"{site}.resid"]
    return Worked(
        model=subject.name,
        text=sentence.text,
        site=site,
        token=tokens[token],
        rows=tuple(
            Row(
                name=name,
                numbers=tuple(vector.tolist()),
                mean=float(vector.mean()),
                variance=float(vector.var(correction=0)),
            )
            for name, vector in steps
        ),
        difference=float((steps[-1][1] - wanted).abs().max()),
    )


def _post(x: Tensor, sublayer: Tensor, norm: LayerNorm, *, residual: bool) -> Steps:
    """Compute LayerNorm(x + sublayer(x)), the paper's."""
    total = ("x + sublayer(x)", x + sublayer) if residual else ("sublayer(x) alone", sublayer)
    return [("x", x), ("sublayer(x)", sublayer), total, *_normed(total[1], norm)]


def _pre(x: Tensor, sublayer: Tensor, norm: LayerNorm, *, residual: bool) -> Steps:
    """Compute x + sublayer(LayerNorm(x))."""
    total = ("x + sublayer", x + sublayer) if residual else ("sublayer alone", sublayer)
    return [("x", x), *_normed(x, norm), ("sublayer of that", sublayer), total]


def _normed(x: Tensor, norm: LayerNorm) -> Steps:
    """Compute LayerNorm in float64: over the numbers of one token, with the population variance."""
    centred = x - x.mean()
    normed = centred / (centred.square().mean() + norm.eps).sqrt()
    gained = normed * norm.gain.detach().double()
    return [
        ("− mean", centred),
        ("/ √(var + ε)", normed),
        ("· gain", gained),
        ("+ bias", gained + norm.bias.detach().double()),
    ]
