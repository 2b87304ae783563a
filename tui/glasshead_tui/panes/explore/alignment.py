"""Alignment: the sentence itself painted by attention, a line for each word that looks, and the strongest links.

Pieces are joined to words: a word's weight on another is the mean over its rows of the sum over the other's columns.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead.named import brief_head
from glasshead_tui.drawing.aligned import Aligned, aligned_rows, aligns_chosen, chosen_alignment
from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.cells import HERE
from glasshead_tui.widgets.lines import Drawing, Line, Lines, cells

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace

HEAD = 12
"""Columns of the word that looks."""
LISTED = 64
"""Most words that look in the table of the pane."""
TELLING = 0.1
"""Least weight that is written where there is no room for all."""


class AlignmentPane(Lines):
    """See the module."""

    INSET = 1

    _shown: Aligned | None = None
    _made: "tuple[Trace, str, int, bool] | None" = None
    """What is shown: the trace, the attention, the head, and how rows are named."""
    _at: int | None = None
    """Number of the current query's word."""
    _above = 0
    """Lines above those of the words."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the words of both sides. Raises GlassheadError if the weights were not recorded."""
        from glasshead.analysis.words import word_at

        chosen = aligns_chosen(focus)
        key, rows = ("read", "chose") if chosen else ("chose", "read")
        said = f"rows by the word they {rows} · I: by the word they {key}" if focus.kind == "cross" else ""
        mark = mark_side(moment, focus, "alignment")
        entitle(self, f"{mark}alignment · {brief_head(focus.prefix, focus.head)}", said)
        wanted = moment.trace, focus.prefix, focus.head, chosen
        if self._made is None or self._made[0] is not moment.trace or self._made[1:] != wanted[1:]:
            self._shown = self._made = None  # nothing else is told, if the weights were not recorded
            self._shown = chosen_alignment(moment, focus)
            self._made = wanted
        assert self._shown is not None
        self._at = word_at(self._shown.words, focus.query + chosen)
        self.redraw()
        self.follow()

    def follow(self) -> None:
        if self._shown is not None:
            self.show_lines(self._above + (len(self._shown.queries) - 1 if self._at is None else self._at))

    def as_rows(self) -> Rows:
        """Return a row for each word that looks, with its weight on each word, and what each was given by all.

        Of a long line they are the words around the current one.
        """
        shown = self._shown
        return [] if shown is None else aligned_rows(shown, _near(self._at, len(shown.queries), LISTED))

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        shown = self._shown
        if shown is None:
            return []
        at = self._at
        marks = palette(self.app)
        first = [_links(shown, at, columns, marks), _covered(shown, columns, marks)]
        if at is not None:
            row = shown.mean[at].tolist()
            first.append(_painted(f"mean of {shown.heads}", row, shown, columns, marks, marks.quiet))
        if lines > len(first) + len(shown.queries):
            first.append([])
        self._above = len(first)

        def draw(number: int) -> Line:
            style = marks.query if number == at else None
            name = f"{HERE if number == at else ' '}{shown.queries[number]}"
            return _painted(name, shown.rows[number].tolist(), shown, columns, marks, style)

        return Drawing(first, len(shown.queries), draw)


def _near(at: int | None, count: int, room: int) -> range:
    """Choose the queries that have room, the current one among them."""
    room = min(max(1, room), count)
    first = min(max(0, (count if at is None else at + 2) - room), count - room)
    return range(first, first + room)


def _links(shown: Aligned, at: int | None, columns: int, marks: Palette) -> Line:
    """Write the strongest word of each that looks, query → key, as many as fit around the current one."""
    line: Line = [Segment(fit("links", HEAD), marks.quiet)]
    linked = [number for number, best in enumerate(shown.best) if 0 <= best < len(shown.keys) - 1]
    if not linked:
        others = len(shown.keys) - 1 in shown.best
        return [
            *line,
            Segment(f"none: every row looks most at {shown.keys[-1]}" if others else "none yet", marks.quiet),
        ]

    def pair(place: int) -> Line:
        number = linked[place]
        best = shown.best[number]
        return [
            Segment(shown.queries[number], marks.query if number == at else None),
            Segment("→", marks.quiet), Segment(shown.keys[best], marks.key),
            Segment(f" {weight(float(shown.rows[number, best]), 4)}  ", marks.quiet),
        ]  # fmt: skip

    here = next((place for place, number in enumerate(linked) if number >= (at or 0)), len(linked) - 1)
    return line + _around(pair, here, len(linked), columns - HEAD, marks)


def _around(made: Callable[[int], Line], here: int, count: int, room: int, marks: Palette) -> Line:
    """Put items side by side, those around `here` that fit; … stands for the others."""
    middle = made(here)
    before: list[Line] = []
    after: list[Line] = []
    room -= cells(middle) + 2
    first, last = here, here + 1
    while True:
        left = made(first - 1) if first > 0 and len(before) <= len(after) * 2 + 4 else None
        if left is not None and cells(left) <= room:
            before.insert(0, left)
            first, room = first - 1, room - cells(left)
            continue
        right = made(last) if last < count else None
        if right is None or cells(right) > room:
            break
        after.append(right)
        last, room = last + 1, room - cells(right)
    start: Line = [Segment("…", marks.quiet)] if first else []
    end: Line = [Segment("…", marks.quiet)] if last < count else []
    return [*start, *(piece for line in (*before, middle, *after) for piece in line), *end]


def _covered(shown: Aligned, columns: int, marks: Palette) -> Line:
    """Write what every word was given so far, in rows: 1 is as much as one row can give."""
    line: Line = [Segment(fit("covered", HEAD), marks.quiet)]
    for name, amount in zip(shown.keys, shown.covered, strict=False):
        part: Line = [Segment(name, marks.key), Segment(f" {real(amount, 4)}  ")]
        if cells(line) + cells(part) > columns:
            line.append(Segment("…", marks.quiet))
            break
        line += part
    return line


def _painted(name: str, row: list[float], shown: Aligned, columns: int, marks: Palette, style: Style | None) -> Line:
    """Paint the words that are looked at by their weight; the strongest stands between brackets.

    Where there is no room for all numbers only the larger ones are written, then only the words around the strongest.
    """
    line: Line = [Segment(fit(name, HEAD - 1) + " ", style)]
    if any(value != value for value in row):
        return [*line, Segment("not read yet", marks.quiet)]
    best, room = max(range(len(row)), key=row.__getitem__), columns - HEAD

    def cell(at: int, least: float = TELLING) -> Line:
        return [_cell(shown.keys[at], row[at], at == best, row[at] >= least, marks)]

    if len(row) * 3 <= room:  # each takes three columns at least
        for least in (0.0, TELLING):
            whole = [piece for at in range(len(row)) for piece in cell(at, least)]
            if cells(whole) <= room:
                return line + whole
    return line + _around(cell, best, len(row), room, marks)


def _cell(word: str, value: float, strongest: bool, numbered: bool, marks: Palette) -> Segment:
    level = weight_level(value)
    glyph = "" if marks.coloured else marks.weights.glyphs[level]
    number = f" {fit(weight(value, 4), 4)}" if numbered else ""
    text = f"{glyph}{word}{number}"
    return Segment(f"[{text}]" if strongest else f" {text} ", marks.weights.fills[level])
