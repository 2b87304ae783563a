"""Switches: things in their order, each on or off, as a list. Edits and breakpoints are drawn by it."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from rich.segment import Segment

from glasshead.switches import Entry, Switches
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.terminal.visible import fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line

Item = TypeVar("Item")
ON, OFF = "on ", "off"


class SwitchesPane(ListPane[Entry[Item]], Generic[Item]):
    """See the module. A subclass says what there is to note of a thing."""

    def list_entries(self, switches: Switches[Item]) -> None:
        """List the things; a new one is marked."""
        more = len(switches.entries) > len(self._rows)
        self.fill(switches.entries, len(switches.entries) - 1 if more else None)

    def note(self, item: Item) -> str:
        """Return a few words about a thing, safe for a terminal; empty for none."""
        return ""

    def identify(self, row: Entry[Item]) -> Hashable:
        return row.item

    def write_row(self, row: Entry[Item], columns: int, marks: Palette) -> Line:
        what, note, room = visible(str(row.item)), self.note(row.item), columns - len(ON) - 2
        line: Line = [Segment(f"{ON if row.on else OFF}  ", marks.good if row.on else marks.quiet)]
        style = None if row.on else marks.quiet
        if not note or width(what) + width(note) + 2 > room:  # what it is comes first
            return [*line, Segment(fit(what, room), style)]
        return [*line, Segment(f"{what}  ", style), Segment(fit(note, room - width(what) - 2), marks.quiet)]
