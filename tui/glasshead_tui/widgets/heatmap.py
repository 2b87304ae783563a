"""A matrix of numbers as colours, with labels that stay in sight and a cursor.

A picture costs as much as the screen shows: rows are requested when they come into view, a line is one strip of runs of
equal colour, and moving the cursor redraws two lines and their labels.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from glasshead_tui.widgets.cells import clip, fit, width
from glasshead_tui.widgets.exact import ExactView
from glasshead_tui.widgets.fitting import Form, Measures, Outline, fit_outline
from glasshead_tui.widgets.scale import ABSENT, ABSENT_GLYPH, MASKED, MASKED_GLYPH, STRIPES, VEIL, VEILED, Scale


class Matrix(Protocol):
    """The data of a heat map. Labels and texts must be safe for a terminal."""

    @property
    def row_labels(self) -> Sequence[str]: ...
    @property
    def column_labels(self) -> Sequence[str]: ...
    @property
    def digits(self) -> int:
        """Least columns of a number."""

    def levels(self, row: int) -> bytes:
        """Return a byte for each column: a level of the scale, MASKED or ABSENT."""

    def text(self, row: int, column: int, room: int) -> str:
        """Write the number in at most `room` columns."""


Marked = Callable[[int], Sequence[bool]]
"""Function from a row to a mark for each of its columns."""
UNDERLINE = Style(underline=True)


class HeatMap(ExactView):
    """A widget that shows a `Matrix`, painted with a `Scale`. Its owner moves the cursor."""

    DEFAULT_CSS = """
    HeatMap { height: 1fr; width: 1fr; scrollbar-size: 1 1; }
    """

    cursor: reactive[tuple[int, int]] = reactive((0, 0), repaint=False)
    """Row and column of the cursor."""
    form: reactive[Form | None] = reactive(None, repaint=False)
    """Forced form of the cells; None lets the room decide."""

    class CursorMoved(Message):
        """A cell was clicked. The cursor has not moved: the owner decides."""

        def __init__(self, heatmap: "HeatMap", row: int, column: int) -> None:
            super().__init__()
            self.heatmap, self.row, self.column = heatmap, row, column

        @property
        def control(self) -> "HeatMap":
            return self.heatmap

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.matrix: Matrix | None = None
        self.scale: Scale | None = None
        self._marked: Marked | None = None
        self._outline: Outline | None = None
        self.measures = Measures(form="digits", cell=5, lines=1, stacked=1, labels=5, header=1)
        self._strips: LRUCache[tuple[int, int, int, int, int], Strip] = LRUCache(512)
        self._levels: LRUCache[int, bytes] = LRUCache(512)

    def show(
        self,
        matrix: Matrix,
        scale: Scale,
        cursor: tuple[int, int],
        marked: Marked | None = None,
        outline: Outline | None = None,
    ) -> None:
        """Show another matrix, or one with other numbers. marked: the cells to underline, where they have room ·
        outline: what the cells are measured for, in place of the matrix: those side by side are alike.
        """
        self.matrix, self.scale, self._marked, self._outline = matrix, scale, marked, outline
        self._levels.clear()
        self.set_reactive(HeatMap.cursor, cursor)
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()  # drawn on the ground of another theme

    def watch_form(self) -> None:
        self._arrange()

    def watch_cursor(self, old: tuple[int, int], new: tuple[int, int]) -> None:
        if self.matrix is None:
            return
        self._follow()
        for row, column in (old, new):
            self.refresh(*self._touched(row, column))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if self.matrix is None or offset is None:
            return
        x = offset.x - self.measures.labels + round(self.scroll_x)
        line = offset.y - self.measures.header + round(self.scroll_y)
        row, column = line // self.measures.lines * self.measures.stacked, x // self.measures.cell
        if offset.x >= self.measures.labels and line >= 0 and row < self._rows and column < self._columns:
            self.post_message(self.CursorMoved(self, row, column))

    def render_line(self, y: int) -> Strip:
        room = self.room.width
        if self.matrix is None or self.scale is None or not self._rows:
            return self.strip([], room)
        first, skip = divmod(round(self.scroll_x), self.measures.cell)
        line = y if y < self.measures.header else y + round(self.scroll_y)
        at = line - self.measures.header
        row, column = self.cursor
        if at < 0:
            row = -1  # the header marks only the column
        elif not self.measures.line(row) <= at < self.measures.line(row) + self.measures.lines:
            row, column = -1, -1  # a line without the cursor does not depend on its place
        key = (line, first * self.measures.cell + skip, room, row, column)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(line, first, skip, room)
        return strip

    @property
    def _rows(self) -> int:
        return len(self.matrix.row_labels) if self.matrix else 0

    @property
    def _columns(self) -> int:
        return len(self.matrix.column_labels) if self.matrix else 0

    def _arrange(self) -> None:
        """Choose the size of the cells for the matrix and the room, and discard cached drawings."""
        self._strips.clear()
        room = self.container_size
        if self.matrix is None or self.scale is None or not room:
            return
        own = Outline(
            self._rows, self._columns, max(map(width, self.matrix.row_labels), default=0),
            max(map(width, self.matrix.column_labels), default=0), self.matrix.digits,
        )  # fmt: skip
        self.measures = fit_outline(self._outline or own, room, form=self.form, coloured=self.scale.coloured)
        size = Size(*self.measures.size(self._rows, self._columns))
        # A picture that fits needs no new layout when it grows by a row.
        self.virtual_size = room if size.width <= room.width and size.height <= room.height else size
        self._follow()
        self.call_after_refresh(
            self._follow
        )  # a scroll bar that comes with the layout takes a line, and gives one to scroll
        self.refresh()

    def _follow(self) -> None:
        """Bring the cursor into view. Half a screen at a time: each scroll sends a whole picture."""
        row, column = self.cursor
        cell, lines, at = self.measures.cell, self.measures.lines, (round(self.scroll_x), round(self.scroll_y))
        room = self._sight
        x = _near(column * cell, cell, at[0], room.width - self.measures.labels)
        y = _near(self.measures.line(row), lines, at[1], room.height - self.measures.header)
        if (x, y) != at:
            self.jump(x=x - x % cell, y=y)

    @property
    def _sight(self) -> Size:
        """The room that the scroll bars leave, those that come with the next layout as well."""
        room, whole = self.container_size, self.virtual_size
        below = whole.width > room.width
        beside = whole.height > room.height - below
        below = whole.width > room.width - beside
        return Size(room.width - beside, room.height - below)

    def _touched(self, row: int, column: int) -> Iterator[Region]:
        """Yield the regions that change when the cursor leaves or enters a cell."""
        end = self.measures.labels + (column + 1) * self.measures.cell - round(self.scroll_x)
        line = self.measures.line(row) - round(self.scroll_y)
        if 0 <= line < self.size.height - self.measures.header and end > self.measures.labels:
            yield Region(0, self.measures.header + line, min(end, self.size.width), self.measures.lines)
        named = max(1, end + self.measures.cell * self.measures.staggered)
        yield Region(0, 0, self.size.width if self.measures.form == "halves" else named, self.measures.header)

    def _drawn(self, line: int, first: int, skip: int, room: int) -> Strip:
        """Draw a line of the terminal: a label, then cells from column `first` on, without `skip` terminal cells."""
        assert self.scale is not None
        count = min(self._columns - first, -(-(room - self.measures.labels + skip) // self.measures.cell))
        span = range(first, first + max(0, count))
        if line < self.measures.header:
            label, cells = Segment(" " * self.measures.labels, self.scale.label), self._header(line, span, room + skip)
        elif line - self.measures.header < self.measures.line(self._rows - 1) + self.measures.lines:
            label, cells = self._row(line - self.measures.header, span)
        else:
            return self.strip([], room)
        body = Strip(cells)
        if skip or body.cell_length > room - self.measures.labels:
            body = body.crop(skip, skip + room - self.measures.labels)
        return self.strip([label, *body], room)

    def _row(self, line: int, span: range) -> tuple[Segment, list[Segment]]:
        """Draw the label of the row, or of one of the two, at a line below the header, and its cells."""
        assert self.matrix is not None and self.scale is not None
        row = line // self.measures.lines * self.measures.stacked
        cursor, column = self.cursor
        here = row <= cursor < row + self.measures.stacked
        middle = line % self.measures.lines == (self.measures.lines - 1) // 2
        name = self.matrix.row_labels[cursor if here else row] if middle else ""
        style = self.scale.row if here and middle else self.scale.label
        label = Segment(fit(name, self.measures.labels - 1, right=True) + " ", style)
        if not here or column not in span:
            return label, self._cells(row, span, middle)
        before, after = range(span.start, column), range(column + 1, span.stop)
        cell = self._cursor_cell(row, column, middle)
        return label, [*self._cells(row, before, middle), cell, *self._cells(row, after, middle)]

    def _cells(self, row: int, span: range, middle: bool) -> list[Segment]:
        if self.measures.form == "digits":
            return self._digits(row, span, middle)
        assert self.scale is not None
        levels = self._striped(row, span)
        if self.measures.stacked == 1:
            looks = [
                (self._underlined(self._block(level), mark), len(list(run)))
                for (level, mark), run in groupby(zip(levels, self._marks(row, span), strict=True))
            ]
        else:
            below = self._striped(row + 1, span)
            halves = map(self.scale.halves, levels, below)
            looks = [(look, len(list(run))) for look, run in groupby(halves)]
        return [Segment(text * count, style) for (text, style), count in looks]

    def _block(self, level: int) -> tuple[str, Style]:
        """Return the text and the style of a cell without digits; behind a veil its number is seen beside the glyph."""
        assert self.scale is not None
        glyph, style = self.scale.block(level)
        if level not in VEILED:
            return glyph * self.measures.cell, style
        return glyph + self.scale.block(level - VEIL)[0] * (self.measures.cell - 1), style

    def _striped(self, row: int, span: range) -> Sequence[int]:
        """Return the levels of a row; where a place is as small as a character, a veil is some places of a mask."""
        levels = self._row_levels(row)[span.start : span.stop]
        if self.measures.form != "halves" or VEILED.isdisjoint(levels):
            return levels
        return [
            (level - VEIL if (row + column) % STRIPES else MASKED) if level in VEILED else level
            for column, level in zip(span, levels, strict=True)
        ]

    def _digits(self, row: int, span: range, middle: bool) -> list[Segment]:
        assert self.scale is not None
        levels = self._row_levels(row)[span.start : span.stop]
        looks = dict(zip(span, zip(levels, self._marks(row, span), strict=True), strict=True))
        return [
            Segment(
                "".join(self._digit_cell(row, column, level, middle) for column in run),
                self._underlined(("", self.scale.digits(level)), mark and middle)[1],
            )
            for (level, mark), run in groupby(span, looks.__getitem__)
        ]

    def _marks(self, row: int, span: range) -> Sequence[bool]:
        if self._marked is None or not span:
            return (False,) * len(span)
        marks = self._marked(row)
        return tuple(column < len(marks) and marks[column] for column in span)

    def _underlined(self, look: tuple[str, Style], mark: bool) -> tuple[str, Style]:
        return (look[0], look[1] + UNDERLINE) if mark else look

    def _digit_cell(self, row: int, column: int, level: int, middle: bool) -> str:
        assert self.matrix is not None and self.scale is not None
        room = self.measures.cell
        if level == MASKED:
            return MASKED_GLYPH * (room - 1) + " "
        if level == ABSENT:
            return (ABSENT_GLYPH if middle else "").center(room)
        glyph = self.scale.block(level)[0]  # a space, or without colour the shade that stands for it
        if not middle:
            return glyph * (room - 1) + " "
        text = self.matrix.text(row, column, self._digits_room)
        return text.center(room) if glyph == " " else glyph + text.center(room - 1)

    def _cursor_cell(self, row: int, column: int, middle: bool) -> Segment:
        """Draw the cursor: brackets and its own colour, unlike every level."""
        assert self.matrix is not None and self.scale is not None
        if self.measures.form == "halves":
            if self.measures.stacked == 1:
                return Segment("+", self.scale.cursor)
            other = self._row_levels(row + 1 if self.cursor[0] == row else row)[column]
            ground = self.scale.digits(other).bgcolor
            return Segment(
                "▀" if self.cursor[0] == row else "▄", Style(color=self.scale.cursor.bgcolor, bgcolor=ground)
            )
        cell = self.measures.cell
        if self.measures.form == "blocks":
            text = f"[{' ' * (cell % 2)}]"  # in the middle
            return Segment((text if middle else "").center(cell), self.scale.cursor)
        inside = self._digits_room
        marks = {MASKED: MASKED_GLYPH * inside, ABSENT: ABSENT_GLYPH}
        text = marks.get(self._row_levels(row)[column]) or self.matrix.text(row, column, inside)
        if inside + 2 <= cell:  # else its colour alone says where it is
            text = f"[{text}]"
        return Segment((text if middle else "").center(cell), self.scale.cursor)

    @property
    def _digits_room(self) -> int:
        """Columns of a number at most: a cell has one more, and brackets around the cursor where they have room."""
        assert self.matrix is not None
        return max(min(self.matrix.digits, self.measures.cell - 1), self.measures.cell - 2)

    def _row_levels(self, row: int) -> bytes:
        assert self.matrix is not None
        if row >= self._rows:
            return bytes([ABSENT]) * self._columns
        levels = self._levels.get(row)
        if levels is None:
            levels = self._levels[row] = self.matrix.levels(row)
        return levels

    def _header(self, line: int, span: range, room: int) -> list[Segment]:
        """Draw the column labels: across in wide cells, in turns on two lines in narrower ones, downwards in narrow
        ones, counted in tiny ones. room: columns up to the right end.
        """
        assert self.matrix is not None and self.scale is not None
        if self.measures.form == "halves":
            return self._flag(span) if line else self._ruler(span)
        labels, cell = self.matrix.column_labels, self.measures.cell
        if self.measures.staggered:
            return self._in_turns(line, span, room - self.measures.labels)
        if self.measures.header == 1 and self.measures.form == "digits":
            texts = [_centred(clip(labels[column], cell - 1), cell) for column in span]
        elif self.measures.form == "digits":
            texts = [_centred(_letter(labels[column], line, self.measures.header), cell) for column in span]
        elif self.measures.header == 1:
            texts = [fit(clip(labels[column], cell - 1), cell) for column in span]
        else:
            texts = [fit(_letter(labels[column], line, self.measures.header), cell) for column in span]
        marked = self.cursor[1] - span.start
        runs = groupby(enumerate(texts), lambda item: item[0] == marked)
        return [
            Segment("".join(text for _, text in run), self.scale.column if here else self.scale.label)
            for here, run in runs
        ]

    def _in_turns(self, line: int, span: range, room: int) -> list[Segment]:
        """Draw every other column label: one line has the even columns, the next one the odd ones."""
        assert self.matrix is not None and self.scale is not None
        cell, at = self.measures.cell, 0
        segments: list[Segment] = []
        for column in span[(line - span.start) % 2 :: 2]:
            left = (column - span.start) * cell
            name = clip(self.matrix.column_labels[column], 2 * cell - 1)
            left += max(0, (cell - width(name) + 1) // 2) if self.measures.form == "digits" else 0
            left = max(at, min(left, room - width(name)))
            style = self.scale.column if column == self.cursor[1] else self.scale.label
            segments += [Segment(" " * (left - at), self.scale.label), Segment(name, style)]
            at = left + width(name)
        return segments

    def _ruler(self, span: range) -> list[Segment]:
        assert self.scale is not None
        text = "".join(f"{column:<10}" for column in range(-(-span.start // 10) * 10, span.stop, 10))
        return [Segment((" " * (-span.start % 10) + text)[: len(span)], self.scale.label)]

    def _flag(self, span: range) -> list[Segment]:
        assert self.matrix is not None and self.scale is not None
        column = self.cursor[1]
        if column not in span:
            return []
        at, label = column - span.start, self.matrix.column_labels[column]
        text = f"▾ {label}" if at + 2 + width(label) <= len(span) else f"{label} ▾"
        before = at if text[0] == "▾" else max(0, at + 1 - width(text))
        return [Segment(" " * before, self.scale.label), Segment(text, self.scale.column)]


def _near(start: int, length: int, scroll: int, room: int) -> int:
    """Return a scroll offset that shows `length` cells from `start`: the same if it does, else half a room before."""
    if scroll <= start and start + length <= scroll + room:
        return scroll
    return max(0, start - room // 2)


def _centred(text: str, cells: int) -> str:
    space = cells - width(text)
    return " " * (space - space // 2) + text + " " * (space // 2)


def _letter(label: str, line: int, lines: int) -> str:
    """Return the letter of a vertical label that ends at the last line."""
    shown = label if len(label) <= lines else label[: lines - 1] + "…"
    at = line - (lines - len(shown))
    return shown[at] if at >= 0 else ""
