"""A training's losses as a curve of few points, for plots and for shipped results."""

from collections.abc import Sequence

POINTS = 60
"""Most points of a curve."""


def binned(losses: Sequence[float], points: int = POINTS) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Average the losses of consecutive steps. Each mean comes with the number of its last step, from 1."""
    size = max(1, -(-len(losses) // points))
    parts = [(min(start + size, len(losses)), losses[start : start + size]) for start in range(0, len(losses), size)]
    return tuple(end for end, _ in parts), tuple(sum(some) / len(some) for _, some in parts)
