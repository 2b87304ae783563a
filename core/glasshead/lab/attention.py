"""Attention as a weighted sum of values (section 3.2.1 of the paper).

One query q attends to pairs of a key and a value:

    A(q, K, V) = Σ_i  exp(q·k_i / √d_k) / Σ_j exp(q·k_j / √d_k)  v_i

With many queries stacked as the rows of Q, the same sum is softmax(Q Kᵀ / √d_k) V. It does not require that d_k equals
d_v, that there are as many queries as keys, or that queries come from vectors as wide as those of keys and values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor

from glasshead.attend import attend
from glasshead.lab.tools import checks
from glasshead.lab.tools.checks import whole
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.sentence import Sentence, capture, read_sentence
from glasshead.lab.tools.words import counted
from glasshead.model import Attention as Module
from glasshead.model import Config
from glasshead.subjects import Subject
from glasshead.tap import listen

WIDTH = 32
"""Width of the vectors that queries are made of; the width of the others is a control."""
HEADS = 2
EDGE = 1e-12
"""Tolerance for an output outside the range of the values: the rounding of float64."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One key–value pair under one query, from the product to the weight."""

    key: tuple[float, ...]
    product: float
    """Dot product q·k."""
    scaled: float
    """Scaled product q·k / √d_k."""
    exponential: float
    weight: float
    """Exponential divided by the sum of all exponentials, 0–1."""
    value: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Single:
    """One query and its weighted sum of all values."""

    query: tuple[float, ...]
    terms: tuple[Term, ...]
    total: float
    """Sum of the exponentials."""
    output: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """One way from scores to weights, for all queries: the sums of the weights, and the range of the outputs."""

    name: str
    least_sum: float
    most_sum: float
    inside: float
    """Share of output components within the range of the same component over all values."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One matrix of multi-head attention, with its shape in two modules that were run."""

    name: str
    meaning: str
    here: tuple[int, ...]
    trained: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Two sizes that differ, and whether attention can still be computed."""

    sizes: str
    """Name of the pair: a key for `judge`."""
    given: str
    works: bool


@dataclass(frozen=True, kw_only=True)
class Cross:
    """The most certain head of a trained model's encoder–decoder attention on one sentence."""

    model: str
    text: str
    layer: int
    head: int
    queries: tuple[str, ...]
    """Tokens of the decoder."""
    keys: tuple[str, ...]
    """Tokens of the encoder."""
    weights: tuple[tuple[float, ...], ...]
    difference: float
    """Largest difference, over all heads and layers, between the model's outputs and each query computed alone."""


@dataclass(frozen=True, kw_only=True)
class Attention:
    """The result of the experiment."""

    d_k: int
    d_v: int
    single: Single
    weights: tuple[tuple[float, ...], ...]
    """Weights of all stacked queries: queries × keys."""
    stacked_difference: float
    """Largest difference between softmax(Q Kᵀ / √d_k) V in float32 and the single queries in float64."""
    order_difference: float
    """Largest difference of the outputs after key–value pairs were permuted together."""
    torn_difference: float
    """Largest difference of the outputs after the keys alone were permuted."""
    weighings: tuple[Weighing, ...]
    width: int
    source_width: int
    heads: int
    shapes: tuple[Shape, ...]
    trials: tuple[Trial, ...]
    cross: Cross


def attention(
    *,
    d_k: int = 4,
    d_v: int = 3,
    queries: int = 5,
    keys: int = 7,
    source_width: int = 48,
    text: str = "",
    seed: int = 0,
    subject: Subject,
    progress: Progress = silent,
) -> Attention:
    """Draw queries, keys and values with one decimal, attend in both forms, and test which sizes must agree.

    source_width: width of the vectors that keys and values are made of; those of queries are 32 wide. text: a source
    for the trained model, its first example if empty. Raises GlassheadError for sizes below 1 (keys: 2) and for large
    ones.
    """
    whole("d_k", d_k, most=256)
    whole("d_v", d_v, most=256)
    whole("queries", queries, most=64)
    whole("keys", keys, least=2, most=64)
    whole("source_width", source_width, most=1024)
    checks.seed(seed)
    progress(0.0, "one query")
    draw = torch.Generator().manual_seed(seed)

    def numbers(rows: int, width: int) -> Tensor:
        """Draw numbers with one decimal, so that every step can be followed on paper; + 0 turns −0 into 0."""
        return (torch.randn(rows, width, generator=draw, dtype=torch.float64) * 10).round() / 10 + 0.0

    q, k, v = numbers(queries, d_k), numbers(keys, d_k), numbers(keys, d_v)
    singles = [single(each, k, v) for each in q]
    outputs = torch.tensor([each.output for each in singles], dtype=torch.float64)

    progress(0.2, "all queries at once")
    shuffle = torch.randperm(keys, generator=draw)
    if torch.equal(shuffle, torch.arange(keys)):
        shuffle = shuffle.roll(1)
    module, x, source = _module(d_k, d_v, queries, keys, source_width, seed)

    progress(0.4, subject.name)
    sentence = read_sentence(subject, text, part(progress, 0.4, 0.9))
    progress(0.9, "its encoder–decoder attention")
    return Attention(
        d_k=d_k,
        d_v=d_v,
        single=singles[0],
        weights=tuple(tuple(term.weight for term in each.terms) for each in singles),
        stacked_difference=_apart(stacked(q.float(), k.float(), v.float()), outputs),
        order_difference=_apart(stacked(q, k[shuffle], v[shuffle]), outputs),
        torn_difference=_apart(stacked(q, k[shuffle], v), outputs),
        weighings=_weighings(q, k, v),
        width=WIDTH,
        source_width=source_width,
        heads=HEADS,
        shapes=_shapes(module, x, source, subject, sentence),
        trials=_trials(d_k, d_v, queries, keys, source_width, seed),
        cross=_cross(subject, sentence),
    )


