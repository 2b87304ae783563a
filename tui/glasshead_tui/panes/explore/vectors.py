"""Vectors: the query and the key of the current cell, their products, the value, and the head's output, as bars."""

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.memo import chosen_cell
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import palette
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import vectors_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.difference import note_of_edits
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.lines import Line, Lines
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.cell import Cell
    from glasshead.session.moment import Moment

NUMBERS = 10  # columns for the number beside a vector
LEAST, MOST = 10, 16  # columns for the name of a vector
WATCHED = ("q", "k", "v", "heads")


class VectorsPane(Lines):
    """See the module."""

    INSET = 1

    _cell: "Cell | None" = None
    _names = ("", "")

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the vectors of the current cell."""
        self._cell = None  # nothing else is told, if this cell was not recorded
        trace, mark = moment.trace, mark_side(moment, focus, "vectors")
        queries, keys = (labels(tokens) for tokens in trace.axes(focus.prefix))
        self._names = queries[focus.query], keys[focus.key]
        try:
            self._cell = chosen_cell(trace, focus)
        except GlassheadError:
            entitle(self, f"{mark}vectors")
            raise
        ours, theirs = (focus.head, focus.query), (self._cell.key_head, focus.key)
        places = [(f"{focus.prefix}.{name}", ours if name in ("q", "heads") else theirs) for name in WATCHED]
        asked, given = len(self._cell.q), len(self._cell.v)
        sizes = f"{asked} numbers each" if asked == given else f"q and k {asked} numbers, v {given}"
        entitle(self, f"{mark}vectors · {sizes}", note_of_edits(moment, focus, places))
        self.redraw()

    def as_rows(self) -> Rows:
        """Return a row for each number of the vectors."""
        return [] if self._cell is None else vectors_rows(self._cell)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        found = self._cell
        if found is None:
            return []
        marks = palette(self.app)
        query, key = self._names
        rows: list[tuple[str, str, tuple[float, ...], str, Style | None]] = [
            ("q", query, found.q, "asks", marks.query),
            ("k", key, found.k, "is asked", marks.key),
            ("q × k", "", found.products, "Σ = q·k", None),
            ("v", key, found.v, "gives", marks.key),
            ("out", query, found.output, "Σ weight · v", marks.query),
        ]
        # A bar for every number, or for as few as there is room for, matters more than the end of a long token.
        bars = pooled(found.q, columns - NUMBERS - LEAST)
        label = min(MOST, max(LEAST, columns - NUMBERS - len(bars.values)))
        room = columns - label - NUMBERS
        tall = lines >= 2 * len(rows)
        space = not tall and lines >= 2 * len(rows) - 1
        drawing: list[Line] = []
        note = ""
        for name, token, vector, meaning, style in rows:
            bars = pooled(vector, room)
            note = bars.note or note
            shown = sparks(bars, 2 if tall else 1, marks.positive, marks.negative)
            number = f"Σ {real(found.dot)}" if name == "q × k" else f"±{real(max(map(abs, vector)), 6)}"
            head = fit(f"{name} {token}", label - 2) + " " + (" " * NUMBERS if tall else fit(number, NUMBERS))
            drawing.append([Segment(f"{head} ", style), *shown[0]])
            if tall:
                drawing.append([Segment(f"{fit(meaning, label - 2)} {fit(number, NUMBERS)} ", marks.quiet), *shown[1]])
            elif space:
                drawing.append([])
        if space:
            drawing.pop()
        if note and len(drawing) < lines:
            drawing.append([Segment(note, marks.quiet)])
        return drawing
