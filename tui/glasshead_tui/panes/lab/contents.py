"""Contents: the experiments of the lab, with a mark on each visited one."""

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style

from glasshead.lab import NAMES
from glasshead.lab.page import LETTERS
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.panes.lab.texts import DONE, SEEN
from glasshead_tui.terminal.visible import fit
from glasshead_tui.widgets.cells import HERE
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.spots import Spot, SpotLines


class ContentsPane(SpotLines):
    """The ten experiments, with the user's answers and the numbers' answers."""

    INSET = 1

    _at = ""
    _answers: Mapping[str, int | None] = {}
    _right: Mapping[str, int] = {}

    def show(self, at: str, answers: Mapping[str, int | None], right: Mapping[str, int]) -> None:
        """Draw the list. at: the open experiment · answers: the user's · right: the numbers'."""
        self._at, self._answers, self._right = at, answers, right
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        self.spots = tuple(Spot(number + 2, 0, columns, number) for number in range(len(NAMES)))
        return [[Segment("the lab", marks.strong)], [], *(self._entry(name, marks) for name in NAMES)]

    def _entry(self, name: str, marks: Palette) -> Line:
        here = name == self._at
        number = Segment(f"{HERE if here else ' '}{NAMES.index(name) + 1:2} ", marks.query if here else marks.quiet)
        return [number, Segment(fit(name, 11), marks.strong if here else Style()), *self._mark(name, marks)]

    def _mark(self, name: str, marks: Palette) -> Line:
        if name not in self._right:
            return []
        answer, right = self._answers.get(name), self._right[name]
        if answer is None:
            return [Segment(SEEN, marks.quiet)]
        if answer == right:
            return [Segment(f"{DONE} {LETTERS[right]}", marks.good)]
        return [Segment(f"{SEEN} {LETTERS[answer]}→{LETTERS[right]}", marks.quiet)]
