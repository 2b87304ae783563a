"""The learning rate of the paper (section 5.3): a linear rise over `warmup` steps, then a fall as 1/√step.

    rate(step) = factor · d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)

Steps count from 1. It is a pure function, set at every update: nothing to save, nothing to resume.
"""

from glasshead.errors import GlassheadError


def rate(step: int, *, d_model: int, warmup: int, factor: float = 1.0) -> float:
    """The learning rate of update number `step` (1, 2, …); its peak, 1/√(d_model · warmup), is at `step == warmup`.

    `factor` departs from the paper where it is not 1. Raises GlassheadError if step or warmup is below 1.
    """
    if step < 1 or warmup < 1:
        raise GlassheadError(f"The schedule counts steps from 1 and needs a warmup of at least 1: {step=}, {warmup=}.")
    return float(factor * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))
