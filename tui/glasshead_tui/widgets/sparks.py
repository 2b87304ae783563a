"""A vector as a row of small bars: positive ones rise from the axis, negative ones hang from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite

from rich.segment import Segment
from rich.style import Style

BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Pooled:
    """A vector reduced to the available columns: of each group the number furthest from zero."""

    values: tuple[float, ...]
    group: int  # numbers that share a column
    each: int  # columns of a number, if there is room

    @property
    def columns(self) -> int:
        return len(self.values) * self.each

    @property
    def note(self) -> str:
        """Explanation of the pooling; empty if every number has its own bar."""
        return f"each bar: the largest of {self.group}" if self.group > 1 else ""


def pooled(values: Sequence[float], columns: int, *, widest: int = 2) -> Pooled:
    """Pool `values` into at most `columns` bars, each at most `widest` columns wide."""
    if not values or columns < 1:
        return Pooled((), 1, 1)
    group = -(-len(values) // columns)
    kept = tuple(values)
    if group > 1:
        kept = tuple(max(values[at : at + group], key=abs) for at in range(0, len(values), group))
    return Pooled(kept, group, min(widest, max(1, columns // len(kept))))


def sparks(
    vector: Pooled, lines: int, positive: Style, negative: Style, *, largest: float | None = None
) -> list[list[Segment]]:
    """Draw the bars of a vector on one or two lines.

    On two lines the axis runs between them: positive bars stand on it, negative ones hang below. On one line all bars
    stand on its ground and the colour shows the sign; if the two colours are the same, negative bars hang from its top.
    largest: the number that fills a bar, by default the vector's own; then any nonzero number shows, however small it
    is.
    """
    peak = largest or max((abs(value) for value in vector.values if isfinite(value)), default=0.0) or 1.0
    # On one line a bar stops short of the line's edge, so that lines above one another stay apart.
    most = 8 if lines > 1 else 7
    heights = _heights(vector.values, peak, most, least=0 if largest else 1)
    if lines == 1 and positive != negative:
        runs = groupby(heights, key=_hangs)
        return [
            [
                Segment("".join([BLOCKS[abs(height)] * vector.each for height in run]), negative if hangs else positive)
                for hangs, run in runs
            ]
        ]
    hanging = negative + Style(reverse=True)
    # A bar hangs when a block is drawn in reverse: the cell is all bar, and the block takes its lower part away.
    hung = [(BLOCKS[8 + height], hanging) if height < 0 else (" ", None) for height in heights]
    if lines > 1:
        above = "".join(BLOCKS[max(0, height)] * vector.each for height in heights)
        return [[Segment(above, positive)], _runs(hung, vector.each)]
    line = [(BLOCKS[height], positive) if height >= 0 else low for height, low in zip(heights, hung, strict=True)]
    return [_runs(line, vector.each)]


def _runs(bars: Iterable[tuple[str, Style | None]], each: int) -> list[Segment]:
    """Join similar neighbours into one segment."""
    runs = groupby(bars, key=lambda bar: bar[1])
    return [Segment("".join(glyph * each for glyph, _ in run), style) for style, run in runs]


def _hangs(height: int) -> bool:
    return height < 0


def _heights(values: Iterable[float], peak: float, most: int, least: int) -> list[int]:
    """Return the heights in eighths of a line, -most … most; a nonzero number has at least `least`."""
    heights = []
    for value in values:
        if -peak <= value <= peak:
            heights.append(round(value / peak * most) or (least if value > 0 else -least if value < 0 else 0))
        else:  # beyond the peak, or no number
            heights.append(most if value > 0 else -most if value < 0 else 0)
    return heights
