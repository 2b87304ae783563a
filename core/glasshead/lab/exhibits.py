"""Exhibits of an experiment: tables, plots, matrices and lines of text, as data that any front end can draw."""

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | bool | None
"""An entry of a table. None is empty; a text is shown as it is, a number in its shortest form."""
Number = int | float


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """A sentence below it: what to look at, or how it was measured."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One curve, or some points."""

    label: str
    x: Sequence[Number]
    y: Sequence[Number]
    points: bool = False
    """Whether to draw the measured points instead of a line through them."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Curves over a common axis."""

    title: str
    x: str
    """Label of the x axis, with its unit."""
    y: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A labelled matrix, drawn as a heat map or in digits. −∞ marks a masked cell."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    weights: bool = False
    """Whether all finite values lie in 0–1, like attention weights."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of fixed-width text: arithmetic step by step, shapes, tokens."""

    title: str
    lines: tuple[str, ...]
    note: str = ""


Exhibit = Table | Plot | Grid | Lines
