"""The tree of lines: every text, chosen token and edit, what each lost at its fork, and where it looks elsewhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.drawing.names import bare
from glasshead_tui.drawing.numbers import real
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.session.tree import Branch, GivenUp

MOST_LOST = 60
"""Lines that a beam search gave up which are listed."""


class Branches(ListDialog[int | None]):
    """A list of lines, each under its parent; dismissed with the line to go to, or None.

    Where a line to compare with is asked for, Enter compares, and goes nowhere.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,B", "dismiss(None)", "stay", show=False),
        Binding("n", "name", "name", show=False),
        Binding("c", "compare", "compare", show=False),
        Binding("f,space", "fold", "fold", show=False),
        Binding("delete,backspace,r", "delete", "delete", show=False),
        Binding("left,h", "parent", "parent", show=False),
        Binding("right,l", "child", "child", show=False),
    ]
    DEFAULT_CSS = """
    Branches > Vertical { width: 130; max-width: 98%; }
    Branches OptionList, Branches OptionList:focus { max-height: 65vh; }
    """

    def __init__(
        self, branches: "tuple[Branch, ...]", worker: Worker, asker: Asker, *, comparing: bool = False
    ) -> None:
        """comparing: whether a line to compare with is asked for."""
        super().__init__()
        self._comparing = comparing
        self._lines, self._worker, self._asker = branches, worker, asker
        self._rows = list_rows(branches)

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            usual = "Lines: texts, and under each what you changed in it"
            yield Static(Content("Compare the present line (▸) with which one?" if self._comparing else usual))
            yield self.make_list()
            yield Static(Content(""), id="apart", classes="quiet")
            yield Static(
                Content(
                    f"enter {'compares' if self._comparing else 'goes there · c compares'} · ← parent · → child · "
                    "n names · f folds · r removes · esc stays"
                ),
                classes="quiet",
            )

    def on_mount(self) -> None:
        """Mark the line where the work stands."""
        self.show(self._lines, next((at for at, (each, lost) in enumerate(self._rows) if each.here and not lost), 0))

    def show(self, branches: "tuple[Branch, ...]", at: int | None = None) -> None:
        """Show the lines after a change."""
        self._lines, self._rows = branches, list_rows(branches)
        self.refill((self._lost(*row) if row[1] else self._line(row[0]) for row in self._rows), at)

    def _lost(self, branch: "Branch", lost: "GivenUp | int | None") -> str:
        """Write a line that a beam search gave up, under the one where that began, or how many more there are."""
        assert lost is not None
        if isinstance(lost, int):
            return f"  {'  ' * min(branch.depth + 1, 8)}✂ and {lost:,} more"
        room = max(20, min(126, self.app.size.width - 6))
        tree = "  " * min(branch.depth + 1, 8) + "✂ "
        left = fit(clip(f"  {tree}given up after step {lost.step}", room // 2), room // 2)
        return f"{left}  {clip(visible(lost.text) or '·', room - room // 2 - 2)}"

    def _line(self, branch: "Branch") -> str:
        room = max(20, min(126, self.app.size.width - 6))
        mark = "▸" if branch.here else " "
        what = branch.name or bare(branch.cause)
        folded = f" (+{branch.folded})" if branch.folded else ""
        tree = "  " * min(branch.depth, 8) + ("└ " if branch.depth else "")
        left = fit(clip(f"{mark} {tree}{visible(what)}{folded}", room // 2), room // 2)
        return f"{left}  {clip(visible(branch.text) or '·', room - room // 2 - 2)}"

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell how far the line is apart from its parent."""
        event.stop()
        if event.option_index < len(self._rows):
            branch, lost = self._rows[event.option_index]
            if isinstance(lost, int):
                told = f"Only the first {MOST_LOST} lines that were given up are listed."
            else:
                gave = "" if lost is None else f"A beam search gave it up after step {lost.step}: {lost.why}."
                told = gave or describe(branch)
            for line in self.query("#apart").results(Static):
                line.update(Content(visible(told)))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to a line; one that was given up is not there."""
        event.stop()
        if self.is_active and event.option_index < len(self._rows) and self._rows[event.option_index][1] is None:
            if self._comparing:
                self.action_compare()
            else:
                self.dismiss(self._rows[event.option_index][0].number)

    @property
    def _branch(self) -> "Branch | None":
        """The marked line; None for one that was given up."""
        at = self.chosen
        return None if at is None or self._rows[at][1] is not None else self._rows[at][0]

    def action_parent(self) -> None:
        """Mark the parent."""
        self._mark(lambda each, chosen: each.number == chosen.parent)

    def action_child(self) -> None:
        """Mark the first child."""
        self._mark(lambda each, chosen: each.parent == chosen.number)

    def _mark(self, wanted: "Callable[[Branch, Branch], bool]") -> None:
        chosen = self._branch
        if chosen is not None:
            at = next((at for at, (each, lost) in enumerate(self._rows) if not lost and wanted(each, chosen)), None)
            if at is not None:
                self.query_one(OptionList).highlighted = at

    def action_compare(self) -> None:
        """Compare the present line with the marked one."""
        chosen = self._branch
        if chosen is not None and self.is_active:
            self._worker.compare(chosen.number, to=self._asker)
            self.dismiss(None)

    def action_name(self) -> None:
        """Ask for a name."""
        chosen = self._branch
        if chosen is None:
            return

        def answer(ask: Ask, text: str) -> None:
            ask.dismiss()
            self._worker.list_branches(lambda session: session.name_branch(chosen.number, text), to=self._asker)

        self.app.push_screen(Ask("Name of the line", "An empty name takes it away.", chosen.name, answer))

    def action_fold(self) -> None:
        """Fold what comes from the line away, or out again."""
        if (chosen := self._branch) is not None:
            self._worker.list_branches(lambda session: session.fold_branch(chosen.number), to=self._asker)

    def action_delete(self) -> None:
        """Delete the line, and what comes from it."""
        if (chosen := self._branch) is not None:
            self._worker.list_branches(lambda session: session.delete_branch(chosen.number), to=self._asker)


def list_rows(branches: "tuple[Branch, ...]") -> "list[tuple[Branch, GivenUp | int | None]]":
    """List the lines, and after each and all that comes from it what a beam search gave up which began there.

    A number stands for as many more.
    """
    rows: list[tuple[Branch, GivenUp | int | None]] = []
    above: list[Branch] = []

    def leave(depth: int) -> None:
        while above and above[-1].depth >= depth:
            owner = above.pop()
            rows.extend((owner, lost) for lost in owner.given_up[:MOST_LOST])
            if rest := len(owner.given_up[MOST_LOST:]):
                rows.append((owner, rest))

    for branch in branches:
        leave(branch.depth)
        rows.append((branch, None))
        above.append(branch)
    leave(0)
    return rows


def describe(branch: "Branch") -> str:
    """Describe the fork of a line, in a sentence."""
    if branch.parent is None:
        return "A text of its own."
    told = [f"It left its parent at step {branch.fork + 1}"]
    if branch.lost is not None:
        best = "with the parent's best token"
        told.append(best if branch.lost == 0 else f"with a token {real(-branch.lost, 5)} bits below {best[5:]}")
    if branch.divergence is not None:
        told.append(f"KL {real(branch.divergence, 5)} bits there")
    if branch.differs is not None:
        prefix, head, key, apart = branch.differs
        told.append(f"after it {prefix} head {head} differs most, on token {key}, by {real(apart, 4)}")
    return visible("; ".join(told) + ".")
