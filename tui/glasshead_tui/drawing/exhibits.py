"""Exhibits prepared for drawing: numbers as text, columns with their widths, plots as charts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isnan

import numpy as np
from rich.cells import cell_len
from rich.style import Style

from glasshead.lab.exhibits import Cell, Grid, Plot, Table
from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.chart import MARKERS, Chart, Curve
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED

NUMBER = 9
"""Most columns of a number."""
NARROWEST = 6
"""Least columns of a column of words, in a table that is wider than its room."""
WORD = 12
"""Least columns of an unbroken word, if cells may have several lines."""


@dataclass(frozen=True)
class Column:
    """A column of a table, ready to be written."""

    heading: str
    entries: tuple[str, ...]
    width: int
    right: bool
    """Whether it is aligned on the right, like numbers."""


def cell(value: Cell) -> str:
    """Write an entry of a table, safe for a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**12 else real(float(value), NUMBER)
    return number(value)


def number(value: float) -> str:
    """Write a measured number with four significant digits, or as many as fit: 0.9998, 12.35, 2,060, 3.1e-7."""
    if value == 0 or not np.isfinite(value):
        return real(value, NUMBER) if value else "0"
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        return real(value, 8) if size >= 1e7 else f"{value:.1e}".replace("e-0", "e-").replace("-", "−", int(value < 0))
    if size >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    decimals = 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 1 else 4
    return f"{value:.{decimals}f}".replace("-", "−")


def columns(table: Table) -> list[Column]:
    """Lay out the columns of a table."""
    found = []
    for at, heading in enumerate(table.columns):
        values = [row[at] for row in table.rows]
        entries = tuple(map(cell, values))
        head = visible(heading)
        right = any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        found.append(Column(head, entries, max(map(cell_len, (head, *entries))), right))
    return found


def wide(block: Sequence[Column]) -> int:
    """Compute the width of columns side by side, with the least space between them."""
    return sum(each.width for each in block) + len(block) - 1


def blocks(table: Table, room: int, *, wrapping: bool = False) -> list[list[Column]]:
    """Split a table into parts of at most `room` columns of the terminal.

    Words get narrower first; the columns that still do not fit form another table, which repeats the first column.
    Numbers are never cut. wrapping: a cell may have several lines, so that a column need only be as wide as its longest
    word.
    """
    found = _wrapped(table, room) if wrapping else _narrowed(columns(table), room)
    parts: list[list[Column]] = [found[:1]]
    for column in found[1:]:
        if len(parts[-1]) > 1 and wide([*parts[-1], column]) > room:
            parts.append(found[:1])
        parts[-1].append(column)
    return parts


def _wrapped(table: Table, room: int) -> list[Column]:
    """Narrow the widest columns as far as needed, without cutting a number or a word of usual length."""
    found = columns(table)
    floors = []
    for at, column in enumerate(found):
        values = [row[at] for row in table.rows]
        texts = [column.heading, *(cell(value) for value in values if isinstance(value, str))]
        numbers = [cell_len(cell(value)) for value in values if not isinstance(value, str)]
        words = [min(cell_len(word), WORD) for text in texts for word in text.split()]
        floors.append(max([1, *numbers, *words]))
    while wide(found) > room and (free := [at for at, each in enumerate(found) if each.width > floors[at]]):
        at = max(free, key=lambda each: found[each].width)
        found[at] = replace(found[at], width=found[at].width - 1)
    return found


def _narrowed(found: list[Column], room: int) -> list[Column]:
    """Narrow the widest columns of words as far as needed and possible."""
    while (excess := wide(found) - room) > 0:
        words = [each for each in found if not each.right and each.width > NARROWEST]
        if not words:
            return found
        *others, widest = sorted(words, key=lambda each: each.width)
        least = max([NARROWEST, widest.width - excess, *(each.width for each in others)])
        at = next(number for number, each in enumerate(found) if each is widest)
        found[at] = replace(widest, width=min(least, widest.width - 1))
    return found


@dataclass(frozen=True)
class GridMatrix:
    """A Grid in the form of a heat map: weights by their square root, other numbers relative to the largest."""

    grid: Grid

    @cached_property
    def row_labels(self) -> tuple[str, ...]:
        return tuple(map(visible, self.grid.rows))

    @cached_property
    def column_labels(self) -> tuple[str, ...]:
        return tuple(map(visible, self.grid.columns))

    @property
    def digits(self) -> int:
        return 3 if self.grid.weights else 5

    @cached_property
    def largest(self) -> float:
        """The number furthest from zero."""
        return max((abs(each) for row in self.grid.values for each in row if abs(each) < inf), default=0.0) or 1.0

    def levels(self, row: int) -> bytes:
        return bytes(map(self._level, self.grid.values[row]))

    def _level(self, value: float) -> int:
        if isnan(value) or value == -inf:
            return ABSENT if isnan(value) else MASKED
        if self.grid.weights:
            return weight_level(value)
        return round((min(value / self.largest, 1.0) + 1) / 2 * (LEVELS - 1))

    def text(self, row: int, column: int, room: int) -> str:
        value = self.grid.values[row][column]
        return weight(value, min(room, 5)) if self.grid.weights else real(value, min(room, 7))


def chart(plot: Plot, marks: Palette) -> Chart:
    """Convert a plot to the chart that widgets draw."""
    styles = inks(marks)
    curves = []
    for at, series in enumerate(plot.series):
        marker = MARKERS[at % len(MARKERS)] if series.points or not marks.coloured else ""
        x, y = (np.asarray(values, dtype=float) for values in (series.x, series.y))
        order = np.argsort(x, kind="stable")
        style, joined = styles[at % len(styles)], bool(marker) and not series.points
        curves.append(Curve(visible(series.label), x[order], y[order], style, marker, joined=joined))
    every = np.concatenate([np.empty(0), *(curve.x for curve in curves)])
    every = every[np.isfinite(every) & ((every > 0) | (not plot.log_x))]
    reach = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    return Chart(
        visible(plot.title),
        visible(plot.y),
        tuple(curves),
        reach,
        source=plot,
        log_x=plot.log_x,
        log_y=plot.log_y,
        x_label=visible(plot.x),
        legend=True,
        small="too small to draw here: enlarge the window, or tab",
    )


def inks(marks: Palette) -> tuple[Style, ...]:
    """List the styles of curves, in order."""
    return (marks.positive, marks.negative, marks.query, marks.key, marks.good, marks.quiet)
