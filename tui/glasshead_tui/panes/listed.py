"""What the panes that are lists have in common: rows under a heading, one of them marked, and a line about that one.

The mark belongs to the pane: no other one depends on it. It stays with what it marks when other rows come.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.terminal.visible import clip, fit
from glasshead_tui.widgets.cells import HERE, width
from glasshead_tui.widgets.lines import Line, Lines, wrapped

Row = TypeVar("Row")
MOVES = {"up": -1, "down": 1, "page_up": -10, "page_down": 10}
"""Rows by which a key moves the mark."""
BOLD = Style(bold=True)
TELLING = 6
"""Lines of the pane from which on a heading stands above the rows; a third of them may tell of the marked one."""


def _first(at: int, room: int, count: int) -> int:
    """Choose the row that stands first where row `at` is marked, somewhere in the middle: the same for half a room of
    rows, as each other one sends the whole list.
    """
    step = max(1, room // 2)
    return max(0, min((at - room // 4) // step * step, count - room))


class ListPane(Lines, Generic[Row]):
    """See the module. A subclass fills in rows, and says how one is written."""

    INSET = 1

    class Picked(Message):
        """A row was clicked, which is marked now."""

        def __init__(self, pane: "ListPane[Any]", again: bool) -> None:
            """again: whether it was marked before."""
            super().__init__()
            self.pane, self.again = pane, again

    NOTHING = "nothing"
    """What is said where there is no row."""
    listed = True
    """Whether a row is marked; else the thing that would be is not in the list."""
    hint = ""
    """What follows that, for example which key adds a row."""
    _rows: Sequence[Row] = ()
    _mark = 0

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows in their order."""
        return tuple(self._rows)

    @property
    def mark(self) -> int | None:
        """Place of the marked row; None where there is none."""
        return min(self._mark, len(self._rows) - 1) if self._rows else None

    @property
    def marked(self) -> Row | None:
        """The marked row; None where there is none."""
        at = self.mark
        return None if at is None else self._rows[at]

    def fill(self, rows: Sequence[Row], at: int | None = None) -> None:
        """Take other rows. at: the one to mark; None marks the same thing as before, or what is in its place."""
        before = self.marked
        self._rows = rows
        if at is None and before is not None:
            wanted = self.identify(before)
            at = next((place for place, row in enumerate(rows) if self.identify(row) == wanted), None)
        self._mark = max(0, min(self._mark if at is None else at, len(rows) - 1))
        self.redraw()

    def put_mark(self, at: int | None) -> None:
        """Mark a row, or the nearest one; None moves nothing."""
        if at is not None and self._rows:
            self._mark = max(0, min(at, len(self._rows) - 1))
            self.redraw()

    def move_mark(self, by: int) -> None:
        """Mark a row above or below."""
        self.put_mark((self.mark or 0) + by)

    def identify(self, row: Row) -> Hashable:
        """Return what tells a row from the others, also after a change."""
        raise NotImplementedError

    def write_row(self, row: Row, columns: int, marks: Palette) -> Line:
        """Write a row, without the mark before it."""
        raise NotImplementedError

    def say_nothing(self) -> str:
        """Say that there is no row, in a sentence safe for a terminal."""
        return f"{self.NOTHING}{self.hint}"

    def write_head(self, columns: int) -> str:
        """Write what stands above the rows; empty for nothing."""
        return ""

    def tell_of(self, row: Row) -> str:
        """Say what there is to say of the marked row, in a sentence safe for a terminal."""
        return ""

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        if not self._rows:
            return [[Segment(line[0].text, marks.quiet)] for line in wrapped(self.say_nothing(), columns)]
        at, wide = self.mark or 0, columns - 1
        head = self.write_head(wide) if lines >= TELLING else ""
        told = [line[0].text for line in wrapped(self.tell_of(self._rows[at]), columns)]
        foot = told[: max(1, lines // 3)]
        if len(foot) < len(told):
            foot[-1] = clip(f"{foot[-1]} …", columns)
        room = max(1, lines - bool(head) - len(foot))
        first = 0 if at < room else _first(at, room, len(self._rows))  # the best stand first
        self._first = first - bool(head)
        counted = f" {at + 1}/{len(self._rows)}"
        if head and len(self._rows) > room and width(head.rstrip()) <= wide - len(counted):
            head = fit(head.rstrip(), wide - len(counted)) + counted
        drawing: list[Line] = [[Segment(f" {head}", marks.quiet)]] if head else []
        for place, row in enumerate(self._rows[first : first + room], first):
            line = self.write_row(row, wide, marks)
            if chosen := place == at and self.listed:
                line = [Segment(text, style + BOLD if style else BOLD) for text, style, _ in line]
            drawing.append([Segment(HERE if chosen else " ", marks.key), *line])
        drawing += [[] for _ in range(room - (len(drawing) - bool(head)))]
        return drawing + [[Segment(line, marks.quiet)] for line in foot]

    _first = 0
    """Row in the first line of the drawing."""

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self._rows:
            return
        at = self._first + offset.y + round(self.scroll_y)
        if 0 <= at < len(self._rows):
            again = at == self.mark
            self.put_mark(at)
            self.post_message(self.Picked(self, again))
