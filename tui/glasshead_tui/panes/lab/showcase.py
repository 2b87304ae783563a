"""All exhibits of a result: one after the other in little room, several at once in more."""

from collections.abc import Sequence

from textual.containers import Container
from textual.geometry import Region, Size

from glasshead.lab.exhibits import Exhibit, Plot
from glasshead_tui.drawing.paint import palette
from glasshead_tui.panes.lab.exhibit import ExhibitPane, least

SEVERAL = Size(90, 15)
"""Least room for several exhibits at once, each in a frame."""


class Showcase(Container, can_focus=False):
    """The exhibits of a result. The owner decides which one is active."""

    DEFAULT_CSS = """
    Showcase { height: 1fr; width: 1fr; overflow: hidden hidden; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._exhibits: tuple[Exhibit, ...] = ()
        self._active = 0
        self._panes: list[ExhibitPane] = []

    def show(self, exhibits: Sequence[Exhibit], active: int) -> None:
        """Draw the exhibits, with the active one in sight."""
        self._exhibits, self._active = tuple(exhibits), active
        missing = [ExhibitPane(number) for number in range(len(self._panes), len(self._exhibits))]
        if missing:
            self._panes += missing
            self.mount(*missing)
            self.call_after_refresh(self._arrange)
        else:
            self._arrange()

    def scroll_text(self, by: int) -> None:
        """Scroll the active exhibit."""
        if self._active < len(self._panes):
            self._panes[self._active].scroll_text(by)

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        room = self.size
        if not room or not all(pane.is_mounted for pane in self._panes):
            return
        several = room.width >= SEVERAL.width and room.height >= SEVERAL.height and len(self._exhibits) > 1
        if several:
            marks = palette(self.app)
            needs = [least(each, marks, room) for each in self._exhibits]
            places = shelved(needs, room, self._active, [isinstance(each, Plot) for each in self._exhibits])
        else:
            places = {self._active: Region(0, 0, *room)} if self._exhibits else {}
        for number, pane in enumerate(self._panes):
            place = places.get(number)
            pane.display = place is not None
            if place is not None:
                pane.styles.offset, pane.styles.width, pane.styles.height = place.offset, place.width, place.height
                pane.show(self._exhibits[number], framed=several, active=number == self._active)


def shelved(needs: Sequence[Size], room: Size, active: int, growing: Sequence[bool] = ()) -> dict[int, Region]:
    """Place exhibits in rows as full as possible; those without room are left out.

    needs: the least size of each · active: the one that must be in sight; earlier ones are too, if possible · growing:
    exhibits that use a higher room; without any, all rows grow.
    """
    rows: list[list[int]] = []
    for number, need in enumerate(needs):
        if rows and sum(needs[each].width for each in rows[-1]) + need.width <= room.width:
            rows[-1].append(number)
        else:
            rows.append([number])
    heights = [min(room.height, max(needs[each].height for each in row)) for row in rows]
    at = next(number for number, row in enumerate(rows) if active in row)
    first = next(start for start in range(at + 1) if start == at or sum(heights[start : at + 1]) <= room.height)
    last = at + 1
    while last < len(rows) and sum(heights[first : last + 1]) <= room.height:
        last += 1
    places: dict[int, Region] = {}
    y = 0
    spare = room.height - sum(heights[first:last])
    grow = [row for row in rows[first:last] if any(each < len(growing) and growing[each] for each in row)]
    grow = grow or rows[first:last]
    for place, row in enumerate(rows[first:last]):
        height = heights[first + place] + (_share(spare, grow.index(row), len(grow)) if row in grow else 0)
        x, free = 0, room.width - sum(needs[each].width for each in row)
        for order, each in enumerate(row):
            across = needs[each].width + _share(free, order, len(row))
            places[each] = Region(x, y, across, height)
            x += across
        y += height
    return places


def _share(whole: int, number: int, count: int) -> int:
    """Return the size of part `number` when a whole is split into `count` parts that differ by one at most."""
    return whole * (number + 1) // count - whole * number // count
