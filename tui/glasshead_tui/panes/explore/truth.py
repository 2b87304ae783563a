"""Truth: the checks of the shown moment, on one line that is always in sight; failed ones come first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.numbers import error
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.sides import THIS
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.lines import Line, Lines, cells

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.truth.trace_checks import Check


class TruthPane(Lines):
    """See the module."""

    DEFAULT_CSS = """
    TruthPane { height: 1; }
    """

    _checks: "tuple[Check, ...] | None" = None
    _head = "truth  "

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Begin with a new moment, without results yet. They are of the present line, whatever stands beside it."""
        self._head = "truth  " if moment.beside is None else f"truth {THIS}  "
        self.show_checks(None)

    def show_checks(self, checks: "Sequence[Check] | None") -> None:
        """Draw the results; None while they are being computed."""
        self._checks = None if checks is None else tuple(checks)
        self.redraw()

    def as_rows(self) -> Rows:
        """Return a row for each check."""
        found = ((check.label, check.ok, check.value, check.detail) for check in self._checks or ())
        return [("check", "holds", "measured", "statement"), *found]

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        head = Segment(self._head, marks.quiet)
        if self._checks is None:
            return [[head, Segment("checking …", marks.quiet)]]
        full, short = [head], [head]
        for check in sorted(self._checks, key=lambda check: (check.ok, check.meant)):
            sign = Segment(*_sign(check, marks))
            label = visible(check.label)
            measured = f" {_measured(check.value)}" if check.value else ""
            meant = ", edited" if check.meant else ""
            style = None if check.ok or check.meant else marks.bad
            part = [sign, Segment(label, style), Segment(f"{measured}{meant}   ", marks.quiet)]
            full += part
            if not check.ok:
                short += part
        passed = sum(check.ok or check.meant for check in self._checks)
        style = marks.good if passed == len(self._checks) else marks.bad
        short.append(Segment(f"{'✓' if style is marks.good else '✗'} {passed} of {len(self._checks)}", style))
        if cells(full) <= columns:
            return [full]
        spare = columns - cells(short) - 2
        failed = sorted((check for check in self._checks if not check.ok), key=lambda check: check.meant)
        if failed and spare > 12:
            short.append(Segment(f"  {clip(visible(failed[0].detail), spare)}", marks.quiet))
        return [short]


def _sign(check: "Check", marks: Palette) -> tuple[str, Style]:
    """Return the sign of a check: that an edit broke it on purpose is no alarm."""
    if check.ok:
        return "✓ ", marks.good
    return ("~ ", marks.quiet) if check.meant else ("✗ ", marks.bad)


def _measured(value: float) -> str:
    """Write an error in one digit, and a number of cells as it is."""
    return f"{value:,.0f}" if value >= 1 and value.is_integer() else error(value)
