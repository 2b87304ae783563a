"""Tabs: the titles of the exhibits, the open one marked."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.paint import palette
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, cells
from glasshead_tui.widgets.spots import Spot, SpotLines


class TabsPane(SpotLines):
    """The titles of the exhibits on one line, the active one in full."""

    INSET = 1

    _titles: Sequence[str] = ()
    _active = 0

    def show(self, titles: Sequence[str], active: int) -> None:
        """Draw the titles."""
        self._titles, self._active = [visible(title) for title in titles], active
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if not self._titles:
            self.spots = ()
            return []
        marks = palette(self.app)
        line: Line = [Segment(f"{self._active + 1}/{len(self._titles)}", marks.quiet)]
        texts = tabs(self._titles, self._active, columns - cells(line))
        spots = []
        for number, text in texts:
            line.append(Segment("   "))
            start = cells(line)
            active = number == self._active
            line.append(Segment(text, Style(bold=True, underline=True) if active else marks.quiet))
            spots.append(Spot(0, start, cells(line), number))
        self.spots = tuple(spots)
        return [line]


TITLE = 12
"""Least columns of a longer title before others are left out."""


def tabs(titles: Sequence[str], active: int, columns: int) -> list[tuple[int, str]]:
    """Choose and shorten the titles that fit, each with 4 more columns; the active one gives way last."""
    around = 4
    room = max(8, columns - around)
    needs = [min(width(title), room) for title in titles]
    room -= needs[active]
    others = [number for number in range(len(titles)) if number != active]
    longest = max(needs)
    while longest > TITLE and sum(min(needs[each], longest) + around for each in others) > room:
        longest -= 1
    given = [needs[each] if each == active else min(needs[each], longest) for each in range(len(titles))]
    first = last = active
    grown = True
    while grown:
        grown = False
        for number in (last + 1, first - 1):
            if 0 <= number < len(titles) and given[number] + around <= room:
                room -= given[number] + around
                first, last, grown = min(first, number), max(last, number), True
    shown = []
    for number in range(first, last + 1):  # what is left of the line
        more = min(room, needs[number] - given[number])
        shown.append((number, clip(titles[number], given[number] + more)))
        room -= more
    return shown
