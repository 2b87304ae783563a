"""An exhibit of an experiment: a table, a plot, a matrix or lines of text, each drawn by its widget."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from math import inf

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message

from glasshead.lab.exhibits import Exhibit, Grid, Plot, Table
from glasshead.lab.exhibits import Lines as Text
from glasshead_tui.drawing.exhibits import Column, GridMatrix, blocks, chart, columns, wide
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.cells import fit, width
from glasshead_tui.widgets.curves import Curves
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.lines import Line, Lines
from glasshead_tui.widgets.prose import Prose, wrapped
from glasshead_tui.widgets.restyle import restyle

PLOT = Size(42, 13)
"""Least room for a useful plot."""
FRAME = 2
"""Columns, and lines, of a frame."""


class Sheet(Lines):
    """A table, or lines of text."""

    INSET = 0

    shown: Table | Text | None = None

    def show(self, exhibit: Table | Text) -> None:
        """Draw another table or text."""
        self.shown = exhibit
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        columns -= 1  # the title of a bar that is longer than its room
        if isinstance(self.shown, Table):
            return tabled(self.shown, columns, marks)
        texts = self.shown.lines if self.shown else ()
        return [line for text in texts for line in wrapped([Segment(visible(text))], columns, hanging=2)]


def tabled(table: Table, room: int, marks: Palette) -> list[Line]:
    """Lay out a table in `room` columns; those that do not fit follow below, in tables that repeat the first one."""
    lines: list[Line] = []
    heading = marks.strong + Style(underline=True)
    for block in blocks(table, room, wrapping=True):
        gap = min(3, max(1, (room - sum(each.width for each in block)) // max(1, len(block) - 1)))
        if lines:
            lines.append([])
        headings = _row([each.heading for each in block], block, gap)
        lines += [[Segment(line, heading if line is headings[-1] else marks.strong)] for line in headings]
        rows = ([each.entries[number] for each in block] for number in range(len(table.rows)))
        lines += [[Segment(line)] for entries in rows for line in _row(entries, block, gap)]
    return lines


def _row(entries: Sequence[str], block: Sequence[Column], gap: int) -> list[str]:
    """Write a row of a table, on several lines if a column is narrower than its words."""
    parts = [
        [entry] if width(entry) <= each.width else
        ["".join(piece.text for piece in line) for line in wrapped([Segment(entry)], each.width)]
        for entry, each in zip(entries, block, strict=True)
    ]  # fmt: skip
    return [
        (" " * gap).join(fit(part or "", each.width, right=each.right) for part, each in zip(line, block, strict=True))
        for line in zip_longest(*parts)
    ]


class ExhibitPane(Vertical, can_focus=False):
    """One exhibit with its note below, in a titled frame if there are several."""

    DEFAULT_CSS = """
    ExhibitPane { position: absolute; display: none; }
    ExhibitPane.framed { border: round $panel-lighten-2; border-title-color: $foreground; padding: 0 1; }
    ExhibitPane.framed.active { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    ExhibitPane > * { display: none; height: 1fr; }
    """

    class Picked(Message):
        """The exhibit was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._exhibit: Exhibit | None = None
        self._curves, self._heatmap, self._sheet, self._note = Curves(), HeatMap(), Sheet(), Prose()

    def compose(self) -> ComposeResult:
        yield self._curves
        yield self._heatmap
        yield self._sheet
        yield self._note

    def show(self, exhibit: Exhibit, *, framed: bool, active: bool) -> None:
        """Draw an exhibit."""
        marks = palette(self.app)
        restyle(self, framed=framed, active=framed and active)
        entitle(self, visible(exhibit.title) if framed else "")
        self._curves.display = isinstance(exhibit, Plot)
        self._heatmap.display = isinstance(exhibit, Grid)
        self._sheet.display = isinstance(exhibit, Table | Text)
        new = exhibit is not self._exhibit
        self._exhibit = exhibit
        if new and isinstance(exhibit, Plot):
            self._draw_plot(exhibit, marks)
        elif new and isinstance(exhibit, Grid):
            self._heatmap.show(GridMatrix(exhibit), marks.weights if exhibit.weights else marks.scores, (-1, -1))
        elif new and isinstance(exhibit, Table | Text):
            self._sheet.show(exhibit)
        self._note.show(*_noted(exhibit, marks))
        self._fit()

    def _draw_plot(self, plot: Plot, marks: Palette) -> None:
        drawn = chart(plot, marks)
        titled = replace(drawn, title=drawn.unit or drawn.title, unit="", legend=True)
        self._curves.show(titled, None, strong=marks.quiet, quiet=marks.quiet, band=None)

    def on_resize(self) -> None:
        self._fit()

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Picked(self._number))

    def scroll_text(self, by: int) -> None:
        """Scroll up or down by half of the room."""
        for each in (self._sheet, self._heatmap):
            if each.display:
                each.scroll_relative(y=by * max(1, each.size.height // 2), animate=False)

    def _fit(self) -> None:
        """Give the note the lines it needs, if enough is left for its exhibit."""
        lines = len(self._note.broken(self.content_size.width))
        self._note.display = 0 < lines <= (self.content_size.height - 6) // 3
        self._note.styles.height = lines


def _noted(exhibit: Exhibit, marks: Palette) -> list[Line]:
    """Lay out the note; for a matrix, explain the glyphs too."""
    said = visible(exhibit.note)
    if isinstance(exhibit, Grid) and any(value == -inf for row in exhibit.values for value in row):
        said = f"╱╱ −∞: may not be looked at. {said}".rstrip()
    return [[Segment(said, marks.quiet)]] if said else []


def least(exhibit: Exhibit, marks: Palette, room: Size) -> Size:
    """Compute the room for a whole exhibit with frame and note, at most `room`."""
    across, high = _least(exhibit, room.width - FRAME - 2)
    note = sum(len(wrapped(line, across)) for line in _noted(exhibit, marks))
    return Size(min(room.width, across + FRAME + 2), min(room.height, high + note + FRAME))


def _least(exhibit: Exhibit, room: int) -> tuple[int, int]:
    if isinstance(exhibit, Plot):
        return min(room, PLOT.width), PLOT.height
    if isinstance(exhibit, Grid):
        matrix = GridMatrix(exhibit)
        labels = max(map(width, matrix.row_labels), default=0) + 1
        return min(room, labels + len(exhibit.columns) * (matrix.digits + 2)), len(exhibit.rows) + 1
    if isinstance(exhibit, Table):
        return min(room, wide(columns(exhibit)) + len(exhibit.columns)), len(exhibit.rows) + 1
    return min(room, max(map(width, map(visible, exhibit.lines)), default=1)), len(exhibit.lines)
