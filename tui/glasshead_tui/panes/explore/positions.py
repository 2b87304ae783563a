"""Positions: the encoding of each position as a picture, and what it adds to the current token.

PE(pos, 2i) = sin(pos / 10000^(2i/m))        PE(pos, 2i+1) = cos(pos / 10000^(2i/m))        (section 3.5)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import positions_how
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import positions_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.lines import Drawing, Line, Lines, wrapped
from glasshead_tui.widgets.scale import LEVELS
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.positions import Positions
    from glasshead.session.moment import Moment

NAME, NUMBER = 10, 8  # columns
SAYINGS = {"embed": "token", "position": "position", "segment": "segment", "sum": "= sum"}


class PositionsPane(Lines):
    """See the module."""

    INSET = 1

    _found: "Positions | None" = None
    _tokens: tuple[str, ...] = ()
    _row = 0
    _above = 0
    """Lines above those of the picture."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the positions of the query's side, and the vectors of its row."""
        from glasshead.analysis.positions import positions

        self._found = None  # nothing else is told, if they were not recorded
        entitle(self, f"{mark_side(moment, focus, 'positions')}positions")
        self._tokens, self._row = labels(moment.trace.tokens(focus.stack)), focus.query
        self._found = positions(moment.trace, focus.stack, focus.query)
        self.redraw()
        self.follow()

    def follow(self) -> None:
        self.show_lines(self._above + self._row)

    def as_rows(self) -> Rows:
        """Return a row for each of the vectors that meet before the first layer."""
        return [] if self._found is None else positions_rows(self._found)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        found = self._found
        if found is None:
            return []
        marks = palette(self.app)
        drawing: list[Line] = [[Segment(line[0].text, marks.quiet)] for line in wrapped(positions_how(found), columns)]
        heads = fit("size", NUMBER, right=True) + fit("cosine", NUMBER, right=True)
        drawing.append([Segment(fit(self._tokens[self._row], NAME), marks.query), Segment(heads, marks.quiet)])
        room = columns - NAME - 2 * NUMBER - 2
        for each in found.added:
            numbers = fit(real(each.size, NUMBER - 1), NUMBER, right=True)
            numbers += fit(real(each.cosine, NUMBER - 2), NUMBER, right=True)
            bars = sparks(pooled(each.vector, room, widest=1), 1, marks.positive, marks.negative)[0]
            drawing.append([Segment(fit(SAYINGS[each.name], NAME)), Segment(f"{numbers}  "), *bars])
        return drawing if found.picture is None else self._picture(drawing, columns, marks)

    def _picture(self, above: list[Line], columns: int, marks: Palette) -> Drawing:
        """Draw the encoding: a line for each position, a column for each number, or for every n-th where there is no
        room: of an even n, so that of the paper's pairs sin, cos the columns show the sines alone.
        """
        assert self._found is not None and self._found.picture is not None
        values, tokens, here = self._found.picture, self._tokens, self._row
        largest = float(values.abs().max()) or 1.0
        each = -(-values.shape[1] // max(1, columns - NAME - 4))
        each += each % 2 if each > 1 else 0
        note = f"a column for every {each}th number" if each > 1 else "a column for each number"
        head: Line = [Segment(fit("pos", NAME + 4)), Segment(f"{note}, ", marks.quiet), *_legend(largest, marks)]
        self._above = len(above) + 1
        shown = values[:, ::each]

        def draw(at: int) -> Line:
            name = f"{at:>3} {fit(tokens[at] if at < len(tokens) else '', NAME)}"
            style = marks.query if at == here else marks.quiet
            return [Segment(name, style), *_shades(shown[at].tolist(), largest, marks)]

        return Drawing([*above, head], len(shown), draw)


def _legend(largest: float, marks: Palette) -> Line:
    """Explain the shades: the lowest, zero, and the highest."""
    line: Line = []
    for value, name in ((-largest, f"−{real(largest, 5)}"), (0.0, "0"), (largest, real(largest, 5))):
        line += [*_shades([value, value], largest, marks), Segment(f" {name}  ", marks.quiet)]
    return line


def _shades(values: Sequence[float], largest: float, marks: Palette) -> Line:
    """Draw numbers as shades of the scale of scores."""
    scale = marks.scores
    levels = [round((max(-1.0, min(1.0, value / largest)) + 1) / 2 * (LEVELS - 1)) for value in values]
    line: Line = []
    start = 0
    for at in range(1, len(levels) + 1):  # equal neighbours are one piece
        if at == len(levels) or levels[at] != levels[start]:
            line.append(Segment(scale.glyphs[levels[start]] * (at - start), scale.fills[levels[start]]))
            start = at
    return line
