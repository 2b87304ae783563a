"""The residual stream at one row of a stack: what each sub-layer adds to it, in order.

    post-norm    stream ← norm(stream + sublayer(stream))         (Vaswani et al. 2017, section 3.1)
    pre-norm     stream ← stream + sublayer(norm(stream))

Everything is captured. Where a model does not show what a sub-layer gave, that is the difference of the streams around
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

from glasshead.anatomy import Norm
from glasshead.errors import GlassheadError
from glasshead.site import NORMS, STATISTICS, Site
from glasshead.traces.trace import Trace

PARTS = ("self", "cross", "ffn")


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One sub-layer at one row. Vectors have m numbers, in float64."""

    site: str
    """Its place, e.g. `decoder.1.cross`."""
    before: Tensor
    """The stream that it is added to."""
    gives: Tensor
    """What the sub-layer gives, a norm of its output included."""
    resid: Tensor | None
    """The sum of both; None for one of several sub-layers that are added at once, but the last."""
    after: Tensor | None
    """The stream after it: the sum, or in a post-norm model the sum normalised."""
    norm: Norm | None = None
    """The norm of the sum, in a post-norm model."""
    inner: Norm | None = None
    """A norm of the sub-layer's output before it is added."""
    factor: float = 1.0
    """What that is multiplied by before it is added (Granite)."""

    @property
    def adds(self) -> Tensor:
        """What is added to the stream."""
        return self.gives * self.factor

    @property
    def label(self) -> str:
        """Name of its place in the stack: `1.cross`."""
        return self.site.partition(".")[2]

    @property
    def size(self) -> float:
        """Euclidean length of what is added."""
        return float(self.adds.norm())

    @property
    def cosine(self) -> float:
        """Cosine of the angle between what is added and the stream that it is added to; 0 where one of them is 0."""
        return cosine(self.adds, self.before)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """The stream at one row, from the embeddings to the end of a stack."""

    stack: str
    row: int
    sum: Tensor | None
    """Sum of the embeddings: m; None where the model does not show it, and the stream begins with the first layer."""
    embedded: Norm | None
    """The norm of that sum, if there is one."""
    start: Tensor
    """What the first layer is given."""
    steps: tuple[Step, ...]
    last: Norm | None
    """The norm after all layers, if there is one."""
    end: Tensor
    """What the stack gives, the last norm included."""
    again: bool = False
    """Whether values were recomputed by running the model, because not every one is kept."""


def cosine(one: Tensor, other: Tensor) -> float:
    """Compute the cosine of the angle between two vectors (m); 0 where one of them is 0."""
    size = float(one.norm() * other.norm())
    return float(one @ other) / size if size else 0.0


def joins(step: Step) -> bool:
    """Tell whether a sub-layer's output is added to the stream, and not put in its place."""
    if step.resid is None:
        return True
    apart, alone = (step.resid - step.before - step.adds).norm(), (step.resid - step.adds).norm()
    return bool(apart <= alone)


def stream(trace: Trace, stack: str, row: int) -> Stream:
    """Follow the stream of a stack at one of its rows.

    Raises GlassheadError where a value that is needed was not captured.
    """
    again = trace.prepare(_needed(trace, stack), row)
    norms: dict[tuple[str, str], Norm] = {
        (norm.site, norm.where): norm for norm in trace.anatomy.norms if f"{norm.prefix}.out" in trace
    }
    side = "source" if stack == "encoder" else "target"
    embedded = norms.get((side, "post"))
    sites = list(_sites(trace, stack))
    total = _at(trace, f"{side}.sum", row) if f"{side}.sum" in trace else None
    start = _at(trace, f"{embedded.prefix}.out", row) if embedded is not None else total
    if start is not None and len(start) != trace.anatomy.width:  # ELECTRA maps its embeddings to another width
        total = embedded = start = None
    if start is None:
        start = _begun(trace, sites, row, f"{side}.sum")
    steps: list[Step] = []
    now = start
    for site in sites:
        beside = [each.adds for each in _together(steps)]
        step = _step(trace, site, row, now, norms, sum(beside, torch.zeros_like(now)))
        steps.append(step)
        now = now if step.after is None else step.after
    last = norms.get((stack, "last"))
    end = now if last is None else _at(trace, f"{last.prefix}.out", row)
    return Stream(
        stack=stack, row=row, sum=total, embedded=embedded, start=start, steps=tuple(steps), last=last, end=end,
        again=again,
    )  # fmt: skip


