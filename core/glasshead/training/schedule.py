"""The learning rate at every step, a pure function set at every update: nothing to save, nothing to resume.

The paper's schedule (section 5.3), named noam after its author, is a linear rise over `warmup` steps, then a fall as
1/√step:

    rate(step) = factor · d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)

Steps count from 1. Two others, which depart from the paper, rise in the same straight line to a given rate.
"""

import math
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    from glasshead.training.settings import Settings


def rate(step: int, *, d_model: int, warmup: int, factor: float = 1.0) -> float:
    """Compute the paper's rate of update `step` (1, 2, …); its peak, 1/√(d_model · warmup), is at `step == warmup`.

    A `factor` other than 1 departs from the paper. Raises GlassheadError if step or warmup is below 1.
    """
    _from_one(step, warmup)
    return float(factor * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))


def constant(step: int, *, peak: float, warmup: int) -> float:
    """Rise linearly to `peak` at `step == warmup`, then stay."""
    _from_one(step, warmup)
    return float(peak * min(1.0, step / warmup))


def cosine(step: int, *, peak: float, warmup: int, steps: int) -> float:
    """Rise linearly to `peak` at `step == warmup`, then fall as half a cosine to 0 (Loshchilov 2017)."""
    _from_one(step, warmup)
    if step <= warmup:
        return constant(step, peak=peak, warmup=warmup)
    share = min(1.0, (step - warmup) / max(1, steps + 1 - warmup))
    return float(peak * (1 + math.cos(math.pi * share)) / 2)


def scheduled(step: int, settings: "Settings") -> float:
    """Compute the rate of update `step` under the settings of a training."""
    if settings.schedule == "constant":
        return constant(step, peak=settings.rate, warmup=settings.warmup)
    if settings.schedule == "cosine":
        return cosine(step, peak=settings.rate, warmup=settings.warmup, steps=settings.steps)
    return rate(step, d_model=settings.d_model, warmup=settings.warmup, factor=settings.factor)


def _from_one(step: int, warmup: int) -> None:
    if step < 1 or warmup < 1:
        raise GlassheadError(f"The schedule counts steps from 1 and needs a warmup of at least 1: {step=}, {warmup=}.")
