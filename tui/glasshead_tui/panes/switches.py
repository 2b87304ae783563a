"""Switches: things in their order, each on or off, as a list. Edits and breakpoints are drawn by it."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.segment import Segment

from glasshead.switches import Entry, Switches
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

Item = TypeVar("Item")
ON, OFF = "on ", "off"
BEFORE = len(ON) + 1
"""Columns before a thing."""


class SwitchesPane(ListPane[Entry[Item]], Generic[Item]):
    """See the module. A subclass says which things of a moment it lists, and what there is to note of one."""

    TITLE: ClassVar[str]
    """What the things are called."""
    moment: "Moment | None" = None
    """Moment that is shown."""

    def list_of(self, moment: "Moment") -> Switches[Item]:
        """Return the things of a moment."""
        raise NotImplementedError

    def rows_of(self, moment: "Moment") -> Rows:
        """Return a row for each of them, heads first."""
        raise NotImplementedError

    def mark_of(self, moment: "Moment", focus: Focus) -> str:
        """Return what stands before the title; empty for nothing."""
        return ""

    def note(self, item: Item) -> str:
        """Return a few words about a thing, safe for a terminal; empty for none."""
        return ""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """List the things of a moment; a new one is marked."""
        switches = self.list_of(moment)
        on, count = len(switches.active), len(switches)
        entitle(self, f"{self.mark_of(moment, focus)}{self.TITLE}", f"{on} of {count} on" if count else "")
        self.moment = moment
        self.fill(switches.entries, count - 1 if count > len(self._rows) else None)

    def as_rows(self) -> Rows:
        """Return a row for each thing."""
        return [] if self.moment is None else self.rows_of(self.moment)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def identify(self, row: Entry[Item]) -> Hashable:
        return row.item

    def write_row(self, row: Entry[Item], columns: int, marks: Palette) -> Line:
        what, note, room = visible(str(row.item)), self.note(row.item), columns - BEFORE
        line: Line = [Segment(f"{ON if row.on else OFF} ", marks.good if row.on else marks.quiet)]
        style = None if row.on else marks.quiet
        if not note or width(what) + width(note) + 2 > room:  # what it is comes first
            return [*line, Segment(fit(what, room), style)]
        return [*line, Segment(f"{what}  ", style), Segment(fit(note, room - width(what) - 2), marks.quiet)]
