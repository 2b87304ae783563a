"""Tree: every text, chosen token and edit as a line under its parent, with what was lost at the fork.

lost = log₂ p(its token) − log₂ p(the parent's best one), in bits
KL(parent ‖ line) of the token at the fork, and of the next one, where each has taken its own
"""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.sides import OTHER, THIS
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.drawing.tree import (
    Listed,
    child,
    describe,
    list_rows,
    looks_elsewhere,
    parent,
    same_there,
    sibling,
    tree_rows,
    tree_said,
    what_made,
)  # fmt: skip
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import fit, visible
from glasshead_tui.widgets.lines import Line

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.tree import Branch

LINE, STEP, NUMBER, ELSEWHERE = 3, 5, 7, 26  # columns
WIDE, WIDER = 64, 104
"""Columns from which on the numbers stand in the rows, and where the line looks elsewhere."""


class TreePane(ListPane[Listed]):
    """See the module."""

    NOTHING = "There is no line yet."
    _shown: "tuple[Branch, ...]" = ()
    _here: int | None = None
    """Number of the present line."""
    _other: int | None = None
    """Number of the line that it is compared with."""
    _how = ""
    """How its numbers come about."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """List the lines. The mark follows the present line if it was on it."""
        count = len(moment.branches)
        compared = f" · {OTHER} beside it" if moment.other is not None else ""
        entitle(self, "tree", f"{count} line{'s' * (count != 1)} · {THIS} the present one{compared}")
        self._how = tree_said(moment)
        if self._shown is moment.branches and self._other == moment.other:
            return
        marked, here = self.marked, next((each.number for each in moment.branches if each.here), None)
        follows = marked is None or (marked.stands and marked.branch.number == self._here)
        self._shown, self._here, self._other = moment.branches, here, moment.other
        rows = list_rows(moment.branches)
        places = (at for at, row in enumerate(rows) if row.stands and row.branch.number == here)
        self.fill(rows, next(places, None) if follows else None)

    @property
    def branch(self) -> "Branch | None":
        """The marked line; None for one that was given up."""
        row = self.marked
        return row.branch if row is not None and row.stands else None

    def mark_parent(self) -> None:
        """Mark the parent."""
        if self.mark is not None:
            self.put_mark(parent(self._rows, self.mark))

    def mark_child(self) -> None:
        """Mark the first child."""
        if self.mark is not None:
            self.put_mark(child(self._rows, self.mark))

    def mark_sibling(self, by: int) -> None:
        """Mark another line that left the same parent."""
        if self.mark is not None:
            self.put_mark(sibling(self._rows, self.mark, by))

    def as_rows(self) -> Rows:
        """Return a row for each line."""
        return tree_rows(self._shown)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def identify(self, row: Listed) -> Hashable:
        return row.branch.number, row.lost, row.more > 0

    def tell_of(self, row: Listed) -> str:
        return describe(row)

    def explain(self) -> str:
        return visible(self._how)

    def write_head(self, columns: int) -> str:
        what, numbers, elsewhere = _rooms(columns)
        shown = f"{fit('line', 2 + LINE)}{fit('made by', what)}"
        if numbers:
            shown += "".join(fit(name, room, right=True) for name, room in _NUMBERS)
        if elsewhere:
            shown += f"  {fit('looks elsewhere', ELSEWHERE)}"
        return fit(f"{shown}  text", columns)

    def write_row(self, row: Listed, columns: int, marks: Palette) -> Line:
        branch = row.branch
        what, numbers, elsewhere = _rooms(columns)
        here, other = row.stands and branch.here, row.stands and branch.number == self._other
        sign = THIS if here else OTHER if other else " "
        style = marks.quiet if not row.stands else marks.query if here else marks.bad if other else None
        number = str(branch.number) if row.stands else ""
        line: Line = [Segment(f"{sign}{fit(number, LINE, right=True)} {what_made(row, what)}", style)]
        taken = 2 + LINE + what
        if numbers:
            forked = row.stands and branch.parent is not None
            lost = None if branch.lost is None else -branch.lost
            there = "–" if same_there(branch) else _bits(branch.divergence)
            found = (
                (str(branch.fork + 1) if branch.left else "–", _bits(lost), there, _bits(branch.after))
                if forked
                else ("",) * 4
            )
            shown = "".join(fit(cell, room, right=True) for cell, (_, room) in zip(found, _NUMBERS, strict=True))
            line.append(Segment(shown))
            taken += sum(room for _, room in _NUMBERS)
        if elsewhere:
            told = looks_elsewhere(branch.differs) if row.stands and branch.differs is not None else ""
            line.append(Segment(f"  {fit(told, ELSEWHERE)}"))
            taken += 2 + ELSEWHERE
        text = branch.text if row.stands else row.lost.text if row.lost is not None else ""
        return [*line, Segment(f"  {fit(visible(text) or '·', columns - taken - 2)}", marks.quiet)]


_NUMBERS = ("step", STEP), ("lost", NUMBER), ("KL", NUMBER), ("after", NUMBER)


def _rooms(columns: int) -> tuple[int, bool, bool]:
    """Return the columns of what made a line; whether its numbers stand in its row, and where it looks elsewhere."""
    numbers, elsewhere = columns >= WIDE, columns >= WIDER
    left = columns - LINE - 4 - numbers * sum(room for _, room in _NUMBERS) - elsewhere * (2 + ELSEWHERE)
    return max(8, left * 65 // 100), numbers, elsewhere


def _bits(value: float | None) -> str:
    return "" if value is None else real(value, NUMBER - 2)
