"""Pane: draws a moment, and returns it as rows and as text. It runs no model."""

from typing import TYPE_CHECKING, Protocol

from rich.cells import cell_len

from glasshead_tui.terminal.visible import fit, visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead_tui.state.focus import Focus

Cell = str | int | float | bool | None
Rows = list[tuple[Cell, ...]]


class Pane(Protocol):
    """A part of a screen. Copying, saving and piping need only rows and text."""

    def show(self, moment: "Moment", focus: "Focus") -> None:
        """Draw a moment, and mark the focus."""

    def say(self, sentence: str) -> None:
        """Show a sentence in place of a drawing; an empty one brings the drawing back."""

    def as_rows(self) -> Rows:
        """Return the contents as a table, heads first: numbers in full precision, even if fewer digits are drawn."""

    def as_text(self) -> str:
        """Return the same as lines of text, safe for a terminal."""


def text_of(rows: Rows) -> str:
    """Write a table as aligned lines."""
    shown = [[visible(_written(cell)) for cell in row] for row in rows]
    count = max(map(len, shown), default=0)
    widths = [max((cell_len(row[at]) for row in shown if at < len(row)), default=0) for at in range(count)]
    lines = ("  ".join(fit(cell, widths[at]) for at, cell in enumerate(row)).rstrip() for row in shown)
    return "\n".join(lines)


def _written(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "" if cell is None else str(cell)
