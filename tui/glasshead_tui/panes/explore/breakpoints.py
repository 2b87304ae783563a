"""Breakpoints: where steps, playing and decoding to the end stop, each on or off."""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.switches import breakpoints_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.panes.switches import SwitchesPane
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.stops import Stop
    from glasshead.switches import Entry


class BreakpointsPane(SwitchesPane["Stop"]):
    """See the module."""

    NOTHING = "There are no breakpoints yet: steps, playing and decoding to the end would stop there"
    _shown: "Moment | None" = None

    def show(self, moment: "Moment", focus: Focus) -> None:
        """List the breakpoints of the session."""
        on, count = len(moment.stops.active), len(moment.stops)
        entitle(self, "breakpoints", f"{on} of {count} on" if count else "")
        self._shown = moment
        self.list_entries(moment.stops)

    def note(self, item: "Stop") -> str:
        stopped = None if self._shown is None else self._shown.stopped
        return "stands here" if stopped is not None and stopped.stop == item else ""

    def tell_of(self, row: "Entry[Stop]") -> str:
        stopped = None if self._shown is None else self._shown.stopped
        return visible(str(stopped)) if stopped is not None and stopped.stop == row.item else ""

    def as_rows(self) -> Rows:
        """Return a row for each breakpoint."""
        return [] if self._shown is None else breakpoints_rows(self._shown)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())
