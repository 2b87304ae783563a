"""The model's translation at one step of its training, below the source and the reference."""

from itertools import takewhile

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.panes.watch.probe import Probed
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.lines import Line, Lines

LONGEST = 2000
"""Most characters of a text; no screen shows more."""


class SayingPane(Lines):
    """Three lines: source, expected, says now."""

    DEFAULT_CSS = """
    SayingPane { height: 3; }
    """
    INSET = 1

    _shown: tuple[Probed, int, int] | None = None

    def show(self, probe: Probed | None, number: int = 0, count: int = 0) -> None:
        """Draw sentence `number` of `count`, counted from 0."""
        self._shown = None if probe is None else (probe, number, count)
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if self._shown is None:
            return []
        marks = palette(self.app)
        probe, number, count = self._shown
        which = Segment(f"   sentence {number + 1} of {count}", marks.quiet)
        return [
            [Segment("source    ", marks.quiet), Segment(visible(probe.text[:LONGEST])), which],
            [Segment("expected  ", marks.quiet), Segment(visible(probe.expected[:LONGEST]))],
            [Segment("says now  ", marks.quiet), *_said(probe.given[:LONGEST], probe.expected[:LONGEST], marks)],
        ]


def _said(given: str, expected: str, marks: Palette) -> Line:
    """Mark the beginning that agrees with the reference, then the rest."""
    if given == expected:
        return [Segment(visible(given), marks.good), Segment("  ✓", marks.good)]
    same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(given, expected, strict=False))])
    end = [Segment("  "), Segment("✗", marks.bad)]
    if not given.strip():
        return [Segment("nothing but spaces" if given else "nothing", marks.quiet), *end]
    wrong = marks.negative if marks.coloured else Style(underline=True)
    return [Segment(visible(given[:same]), marks.good), Segment(visible(given[same:]), wrong), *end]
