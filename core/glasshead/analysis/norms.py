"""One token through every normalisation of its stack, in order.

normalised    n = (x − mean) / √(variance + ε)   its mean is 0, its variance 1        (Ba et al. 2016)
output        gain · n + bias                    the gain and bias were learned

An RMSNorm takes no mean away (Zhang and Sennrich 2019): its one statistic is rms = √(mean of x²), and n is
x / √(rms² + ε), whose own rms is 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.anatomy import Norm
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Normed:
    """One normalisation at one token."""

    name: str
    """Its place in the stack, e.g. `1.cross`; see `Norm.label`."""
    site: str
    """Its place in the model, e.g. `decoder.1.cross`."""
    before: tuple[float, float] | None
    """Mean and variance of its input; None for a norm that computes no mean."""
    after: tuple[float, float] | None
    """Mean and variance when normalised; None for a norm that computes no mean."""
    rms: tuple[float, float] | None
    """Root mean square of its input, and when normalised; None for a norm that computes the mean."""
    out: tuple[float, ...]
    """The output."""


def norms(trace: Trace, stack: str, row: int) -> tuple[Normed, ...]:
    """Return the captured normalisations of a stack at one of its rows."""
    here = [norm for norm in trace.anatomy.norms if norm.stack == stack and f"{norm.prefix}.normed" in trace]
    names = ("normed", "mean", "var", "rms", "out")
    trace.prepare([site for norm in here for name in names if (site := f"{norm.prefix}.{name}") in trace], row)
    return tuple(
        Normed(name=norm.label, site=norm.site, before=before, after=after, rms=rms, out=out)
        for norm, (before, after, rms), out in zip(
            here, _statistics(trace, here, row), _numbers([trace.at(f"{norm.prefix}.out", row) for norm in here]),
            strict=True,
        )
    )  # fmt: skip


Statistics = tuple[tuple[float, float] | None, tuple[float, float] | None, tuple[float, float] | None]
"""Of a normalisation what `Normed` has as before, after and rms."""


def _statistics(trace: Trace, here: Sequence[Norm], row: int) -> list[Statistics]:
    """Collect the captured statistics, and compute those after step 1: of all vectors of one length at once."""
    normed = [trace.at(f"{norm.prefix}.normed", row) for norm in here]
    after: dict[int, tuple[float, float, float]] = {}
    for places, vectors in _of_one_length(normed):
        found = vectors.mean(-1), vectors.var(-1, correction=0), vectors.square().mean(-1).sqrt()
        after.update(zip(places, zip(*(each.tolist() for each in found), strict=True), strict=True))

    def number(norm: Norm, name: str) -> float:
        return float(trace.at(f"{norm.prefix}.{name}", row))

    return [
        ((number(norm, "mean"), number(norm, "var")), after[at][:2], None)
        if norm.form == "layer"
        else (None, None, (number(norm, "rms"), after[at][2]))
        for at, norm in enumerate(here)
    ]


def _numbers(vectors: Sequence[Tensor]) -> list[tuple[float, ...]]:
    found: dict[int, tuple[float, ...]] = {}
    for places, together in _of_one_length(vectors):
        found.update(zip(places, map(tuple, together.tolist()), strict=True))
    return [found[at] for at in range(len(vectors))]


def _of_one_length(vectors: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
    """Yield the vectors of each length together, with their places: n m."""
    lengths: dict[int, list[int]] = {}
    for at, vector in enumerate(vectors):
        lengths.setdefault(len(vector), []).append(at)
    for places in lengths.values():
        yield places, torch.stack([vectors[at] for at in places])
