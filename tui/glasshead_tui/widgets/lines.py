"""Lines of styled text that scroll; only changed lines are sent to the terminal."""

from collections.abc import Callable, Iterable, Sequence
from textwrap import wrap
from typing import ClassVar, overload

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.strip import Strip

from glasshead_tui.widgets.cells import clip, width
from glasshead_tui.widgets.exact import ExactView
from glasshead_tui.widgets.titled import Titled

Line = list[Segment]
CORNERS = 6
"""Columns of a border beside its title."""
_EMPTY: Line = []


class Drawing(Sequence[Line]):
    """Lines of which most are drawn when they come into sight. The first and the last stay where the others scroll."""

    def __init__(
        self, first: Sequence[Line], count: int, draw: Callable[[int], Line], last: Sequence[Line] = ()
    ) -> None:
        """first, last: lines that are there · count: lines between them · draw: draws one of these, by its number."""
        self._first, self._count, self._draw, self._last = first, count, draw, last
        self._known: dict[int, Line] = {}

    def stay(self, room: int) -> tuple[int, int]:
        """Return how many lines at the start and at the end stay in a room of so many lines: none where all fit, and
        as few at the start as leave two for the others.
        """
        if len(self) <= room:
            return 0, 0
        last = min(len(self._last), max(0, room - 2))
        return min(len(self._first), max(0, room - 2 - last)), last

    def __len__(self) -> int:
        return len(self._first) + self._count + len(self._last)

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> list[Line]: ...
    def __getitem__(self, at: int | slice) -> Line | list[Line]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        number = at - len(self._first)
        if number < 0:
            return self._first[at]
        if number >= self._count:
            return self._last[number - self._count]
        if number not in self._known:
            self._known[number] = self._draw(number)
        return self._known[number]


