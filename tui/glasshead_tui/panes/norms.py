"""Norms: the chosen token through every LayerNorm of its stack, in order.

step 1    n = (x − mean) / √(variance + ε)       its mean is 0, its variance 1
step 2    gain · n + bias                        the gain and bias were learned
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.content import Content

from glasshead_tui.focus import Focus
from glasshead_tui.paint import palette
from glasshead_tui.panes.numbers import real
from glasshead_tui.panes.words import labels, spoken
from glasshead_tui.visible import fit
from glasshead_tui.widgets.lines import Line, Lines
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.trace import Trace

NAME, NUMBER = 9, 8  # columns


@dataclass(frozen=True)
class Normed:
    """One LayerNorm at one token."""

    name: str
    before: tuple[float, float] | None  # mean and variance; None for a norm that takes no mean
    after: tuple[float, float]
    out: tuple[float, ...]


class NormsPane(Lines):
    """See the module."""

    DEFAULT_CSS = """
    NormsPane { padding: 0 1; }
    """

    _norms: tuple[Normed, ...] = ()
    _here = -1

    def show(self, trace: "Trace", focus: Focus) -> None:
        """Draw all LayerNorms that the query's token goes through, the one after the chosen attention marked."""
        found = [site.removesuffix(".norm.normed") for site in trace.find(f"{focus.stack}*.norm.normed")]
        self._norms = tuple(_normed(trace, site, focus.query) for site in found)
        self._here = found.index(focus.prefix) if focus.prefix in found else -1
        token = spoken(labels(trace.tokens(focus.stack))[focus.query])
        self.border_title = Content(f"norms · {token}")
        self.redraw()
        if self._here >= 0:
            self.show_line(self._here + 2)

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if not self._norms:
            return []
        marks = palette(self.app)
        room = columns - NAME - 4 * NUMBER - 2
        heads = ("mean", "variance") * 2
        drawing: list[Line] = [
            [
                Segment(" " * NAME),
                Segment(fit("before", 2 * NUMBER, right=True)),
                Segment(fit("step 1", 2 * NUMBER, right=True)),
                Segment("  " + fit("step 2: gain·x + bias", room)),
            ],
            [Segment(" " * NAME), *(Segment(fit(head, NUMBER, right=True), marks.quiet) for head in heads)],
        ]
        for number, norm in enumerate(self._norms):
            style = marks.query if number == self._here else None
            bars = pooled(norm.out, room, widest=1)
            if number == 0 and bars.group > 1:
                drawing[1].append(Segment(f"  largest of {bars.group} a bar", marks.quiet))
            before = [real(value, 7) for value in norm.before] if norm.before else ["none", "(RMS)"]
            after = [f"{abs(norm.after[0]):.3f}", f"{norm.after[1]:.3f}"]
            drawing.append(
                [
                    Segment(fit(norm.name, NAME), style),
                    *(Segment(fit(text, NUMBER, right=True)) for text in before),
                    *(Segment(fit(text, NUMBER, right=True), marks.quiet) for text in after),
                    Segment("  "),
                    *sparks(bars, 1, marks.positive, marks.negative)[0],
                ]
            )
        return drawing


def _normed(trace: "Trace", site: str, row: int) -> Normed:
    normed = trace[f"{site}.norm.normed"][row]
    mean = f"{site}.norm.mean"
    before = (float(trace[mean][row]), float(trace[f"{site}.norm.var"][row])) if mean in trace else None
    after = float(normed.mean()), float(normed.var(correction=0))
    return Normed(site.split(".", 1)[1], before, after, tuple(trace[f"{site}.norm.out"][row].tolist()))
