"""Edits: what the line is under, in the order in which it is done, with the checks that each breaks on purpose."""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.switches import breaks, edits_effect, edits_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.panes.switches import SwitchesPane
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.edits.edit import Edit
    from glasshead.session.moment import Moment
    from glasshead.switches import Entry


class EditsPane(SwitchesPane["Edit"]):
    """See the module."""

    NOTHING = "There are no edits yet"
    _shown: "Moment | None" = None

    def show(self, moment: "Moment", focus: Focus) -> None:
        """List the edits of the line."""
        on, count = len(moment.edits.active), len(moment.edits)
        entitle(
            self, f"{mark_side(moment, focus.to(view='edited'), 'edits')}edits", f"{on} of {count} on" if count else ""
        )
        self._shown = moment
        self.list_entries(moment.edits)

    def note(self, item: "Edit") -> str:
        found = () if self._shown is None else breaks(item, self._shown.anatomy)
        return f"breaks {len(found)} check{'s' * (len(found) > 1)}" if found else ""

    def tell_of(self, row: "Entry[Edit]") -> str:
        if self._shown is None:
            return ""
        found = breaks(row.item, self._shown.anatomy)
        on_purpose = f"It breaks on purpose: {', '.join(found)}. " if found else ""
        return visible(f"{on_purpose}{edits_effect(self._shown)}")

    def as_rows(self) -> Rows:
        """Return a row for each edit."""
        return [] if self._shown is None else edits_rows(self._shown)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())
