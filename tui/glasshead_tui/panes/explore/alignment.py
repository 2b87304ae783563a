"""Alignment: the sentence itself painted by attention, a line for each word that looks, and the strongest links.

Pieces are joined to words: a word's weight on another is the mean over its rows of the sum over the other's columns.
"""

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.choices import names_chosen, next_token
from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.names import END
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, Lines, cells

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.text import Token
    from glasshead.traces.trace import Trace

HEAD = 12
"""Columns of the word that looks."""
TELLING = 0.1
"""Least weight that is written where there is no room for all."""


class _Shown(NamedTuple):
    """The weights between words."""

    keys: tuple[str, ...]
    """Words that are looked at; the last is for tokens that are no word."""
    queries: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    """For each query its weights; NaN where its rows are not there."""
    mean: tuple[tuple[float, ...], ...]
    """The same of the mean of all heads."""
    covered: tuple[float, ...]
    """What each word was given by all rows so far."""
    heads: int


class AlignmentPane(Lines):
    """See the module."""

    INSET = 1

    _shown: _Shown | None = None
    _made: "tuple[Trace, str, int, bool] | None" = None
    """What is shown: the trace, the attention, the head, and how rows are named."""
    _at: int | None = None
    """Number of the current query's word."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the words of both sides. Raises GlassheadError if the weights were not recorded."""
        from glasshead.analysis.words import word_at, words

        chosen = names_chosen(focus)
        cross = "rows by the word they chose" if chosen else "rows by the word they read"
        entitle(
            self, f"alignment · {focus.stack} {focus.layer} head {focus.head}", cross if focus.kind == "cross" else ""
        )
        queries, keys = moment.trace.axes(focus.prefix)
        if chosen and (after := next_token(moment, len(queries) - 1)) is not None:
            queries = (*queries, after)
        wanted = moment.trace, focus.prefix, focus.head, chosen
        if self._made is None or self._made[0] is not moment.trace or self._made[1:] != wanted[1:]:
            self._shown = self._made = None  # nothing else is told, if the weights were not recorded
            self._shown = _compare(moment.trace, focus, queries, keys, chosen)
            self._made = wanted
        self._at = word_at(words(queries), focus.query + chosen)
        self.redraw()
        self.follow()

    def follow(self) -> None:
        if self._at is not None:
            self.show_lines(self._first + self._at)

    @property
    def _first(self) -> int:
        """Line of the first query."""
        return 3 + (self._at is not None)

    def as_rows(self) -> Rows:
        """Return a row for each word that looks, with its weight on each word, and what each was given by all."""
        shown = self._shown
        if shown is None:
            return []
        rows: Rows = [("", *shown.keys[:-1], "no word")]
        rows += [(name, *row) for name, row in zip(shown.queries, shown.rows, strict=True)]
        rows += [(f"mean: {name}", *row) for name, row in zip(shown.queries, shown.mean, strict=True)]
        return [*rows, ("covered", *shown.covered)]

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        shown = self._shown
        if shown is None:
            return []
        marks = palette(self.app)
        drawing = [_links(shown, self._at, columns, marks), _covered(shown, columns, marks)]
        if self._at is not None:
            drawing.append(_painted(f"{shown.heads} heads", shown.mean[self._at], shown, columns, marks, marks.quiet))
        drawing.append([])
        for number, (name, row) in enumerate(zip(shown.queries, shown.rows, strict=True)):
            style = marks.query if number == self._at else None
            mark = "▸" if number == self._at else " "
            drawing.append(_painted(f"{mark}{name}", row, shown, columns, marks, style))
        return drawing


