"""The paper's table 1: the cost of a layer, its sequential steps, and the path between two positions.

    layer                   complexity     sequential    longest path between two positions
    self-attention          O(n²·d)        O(1)          O(1)
    recurrent               O(n·d²)        O(n)          O(n)
    convolution             O(k·n·d²)      O(1)          O(n/k)
    dilated convolution     O(k·n·d²)      O(1)          O(log_k(n))
    restricted attention    O(r·n·d)       O(1)          O(n/r)

The convolution row of the printed table has the path of a dilated one; the path of contiguous kernels, O(n/k), is in
the text of section 4. Each cell is computed exactly for the layers in layers.py, and then checked: multiply–adds, the
chain of matrix products that wait for each other, the layers until the last position depends on the first, and the
time. (Vaswani et al. 2017, section 4.)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from glasshead.errors import GlassheadError
from glasshead.lab.tools import layers
from glasshead.lab.tools.checks import whole
from glasshead.lab.tools.layers import Layer, Shape, Tapped
from glasshead.lab.tools.paths import chain, hops
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.stopwatch import fastest, slope

WIDTH = 4
"""Width of the vectors for paths and chains, which do not depend on it."""
SHORTEST = 64
"""Shortest timed length."""
ROUNDS = 5
LARGEST = 5_000_000_000
"""Multiply–adds of the largest timed layer: some tenths of a second on one processor, which cannot be interrupted."""
STEPS = 2048 * 2048
"""Most layers × positions of restricted attention on the way from the first position to the last: some seconds."""
NEAR = 64
"""Most positions of a kernel or a neighbourhood."""

Make = Callable[[Shape, int, Tapped | None], Layer]


@dataclass(frozen=True, kw_only=True)
class LayerType:
    """A row of the table, as in the paper and exactly."""

    name: str
    complexity: str
    sequential: str
    path: str
    exact: str
    """The multiply–adds as an exact formula."""
    products: Callable[[Shape], int]
    """The multiply–adds as a number."""
    waits: Callable[[Shape], int]
    """Number of matrix products in sequence."""
    length: Callable[[Shape], int]
    """Layers, or steps of a recurrence, on the way from the first position to the last."""
    make: Make
    """Maker of the timed layer."""
    hop: Make
    """Maker of the unit that is stacked when a path is counted: the layer, or one step of it."""


LAYER_TYPES = (
    LayerType(
        name="self-attention",
        complexity="O(n²·d)",
        sequential="O(1)",
        path="O(1)",
        exact="2·n²·d",
        products=lambda s: 2 * s.n * s.n * s.d,
        waits=lambda _: 2,
        length=lambda _: 1,
        make=layers.self_attention,
        hop=layers.self_attention,
    ),
    LayerType(
        name="recurrent",
        complexity="O(n·d²)",
        sequential="O(n)",
        path="O(n)",
        exact="2·n·d²",
        products=lambda s: 2 * s.n * s.d * s.d,
        waits=lambda s: s.n,
        length=lambda s: s.n - 1,
        make=layers.recurrent,
        hop=layers.recurrence,
    ),
    LayerType(
        name="convolution",
        complexity="O(k·n·d²)",
        sequential="O(1)",
        path="O(n/k)",
        exact="k·n·d²",
        products=lambda s: s.k * s.n * s.d * s.d,
        waits=lambda _: 1,
        length=lambda s: -(-(s.n - 1) // (s.k - 1)),
        make=layers.convolution,
        hop=layers.convolution,
    ),
    LayerType(
        name="dilated convolution",
        complexity="O(k·n·d²)",
        sequential="O(1)",
        path="O(log_k(n))",
        exact="k·n·d²",
        products=lambda s: s.k * s.n * s.d * s.d,
        waits=lambda _: 1,
        length=lambda s: _logarithm(s.n, s.k),
        make=layers.dilated_convolution,
        hop=layers.dilated_convolution,
    ),
    LayerType(
        name="restricted attention",
        complexity="O(r·n·d)",
        sequential="O(1)",
        path="O(n/r)",
        exact="2·r·n·d",
        products=lambda s: 2 * s.r * s.n * s.d,
        waits=lambda _: 2,
        length=lambda s: -(-(s.n - 1) // (s.r // 2)),
        make=layers.restricted_attention,
        hop=layers.restricted_attention,
    ),
)
TIMED: tuple[tuple[str, Make, int], ...] = (
    ("self-attention", layers.self_attention, 2),
    ("recurrent", layers.recurrent, 1),
    ("convolution", layers.convolution, 1),
    ("dilated convolution", layers.dilated_convolution, 1),
    ("restricted attention", layers.restricted_attention, 1),
    ("window by a mask", layers.masked_attention, 2),
)
"""The timed layers, and the power of n that their multiply–adds grow as."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One layer type at one n, d, k and r: by the formula, and as counted."""

    layer: str
    complexity: str
    """The paper's complexity."""
    exact: str
    """The multiply–adds with the factor that O leaves out."""
    multiply_adds: int
    sequential: str
    """The paper's sequential operations."""
    waits: int
    """Matrix products in sequence, by the formula."""
    waits_counted: int
    """Longest chain of matrix products in autograd's graph."""
    path: str
    """The paper's path length."""
    hops: int
    """Layers, or steps of the recurrence, from the first position to the last, by the formula."""
    hops_counted: int
    """Layers, or steps, until the gradient of the last output at the first input is not zero."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """The counted paths at one length, in the order of the rows."""

    n: int
    hops: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The multiply–adds at one length, in the order of the rows."""

    n: int
    multiply_adds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One layer's measured times."""

    layer: str
    seconds: tuple[float, ...]
    """Seconds for each length: the smallest mean of several interleaved rounds."""
    slope: float
    """Power of n that the time grows as, fitted over the longer half of the lengths."""
    expected: int
    """Power of n that its multiply–adds grow as."""


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Times on this machine: they differ from run to run."""

    lengths: tuple[int, ...]
    fitted: tuple[int, ...]
    """The lengths over which slopes are fitted."""
    threads: int
    layers: tuple[Timed, ...]


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """The result of the experiment. All but `timings` is counted, and the same each time."""

    n: int
    d: int
    k: int
    r: int
    rows: tuple[Row, ...]
    projections: int
    """Multiply–adds of W_Q, W_K, W_V and W_O, 4·n·d², which the table does not count."""
    costs: tuple[Costs, ...]
    """Costs for lengths on both sides of d."""
    paths: tuple[Paths, ...]
    """Paths for growing lengths up to n; k and r are never longer than the sentence."""
    timings: Timings | None
    """Times; None if nothing was to be measured."""


def complexity(
    *,
    n: int = 128,
    d: int = 512,
    k: int = 3,
    r: int = 16,
    longest: int = 1024,
    measure: bool = True,
    progress: Progress = silent,
) -> Complexity:
    """Compute the table at one n, d, k and r, counted paths up to n, and times up to a length of `longest`.

    Raises GlassheadError for invalid sizes: a kernel or a neighbourhood of 1 position reaches nothing, one of more than
    n positions has nothing to look at, and large sizes take minutes.
    """
    whole("n", n, least=2, most=4096)
    whole("d", d, most=2048)
    whole("k", k, least=2, most=NEAR)
    whole("r", r, least=2, most=NEAR)
    for name, value, what in (("k", k, "kernel"), ("r", r, "neighbourhood")):
        if value > n:
            raise GlassheadError(f"{name} is {value:,}; a {what} has at most n {n:,} positions.")
    whole("longest", longest, least=2 * SHORTEST, most=4096)
    if not isinstance(measure, bool):
        raise GlassheadError(f"measure is {measure!r}; it is either True or False.")
    needed = -(-(n - 1) // (r // 2))
    if needed * n > STEPS:
        raise GlassheadError(
            f"With r {r} it takes {needed:,} layers until n {n:,} positions are joined: too many to count here. "
            "Choose a larger r or a smaller n."
        )
    shape = Shape(n=n, d=d, k=k, r=r)
    heaviest = max(kind.products(replace(shape, n=longest)) for kind in LAYER_TYPES)
    if measure and heaviest > LARGEST:
        raise GlassheadError(
            f"One layer of {longest:,} positions would be {heaviest:,} multiply–adds; at most {LARGEST:,} are timed. "
            "Choose a smaller longest, d or k, or measure nothing (--no-measure)."
        )
    lengths = [*(2**power for power in range(2, 13) if 2**power < n), n]
    share = 0.4 if measure else 1.0
    paths, done, total = [], 0.0, float(sum(lengths))
    for length in lengths:
        inner = part(progress, share * done / total, share * (done + length) / total)
        paths.append(_paths(replace(shape, n=length, k=min(k, length), r=min(r, length)), inner))
        done += length
    rows = []
    for kind, counted in zip(LAYER_TYPES, paths[-1].hops, strict=True):
        progress(share, f"{kind.name}, n {n}")
        rows.append(_row(kind, shape, counted))
    return Complexity(
        n=n,
        d=d,
        k=k,
        r=r,
        rows=tuple(rows),
        projections=4 * n * d * d,
        costs=tuple(_costs(replace(shape, n=2**power)) for power in range(4, 14)),
        paths=tuple(paths),
        timings=_timings(shape, longest, part(progress, share, 1.0)) if measure else None,
    )


def waits(kind: LayerType, shape: Shape) -> int:
    """Count the chain of matrix products of a layer that was run, on narrow vectors: width does not matter."""
    narrow = replace(shape, d=WIDTH)
    x = torch.randn(shape.n, WIDTH, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    return chain(kind.make(narrow, 0, _stages)(x, 0))


def _row(kind: LayerType, shape: Shape, counted: int) -> Row:
    return Row(
        layer=kind.name,
        complexity=kind.complexity,
        exact=kind.exact,
        multiply_adds=kind.products(shape),
        sequential=kind.sequential,
        waits=kind.waits(shape),
        waits_counted=waits(kind, shape),
        path=kind.path,
        hops=kind.length(shape),
        hops_counted=counted,
    )


def _costs(shape: Shape) -> Costs:
    return Costs(n=shape.n, multiply_adds=tuple(kind.products(shape) for kind in LAYER_TYPES))


def _paths(shape: Shape, progress: Progress) -> Paths:
    narrow, found = replace(shape, d=WIDTH), []
    for number, kind in enumerate(LAYER_TYPES):
        inner = part(progress, number / len(LAYER_TYPES), (number + 1) / len(LAYER_TYPES))
        reached = hops(kind.hop(narrow, 0, None), n=shape.n, width=WIDTH, most=shape.n, progress=inner)
        assert reached is not None, "a layer that reaches one position further needs no more than n of them"
        found.append(reached)
    return Paths(n=shape.n, hops=tuple(found))


def _timings(shape: Shape, longest: int, progress: Progress) -> Timings:
    lengths = tuple(SHORTEST * 2**power for power in range(20) if SHORTEST * 2**power <= longest)
    generator, seconds = torch.Generator().manual_seed(0), []
    made = [(name, make(shape, 0, None)) for name, make, _ in TIMED]
    total, done = sum(lengths), 0
    for length in lengths:
        x = torch.randn(length, shape.d, generator=generator)
        # Dilated layers are timed where they look furthest: the last of the stack that joins all these positions.
        last = _logarithm(length, shape.k) - 1
        works = [
            (f"{name}, {length} positions", lambda x=x, layer=layer, last=last: layer(x, last)) for name, layer in made
        ]
        seconds.append(fastest(works, rounds=ROUNDS, progress=part(progress, done / total, (done + length) / total)))
        done += length
    fitted = lengths[len(lengths) // 2 - (len(lengths) < 4) :]
    return Timings(
        lengths=lengths,
        fitted=fitted,
        threads=torch.get_num_threads(),
        layers=tuple(
            Timed(
                layer=name,
                seconds=took,
                slope=slope(fitted, took[-len(fitted) :]),
                expected=expected,
            )
            for (name, _, expected), took in zip(TIMED, zip(*seconds, strict=True), strict=True)
        ),
    )


def _logarithm(n: int, k: int) -> int:
    """Compute the smallest whole number p with k^p ≥ n, without the rounding of floats."""
    power = 0
    while k**power < n:
        power += 1
    return power


def _stages(_name: str, value: torch.Tensor) -> torch.Tensor:
    """Leave the value unchanged; with this tap attention runs in the stages that its graph is counted in."""
    return value
