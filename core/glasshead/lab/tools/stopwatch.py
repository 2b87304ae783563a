"""Seconds of several computations side by side: the one thing in the lab that is another each time.

Whatever else the machine does only adds time, so the smallest of several rounds is nearest to the truth; and the rounds
are interleaved, so that a slow moment hits all alike.
"""

import math
import time
from collections.abc import Callable, Sequence

import torch

from glasshead.lab.tools.telling import Told, silent

LEAST = 0.002
"""Seconds that a round of one computation takes at least: a short one is repeated."""


def fastest(
    works: Sequence[tuple[str, Callable[[], object]]], *, rounds: int, told: Told = silent
) -> tuple[float, ...]:
    """Seconds of one call of each, by name and function: the smallest mean over `rounds` rounds. Without gradients."""
    best = [math.inf] * len(works)
    times = []
    with torch.inference_mode():
        for name, work in works:  # the first call also sets things up, and says how often to repeat
            told(0.0, name)
            work()
            told(0.0, name)
            began = time.perf_counter()
            work()
            times.append(max(1, min(100, math.ceil(LEAST / max(time.perf_counter() - began, 1e-9)))))
        for turn in range(rounds):
            for number, (name, work) in enumerate(works):
                told((turn * len(works) + number) / (rounds * len(works)), name)
                began = time.perf_counter()
                for _ in range(times[number]):
                    work()
                best[number] = min(best[number], (time.perf_counter() - began) / times[number])
    return tuple(best)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of the straight line through the points in a log–log plot, by least squares: the power of x that y grows as.

    It takes two different x; all numbers are above 0.
    """
    across, up = [math.log(each) for each in x], [math.log(each) for each in y]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((each - middle) ** 2 for each in across)
    return sum((a - middle) * (b - height) for a, b in zip(across, up, strict=True)) / spread
