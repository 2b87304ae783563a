"""Many small pictures in labelled grids, one of them selected.

Groups stand below or beside each other, whichever leaves more room for each picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message

from glasshead_tui.widgets.cells import fit, width
from glasshead_tui.widgets.lines import Line, Lines, beside
from glasshead_tui.widgets.scale import ABSENT, ABSENT_GLYPH, Scale

FLAT = (8, 1), (4, 1), (2, 1)
"""Columns and lines of a picture where there is one line for it."""
SIZES = (12, 6), (10, 5), (8, 4), (6, 3), (4, 2), *FLAT


class Place(NamedTuple):
    """One picture."""

    group: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Group:
    """A grid of pictures under one title."""

    title: str
    rows: int
    columns: int
    names: str = "columns"
    """What the columns are, to say which are drawn if not all have room."""
    brief: str = ""
    """A title for less room; empty if there is none."""


class Gallery(Protocol):
    """The source of the pictures. Titles must be safe for a terminal."""

    @property
    def groups(self) -> Sequence[Group]: ...

    def picture(self, place: Place, columns: int, lines: int) -> Sequence[bytes] | None:
        """Return at most `lines` rows of at most `columns` levels; None while it is unknown."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The size of a picture and the arrangement of the groups."""

    columns: int
    lines: int
    side: bool  # groups beside each other
    gap: int  # empty lines between rows of pictures
    between: int  # empty lines between groups below each other
    heads: bool = True  # the numbers of the columns above each group


