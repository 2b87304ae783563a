"""The course of a series of numbers, from left to right, in bars of block characters."""

from collections.abc import Sequence

from glasshead_tui.widgets.sparks import BLOCKS


def slope(values: Sequence[float], lines: int = 1) -> list[str]:
    """Draw finite numbers as bars, a column for each, on `lines` lines, the uppermost first.

    The smallest is one eighth of a line high and the largest fills the lines; on one line it stops short of the edge,
    so that slopes above one another stay apart. Equal numbers are half as high.
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    most = 8 * lines if lines > 1 else 7
    heights = [1 + round((value - low) / (high - low) * (most - 1)) if high > low else most // 2 for value in values]
    grounds = range(8 * (lines - 1), -1, -8)
    return ["".join(BLOCKS[max(0, min(8, height - ground))] for height in heights) for ground in grounds]
