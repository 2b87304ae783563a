"""Sum: the numbers of the current cell, from q·k to its weight, and the row's weighted sum of values.

weight = softmax(q·k / √d_k)    output = Σ weight · v        (Attention Is All You Need, section 3.2.1)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.masks import may_hide
from glasshead_tui.drawing.memo import chosen_cell
from glasshead_tui.drawing.names import labels, spoken
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.pairs import pair_of
from glasshead_tui.drawing.sides import OTHER, THIS, mark_names, mark_side
from glasshead_tui.drawing.tables import sum_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.difference import edits_here, note_of_edits
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, fit
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Drawing, Line, Lines, beside, cells
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.cell import Cell
    from glasshead.session.moment import Moment

SIDE_BY_SIDE = 64  # columns from which both sums stand side by side
EXPLAINED = 40  # columns from which each line of the arithmetic is explained
MOST = 10  # keys whose part is drawn at most: beyond the heaviest ten it can hardly be seen
NAME, NUMBER = 11, 9  # columns
LEAST, ROOMY = 3, 6
"""Least lines for what the keys give, and lines from which those without a line have one together."""
MODELS = "the model's"
NOWHERE = -1


@dataclass(frozen=True)
class Row:
    """The row of the current cell: its names, and its keys, the heaviest first, with their values."""

    query: str
    keys: tuple[str, ...]
    heaviest: list[int]
    values: list[list[float]]
    masked: bool
    """Whether a mask hides keys; else the keys without a weight came later."""
    edited: bool = False
    """Whether an edit changes the head: then what it computes need not be what the model used."""
    other: "Cell | None" = None
    """The cell that it is compared with; None if there is none."""
    names: tuple[str, str] = ("", "")
    """What the two are called, in short."""


class SumPane(Lines):
    """See the module."""

    INSET = 1

    _shown: "tuple[Cell, Row] | None" = None
    _result = NOWHERE
    """Line of the weight, if not all lines have room."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the arithmetic of the current cell."""
        stages = ("scores", "masked", "weights", "heads")
        here = focus.head, focus.query
        said = note_of_edits(moment, focus, [(f"{focus.prefix}.{stage}", here) for stage in stages])
        other, names = _compared(moment, focus)
        mark = mark_side(moment, focus, "sum")
        if other is not None:  # both are shown
            mark = self.aside = ""
        entitle(self, f"{mark}sum", said)
        self._shown = None  # nothing else is told, if this cell was not recorded
        trace = moment.trace
        queries, keys = (labels(tokens) for tokens in trace.axes(focus.prefix))
        found = chosen_cell(trace, focus)
        heaviest = sorted(range(len(found.weights)), key=lambda key: -found.weights[key])[:MOST]
        values = trace[f"{focus.prefix}.v"][found.key_head][heaviest].tolist()
        masked = may_hide(moment.trace, focus.prefix) or not moment.anatomy.lasting
        edited = bool(edits_here(moment, focus))
        self._shown = found, Row(queries[focus.query], keys, heaviest, values, masked, edited, other, names)
        self.redraw()
        self.follow()

    def as_rows(self) -> Rows:
        """Return a row for each operation, then one for each key with its weight."""
        if self._shown is None:
            return []
        cell, row = self._shown
        return sum_rows(cell, row.query, row.keys, row.other, row.names)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        self._result = NOWHERE
        if self._shown is None:
            return []
        marks = palette(self.app)
        cell, row = self._shown
        if columns >= SIDE_BY_SIDE:
            left = min(columns // 2, 54)
            return beside(_weight(cell, row, left - 3, marks), _output(cell, row, columns - left, lines, marks), left)
        above = _weight(cell, row, columns, marks)
        if lines >= len(above) + 7:
            above.append([])
        else:
            above = [line for line in above if line]
        if lines < len(above) + LEAST:
            above[:2] = [_in_short(cell, row, columns, marks)]
        output = _output(cell, row, columns, lines - len(above), marks)
        if lines >= len(above) + len(output):
            return above + output
        rows = [*above[1:], *output[:-1]]
        self._result = len(above) - 2
        return Drawing(above[:1], len(rows), rows.__getitem__, output[-1:])

    def follow(self) -> None:
        self.show_lines(self._result, 2)


def _compared(moment: "Moment", focus: Focus) -> "tuple[Cell | None, tuple[str, str]]":
    """Find the same cell of what the head is compared with, and the names of both; None if there is no such cell."""
    if focus.view != "edited":
        return None, ("", "")
    try:
        pair = pair_of(moment, focus)
        if pair is None:
            return None, ("", "")
        pair.check(focus.stage)
        side = pair.other
        if (side.focus.query, side.focus.key) != (focus.query, focus.key):
            return None, ("", "")
        names = ("this", "pinned") if pair.heads else pair.names
        return chosen_cell(side.moment.trace, side.focus), mark_names(names)
    except GlassheadError:  # the model beside has no such head, or the recording no such values
        return None, ("", "")


Step = tuple[str, str, str, Style | None]
"""Name, number, meaning and style of one operation."""


def _steps(cell: "Cell", row: Row, marks: Palette, room: int = NUMBER) -> list[Step]:
    """List the operations from q·k to the weight. room: columns of a number at most."""
    width = len(cell.q)
    scaled = cell.dot * cell.scale
    scaled_is = "the score" if cell.bias is None and cell.cap is None else "scaled"
    by_the_paper = abs(cell.scale * width**0.5 - 1) < 1e-6
    bias, cap = real(cell.bias, room) if cell.bias is not None else "", real(cell.cap, 5) if cell.cap else ""
    verdict, said = _verdict(cell.agrees, row.edited, marks)
    return [
        ("q·k", real(cell.dot, room), f"sum of {width} products", None),
        (f"× 1/√{width}" if by_the_paper else f"× {real(cell.scale, 6)}", real(scaled, room), scaled_is, None),
        *([("+ bias", bias, "of this place", None)] if bias else []),
        *([("= score", real(cell.score, room), "the score", None)] if bias and not cap else []),
        *([(f"cap {cap}", real(cell.score, room), f"{cap} · tanh(s / {cap})", None)] if cap else []),
        _look(cell, row, marks),
        ("exp", real(cell.exp, room), "e to the score", None),
        ("÷ Σ exp", real(cell.total, room), "of all it may see", None),
        ("= weight", weight(cell.weight), "", marks.strong),
        (MODELS, weight(cell.captured_weight), said, verdict),
    ]


def _weight(cell: "Cell", row: Row, columns: int, marks: Palette) -> list[Line]:
    """Draw the way from q·k to the weight, an operation on each line, beside that of the cell it is compared with."""
    there = (
        {} if row.other is None else {name: number for name, number, *_ in _steps(row.other, row, marks, NUMBER - 1)}
    )
    explained = EXPLAINED + NUMBER * bool(there)
    drawing: list[Line] = [
        _side("query", row.query, cell.query, columns, marks.query),
        _side("key", row.keys[cell.key], cell.key, columns, marks.key),
        [Segment(fit("", NAME) + "".join(fit(name, NUMBER, right=True) for name in _heads(row.names)), marks.quiet)]
        if there else [],
    ]  # fmt: skip
    for name, number, meaning, style in _steps(cell, row, marks):
        shown = f"model's {meaning[0]}" if there and name == MODELS and columns < explained else name
        line = [Segment(fit(shown, NAME) + fit(number, NUMBER, right=True), style)]
        if there:  # an operation that the other does not have, such as another scale, has no number
            line.append(Segment(fit(there.get(name, ""), NUMBER, right=True), None if name == MODELS else style))
        if columns >= explained:
            line.append(Segment(f"  {meaning}", style if name == MODELS else marks.quiet))
        elif name == MODELS and not there:
            line.append(Segment(f" {meaning[0]}", style))
        drawing.append(line)
    return drawing


def _heads(names: tuple[str, str]) -> tuple[str, str]:
    """Name two columns of numbers: by their marks alone, where the names have no room."""
    return names if all(width(name) < NUMBER for name in names) else (THIS, OTHER)


def _verdict(true: bool, edited: bool, marks: Palette) -> tuple[Style, str]:
    """Say whether what is computed here is what the model used; where an edit intervenes, it need not be."""
    if true:
        return marks.good, "✓ the same"
    return (marks.quiet, "~ edited") if edited else (marks.bad, "✗ not the same")


def _look(cell: "Cell", row: Row, marks: Palette) -> tuple[str, str, str, Style | None]:
    """Say whether the query may look at the key, and why not."""
    name = "may look?"
    if row.masked:
        return name, "yes: + 0" if cell.may_look else "no: −∞", "the mask", None if cell.may_look else marks.bad
    return (name, "yes", "no mask", None) if cell.may_look else (name, "not there", "it came later", None)


def _side(what: str, name: str, position: int, columns: int, style: Style) -> Line:
    end = min(columns, NAME + NUMBER)
    return [
        Segment(fit(what, 7)),
        Segment(fit(spoken(name), end - 12) + fit(str(position), 5, right=True), style),
    ]


def _in_short(cell: "Cell", row: Row, columns: int, marks: Palette) -> Line:
    """Write query and key in one line."""
    key = Segment(clip(row.keys[cell.key], columns // 2 - 3), marks.key)
    asks = Segment(clip(row.query, columns - cells([key]) - 3), marks.query)
    return [asks, Segment(" → ", marks.quiet), key]


def _output(cell: "Cell", row: Row, columns: int, lines: int, marks: Palette) -> list[Line]:
    """Draw the parts of the heaviest keys, weight · v, and the sum of all, to one scale."""
    count = min(len(row.heaviest), max(1, lines - 2))
    if count < len(cell.weights) and lines >= ROOMY:
        count -= 1
    shown = row.heaviest[:count]
    gifts = [[cell.weights[key] * value for value in values] for key, values in zip(shown, row.values, strict=False)]
    largest = max(abs(value) for vector in (*gifts, cell.output) for value in vector)
    room = columns - NAME - 3

    def bars(vector: "list[float] | tuple[float, ...]") -> Line:
        return sparks(pooled(vector, room), 1, marks.positive, marks.negative, largest=largest)[0]

    others = [amount for key, amount in enumerate(cell.weights) if key not in shown]
    rest = f"… {len(others):,} more, {weight(sum(others))}"
    told = rest if others and lines < ROOMY else "what each gives"
    drawing: list[Line] = [[Segment("Σ weight·v", marks.strong), Segment(f"  {told}", marks.quiet)]]
    for key, gift in zip(shown, gifts, strict=True):
        style = marks.key if key == cell.key else None
        amount = fit(weight(cell.weights[key]), 5, right=True)
        place = f" {key}" if row.keys.count(row.keys[key]) > 1 else ""  # a word that stands there twice
        name = f"{clip(row.keys[key], NAME - 4 - len(place))}{place}"
        drawing.append([Segment(f"{fit(name, NAME - 3)}{amount} ", style), *bars(gift)])
    if others and lines >= ROOMY:
        drawing.append([Segment(f"{rest} in all", marks.quiet)])
    style, said = _verdict(cell.output_agrees, row.edited, marks)
    return [
        *drawing,
        [Segment(fit("= output", NAME), marks.strong), Segment(f" {said[0]} ", style), *bars(cell.output)],
    ]
