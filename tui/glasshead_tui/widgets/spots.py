"""Lines with clickable places: the answers to a question, tabs, entries of a list."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message

from glasshead_tui.widgets.lines import Line, Lines, cells


@dataclass(frozen=True)
class Spot:
    """A place in a drawing, and the number of its entry."""

    line: int
    start: int
    end: int
    number: int


class SpotLines(Lines):
    """Lines that report the clicked place. Their owner decides the effect."""

    spots: tuple[Spot, ...] = ()

    class Clicked(Message):
        """One of the places was clicked."""

        def __init__(self, lines: "SpotLines", number: int) -> None:
            super().__init__()
            self.lines, self.number = lines, number

        @property
        def control(self) -> "SpotLines":
            return self.lines

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line, column = offset.y + round(self.scroll_y), offset.x - self.INSET
        for spot in self.spots:
            if spot.line == line and spot.start <= column < spot.end:
                self.post_message(self.Clicked(self, spot.number))


class Row:
    """Entries one after the other, on as many lines as needed, with the spot of each."""

    GAP: ClassVar[int] = 3

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines: list[Line] = [[]]
        self.spots: list[Spot] = []

    def add(self, entry: Line, number: int) -> None:
        """Add an entry, on a new line if the last one has no room for it."""
        needed = cells(entry)
        if self.lines[-1] and cells(self.lines[-1]) + self.GAP + needed > self.columns:
            self.lines.append([])
        start = cells(self.lines[-1])
        if start:
            self.lines[-1].append(type(entry[0])(" " * self.GAP))
            start += self.GAP
        self.lines[-1] += entry
        self.spots.append(Spot(len(self.lines) - 1, start, start + needed, number))
