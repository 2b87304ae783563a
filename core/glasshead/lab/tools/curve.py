"""Losses of a training as a curve of few points, for plots and for results that are shipped."""

from collections.abc import Sequence

POINTS = 60
"""How many points a curve has at most."""


def binned(losses: Sequence[float], points: int = POINTS) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Of every step's loss: means over steps in a row, each with the number of the last of its steps, from 1."""
    size = max(1, -(-len(losses) // points))
    parts = [(min(start + size, len(losses)), losses[start : start + size]) for start in range(0, len(losses), size)]
    return tuple(end for end, _ in parts), tuple(sum(some) / len(some) for _, some in parts)
