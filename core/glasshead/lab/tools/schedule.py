"""How little trainings are paced: the paper's schedule, stretched to a peak that is given."""

from collections.abc import Callable

from glasshead.training import schedule


def noam(peak: float, rise: int, *, rising: bool = True) -> Callable[[int], float]:
    """Step 1, 2 … → rate: peak · min(step / rise, √(rise / step)), with its peak at `step == rise`.

    It is the schedule of d_model 1 times peak · √rise. Not rising, it stands at the peak until the fall begins.
    """
    factor = peak * rise**0.5

    def rate(step: int) -> float:
        return schedule.rate(step if rising else max(step, rise), d_model=1, warmup=rise, factor=factor)

    return rate
