"""Norms: the current token through every LayerNorm of its stack, in order.

step 1    n = (x − mean) / √(variance + ε)       its mean is 0, its variance 1
step 2    gain · n + bias                        the gain and bias were learned
"""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, Lines
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.norms import Normed
    from glasshead.session.moment import Moment

NAME, BEFORE, AFTER = 9, 8, 7  # columns
RESULT = "gain·x + bias", "output", "out"
"""Names of the bars, from long to short."""


class NormsPane(Lines):
    """See the module."""

    INSET = 1

    _norms: "tuple[Normed, ...]" = ()
    _here = -1
    _token = ""  # drawn, and not in the title: a changed title redraws the whole pane

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw all normalisations of the query's token, with the one after the current attention marked."""
        from glasshead.analysis.norms import norms

        trace = moment.trace
        entitle(self, "norms")
        self._norms = ()  # nothing else is told, if they were not recorded
        self._norms = norms(trace, focus.stack, focus.query)
        if trace.recorded and not self._norms and any(norm.stack == focus.stack for norm in trace.anatomy.norms):
            raise GlassheadError(f"{trace.recorded}: no norms were recorded. Open the model itself to see them.")
        self._here = next((at for at, norm in enumerate(self._norms) if norm.site == focus.prefix), -1)
        self._token = labels(trace.tokens(focus.stack))[focus.query]
        self.redraw()
        self.follow()

    def follow(self) -> None:
        if self._here >= 0:
            self.show_lines(self._here + 1)

    def as_rows(self) -> Rows:
        """Return a row for each normalisation: mean and variance before and after step 1, the vector after step 2."""
        head = ("norm", "mean before", "var before", "mean after", "var after", "gain·x + bias")
        return [head, *((norm.name, *(norm.before or (None, None)), *norm.after, *norm.out) for norm in self._norms)]

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if not self._norms:
            return []
        marks = palette(self.app)
        room = columns - NAME - 2 * (BEFORE + AFTER) - 2
        drawing = _heads(fit(self._token, NAME), room, lines >= len(self._norms) + 2, marks)
        for number, norm in enumerate(self._norms):
            style = marks.query if number == self._here else None
            before = [real(value, 7) for value in norm.before] if norm.before else ["none", "(RMS)"]
            after = [real(norm.after[0], 4), real(norm.after[1], 5)]  # the distance from 0 and 1 is rounding
            numbers = "".join(fit(text, BEFORE, right=True) for text in before)
            numbers += "".join(fit(text, AFTER, right=True) for text in after)
            bars = sparks(pooled(norm.out, room, widest=1), 1, marks.positive, marks.negative)[0]
            drawing.append([Segment(f"{fit(norm.name, NAME)}{numbers}  ", style), *bars])
        return drawing


def _heads(token: str, room: int, two_lines: bool, marks: Palette) -> list[Line]:
    """Write the heads of the columns: mean and variance before and after step 1, and the vector after step 2."""
    name = Segment(token, marks.query)
    before, after = ("".join(fit(text, wide, right=True) for text in ("mean", "var")) for wide in (BEFORE, AFTER))
    result = next((text for text in RESULT if width(text) <= room - 1), RESULT[-1])
    if not two_lines:
        return [[name, Segment(f"{before} →{after[2:]} → {result}", marks.quiet)]]
    steps = fit("before", 2 * BEFORE, right=True) + fit("after step 1", 2 * AFTER, right=True)
    long = f"after step 2: {result}"
    return [
        [name, Segment(f"{steps}  {long if width(long) <= room else result}")],
        [Segment(" " * NAME + before + after, marks.quiet)],
    ]
