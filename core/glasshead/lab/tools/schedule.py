"""Learning rates of the small trainings: the paper's schedule, scaled to a given peak."""

from collections.abc import Callable

from glasshead.training import schedule


def noam(peak: float, rise: int, *, rising: bool = True) -> Callable[[int], float]:
    """Return a function from step 1, 2 … to its rate: peak · min(step / rise, √(rise / step)), with the peak at `step
    == rise`.

    It is the schedule for d_model 1 times peak · √rise. Without `rising`, the rate stays at the peak until the fall
    begins.
    """
    factor = peak * rise**0.5

    def rate(step: int) -> float:
        return schedule.rate(step if rising else max(step, rise), d_model=1, warmup=rise, factor=factor)

    return rate
