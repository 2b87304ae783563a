"""A slider with stops on a line from 0 to an end: the handle is at one of them, a click chooses another."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from glasshead_tui.widgets.lines import Line, Lines

HANDLE, STOP, DONE, COMING = "●", "┿", "━", "╌"


class Slider(Lines):
    """One line with its stops, done and still to come. The owner moves the handle."""

    DEFAULT_CSS = """
    Slider { height: 1; }
    """

    class Chosen(Message):
        """A place was clicked. The handle has not moved: the owner decides."""

        def __init__(self, slider: "Slider", value: int) -> None:
            super().__init__()
            self.slider, self.value = slider, value

        @property
        def control(self) -> "Slider":
            return self.slider

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.stops: Sequence[int] = ()
        self.handle: int | None = None
        self._done, self._end = 0, 1
        self._styles = (Style(), Style(), Style(), Style(bold=True))

    def show(
        self,
        stops: Sequence[int],
        handle: int | None,
        *,
        done: int,
        end: int,
        styles: tuple[Style, Style, Style, Style],
    ) -> None:
        """Draw it. stops: in order · handle: one of them · done: up to `end` · styles: coming, done, stop, handle."""
        self.stops, self.handle, self._styles = stops, handle, styles
        self._done = max([done, 0, *stops[-1:]])
        self._end = max(end, self._done, 1)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Choose the nearest stop."""
        offset = event.get_content_offset(self)
        if offset is not None and self.stops:
            self.post_message(self.Chosen(self, self.nearest(offset.x - self.INSET)))

    def nearest(self, column: int) -> int:
        """Return the stop nearest to a column."""
        columns = self.size.width - 2 * self.INSET
        wanted = column / max(1, columns - 1) * self._end
        at = bisect_left(self.stops, wanted)
        return min(self.stops[max(0, at - 1) : at + 1], key=lambda stop: abs(stop - wanted))

    def drawn(self, columns: int, lines: int) -> list[Line]:
        coming, done, stop, handle = self._styles
        now = self._column(self._done, columns)
        looks = [(DONE, done) if column <= now else (COMING, coming) for column in range(columns)]
        for each in self.stops:
            looks[self._column(each, columns)] = STOP, stop
        if self.handle is not None:
            looks[self._column(self.handle, columns)] = HANDLE, handle
        runs = groupby(looks, key=lambda look: look[1])
        return [[Segment("".join(glyph for glyph, _ in run), style) for style, run in runs]]

    def _column(self, value: int, columns: int) -> int:
        return round(min(value, self._end) / self._end * (columns - 1))
