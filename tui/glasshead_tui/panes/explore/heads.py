"""Heads: the current cell in every layer × head of its kind, and under each number its whole row as tiny bars."""

from collections.abc import Sequence
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message

from glasshead.named import brief_kind
from glasshead_tui.drawing.heads import Heads, compare_heads, heads_rows, rank_heads
from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.names import kind_name
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.sides import OTHER, THIS, mark_side
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.cells import fit, width
from glasshead_tui.widgets.lines import Drawing, Line, Lines, cells
from glasshead_tui.widgets.sparks import BLOCKS

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.session.moment import Moment

LEAST, MOST = 5, 24
"""Columns of a head: those of a number, and more for the bars of its row."""
PINNED = Style(underline=True, bold=True)
MARGIN = 4
"""Columns of the numbers of the layers."""
ABOVE = 3
"""Lines above those of the layers."""
LARGEST = 10
"""Columns of what stands before the largest weights."""
UNKEPT = "…"
"""Weights that were not kept: a picture of all heads must not run the model for each layer."""


class HeadsPane(Lines):
    """See the module."""

    INSET = 1

    class Picked(Message):
        """A head was clicked."""

        def __init__(self, layer: int, head: int) -> None:
            super().__init__()
            self.layer, self.head = layer, head

    _shown: Heads | None = None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._spots: list[tuple[Region, tuple[int, int]]] = []

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the cell and the row of the focus in all heads. Raises GlassheadError if no weights were recorded."""
        self._shown = None  # nothing else is told then
        mark, kind = mark_side(moment, focus, "heads"), moment.anatomy.kind_at(focus.prefix)
        entitle(self, f"{mark}heads · {brief_kind(kind.stack, kind.kind)}", kind_name(kind))
        self._shown = compare_heads(moment, focus)
        self.redraw()
        self.follow()

    def follow(self) -> None:
        for region, place in self._spots:
            if self._shown and place == self._shown.place:
                self.show_lines(region.y, region.height)

    def as_rows(self) -> Rows:
        """Return a row for each head: the weight of the cell, and then its whole row of weights."""
        return [] if self._shown is None else heads_rows(self._shown)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for region, place in self._spots:
            if region.contains(offset.x - self.INSET, self.line_at(offset.y)):
                self.post_message(self.Picked(*place))

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        self._spots = []
        shown = self._shown
        if shown is None:
            return []
        marks = palette(self.app)
        keys = max(row.shape[-1] for row in shown.rows if row is not None)
        room = columns - MARGIN
        each = max(LEAST, min(MOST, max(keys, LEAST), room // shown.kind.heads - 1))
        heads = _window(shown.kind.heads, room // (each + 1), shown.place[1])
        numbers: Line = [Segment(fit("", MARGIN))]
        for head in heads:
            style = marks.query if head == shown.place[1] else marks.quiet
            numbers.append(Segment(fit(str(head).center(each), each + 1), style))
        self._spots = [
            (Region(MARGIN + at * (each + 1), ABOVE + 2 * layer, each, 2), (layer, head))
            for layer in range(len(shown.rows))
            for at, head in enumerate(heads)
        ]
        group = max(1, -(-keys // each))

        def draw(number: int) -> Line:
            layer, below = divmod(number, 2)
            rows = shown.rows[layer]
            if below:
                bars = None if rows is None else pool_rows(rows, group).tolist()
                line: Line = [Segment(" " * MARGIN)]
                for head in heads:
                    here = (layer, head) == shown.place
                    line += _bars(bars[head] if bars else [], shown.column // group, each, here, marks)
                return line
            numbered = None if rows is None else rows[:, shown.column].tolist()
            style = marks.query if layer == shown.place[0] else marks.quiet
            line = [Segment(fit(str(layer), MARGIN - 2, right=True) + "  ", style)]
            for head in heads:
                here, pinned = ((layer, head) == place for place in (shown.place, shown.pinned))
                line += _number(numbered[head] if numbered else None, each, here, pinned, marks)
            return line

        title = _title(shown, keys, each, len(heads), columns, marks)
        return Drawing([title, _largest(shown, columns, marks), numbers], 2 * len(shown.rows), draw)


def _title(shown: Heads, keys: int, each: int, heads: int, columns: int, marks: Palette) -> Line:
    """Say which cell and row these are, what a bar is, and how many heads have room: as much as fits."""
    group = -(-keys // each)
    bars = ("a bar for each key",) if group == 1 else _shared_bar(group)
    some = "" if heads == shown.kind.heads else f" · {heads} of {shown.kind.heads} heads"
    cell: Line = [
        Segment(shown.query, marks.query), Segment(shown.chosen, marks.quiet), Segment(" → ", marks.quiet),
        Segment(shown.key, marks.key),
    ]  # fmt: skip
    if shown.compared is not None:
        cell += _compared(shown, columns - cells(cell), marks)
    room = columns - cells(cell) - 3
    told = f"under its weight the row: {bars[0]}", f"below, the row: {bars[0]}", *bars
    said = (*(f"{each}{some}" for each in told), some[3:], "")
    return [*cell, Segment(f"   {next(each for each in said if width(each) <= max(0, room))}", marks.quiet)]


def _shared_bar(keys: int) -> tuple[str, ...]:
    """Say what a bar is that several keys share, at several lengths."""
    more = "larger" if keys == 2 else "largest"
    whole = f"{keys} keys share a bar, which shows the {more} of their weights"
    return whole, f"{keys} keys share a bar: the {more} weight", f"a bar: the {more} of {keys} keys"


def _largest(shown: Heads, columns: int, marks: Palette) -> Line:
    """List the heads with the largest weights of the cell, each with its place, and the current one."""
    ranked = rank_heads(shown)
    names = [f"{each.rank} L{each.place[0]} H{each.place[1]}" for each in ranked]
    here = next((at for at, each in enumerate(ranked) if each.place == shown.place), -1)
    said = "largest" if all(row is not None for row in shown.rows) else "of these"
    line: Line = [Segment(fit(said, LARGEST), marks.quiet)]
    for at, each in enumerate(ranked):
        tied = at > 0 and ranked[at - 1].rank == each.rank
        name = f"= L{each.place[0]} H{each.place[1]}  " if tied else f"{names[at]} {each.text}  "
        piece: Line = [Segment(name, marks.query if at == here else None)]
        kept = 2 + width(names[here]) if here > at else 0  # the current one is seen whatever its rank
        if cells(line) + cells(piece) - 2 + kept > columns:
            return [*line, Segment("… ", marks.quiet), *([Segment(names[here], marks.query)] if here >= at else [])]
        line += piece
    return line


def _compared(shown: Heads, columns: int, marks: Palette) -> Line:
    """Write the weight of the head, that of what it is compared with, and the difference, as far as they fit."""
    layer, head = shown.place
    rows = shown.rows[layer]
    assert shown.compared is not None
    if rows is None:
        return []
    there = shown.compared
    here = float(rows[head, shown.column])
    apart = "0" if here == there else real(here - there, 7)
    both = f"  {THIS} {weight(here)} − {OTHER} {weight(there)}"
    texts = (f"{both} = {apart}", both)
    text = next((each for each in texts if width(each) <= columns), "")
    return [Segment(text, marks.strong)] if text else []


def _number(value: float | None, each: int, here: bool, pinned: bool, marks: Palette) -> Line:
    """Write the weight of the cell on its colour; the current head in brackets, the pinned one in braces."""
    if value is None:
        return [Segment(UNKEPT.center(each), marks.quiet), Segment(" ")]
    level = weight_level(value)
    glyph = marks.weights.glyphs[level] if not marks.coloured else ""
    text = weight(value, LEAST - len(glyph) if not here else LEAST)
    if here:
        return [Segment(f"[{text}]".center(each)[:each] if len(text) + 2 <= each else text.center(each),
                        marks.weights.cursor), Segment(" ")]  # fmt: skip
    if pinned:
        held = f"{{{text}}}" if len(text) + 2 <= each else text
        return [Segment(held.center(each), marks.weights.fills[level] + PINNED), Segment(" ")]
    shown = text.center(each) if marks.coloured else f"{glyph}{text}".center(each)
    return [Segment(shown, marks.weights.fills[level]), Segment(" ")]


def pool_rows(rows: "Tensor", group: int) -> "Tensor":
    """Take the largest of every `group` weights: h k → h n."""
    from torch.nn.functional import pad

    return pad(rows, (0, -rows.shape[-1] % group)).unflatten(-1, (-1, group)).amax(-1)


def _bars(bars: list[float], own: int, each: int, here: bool, marks: Palette) -> Line:
    """Draw a row as bars; that of the current key is marked. own: its number."""
    line: Line = []
    for is_own, run in groupby(range(len(bars)), lambda at: at == own):
        text = "".join(_block(bars[at]) for at in run)
        style = marks.key if is_own else marks.query if here else marks.positive
        line.append(Segment(text, style + Style(underline=True) if is_own and not marks.coloured else style))
    return [*line, Segment(" " * (each + 1 - len(bars)))]


def _block(value: float) -> str:
    """Return the bar of a weight: one above zero has one, NaN a question mark."""
    if isnan(value):
        return "?"
    return BLOCKS[max(1, round(min(1.0, value) * (len(BLOCKS) - 1)))] if value > 0 else " "


def _window(count: int, most: int, around: int) -> range:
    """Choose at most `most` heads, those around the current one."""
    most = max(1, min(most, count))
    first = min(max(0, around - most // 2), count - most)
    return range(first, first + most)