def _together(steps: Sequence[Step]) -> list[Step]:
    """List the last sub-layers, as far as they are added at once with the one that follows."""
    return list(takewhile(lambda step: step.resid is None, reversed(steps)))


def _needed(trace: Trace, stack: str) -> list[str]:
    """List what the stream of a stack is followed by, and its logit split."""
    side = "source" if stack == "encoder" else "target"
    names = {"out", "resid", "heads", "active", "embed", "position", "segment", "sum", *STATISTICS}
    names |= {f"{norm}.out" for norm in NORMS}
    places = {site: Site.parse(site) for site in trace.sites}
    return [site for site, place in places.items() if place.stack in (stack, side) and place.name in names]


def _begun(trace: Trace, sites: Sequence[str], row: int, missing: str) -> Tensor:
    """Return what the first layer was given: the first sum less what was added to it."""
    first = sites[0] if sites else ""
    if f"{first}.resid" not in trace or f"{first}.out" not in trace:
        raise _missing(trace, missing)
    return _at(trace, f"{first}.resid", row) - _at(trace, f"{first}.out", row)


def _step(
    trace: Trace, site: str, row: int, before: Tensor, norms: Mapping[tuple[str, str], Norm], beside: Tensor
) -> Step:
    """Read one sub-layer. beside: sum of what those add that are added at once with it, m."""
    norm, inner = norms.get((site, "post")), norms.get((site, "after"))
    resid = _at(trace, f"{site}.resid", row) if f"{site}.resid" in trace else None
    given = f"{site}.out" if inner is None else f"{inner.prefix}.out"
    if given in trace:
        gives = _at(trace, given, row)
    elif resid is not None:
        gives = resid - before - beside
    else:
        raise _missing(trace, given)
    factor = 1.0 if resid is None else _factor(resid - before, gives, trace.anatomy.tolerance)
    after = resid if norm is None else _at(trace, f"{norm.prefix}.out", row)
    return Step(
        site=site, before=before, gives=gives, resid=resid, after=after, norm=norm, inner=inner, factor=factor
    )  # fmt: skip


def _factor(moved: Tensor, gives: Tensor, tolerance: float) -> float:
    """Find what an output is multiplied by, if the stream moved by a multiple of it; else 1."""
    size = float(gives @ gives)
    factor = float(moved @ gives) / size if size else 1.0
    exact = float((moved - factor * gives).norm()) <= tolerance * float(moved.norm())
    return factor if exact and abs(factor - 1) > tolerance else 1.0


def _sites(trace: Trace, stack: str) -> Iterator[str]:
    """Yield the places of the sub-layers that can be seen, in order."""
    known = {Site.parse(site).prefix for site in trace.anatomy.sites if Site.parse(site).layer is not None}
    layers = [kind.layers for kind in trace.kinds if kind.stack == stack]
    for layer in range(max(layers, default=0)):
        for part in PARTS:
            if (site := f"{stack}.{layer}.{part}") in known:
                yield site


def _at(trace: Trace, site: str, row: int) -> Tensor:
    if site not in trace:
        raise _missing(trace, site)
    return trace.at(site, row).to(torch.float64)


def _missing(trace: Trace, site: str) -> GlassheadError:
    if trace.recorded and site in trace.anatomy.sites:
        return GlassheadError(f"{trace.recorded}: {site} was not recorded. Open the model itself to see it.")
    return GlassheadError(f"The residual stream cannot be followed: this model does not show {site}.")