def single(query: Tensor, keys: Tensor, values: Tensor) -> Single:
    """Compute the sum in plain numbers: query: d · keys: k d · values: k d, of their own width."""
    q, rows, wanted = query.tolist(), keys.tolist(), values.tolist()
    products = [sum(a * b for a, b in zip(q, row, strict=True)) for row in rows]
    scaled = [product / len(q) ** 0.5 for product in products]
    exponentials = [exp(score) for score in scaled]
    total = sum(exponentials)
    weights = [each / total for each in exponentials]
    return Single(
        query=tuple(q),
        terms=tuple(
            Term(key=tuple(k), product=p, scaled=s, exponential=e, weight=w, value=tuple(v))
            for k, p, s, e, w, v in zip(rows, products, scaled, exponentials, weights, wanted, strict=True)
        ),
        total=total,
        output=tuple(sum(w * v[n] for w, v in zip(weights, wanted, strict=True)) for n in range(values.shape[-1])),
    )


def stacked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Compute softmax(Q Kᵀ / √d_k) V by the project's own `attend`: q d, k d, k d → q d."""
    return attend(query[None, None], key[None, None], value[None, None], scale=query.shape[-1] ** -0.5)[0, 0]


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one.double() - other.double()).abs().max())


def _weighings(q: Tensor, k: Tensor, v: Tensor) -> tuple[Weighing, ...]:
    """Compare softmax with exponentials that are not divided by their sum."""
    scores = q @ k.T / q.shape[-1] ** 0.5
    ways: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = (
        ("softmax", lambda s: torch.softmax(s, -1)),
        ("exp, not divided by the sum", torch.exp),
        ("the scores themselves", lambda s: s),
    )
    found = []
    for name, way in ways:
        weights = way(scores)
        output, sums = weights @ v, weights.sum(-1)
        inside = (output >= v.amin(0) - EDGE) & (output <= v.amax(0) + EDGE)
        found.append(
            Weighing(
                name=name,
                least_sum=float(sums.min()),
                most_sum=float(sums.max()),
                inside=float(inside.double().mean()),
            )
        )
    return tuple(found)


def _module(d_k: int, d_v: int, queries: int, keys: int, source_width: int, seed: int) -> tuple[Module, Tensor, Tensor]:
    """Build the project's multi-head attention between inputs of different widths, with such inputs: b q m, b k m."""
    config = Config(
        vocab_size=8, share_embeddings=False, d_model=WIDTH, d_encoder=source_width, heads=HEADS, d_k=d_k, d_v=d_v
    )
    draw = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = Module(config, config.d_model, config.encoder_width).eval().requires_grad_(False)
    return (
        module,
        torch.randn(1, queries, WIDTH, generator=draw),
        torch.randn(1, keys, source_width, generator=draw),
    )


def _shapes(module: Module, x: Tensor, source: Tensor, subject: Subject, sentence: Sentence) -> tuple[Shape, ...]:
    """List the matrices of both modules: the new one, and the first encoder–decoder attention of the trained model."""
    with listen(module) as seen:
        module(x, source, None)
    here = _sizes(module, dict(seen))
    site = "decoder.0.cross."
    trained = subject.native.decoder.layers[0].cross.sublayer  # type: ignore[union-attr]
    kept = capture(subject, sentence, [f"{site}*"])
    there = _sizes(trained, {name.removeprefix(site): value for name, value in kept.items()})  # type: ignore[arg-type]
    return tuple(
        Shape(name=name, meaning=meaning, here=shape, trained=there[name][1]) for name, (meaning, shape) in here.items()
    )


