"""Seconds of several computations side by side: the only numbers in the lab that differ from run to run.

Other load on the machine only adds time, so the smallest of several rounds is nearest to the truth. The rounds are
interleaved, so that a slow moment affects all computations alike.
"""

import math
import time
from collections.abc import Callable, Sequence

import torch

from glasshead.lab.tools.progress import Progress, silent

LEAST = 0.002
"""Least seconds of one round: a short computation is repeated."""


def fastest(
    works: Sequence[tuple[str, Callable[[], object]]], *, rounds: int, progress: Progress = silent
) -> tuple[float, ...]:
    """Time one call of each named computation, without gradients: the smallest mean over `rounds` rounds."""
    best = [math.inf] * len(works)
    times = []
    with torch.inference_mode():
        for name, work in works:  # the first call also sets things up, and says how often to repeat
            progress(0.0, name)
            work()
            progress(0.0, name)
            began = time.perf_counter()
            work()
            times.append(max(1, min(100, math.ceil(LEAST / max(time.perf_counter() - began, 1e-9)))))
        for turn in range(rounds):
            for number, (name, work) in enumerate(works):
                progress((turn * len(works) + number) / (rounds * len(works)), name)
                began = time.perf_counter()
                for _ in range(times[number]):
                    work()
                best[number] = min(best[number], (time.perf_counter() - began) / times[number])
    return tuple(best)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Fit a straight line through the points in a log–log plot by least squares and return its slope: the power of x.

    Needs two different x; all numbers must be above 0.
    """
    across, up = [math.log(each) for each in x], [math.log(each) for each in y]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((each - middle) ** 2 for each in across)
    return sum((a - middle) * (b - height) for a, b in zip(across, up, strict=True)) / spread
