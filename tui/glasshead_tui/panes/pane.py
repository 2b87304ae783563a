"""Pane: draws a moment, and returns it as rows and as text. It runs no model."""

from typing import TYPE_CHECKING, Protocol

from glasshead_tui.drawing.rows import Cell, Rows, text_of

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead_tui.state.focus import Focus

__all__ = ["COMPUTING", "Cell", "Pane", "Rows", "text_of"]

COMPUTING = "computing …"
"""What a pane says in place of values that take a pass of the model."""


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
