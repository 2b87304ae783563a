"""Edits: what the line is under, in the order in which it is done, with what each breaks on purpose, and does.

What one does by itself is measured when a person asks for it, alone and added to the rest: tokens that are changed,
and bits of KL. The last row is that of all together.
"""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.switches import Entry, Switches
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.switches import (
    ADDED,
    ALONE,
    TOGETHER,
    breaks,
    edits_effect,
    edits_rows,
    gap_cells,
    own_effect,
    own_effect_said,
    together,
)  # fmt: skip
from glasshead_tui.panes.pane import Rows
from glasshead_tui.panes.switches import BEFORE, SwitchesPane
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line

if TYPE_CHECKING:
    from glasshead.edits.edit import Edit
    from glasshead.session.moment import Moment

UNITS = ("≠", "KL bits"), ("tokens", "a token")
NUMBERS = ((ALONE, 17), (ADDED, 19))
"""The two effects, and the columns of each."""
BITS = 9
"""Columns of a KL."""
WIDE = BEFORE + 24 + sum(columns for _, columns in NUMBERS)
"""Columns from which on the effects stand in the rows."""


class EditsPane(SwitchesPane["Edit"]):
    """See the module."""

    TITLE = "edits"
    NOTHING = "There are no edits yet"
    _waits = ""
    """How far the measuring is, or why it was stopped; empty where nothing is measured."""
    _waits_at: "Moment | None" = None

    def mark_of(self, moment: "Moment", focus: Focus) -> str:
        return mark_side(moment, focus.to(view="edited"), "edits")

    def list_of(self, moment: "Moment") -> "Switches[Edit]":
        return moment.edits

    def rows_of(self, moment: "Moment") -> Rows:
        return edits_rows(moment)

    def tell_progress(self, sentence: str) -> None:
        """Say how far the measuring of the shown moment is, or why it was stopped."""
        self._waits, self._waits_at = sentence, self.moment
        self.redraw()

    def note(self, item: "Edit") -> str:
        found = () if self.moment is None else breaks(item, self.moment.anatomy)
        return f"breaks {len(found)} check{'s' * (len(found) > 1)}" if found else ""

    @property
    def _measured(self) -> bool:
        return self.moment is not None and bool(self.moment.own_effects)

    def write_head(self, columns: int) -> str:
        if not self._measured or columns < WIDE:
            return ""
        left = columns - sum(room for _, room in NUMBERS)
        above = " " * left + "".join(fit(name, room, right=True) for name, room in NUMBERS)
        one, other = ("".join(_cells(*units, room) for _, room in NUMBERS) for units in UNITS)
        return f"{above}\n{' ' * left}{one}\n{fit(' ' * BEFORE + 'the edit', left)}{other}"

    def write_sum(self, columns: int) -> str:
        gap = together(self.moment)
        if gap is None or columns < WIDE:
            return ""
        (_, first), (_, second) = NUMBERS
        name = fit(" " * BEFORE + TOGETHER, columns - first - second)
        return f"{name}{_cells(*gap_cells(gap), first)}{' ' * second}"

    def write_row(self, row: "Entry[Edit]", columns: int, marks: Palette) -> Line:
        if not self._measured or columns < WIDE:
            return super().write_row(row, columns, marks)
        found = own_effect(self.moment, row.item)
        gaps = (("", ""),) * 2 if found is None else (gap_cells(found.alone), gap_cells(found.added))
        shown = "".join(_cells(*cells, room) for cells, (_, room) in zip(gaps, NUMBERS, strict=True))
        line = super().write_row(row, columns - width(shown), marks)
        return [*line, Segment(shown, None if row.on else marks.quiet)]

    def tell_of(self, row: "Entry[Edit]") -> str:
        if self.moment is None:
            return ""
        if self._waits and self._waits_at is self.moment and not self._measured:
            return visible(self._waits)
        said = own_effect_said(self.moment, row.item)
        if said:
            return visible(f"{said} {edits_effect(self.moment)}")
        found = breaks(row.item, self.moment.anatomy)
        on_purpose = f"It breaks on purpose: {', '.join(found)}. " if found else ""
        return visible(f"{on_purpose}{edits_effect(self.moment)}")


def _cells(tokens: str, bits: str, room: int) -> str:
    """Write the two numbers of an effect in so many columns."""
    return fit(tokens, room - BITS, right=True) + fit(bits, BITS, right=True)
