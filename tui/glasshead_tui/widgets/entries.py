"""Sections of entries, a name and what it means each, in a page that scrolls and in which words are found."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.message import Message

from glasshead_tui.widgets.cells import fit, width
from glasshead_tui.widgets.lines import Line, Lines
from glasshead_tui.widgets.prose import wrapped

NAME = 12
"""Columns of a name; a longer one has a line for itself."""
BOLD = Style(bold=True)
FOUND = Style(reverse=True)


class Section(NamedTuple):
    """A title, and entries below it."""

    title: str
    entries: Sequence[tuple[str, str]]


class Place(NamedTuple):
    """Where an entry stands."""

    first: int
    """Its first line."""
    lines: int
    text: str
    """All of it, in lower case."""


class _Made(NamedTuple):
    """Everything, broken into lines for a number of columns."""

    columns: int
    lines: list[Line]
    places: list[Place]
    starts: list[int]
    """The line of each title."""


class Entries(Lines):
    """See the module. What is searched is drawn reversed."""

    INSET = 1

    class Moved(Message):
        """Other lines are in sight, or something else was found."""

    def __init__(self, introduction: str, sections: Sequence[Section]) -> None:
        """introduction: what stands before the first section."""
        super().__init__()
        self._introduction, self._sections = introduction, sections
        self._made = _Made(0, [], [], [])
        self._sought = ""
        self._at: int | None = None
        """Entry in which it was found."""
        self._chosen: int | None = None
        """Section that was gone to, while it is in sight."""

    @property
    def titles_short(self) -> list[str]:
        """The titles, up to a colon."""
        return [section.title.partition(":")[0] for section in self._sections]

    @property
    def in_sight(self) -> tuple[int, int, int]:
        """The first and the last line in sight, counted from 1, and how many there are."""
        first, count = round(self.scroll_y), len(self._lines)
        return min(first + 1, count), min(first + self.size.height, count), count

    @property
    def here(self) -> int:
        """Number of the section whose title is in sight first, or else stands above."""
        first, last, _ = self.in_sight
        if self._chosen is not None and first <= self._made.starts[self._chosen] + 1 <= last:
            return self._chosen
        seen = [number for number, start in enumerate(self._made.starts) if start < first]
        return seen[-1] if seen else 0

    @property
    def told(self) -> str:
        """What is to be said of the search; empty where there is none."""
        if not self._sought:
            return ""
        if self._at is None:
            return "nothing holds it"
        hits = self._hits
        return f"{hits.index(self._at) + 1} of {len(hits)} entries that hold it"

    @property
    def _hits(self) -> list[int]:
        return [at for at, place in enumerate(self._made.places) if self._sought in place.text]

    def go_to(self, section: int) -> None:
        """Bring a section to the top, as far as there are lines below it."""
        if 0 <= section < len(self._made.starts):
            self._chosen = section
            self.jump(y=self._made.starts[section])
            self.post_message(self.Moved())

    def find(self, text: str) -> None:
        """Go to the first entry in sight or below, else the first of all, that holds a text; empty ends the search."""
        self._sought, self._at = text.strip().lower(), None
        hits, top = self._hits if self._sought else [], self.in_sight[0] - 1
        if hits:
            self._at = next((at for at in hits if self._made.places[at].first >= top), hits[0])
        self._show_found()

    def find_again(self, by: int) -> None:
        """Go to another entry that holds it, around the end if need be."""
        if self._at is not None:
            hits = self._hits
            self._at = hits[(hits.index(self._at) + by) % len(hits)]
            self._show_found()

    def _show_found(self) -> None:
        self.redraw()
        if self._at is not None:
            self._chosen = None
            self.show_lines(self._made.places[self._at].first, self._made.places[self._at].lines)

    def redraw(self) -> None:
        """See `Lines`."""
        super().redraw()
        self.post_message(self.Moved())

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self.post_message(self.Moved())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        if self._made.columns != columns:
            self._made = self._break(columns)
        if self._at is None:
            return self._made.lines
        place = self._made.places[self._at]
        marked = range(place.first, place.first + place.lines)
        return [
            [Segment(text, (style or Style.null()) + FOUND) for text, style, _ in line] if at in marked else line
            for at, line in enumerate(self._made.lines)
        ]

    def count(self, columns: int) -> int:
        """Count the lines that everything takes in a number of columns."""
        return len(self._break(columns).lines)

    def _break(self, columns: int) -> "_Made":
        made = _Made(columns, wrapped([Segment(self._introduction)], columns), [], [])
        for section in self._sections:
            made.starts.append(len(made.lines) + 1)
            made.lines.extend(([], [Segment(section.title, BOLD)]))
            for name, meaning in section.entries:
                lines = _entry(name, meaning, columns)
                made.places.append(Place(len(made.lines), len(lines), f"{name} {meaning}".lower()))
                made.lines.extend(lines)
        return made


def _entry(name: str, meaning: str, columns: int) -> list[Line]:
    """Write a name, and beside it what it means; without a name that has the whole room."""
    if not name:
        return wrapped([Segment(meaning)], columns)
    right = wrapped([Segment(meaning)], columns - NAME)
    if width(name) >= NAME:
        return [[Segment(name, BOLD)], *([Segment(" " * NAME), *line] for line in right)]
    heads = [fit(name, NAME), *[" " * NAME] * (len(right) - 1)]
    return [[Segment(head, BOLD), *line] for head, line in zip(heads, right, strict=True)]