class Lines(ExactView, Titled):
    """A widget that shows the result of `drawn`. Call `redraw` when it changes."""

    DEFAULT_CSS = """
    Lines { scrollbar-size: 1 1; overflow-x: hidden; }
    """
    INSET: ClassVar[int] = 0
    """Empty columns on both sides. As padding they would be styled, and sent, separately in every line."""

    _lines: Sequence[Line] = ()
    _said = ""
    _told: Sequence[Line] | None = None
    _stay = 0, 0
    """Lines at the start and at the end that stay where the others scroll."""
    aside = ""
    """What stands in the title after its first part, to be written with the next drawing; empty for nothing."""
    _border: tuple[str, str] | None = None
    """Title and subtitle of the border; None where it has none."""

    def entitle(self, title: str, subtitle: str = "") -> None:
        """Take another title and subtitle for the border, in visible text, to be written with the next drawing.

        Before the subtitle stands how many lines are out of sight; of the parts between ` · ` the last give way.
        """
        self._border = title, subtitle

    @property
    def titles(self) -> tuple[str, str]:
        """The whole title and subtitle, without what stands aside."""
        return self._border or ("", "")

    def say(self, sentence: str) -> None:
        """Show a sentence, safe for a terminal, in place of the drawing; an empty one brings the drawing back."""
        if sentence != self._said:
            self._said = sentence
            self.redraw()
        self._write_border()

    def wait(self, sentence: str) -> bool:
        """Say in the border, safe for a terminal, that another drawing comes; return whether there is one meanwhile."""
        if self._said or not self._lines:
            return False
        self.entitle(self.titles[0], sentence)
        self._write_border()
        return True

    def tell(self, lines: Sequence[Line] | None) -> None:
        """Show lines, safe for a terminal, in place of the drawing; None brings the drawing back."""
        if lines != self._told:
            self._told = lines
            self.redraw()

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        """Make the lines for a room of these columns and lines; further lines are reached by scrolling."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and send the difference."""
        room = self.size
        if not room:
            return
        columns = room.width - 2 * self.INSET
        old, there = self._lines, self._stay
        if self._said:
            self._lines = wrapped(self._said, columns)
        elif self._told is not None:
            self._lines = [pad_line(line, columns) for line in self._told]
        else:
            self._lines = self.drawn(columns, room.height)
        # Text that fits needs no new layout when it grows by a line.
        whole = self.container_size
        size = Size(whole.width, max(whole.height, len(self._lines)))
        if self.virtual_size != size:
            self.virtual_size = size
        self._stay = self._lines.stay(room.height) if isinstance(self._lines, Drawing) else (0, 0)
        scrolled = round(self.scroll_y)
        changed = [  # a line out of sight is drawn when it is scrolled into it
            Region(0, y, room.width, 1)
            for y in range(room.height)
            if _line_in(old, there, y, room.height, scrolled)
            != _line_in(self._lines, self._stay, y, room.height, scrolled)
        ]
        if changed:
            self.refresh(*changed)
        self._write_border()

    def follow(self) -> None:
        """Bring into sight what is chosen, where there is such a thing: called in a room of another size."""

    def show_lines(self, first: int, count: int = 1) -> None:
        """Scroll some lines into sight."""
        start, end = self._stay
        if first < start or first >= len(self._lines) - end:  # they stay in sight
            return
        room = self.size.height - start - end
        if not self.scroll_y <= first - start <= self.scroll_y + room - count:
            self.jump(y=max(0, first - start - room // 2))

    def line_at(self, y: int) -> int:
        """Return the number of the line that stands in a row of the pane, counted from its top."""
        return _number(y, self.size.height, self._stay, len(self._lines), round(self.scroll_y))

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if round(old) != round(new):
            self._write_border()

    def _write_border(self) -> None:
        """Write title and subtitle where they have changed, and draw these lines alone."""
        if self._border is None:
            return
        title, subtitle = self._border
        name, *more = title.split(" · ")
        title = " · ".join(filter(None, (name, self.aside, *more)))
        room = self.outer_size.width - CORNERS
        self.write_titles(_shortened(title, room), _shortened(" · ".join((self._beyond(), subtitle)), room))

    def _beyond(self) -> str:
        """Say how many lines are out of sight."""
        above = min(round(self.scroll_y), max(0, len(self._lines) - self.size.height))
        below = max(0, len(self._lines) - self.size.height) - above
        if above and below:
            return f"{above} more above, {below} below"
        return f"{above} more above" if above else f"{below} more below" if below else ""

    def on_resize(self) -> None:
        self._lines, self._stay = (), (0, 0)
        self.redraw()
        self.follow()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.room
        line = _line_in(self._lines, self._stay, y, height, round(self.scroll_y))
        return self.strip(_inset(line, self.INSET), width)


def _line_in(lines: Sequence[Line], stay: tuple[int, int], y: int, height: int, scrolled: int) -> Line:
    """Return the line that stands in row `y`; see `_number`."""
    at = _number(y, height, stay, len(lines), scrolled)
    return lines[at] if at < len(lines) else _EMPTY


def _number(y: int, height: int, stay: tuple[int, int], count: int, scrolled: int) -> int:
    """Return which of `count` lines stands in row `y`, with so many lines at the start and at the end that stay."""
    start, end = stay
    if start and y < start:
        return y
    return count - (height - y) if end and y >= height - end else y + scrolled


def _shortened(text: str, columns: int) -> str:
    """Leave out the last parts of a text, between ` · `, until it fits; the first one stays."""
    parts = [part for part in text.split(" · ") if part]
    while len(parts) > 1 and width(" · ".join(parts)) > columns:
        parts.pop()
    return " · ".join(parts)


def wrapped(sentence: str, columns: int) -> list[Line]:
    """Break a sentence into lines of at most `columns` columns."""
    return [[Segment(clip(line, columns))] for line in wrap(sentence, max(1, columns))]


def _inset(line: Line, columns: int) -> Line:
    """Indent a line by `columns` spaces, in the style of its first piece if it does not show on a space."""
    if not columns or not line:
        return line
    text, style, _ = line[0]
    if style and (style.bgcolor or style.reverse or style.underline):
        return [Segment(" " * columns), *line]
    return [Segment(" " * columns + text, style), *line[1:]]


def cells(line: Iterable[Segment]) -> int:
    """Return the columns of a line."""
    return sum(width(segment.text) for segment in line)


def pad_line(line: Line, columns: int) -> Line:
    """Cut or pad a line to exactly `columns` columns, with spaces at the end."""
    taken = 0
    kept: Line = []
    for segment in line:
        room = columns - taken
        if (needed := width(segment.text)) > room:
            kept.append(Segment(clip(segment.text, room), segment.style))
            taken += width(kept[-1].text)
            break
        kept.append(segment)
        taken += needed
    return [*kept, Segment(" " * (columns - taken))] if taken < columns else kept


def beside(left: Sequence[Line], right: Sequence[Line], columns: int) -> list[Line]:
    """Put two drawings side by side, the first in `columns` columns."""
    count = max(len(left), len(right))
    rows = [*left, *([[]] * (count - len(left)))], [*right, *([[]] * (count - len(right)))]
    return [pad_line(one, columns) + other for one, other in zip(*rows, strict=True)]
