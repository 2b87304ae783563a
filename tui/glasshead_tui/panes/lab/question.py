"""Question: the page of an experiment before its result."""

from rich.segment import Segment
from rich.style import Style

from glasshead.lab.page import LETTERS
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.panes.lab.texts import DONE, YOURS
from glasshead_tui.state.labbook import Visit
from glasshead_tui.widgets.cells import HERE
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.prose import wrapped
from glasshead_tui.widgets.spots import Row, Spot, SpotLines


class QuestionPane(SpotLines):
    """The question and its answers: first with a cursor, afterwards with the user's answer and the numbers'."""

    INSET = 1

    _visit: Visit | None = None

    def show(self, visit: Visit | None) -> None:
        """Draw the question of an experiment."""
        self._visit = visit
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        found, self.spots = self.asked(columns)
        return found

    def asked(self, columns: int) -> tuple[list[Line], tuple[Spot, ...]]:
        """Lay out the question for a number of columns, with the clickable places of the answers."""
        visit = self._visit
        if visit is None:
            return [], ()
        marks, question = palette(self.app), visit.page.question
        lines = wrapped([Segment(question.text, marks.query + Style(bold=True))], columns)
        entries = [self._answer(visit, number, marks) for number in range(len(question.answers))]
        row = Row(columns if visit.seen else 1)  # one below the other while the user chooses
        for number, entry in enumerate(entries):
            row.add(entry, number)
        return [*lines, *row.lines], tuple(
            Spot(spot.line + len(lines), spot.start, spot.end, spot.number) for spot in row.spots
        )

    @staticmethod
    def _answer(visit: Visit, number: int, marks: Palette) -> Line:
        text = visit.page.question.answers[number]
        if not visit.seen:
            here = number == visit.marked
            style = marks.weights.cursor if here else Style()
            return [Segment(f" {HERE if here else ' '} {LETTERS[number]}  {text} ", style)]
        right = visit.outcome is not None and visit.outcome.verdict.answer == number
        line: Line = [Segment(f"{LETTERS[number]}  {text}", marks.good if right else marks.quiet)]
        if right:
            line.append(Segment(f" {DONE}", marks.good))
        if visit.answer == number:
            line.append(Segment(f" {YOURS}", marks.query))
        return line
