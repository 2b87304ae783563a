"""What an experiment shows: tables, plots, matrices and lines of text, as data that any face can draw."""

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | bool | None
"""An entry of a table. None is an empty one; a text is shown as it is, a number as short as can be."""
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
    """Points that were measured, instead of a line through them."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Curves over a common axis."""

    title: str
    x: str
    """What the x axis is, with its unit."""
    y: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A matrix with labels, as a heat map or in digits. −∞ is what may not be looked at."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    weights: bool = False
    """Whether all finite values are of 0–1, as weights are."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of text, of one width each letter: arithmetic step by step, shapes, tokens."""

    title: str
    lines: tuple[str, ...]
    note: str = ""


Exhibit = Table | Plot | Grid | Lines
