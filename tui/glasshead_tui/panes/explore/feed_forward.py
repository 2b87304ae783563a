"""Feed-forward: the strongest units of the current layer at the current row, and what each of them writes.

FFN(x) = max(0, x W_1 + b_1) W_2 + b_2        (Attention Is All You Need, section 3.3)
gated:  (act(x W_gate) ⊙ x W_up) W_2          (Shazeer 2020)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.drawing.memo import chosen_units
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import units_share, units_strength, units_working
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import units_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, fit
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Drawing, Line, Lines, cells, wrapped

if TYPE_CHECKING:
    from glasshead.analysis.feed_forward import Unit, Units
    from glasshead.session.moment import Moment

UNIT, NUMBER, BAR = 7, 8, 10  # columns
WIDE = 70
"""Columns from which all values of a unit are shown, and a bar."""
HEADS = {"hidden": "x W₁+b₁", "gate": "gate", "up": "up", "active": "active"}


class FeedForwardPane(Lines):
    """See the module."""

    INSET = 1

    _found: "Units | None" = None
    _token = ""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the strongest units at the query's row."""
        self._found = None  # nothing else is told, if they were not recorded
        mark = mark_side(moment, focus, "feed-forward")
        entitle(self, f"{mark}feed-forward · {focus.stack} {focus.layer}")
        self._token = labels(moment.trace.tokens(focus.stack))[focus.query]
        self._found = chosen_units(moment.trace, focus)
        self.redraw()

    def as_rows(self) -> Rows:
        """Return a row for each of the strongest units."""
        return [] if self._found is None else units_rows(self._found)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        found = self._found
        if found is None:
            return []
        marks = palette(self.app)
        shown = len(found.names) if columns >= WIDE else 1
        bars = BAR if columns >= WIDE else 0
        names = "".join(fit(HEADS[name], NUMBER, right=True) for name in found.names[-shown:])
        writes = "raises most the logits of" if any(unit.writes for unit in found.units) else ""
        head = fit("unit", UNIT) + names + fit("strength", NUMBER + 1, right=True) + " " * (bars + 2) + writes
        working, meant = units_working(found), units_strength(found)
        token: Line = [Segment(f"{clip(self._token, columns - width(working) - 2)}  ", marks.query)]
        along = cells(token) + width(f"{working} · {meant}") <= columns
        told = f"{working} · {meant}" if along else working
        foot = units_share(found) if along else "; ".join(filter(None, (meant, units_share(found))))
        largest = found.units[0].strength if found.units else 1.0
        return Drawing(
            [[*token, Segment(told, marks.quiet)], [Segment(clip(head, columns), marks.quiet)]],
            len(found.units),
            lambda at: _unit(found.units[at], shown, bars, largest, columns, marks),
            [[Segment(line[0].text, marks.quiet)] for line in wrapped(foot, columns)],
        )


def _unit(unit: "Unit", shown: int, bars: int, largest: float, columns: int, marks: Palette) -> Line:
    """Draw one unit. shown: how many of its values · bars: columns of the bar of its strength."""
    numbers = "".join(fit(real(value, NUMBER - 1), NUMBER, right=True) for value in unit.values[-shown:])
    strength = fit(real(unit.strength, NUMBER - 1), NUMBER + 1, right=True)
    line: Line = [Segment(fit(str(unit.number), UNIT)), Segment(numbers), Segment(strength, marks.strong)]
    if bars:
        style = marks.negative if unit.values[-1] < 0 else marks.positive
        line.append(Segment(f" {fit(bar(unit.strength / largest if largest else 0.0, bars), bars)}", style))
    room = columns - sum(width(piece.text) for piece in line) - 2
    return [*line, Segment("  " + clip("  ".join(labels(unit.writes)), max(0, room)))]
