"""Processor time of pieces of work, compared within one run."""

import time
from collections.abc import Callable


def best(*rounds: Callable[[], object], times: int = 11) -> list[float]:
    """Least processor time of each, in seconds, over interleaved rounds."""
    least = [float("inf")] * len(rounds)
    for _ in range(times):
        for place, run in enumerate(rounds):
            begin = time.process_time()
            run()
            least[place] = min(least[place], time.process_time() - begin)
    return least