def _compare(
    trace: "Trace", focus: Focus, queries: "tuple[Token, ...]", keys: "tuple[Token, ...]", chosen: bool
) -> _Shown:
    """Join the weights of pieces to those of words."""
    from glasshead.analysis.alignment import Text, coverage, word_weights
    from glasshead.analysis.words import text_of as word_of

    weights = trace[f"{focus.prefix}.weights"]
    text = Text.of(keys, queries)
    one, mean = (
        word_weights(each, text, "output" if chosen else "input") for each in (weights[focus.head], weights.mean(0))
    )
    given = coverage(weights[focus.head], text) if text.source else None
    return _Shown(
        keys=(*(visible(word_of(keys, word)) for word in text.source), END),
        queries=tuple(visible(word_of(queries, word)) for word in text.target),
        rows=tuple(map(tuple, one.tolist())),
        mean=tuple(map(tuple, mean.tolist())),
        covered=() if given is None else tuple(given.tolist()),
        heads=len(weights),
    )


def _links(shown: _Shown, at: int | None, columns: int, marks: Palette) -> Line:
    """Write the strongest word of each that looks, as many as fit around the current one."""
    pairs: list[Line] = []
    here = 0
    for number, row in enumerate(shown.rows):
        best = max(range(len(row)), key=row.__getitem__)
        if row[best] != row[best] or best == len(row) - 1:
            continue
        if number == at:
            here = len(pairs)
        style = marks.query if number == at else None
        pairs.append(
            [Segment(shown.keys[best], marks.key), Segment("→", marks.quiet), Segment(shown.queries[number], style),
             Segment(f" {weight(row[best], 4)}", marks.quiet)]
        )  # fmt: skip
    line: Line = [Segment(fit("links", HEAD), marks.quiet)]
    if not pairs:
        return [*line, Segment("none: no word looks at a word most", marks.quiet)]
    first = _first_shown([cells(pair) + 2 for pair in pairs], here, columns - HEAD - 2)
    if first:
        line.append(Segment("… ", marks.quiet))
    for pair in pairs[first:]:
        if cells(line) + cells(pair) > columns:
            break
        line += [*pair, Segment("  ")]
    return line


def _first_shown(widths: list[int], here: int, room: int) -> int:
    """Return the first item to show, so that the current one is among those that fit."""
    first = 0
    while first < here and sum(widths[first : here + 1]) > room:
        first += 1
    return first


def _covered(shown: _Shown, columns: int, marks: Palette) -> Line:
    """Write what every word was given so far, in rows: 1 is as much as one row can give."""
    line: Line = [Segment(fit("covered", HEAD), marks.quiet)]
    for name, amount in zip(shown.keys, shown.covered, strict=False):
        part: Line = [Segment(name, marks.key), Segment(f" {real(amount, 4)}  ")]
        if cells(line) + cells(part) > columns:
            line.append(Segment("…", marks.quiet))
            break
        line += part
    return line


def _painted(
    name: str, row: tuple[float, ...], shown: _Shown, columns: int, marks: Palette, style: Style | None
) -> Line:
    """Paint the words that are looked at by their weight; the strongest stands between brackets.

    Where there is no room for all numbers only the larger ones are written, then only the words around the strongest.
    """
    line: Line = [Segment(fit(name, HEAD - 1) + " ", style)]
    if any(value != value for value in row):
        return [*line, Segment("not read yet", marks.quiet)]
    best = max(range(len(row)), key=row.__getitem__)
    whole = [_cell(shown.keys[at], value, at == best, True, marks) for at, value in enumerate(row)]
    if sum(map(_columns, whole)) > columns - HEAD:
        whole = [_cell(shown.keys[at], value, at == best, value >= TELLING, marks) for at, value in enumerate(row)]
    first = _first_shown([_columns(cell) for cell in whole], best, columns - HEAD - 2)
    if first:
        line.append(Segment("…", marks.quiet))
    for cell in whole[first:]:
        if cells(line) + _columns(cell) > columns:
            line.append(Segment("…", marks.quiet))
            break
        line.append(cell)
    return line


def _columns(cell: Segment) -> int:
    return width(cell.text)


def _cell(word: str, value: float, strongest: bool, numbered: bool, marks: Palette) -> Segment:
    level = weight_level(value)
    glyph = "" if marks.coloured else marks.weights.glyphs[level]
    number = f" {fit(weight(value, 4), 4)}" if numbered else ""
    text = f"{glyph}{word}{number}"
    return Segment(f"[{text}]" if strongest else f" {text} ", marks.weights.fills[level])
