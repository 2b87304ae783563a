"""A chart as lines of text, for a pipe: the same data, ticks and marks as `Curves`."""

from collections.abc import Iterator
from math import isfinite, log10
from typing import Any

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual_hires_canvas import Canvas, HiResMode

from glasshead_tui.widgets.cells import fit
from glasshead_tui.widgets.chart import Chart, Curve, Floats
from glasshead_tui.widgets.curves import EDGE, LINE, MARGIN
from glasshead_tui.widgets.lines import Line, cells
from glasshead_tui.widgets.ticks import axis

LEAST, MOST = 5e-324, 1.7e308
"""Least and largest number with a logarithm."""
MARKED = 12
"""Markers on a line of many points, to distinguish it from others."""


class _Sheet(Canvas):
    """A canvas outside of any app."""

    def refresh(self, *regions: Any, **options: Any) -> "_Sheet":
        return self


def printed(chart: Chart, columns: int, lines: int, *, strong: Style, quiet: Style) -> list[Line]:
    """Draw title, legend, frame and axes around `lines` lines of curves, in `columns` columns."""
    x, y = _reach(chart)
    heights = {
        round((1 - _part(at, y, log=chart.log_y)) * (lines - 1)): label
        for at, label in axis(*_bounds(y), max(3, lines * 2 // 5 + 1), log=chart.log_y)
    }
    margin = max([MARGIN, *map(len, heights.values())])  # a cut label would be another number
    wide = columns - margin - 2
    sheet = _Sheet(wide, lines)
    for curve in chart.curves:
        _draw(sheet, curve, chart, x, y)
    drawing: list[Line] = [
        [Segment(chart.title, strong), Segment(f", {chart.unit}" if chart.unit else "", quiet)],
        *_legend(chart, columns, quiet),
    ]
    for line in range(lines):
        label = heights.get(line)
        mark = "┤" if label else "│"
        drawing.append([Segment(f"{label or '':>{margin}} {mark}", quiet), *sheet.render_line(line)])
    return [*drawing, *([Segment(" " * margin), *line] for line in _below(chart, x, wide, quiet))]


def _legend(chart: Chart, columns: int, quiet: Style) -> list[Line]:
    """Write the legend of all curves, in as many lines as it takes."""
    lines: list[Line] = [[]]
    for curve in chart.curves:
        entry = [Segment(f"{curve.marker or LINE} ", curve.style), Segment(curve.label, quiet), Segment("   ")]
        if lines[-1] and cells(lines[-1]) + cells(entry[:2]) > columns:
            lines.append([])
        lines[-1] += entry
    return lines


def _below(chart: Chart, x: tuple[float, float], wide: int, quiet: Style) -> Iterator[Line]:
    """Draw the x axis from the frame on: ticks and name."""
    marks, labels = ["─"] * wide, [" "] * wide
    free = 0
    whole = all(bool((curve.x == np.round(curve.x)).all()) for curve in chart.curves)
    for at, label in axis(*_bounds(x), max(2, wide // 9), log=chart.log_x, whole=whole):
        column = round(_part(at, x, log=chart.log_x) * (wide - 1))
        start = max(0, min(column - len(label) // 2, wide - len(label)))
        if start < free or len(label) > wide:
            continue
        marks[column] = "┬"
        labels[start : start + len(label)] = label
        free = start + len(label) + 1
    yield [Segment(" └" + "".join(marks), quiet)]
    yield [Segment("  " + "".join(labels).rstrip(), quiet)]
    if chart.x_label:
        yield [Segment(fit(chart.x_label, 2 + wide, right=True), quiet)]


def _draw(sheet: _Sheet, curve: Curve, chart: Chart, x: tuple[float, float], y: tuple[float, float]) -> None:
    wide, high = sheet._canvas_size
    at, value = _drawable(curve, chart)
    across = np.array([_part(each, x, log=chart.log_x) for each in at]) * (wide - 1)
    down = (1 - np.array([_part(each, y, log=chart.log_y) for each in value])) * (high - 1)
    ends = list(zip(across, down, strict=True))
    style = str(curve.style)
    if curve.joined or not curve.marker:
        for (x0, y0), (x1, y1) in zip(ends, ends[1:] or ends, strict=False):
            # The middle of a cell, like a marker of the same value.
            sheet.draw_hires_line(x0 + 0.5, y0 + 0.5, x1 + 0.5, y1 + 0.5, hires_mode=HiResMode.BRAILLE, style=style)
    if curve.marker:
        each = max(1, len(ends) // MARKED) if curve.joined else 1
        for column, line in ends[::each]:
            sheet.set_pixel(round(column), round(line), curve.marker, style)


def _drawable(curve: Curve, chart: Chart) -> tuple[Floats, Floats]:
    kept = np.isfinite(curve.x) & np.isfinite(curve.y)
    kept &= ((curve.x > 0) | (not chart.log_x)) & ((curve.y > 0) | (not chart.log_y))
    return curve.x[kept], curve.y[kept]


def _reach(chart: Chart) -> tuple[tuple[float, float], tuple[float, float]]:
    """Compute the ends of both axes, with a little room above and below."""
    values = np.concatenate([np.empty(0), *(_drawable(curve, chart)[1] for curve in chart.curves)])
    low, high = chart.y or ((float(values.min()), float(values.max())) if len(values) else (1.0, 10.0))
    if chart.log_y:
        low, high = (low, high) if high > low else (max(low / 2, LEAST), min(high * 2, MOST))
        edge = 10 ** (EDGE * (log10(high) - log10(low)))
        return chart.x, (max(low / edge, LEAST), min(high * edge, MOST))
    low, high = (low, high) if high > low else (low - max(abs(low) / 2, 0.5), high + max(abs(high) / 2, 0.5))
    edge = EDGE * (high - low)
    return chart.x, (low - edge, high + edge)


def _bounds(reach: tuple[float, float]) -> tuple[float, float]:
    return reach if reach[1] > reach[0] else (reach[0] - 0.5, reach[0] + 0.5)


def _part(value: float, reach: tuple[float, float], *, log: bool) -> float:
    """Return the place of a value between both ends, 0–1."""
    low, high = reach
    if log:
        value, low, high = log10(value), log10(low), log10(high)
    part = (value - low) / (high - low) if high > low else 0.5
    return min(1.0, max(0.0, part)) if isfinite(part) else 0.0