class Thumbnails(Lines):
    """A widget that shows a `Gallery`, painted with a `Scale`. Its owner selects a picture."""

    class Selected(Message):
        """A picture was clicked. The selection has not moved: the owner decides."""

        def __init__(self, thumbnails: "Thumbnails", place: Place) -> None:
            super().__init__()
            self.thumbnails, self.place = thumbnails, place

        @property
        def control(self) -> "Thumbnails":
            return self.thumbnails

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.gallery: Gallery | None = None
        self.scale: Scale | None = None
        self.selected: Place | None = None
        self.held: Place | None = None
        """A picture that stays marked while others are selected."""
        self._spots: list[tuple[Region, Place]] = []
        self._seen: dict[tuple[Place, int, int], Sequence[bytes]] = {}

    def show_gallery(self, gallery: Gallery, scale: Scale, selected: Place | None, held: Place | None = None) -> None:
        """Show other pictures."""
        self.gallery, self.scale = gallery, scale
        self._seen.clear()
        self.select(selected, held)

    def select(self, selected: Place | None, held: Place | None = None) -> None:
        """Mark another picture, and bring it into sight. held: as the field."""
        self.selected, self.held = selected, held
        self.redraw()
        self.follow()

    def follow(self) -> None:
        for region, place in self._spots:
            if place == self.selected:
                self.show_lines(region.y, region.height)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for region, place in self._spots:
            if region.contains(offset.x - self.INSET, offset.y + round(self.scroll_y)):
                self.post_message(self.Selected(self, place))

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        self._spots = []
        if self.gallery is None or self.scale is None:
            return []
        groups = self.gallery.groups
        shape = arranged(groups, columns, lines)
        if shape.side:
            drawing: list[Line] = []
            left = 0
            wides = [max(width(group.title), _columns(group, shape)) for group in groups]
            if sum(wides) + 2 * (len(groups) - 1) > columns:
                wides = [_columns(group, shape) for group in groups]
            for number, (group, wide) in enumerate(zip(groups, wides, strict=True)):
                drawing = beside(drawing, self._group(number, group, shape, left, 0, columns, wide), left)
                left += wide + 2
            return drawing
        stacked: list[Line] = []
        for number, group in enumerate(groups):
            if stacked and shape.between:
                stacked.append([])
            stacked += self._group(number, group, shape, 0, len(stacked), columns, columns)
        return stacked

    def _group(
        self, number: int, group: Group, shape: Arrangement, left: int, top: int, room: int, wide: int
    ) -> list[Line]:
        """Draw a title with the numbers of the columns, then the rows of pictures.

        Of a row wider than the room, the pictures around the selected one are drawn, and a line says which. wide:
        columns of the title.
        """
        assert self.scale is not None
        scale, chosen = self.scale, self.selected
        margin = len(str(max(0, group.rows - 1))) + 1
        here = chosen is not None and chosen.group == number
        title = group.title if width(group.title) <= wide else group.brief or group.title
        drawing: list[Line] = [[Segment(title, scale.label + Style(bold=here))]]
        there = _window(group.columns, (room - margin) // (shape.columns + 1), chosen.column if chosen and here else 0)
        if len(there) < group.columns:
            told = f"{' ' * margin}{group.names} {there[0]}–{there[-1]} of 0–{group.columns - 1}"
            drawing.append([Segment(told, scale.label)])
        if shape.heads:
            heads: Line = [Segment(" " * margin, scale.label)]
            for column in there:
                lit = chosen is not None and here and chosen.column == column
                heads.append(Segment(str(column).center(shape.columns + 1), scale.column if lit else scale.label))
            drawing.append(heads)
        for row in range(group.rows):
            lit = chosen is not None and here and chosen.row == row
            label = Segment(fit(str(row), margin - 1, right=True), scale.row if lit else scale.label)
            named = (shape.lines - 1) // 2
            blank = Segment(" " * (margin - 1))
            drawing += [[label if line == named else blank, Segment(" ")] for line in range(shape.lines)]
            for at, column in enumerate(there):
                place = Place(number, row, column)
                x = left + margin + at * (shape.columns + 1)
                y = top + len(drawing) - shape.lines
                self._spots.append((Region(x, y, shape.columns, shape.lines), place))
                self._add(drawing[-shape.lines :], place, shape)
            drawing += [[] for _ in range(shape.gap if row < group.rows - 1 else 0)]
        return drawing

    def _add(self, lines: list[Line], place: Place, shape: Arrangement) -> None:
        """Draw a picture at the end of lines that end with the gap before it.

        The selected one stands between brackets, the held one between braces.
        """
        assert self.scale is not None
        marks = {self.held: ("{}", self.scale.column), self.selected: ("[]", self.scale.cursor)}
        found = marks.get(place)
        for line, part in zip(lines, self._picture(place, shape), strict=True):
            if found is not None and (place == self.selected or line[-1].text == " "):
                line[-1] = Segment(found[0][0], found[1])
            line += [*part, Segment(" ") if found is None else Segment(found[0][1], found[1])]

    def _picture(self, place: Place, shape: Arrangement) -> list[Line]:
        assert self.gallery is not None and self.scale is not None
        scale = self.scale
        across, down = shape.columns, shape.lines * (2 if scale.coloured else 1)
        key = place, across, down
        rows = self._seen.get(key)
        if rows is None:
            found = self.gallery.picture(place, across, down)
            if found is None:
                return [[Segment("…".center(across), scale.label)], *([[Segment(" " * across)]] * (shape.lines - 1))]
            rows = self._seen[key] = [row.ljust(across, bytes([ABSENT])) for row in found]
        rows = [*rows, *([bytes([ABSENT]) * across] * (down - len(rows)))]
        if not scale.coloured:
            return [_merged(map(scale.block, row)) for row in rows]
        return [_merged(map(scale.halves, top, low)) for top, low in zip(rows[::2], rows[1::2], strict=True)]


def arranged(groups: Sequence[Group], columns: int, lines: int) -> Arrangement:
    """Find the largest pictures with which all groups fit; the smallest, below each other, if none do.

    The numbers of the columns are left out only where everything fits without them.
    """
    for across, down in SIZES:
        for between, gap in ((1, 1), (1, 0), (0, 0)):
            for side in (False, True):
                shape = Arrangement(across, down, side, gap, between)
                wide = [_columns(group, shape) for group in groups]
                high = [_lines(group, shape) for group in groups]
                rest = len(groups) - 1
                needed = (sum(wide) + 2 * rest, max(high)) if side else (max(wide), sum(high) + between * rest)
                if needed[0] <= columns and needed[1] <= lines:
                    return shape
    for across, down in FLAT:
        bare = Arrangement(across, down, False, 0, 0, heads=False)
        if (
            max(_columns(group, bare) for group in groups) <= columns
            and sum(_lines(group, bare) for group in groups) <= lines
        ):
            return bare
    return Arrangement(2, 1, False, 0, 0)


def _window(count: int, most: int, around: int) -> range:
    """Choose at most `most` of `count` columns, those around one of them."""
    most = max(1, min(most, count))
    first = min(max(0, around - most // 2), count - most)
    return range(first, first + most)


def _columns(group: Group, shape: Arrangement) -> int:
    margin = len(str(max(0, group.rows - 1))) + 1
    return max(width(group.brief or group.title), margin + group.columns * (shape.columns + 1))


def _lines(group: Group, shape: Arrangement) -> int:
    return 1 + shape.heads + group.rows * shape.lines + (group.rows - 1) * shape.gap


def _merged(looks: "map[tuple[str, Style]]") -> Line:
    """Join runs of one look. Absent places stay empty: in so small a picture their dots would be noise."""
    runs = ((glyph.replace(ABSENT_GLYPH, " "), style, len(list(run))) for (glyph, style), run in groupby(looks))
    return [Segment(glyph * count, style) for glyph, style, count in runs]
