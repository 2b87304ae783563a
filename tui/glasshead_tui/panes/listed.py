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
APART = 4
"""Least rows in sight of which the last one may stand apart."""
TELLING = 6
"""Lines of the pane from which on a heading stands above the rows.

Half of the lines, and those without a row, may tell of the marked one.
"""


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
    from_top = False
    """Whether the first rows are in sight also where the marked one is far below: it stands alone under them then."""
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
        """Write what stands above the rows, in one line or more; empty for nothing."""
        return ""

    def write_sum(self, columns: int) -> str:
        """Write what stands under the last row, in one line; empty for nothing."""
        return ""

    def tell_apart(self, at: int) -> str:
        """Say where the marked row stands, between the first rows and it, in a few words safe for a terminal."""
        return f"… {at + 1} of {len(self._rows)}"

    def tell_of(self, row: Row) -> str:
        """Say what there is to say of the marked row, in a sentence safe for a terminal."""
        return ""

    def explain(self) -> str:
        """Say how the numbers of the rows come about, where there is room, in a sentence safe for a terminal."""
        return ""

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        if not self._rows:
            return [[Segment(line[0].text, marks.quiet)] for line in wrapped(self.say_nothing(), columns)]
        at, wide = self.mark or 0, columns - 1
        heads = self.write_head(wide).splitlines() if lines >= TELLING else []
        told = [line[0].text for line in wrapped(self.tell_of(self._rows[at]), columns)]
        total = self.write_sum(wide) if lines >= TELLING else ""
        blank = lines - len(heads) - len(self._rows) - bool(total)
        more = [line[0].text for line in wrapped(self.explain(), columns)]
        if more and len(told) + 1 + len(more) <= blank:
            told += ["", *more]
        foot = told[: max(1, (lines + 1) // 2, blank)]
        if len(foot) < len(told):
            foot[-1] = clip(f"{foot[-1]} …", columns)
        room = max(1, lines - len(heads) - len(foot) - bool(total))
        first = 0 if at < room else _first(at, room, len(self._rows))  # the best stand first
        places: list[int | None] = list(range(first, min(first + room, len(self._rows))))
        if self.from_top and at >= room >= APART:
            places = [*range(room - 2), None, at]
        self._drawn_rows = [None] * len(heads) + places
        counted = f" {at + 1}/{len(self._rows)}"
        if heads and len(self._rows) > room and width(heads[0].rstrip()) <= wide - len(counted):
            heads[0] = fit(heads[0].rstrip(), wide - len(counted)) + counted
        drawing: list[Line] = [[Segment(f" {head}", marks.quiet)] for head in heads]
        for place in places:
            if place is None:
                drawing.append([Segment(f" {clip(self.tell_apart(at), wide)}", marks.quiet)])
                continue
            line = self.write_row(self._rows[place], wide, marks)
            if chosen := place == at and self.listed:
                line = [Segment(text, style + BOLD if style else BOLD) for text, style, _ in line]
            drawing.append([Segment(HERE if chosen else " ", marks.key), *line])
        drawing += [[Segment(f" {total}")]] if total else []
        drawing += [[] for _ in range(room + bool(total) - (len(drawing) - len(heads)))]
        return drawing + [[Segment(line, marks.quiet)] for line in foot]

    _drawn_rows: Sequence[int | None] = ()
    """Row in each line of the drawing; None in what is none."""

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or not self._rows:
            return
        line = offset.y + round(self.scroll_y)
        at = self._drawn_rows[line] if 0 <= line < len(self._drawn_rows) else None
        if at is not None:
            again = at == self.mark
            self.put_mark(at)
            self.post_message(self.Picked(self, again))
