"""A chart as data: curves that share their axes, and their values in each column.

A curve may have far more points than there are columns. On a logarithmic axis, logarithms are averaged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log10

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

Floats = NDArray[np.float64]

MARKERS = "ox+*#@"
"""Marks of points, of lines that coincide, and of all lines without colour."""
COINCIDING = 0.2
"""Share of a curve in the rows of another one from which both get markers."""
EACH = 5
"""Approximate number of markers on such a curve."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One figure. All arrays are as long as `x`, which rises; NaN leaves a gap in the numbers, not in the line."""

    label: str
    x: Floats
    y: Floats
    style: Style
    marker: str = ""
    """Mark of each point; empty: a line through them."""
    joined: bool = False
    """Whether a line joins the points too; of many points only some have their marker."""
    band: tuple[Floats, Floats] | None = None
    """Smallest and largest values around each point."""
    value: str = ""
    """Its value, for the title."""
    apart: bool = False
    """Whether its few markers stand at other places than those of other curves."""
    roomy: bool = False
    """Whether it is drawn only if there is room for one more."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Curves that share their axes. Title and labels must be safe for a terminal."""

    title: str
    unit: str
    """Text after the title, if there is room."""
    curves: tuple[Curve, ...]
    x: tuple[float, float]
    """Both ends of the axis."""
    y: tuple[float, float] | None = None
    """Both ends of the axis; None: smallest and largest drawn value."""
    empty: str = ""
    """Text while there is nothing to draw."""
    source: object = None
    """The data behind the chart: the same source and range mean the same curves."""
    log_x: bool = False
    """Whether the axis is logarithmic; values that are not positive are left out. Curves hold plain values."""
    log_y: bool = False
    x_label: str = ""
    """Name of the x axis."""
    legend: bool = False
    """Whether the title may take more lines for a legend, and coinciding curves get markers."""
    small: str = ""
    """Text if there is no room to draw."""


def marked_apart(given: Chart, columns: int, lines: int) -> Chart:
    """Give markers, each at its own places, to lines that run in the same rows as another."""
    straight = straighten(given)
    x = widen(*straight.x)
    low, high = widen(*(straight.y or range_of(straight.curves, x) or (0.0, 1.0)))
    places = np.linspace(*x, max(2, columns))
    rows = []
    for curve in straight.curves:
        kept = np.isfinite(curve.y) & np.isfinite(curve.x)
        at = np.full(len(places), np.nan)
        if kept.any():
            at = np.interp(places, curve.x[kept], curve.y[kept], left=np.nan, right=np.nan)
        rows.append((at - low) / (high - low) * max(1, lines))

    def hidden(one: int) -> bool:
        return any(
            float((np.abs(rows[one] - rows[other]) < 0.5).mean()) >= COINCIDING
            for other, curve in enumerate(given.curves)
            if other != one and (curve.joined or not curve.marker)
        )

    def changed(number: int, curve: Curve) -> Curve:
        if (curve.marker and not curve.joined) or not hidden(number):
            return curve
        return replace(curve, marker=curve.marker or MARKERS[number % len(MARKERS)], joined=True, apart=True)

    return replace(given, curves=tuple(changed(number, curve) for number, curve in enumerate(given.curves)))


def staggered(at: Floats, mean: Floats, number: int, count: int) -> tuple[Floats, Floats]:
    """Place the markers of one of `count` curves: at some of its points, or on its line if they are too few."""
    if len(at) >= 2 * count or not len(at):
        stride = max(count, len(at) // EACH)
        some_of = slice(stride * number // count, None, stride)
        return at[some_of], mean[some_of]
    places = at[0] + (np.arange(EACH) + (number + 0.5) / count) / EACH * (at[-1] - at[0])
    return places, np.interp(places, at, mean)


def finest(curve: Curve, columns: int) -> int:
    """Return the number of a curve's points that can be drawn beside each other."""
    return columns // 3 if curve.marker and not curve.joined else 2 * columns


def straighten(chart: Chart) -> Chart:
    """Make all axes linear: log10 of the values on a logarithmic one; NaN if there is none."""
    if not (chart.log_x or chart.log_y):
        return chart

    def moved(values: Floats, log: bool) -> Floats:
        return np.log10(values, out=np.full(len(values), np.nan), where=values > 0) if log else values

    curves = tuple(
        replace(
            curve,
            x=moved(curve.x, chart.log_x),
            y=moved(curve.y, chart.log_y),
            band=(moved(curve.band[0], chart.log_y), moved(curve.band[1], chart.log_y)) if curve.band else None,
        )
        for curve in chart.curves
    )
    return replace(
        chart,
        curves=curves,
        x=_ends(chart.x, (curve.x for curve in curves)) or (0.0, 1.0) if chart.log_x else chart.x,
        y=_ends(chart.y, ()) if chart.y and chart.log_y else chart.y,
    )


def _ends(given: tuple[float, float], found: Iterable[Floats]) -> tuple[float, float] | None:
    """Compute log10 of both ends of an axis; if impossible, take the ends of the data, which is log10 already."""
    if 0 < given[0] <= given[1] < np.inf:
        return log10(given[0]), log10(given[1])
    values = np.concatenate([np.empty(0), *found])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else None


def columns_of(curve: Curve, x: tuple[float, float], columns: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Compute the mean, the smallest and the largest value of each column with data."""
    kept = np.isfinite(curve.y) & (curve.x >= x[0]) & (curve.x <= x[1])
    at, mean = curve.x[kept], curve.y[kept]
    low, high = (each[kept] for each in curve.band) if curve.band else (mean, mean)
    if len(at) <= columns:
        return at, mean, low, high
    column = np.minimum((at - x[0]) / (x[1] - x[0]) * columns, columns - 1).astype(int)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    counts = np.diff(starts, append=len(at))
    return (
        x[0] + (column[starts] + 0.5) / columns * (x[1] - x[0]),
        np.add.reduceat(mean, starts) / counts,
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
    )


def range_of(curves: Sequence[Curve], x: tuple[float, float]) -> tuple[float, float] | None:
    """Find a range with room for all curves and for half of their bands; the rest is cut."""
    found: list[Floats] = []
    for curve in curves:
        kept = np.isfinite(curve.y) & (curve.x >= x[0]) & (curve.x <= x[1])
        found += [curve.y[kept], *(np.median(each[kept], keepdims=True) for each in curve.band or () if kept.any())]
    values = np.concatenate([np.empty(0), *found])
    return (float(values.min()), float(values.max())) if len(values) else None


def widen(low: float, high: float) -> tuple[float, float]:
    """Widen an empty range."""
    return (low, high) if high > low else (low - max(abs(low) / 2, 0.5), high + max(abs(high) / 2, 0.5))
