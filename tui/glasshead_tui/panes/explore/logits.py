"""Logits: the whole distribution that the current row leads to, and the probability of the line so far.

p = softmax(logits)        log-probability of a line = Σ ln p of its tokens, in nats
"""

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.memo import chosen_distribution, chosen_rank, taken_id
from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import line_probability, logits_rest
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import logits_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, fit
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import HERE, width
from glasshead_tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from glasshead.analysis.distribution import Distribution
    from glasshead.session.moment import Moment
    from glasshead.text import Token

RANK, NAME, NUMBER = 7, 14, 9  # columns
COMPARED = 400
"""Ranks that are compared with those without the edits."""
NEAR = 60
"""Tokens of the line on each side of the row that are drawn at most."""


class LogitsPane(Lines):
    """See the module."""

    INSET = 1

    _found: "tuple[Distribution, Moment, Focus] | None" = None
    _chosen = 0
    """Rank of the candidate that is looked at."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the distribution at the query's row, with the candidate of the focus marked."""
        self._found = None  # nothing else is told, if it was not recorded
        entitle(self, f"{mark_side(moment, focus, 'logits')}logits · ← → another candidate")
        found = chosen_distribution(moment.trace, focus)
        self._found, self._chosen = (found, moment, focus), chosen_rank(moment, focus)
        self.redraw()

    def compared(self) -> Rows:
        """Return the first of the rows, which are compared with those without the edits."""
        return self._table(COMPARED)

    def as_rows(self) -> Rows:
        """Return a row for each token of the vocabulary, the most probable first."""
        return self._table()

    def _table(self, most: int | None = None) -> Rows:
        if self._found is None:
            return []
        found, moment, focus = self._found
        return logits_rows(found, moment.trace.tokens(focus.stack)[: focus.query + 1], most)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if self._found is None:
            return []
        found, moment, focus = self._found
        marks = palette(self.app)
        line = _along(moment, focus, columns, marks)
        head = _head(moment, focus, found, columns, marks)
        room = max(1, lines - len(line) - 2)
        first = min(max(0, self._chosen - room // 2), max(0, found.size - room))
        rows = self._rows(found, moment, focus, first, room, columns, marks)
        tail: Line = [Segment(clip(logits_rest(found, len(rows), first), columns), marks.quiet)]
        return [*line, head, *rows, tail]

    def _rows(
        self,
        found: "Distribution",
        moment: "Moment",
        focus: Focus,
        first: int,
        count: int,
        columns: int,
        marks: Palette,
    ) -> list[Line]:
        """Draw tokens from a rank on."""
        tokens = tuple(found.best(first, count))
        before = moment.trace.tokens(focus.stack)[: focus.query + 1]
        taken = taken_id(moment, focus)
        rows: list[Line] = []
        for at, (name, token) in enumerate(zip(next_labels(before, tokens), tokens, strict=True), first):
            chance = token.probability or 0.0
            chosen = at == self._chosen
            style = marks.key if chosen else None
            mark = HERE if chosen else "·" if token.id == taken else " "
            numbers = fit(weight(chance, NUMBER - 2), NUMBER, right=True) + fit(
                real(float(found.logits[token.id]), NUMBER - 2), NUMBER, right=True
            )
            line: Line = [
                Segment(f"{mark}{fit(str(at + 1), RANK - 2, right=True)} {fit(name, NAME)}", style),
                Segment(numbers),
            ]
            room = columns - RANK - NAME - 2 * NUMBER - 2
            rows.append([*line, Segment("  " + bar(chance, max(0, room)), marks.positive)])
        return rows


def _head(moment: "Moment", focus: Focus, found: "Distribution", columns: int, marks: Palette) -> Line:
    token = labels(moment.trace.tokens(focus.stack))[focus.query]
    what = f"after {token}" if focus.stack == "decoder" else f"at {token}"
    names = "".join(fit(name, NUMBER, right=True) for name in ("p", "logit"))
    return [Segment(fit(what, RANK + NAME), marks.query), Segment(names, marks.quiet)]


def _along(moment: "Moment", focus: Focus, columns: int, marks: Palette) -> list[Line]:
    """Draw the line so far with the probability of each token, and its log-probability."""
    made = [at for at, token in enumerate(moment.tokens) if token.probability is not None]
    if not made:
        return []
    said = line_probability(moment)
    said = f"{said if width(said) < columns // 2 else said.partition(',')[0]}  "
    line: Line = [Segment(said, marks.strong)]
    names, taken = labels(moment.tokens), focus.query + 1 if focus.stack == "decoder" else -1
    here = made.index(taken) if taken in made else len(made) - 1
    made, here = made[max(0, here - NEAR) : here + NEAR], min(here, NEAR)
    parts = [_word(names[at], moment.tokens[at], at == taken, marks) for at in made]
    room = columns - width(said) - 2
    first = here
    while first and sum(_wide(part) for part in parts[first - 1 : here + 1]) <= room:
        first -= 1
    if first:
        line.append(Segment("… ", marks.quiet))
    for part in parts[first:]:
        if sum(width(segment.text) for segment in line) + _wide(part) > columns - 2:
            line.append(Segment("…", marks.quiet))
            break
        line += part
    return [line]


def _word(name: str, token: "Token", here: bool, marks: Palette) -> Line:
    """Draw a token of the line on the shade of its probability, with the number."""
    chance = token.probability or 0.0
    shade: Style | None = marks.weights.fills[weight_level(chance)] if marks.coloured else None
    return [
        Segment(f"{HERE if here else ''}{name}", marks.key if here else None),
        Segment(" "), Segment(weight(chance, 4), shade), Segment("  "),
    ]  # fmt: skip


def _wide(part: Line) -> int:
    return sum(width(segment.text) for segment in part)
