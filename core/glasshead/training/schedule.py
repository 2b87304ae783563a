"""The learning rate at every step, a pure function set at every update: nothing to save, nothing to resume.

The paper's (section 5.3), called noam after its author, is a linear rise over `warmup` steps, then a fall as 1/√step:

    rate(step) = factor · d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)

Steps count from 1. Two others, which depart from the paper, rise in the same straight line to a rate that is given.
"""

import math
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    from glasshead.training.settings import Settings


def rate(step: int, *, d_model: int, warmup: int, factor: float = 1.0) -> float:
    """The paper's rate of update number `step` (1, 2, …); its peak, 1/√(d_model · warmup), is at `step == warmup`.

    `factor` departs from the paper where it is not 1. Raises GlassheadError if step or warmup is below 1.
    """
    _from_one(step, warmup)
    return float(factor * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))


def constant(step: int, *, peak: float, warmup: int) -> float:
    """A linear rise to `peak` at `step == warmup`, and no fall."""
    _from_one(step, warmup)
    return float(peak * min(1.0, step / warmup))


def cosine(step: int, *, peak: float, warmup: int, steps: int) -> float:
    """A linear rise to `peak` at `step == warmup`, then half a cosine to 0 just after the last (Loshchilov 2017)."""
    _from_one(step, warmup)
    if step <= warmup:
        return constant(step, peak=peak, warmup=warmup)
    share = min(1.0, (step - warmup) / max(1, steps + 1 - warmup))
    return float(peak * (1 + math.cos(math.pi * share)) / 2)


def scheduled(step: int, settings: "Settings") -> float:
    """The rate of update number `step` under the settings of a training."""
    if settings.schedule == "constant":
        return constant(step, peak=settings.rate, warmup=settings.warmup)
    if settings.schedule == "cosine":
        return cosine(step, peak=settings.rate, warmup=settings.warmup, steps=settings.steps)
    return rate(step, d_model=settings.d_model, warmup=settings.warmup, factor=settings.factor)


def _from_one(step: int, warmup: int) -> None:
    if step < 1 or warmup < 1:
        raise GlassheadError(f"The schedule counts steps from 1 and needs a warmup of at least 1: {step=}, {warmup=}.")
