"""Norms: the current token through every LayerNorm or RMSNorm of its stack, in order.

normalised    n = (x − mean) / √(variance + ε)   its mean is 0, its variance 1
              n = x / √(rms² + ε)                of an RMSNorm, rms = √(mean of x²): its rms is 1, there is no mean
output        gain · n + bias                    the gain and bias were learned
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.names import brief_label, labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import norms_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.difference import note_of_edits
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Drawing, Line, Lines
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.norms import Normed
    from glasshead.session.moment import Moment

TITLE = "norms · before → normalised → output"
NAME, BEFORE, AFTER = 12, 8, 7  # columns, the first at least
RESULT = "gain·x + bias", "gain·x+bias", "output", "out"
"""Names of the bars, from long to short."""
SCALED = "gain·x", "output", "out"
"""Names of those of an RMSNorm, which has no bias."""
NARROW = 50
"""Columns below which names and numbers take less of them."""


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
        title = f"{mark_side(moment, focus, 'norms')}{TITLE}"
        entitle(self, title)
        self._norms = ()  # nothing else is told, if they were not recorded
        self._norms = norms(trace, focus.stack, focus.query)
        if trace.recorded and not self._norms and any(norm.stack == focus.stack for norm in trace.anatomy.norms):
            raise GlassheadError(f"{trace.recorded}: no norms were recorded. Open the model itself to see them.")
        self._here = next((at for at, norm in enumerate(self._norms) if norm.site == focus.prefix), -1)
        self._token = labels(trace.tokens(focus.stack))[focus.query]
        of_row = (
            (f"{norm.prefix}.{name}", (focus.query,))
            for norm in trace.anatomy.norms
            if norm.stack == focus.stack
            for name in ("mean", "var", "rms", "normed", "out")
        )
        spread = "rms = √(mean of x²)" if any(norm.rms for norm in self._norms) else ""
        entitle(self, title, " · ".join(filter(None, (spread, note_of_edits(moment, focus, of_row)))))
        self.redraw()
        self.follow()

    def follow(self) -> None:
        if self._here >= 0:
            self.show_lines(self._here + 1)

    def as_rows(self) -> Rows:
        """Return a row for each normalisation: its statistics before and when normalised, and its output."""
        return norms_rows(self._norms)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        if not self._norms:
            return []
        marks = palette(self.app)
        narrow = columns < NARROW
        names = [brief_label(norm.site, norm.name, bare=narrow) for norm in self._norms]
        wide, after = max(0 if narrow else NAME, *(width(name) + 1 for name in names)), AFTER - narrow
        room = columns - wide - 2 * (BEFORE + after) - 2
        norms, here = self._norms, self._here

        def draw(number: int) -> Line:
            style = marks.query if number == here else None
            return _line(norms[number], fit(names[number], wide), after, room, style, marks)

        tall = lines >= len(norms) + 2 and not narrow
        heads = _heads(fit(self._token, wide), after, self._spread(), room, tall, marks)
        return Drawing(heads, len(norms), draw)

    def _spread(self) -> str:
        """Name what stands beside the mean, or in its place."""
        return "/".join(
            name
            for name, there in (
                ("var", any(norm.before for norm in self._norms)),
                ("rms", any(norm.rms for norm in self._norms)),
            )
            if there
        )


def _line(norm: "Normed", name: str, wide: int, room: int, style: Style | None, marks: Palette) -> Line:
    """Write the statistics of a norm, and draw its output as bars.

    wide: columns of a number of the normalised vector · room: of the bars.
    """
    if norm.before and norm.after:
        before = [real(value, 7) for value in norm.before]
        after = [real(norm.after[0], 4), real(norm.after[1], 5)]  # the distance from 0 and 1 is rounding
    else:
        small, one = norm.rms or (0.0, 0.0)
        before, after = ["no mean", real(small, 7)], ["", real(one, 5)]
    numbers = "".join(fit(text, BEFORE, right=True) for text in before)
    numbers += "".join(fit(text, wide, right=True) for text in after)
    bars = sparks(pooled(norm.out, room, widest=1), 1, marks.positive, marks.negative)[0]
    return [Segment(f"{name}{numbers}  ", style), *bars]


def _heads(token: str, wide: int, spread: str, room: int, two_lines: bool, marks: Palette) -> list[Line]:
    """Write the heads of the columns: the statistics before and when normalised, and the output.

    wide: columns of a number of the normalised vector · spread: name of the second statistic, `var` or `rms`; of an
    RMSNorm it is the only one.
    """
    first = "" if spread == "rms" else "mean"
    name = Segment(token, marks.query)
    before, after = ("".join(fit(text, each, right=True) for text in (first, spread)) for each in (BEFORE, wide))
    result = next((text for text in (SCALED if spread == "rms" else RESULT) if width(text) <= room - 1), RESULT[-1])
    if not two_lines:
        return [[name, Segment(f"{before} →{after[2:]} → {result}", marks.quiet)]]
    steps = fit("before", 2 * BEFORE, right=True) + fit("normalised", 2 * wide, right=True)
    long = f"output: {result}"
    return [
        [name, Segment(f"{steps}  {long if width(long) <= room else result}")],
        [Segment(" " * width(token) + before + after, marks.quiet)],
    ]
