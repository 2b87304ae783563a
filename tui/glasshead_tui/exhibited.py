"""What an experiment shows, made ready to be drawn: numbers as text, columns with their widths, plots as charts."""

from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len
from rich.style import Style

from glasshead.lab.exhibits import Cell, Plot, Table
from glasshead_tui.paint import Palette
from glasshead_tui.panes.numbers import real
from glasshead_tui.visible import visible
from glasshead_tui.widgets.curves import Chart, Curve

NUMBER = 9
"""Columns of a number at most."""
MARKERS = "ox+*#@"
"""What points, and where there is no colour lines too, are told apart by."""


@dataclass(frozen=True)
class Column:
    """A column of a table, ready to be written."""

    heading: str
    entries: tuple[str, ...]
    width: int
    right: bool
    """Whether it holds numbers, whose last digits stand below each other."""


def cell(value: Cell) -> str:
    """An entry of a table as it is shown, safe for a terminal."""
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
    """A measured number with four digits that count, or as many as fit: 0.9998, 12.35, 2,060, 3.1e-7."""
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
    """The columns of a table with all that stands in them."""
    found = []
    for at, heading in enumerate(table.columns):
        values = [row[at] for row in table.rows]
        entries = tuple(map(cell, values))
        head = visible(heading)
        right = any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        found.append(Column(head, entries, max(map(cell_len, (head, *entries))), right))
    return found


def chart(plot: Plot, marks: Palette) -> Chart:
    """A plot as the chart that widgets draw."""
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
    )


def inks(marks: Palette) -> tuple[Style, ...]:
    """Styles that curves are told apart by, in order."""
    return (marks.positive, marks.negative, marks.query, marks.key, marks.good, marks.quiet)