def _sizes(module: Module, seen: dict[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Map each name to its meaning and its shape without the batch, in the order of the computation."""

    def matrix(linear: torch.nn.Linear) -> tuple[int, ...]:
        return (linear.in_features, linear.out_features)

    def seen_as(name: str) -> tuple[int, ...]:
        return tuple(seen[name].shape[1:])

    heads, queries, d_v = seen_as("heads")
    keys = seen["k"].shape[2]
    return {
        "x": ("input of the queries: q m", (queries, module.query.in_features)),
        "source": ("input of keys and values: k m", (keys, module.key.in_features)),
        "W_Q": ("all heads side by side: m × h·d_k", matrix(module.query)),
        "W_K": ("m × h·d_k", matrix(module.key)),
        "W_V": ("m × h·d_v", matrix(module.value)),
        "Q": ("h q d_k", seen_as("q")),
        "K": ("h k d_k", seen_as("k")),
        "V": ("h k d_v", seen_as("v")),
        "Q Kᵀ": ("h q k, softmax over the last", seen_as("weights")),
        "heads": ("weights · V: h q d_v", (heads, queries, d_v)),
        "concat": ("heads side by side: q × h·d_v", (queries, heads * d_v)),
        "W_O": ("h·d_v × m", matrix(module.output)),
        "out": ("as wide as x: q m", seen_as("out")),
    }


def _trials(d_k: int, d_v: int, queries: int, keys: int, source_width: int, seed: int) -> tuple[Trial, ...]:
    """Try sizes that differ, one pair at a time: as they are if they already differ."""

    def sizes(q: tuple[int, int], k: tuple[int, int], v: tuple[int, int]) -> bool:
        query, key, value = (torch.zeros(1, 1, *size) for size in (q, k, v))
        try:  # with a tap it runs in stages: a fused kernel may not check every size
            attend(query, key, value, scale=1.0, tap=lambda _name, given: given)
        except RuntimeError:
            return False
        return True

    def widths(wide: int) -> bool:
        module, x, source = _module(d_k, d_v, queries, keys, wide, seed)
        try:
            module(x, source, None)
        except RuntimeError:
            return False
        return True

    other_width = source_width if source_width != WIDTH else WIDTH + 1
    other_keys = keys if keys != queries else keys + 1
    other_d_v = d_v if d_v != d_k else d_k + 1
    return (
        Trial(sizes="inputs", given=f"inputs {WIDTH} and {other_width} wide", works=widths(other_width)),
        Trial(
            sizes="tokens",
            given=f"{counted(queries, 'query', 'queries')}, {counted(other_keys, 'pair')} of key and value",
            works=sizes((queries, d_k), (other_keys, d_k), (other_keys, d_v)),
        ),
        Trial(
            sizes="query and key",
            given=f"queries {d_k} and keys {d_k + 1} wide",
            works=sizes((queries, d_k), (keys, d_k + 1), (keys, d_v)),
        ),
        Trial(
            sizes="key and value",
            given=f"keys {d_k} and values {other_d_v} wide",
            works=sizes((queries, d_k), (keys, d_k), (keys, other_d_v)),
        ),
        Trial(
            sizes="pairs",
            given=f"{counted(keys, 'key')} and {counted(keys - 1, 'value')}",
            works=sizes((queries, d_k), (keys, d_k), (keys - 1, d_v)),
        ),
    )


def _cross(subject: Subject, sentence: Sentence) -> Cross:
    """Compute all heads of encoder–decoder attention, a query at a time; keep the weights of the most certain head."""
    layers = subject.config.decoder_layers
    kept = capture(subject, sentence, [f"decoder.*.cross.{name}" for name in ("q", "k", "v", "weights", "heads")])

    def of(name: str) -> Tensor:
        return torch.cat([kept[f"decoder.{layer}.cross.{name}"] for layer in range(layers)]).double()

    q, k, v = of("q"), of("k"), of("v")  # layer h q d, layer h k d, layer h k d
    weights, outputs = of("weights"), of("heads")  # layer h q k, layer h q d
    difference = 0.0
    for query in range(q.shape[2]):
        scores = (q[:, :, query, None] * k).sum(-1) * subject.config.score_scale
        exponentials = (scores - scores.amax(-1, keepdim=True)).exp()  # the division cancels what is subtracted
        alone = exponentials / exponentials.sum(-1, keepdim=True)
        difference = max(difference, _apart((alone.unsqueeze(-1) * v).sum(2), outputs[:, :, query]))
    surest = int(weights.amax(-1).mean(-1).flatten().argmax())
    layer, head = divmod(surest, weights.shape[1])
    return Cross(
        model=subject.name,
        text=sentence.text,
        layer=layer,
        head=head,
        queries=sentence.target_tokens,
        keys=sentence.source_tokens,
        weights=tuple(tuple(row) for row in weights[layer, head].tolist()),
        difference=difference,
    )
