"""Breakpoints: where steps, playing and decoding to the end stop, each on or off."""

from typing import TYPE_CHECKING

from glasshead.switches import Entry, Switches
from glasshead_tui.drawing.switches import breakpoints_rows
from glasshead_tui.panes.pane import Rows
from glasshead_tui.panes.switches import SwitchesPane
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.stops import Stop


class BreakpointsPane(SwitchesPane["Stop"]):
    """See the module."""

    TITLE = "breakpoints"
    NOTHING = "There are no breakpoints yet: steps, playing and decoding to the end would stop there"

    def list_of(self, moment: "Moment") -> "Switches[Stop]":
        return moment.stops

    def rows_of(self, moment: "Moment") -> Rows:
        return breakpoints_rows(moment)

    def note(self, item: "Stop") -> str:
        return "stands here" if self._stopped_at(item) else ""

    def tell_of(self, row: "Entry[Stop]") -> str:
        missed = None if self.moment is None else self.moment.missed
        return visible(str(missed) if missed is not None and row.on else self._stopped_at(row.item))

    def _stopped_at(self, item: "Stop") -> str:
        """Say why the line stands at a breakpoint; empty if it does not."""
        stopped = None if self.moment is None else self.moment.stopped
        return str(stopped) if stopped is not None and stopped.stop == item else ""
