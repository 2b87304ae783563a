"""A matrix and two lines below it, each the longest of several that fits."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.lines import Line, Lines, cells
from glasshead_tui.widgets.titled import Titled


class Notes(Lines):
    """Two lines under a matrix: the current cell, and the meaning of colours and glyphs; what else there is above."""

    DEFAULT_CSS = """
    Notes { height: 2; }
    """

    readout: tuple[Line, ...] = ()  # the same text at several lengths
    legend: tuple[Line, ...] = ()
    more: Sequence[Line] = ()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return [*self.more, longest_fitting(self.readout, columns), longest_fitting(self.legend, columns)]


class NotedMatrix(Vertical, Titled, can_focus=False):
    """A pane of a matrix and its notes. A subclass fills them."""

    DEFAULT_CSS = """
    NotedMatrix { padding: 0 1; }
    """

    class Picked(Message):
        """A cell was clicked."""

        def __init__(self, query: int, key: int) -> None:
            super().__init__()
            self.query, self.key = query, key

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._heatmap, self._notes = HeatMap(), Notes()

    def compose(self) -> ComposeResult:
        """Compose matrix and notes."""
        yield self._heatmap
        yield self._notes


def join_pieces(parts: list[Line]) -> Line:
    return [*parts[0], *(piece for part in parts[1:] for piece in (Segment("  "), *part))]


def longest_fitting(variants: tuple[Line, ...], columns: int) -> Line:
    """Return the first variant that fits, the longest; else the last."""
    fitting = (line for line in variants if cells(line) <= columns)
    return next(fitting, variants[-1] if variants else [])
