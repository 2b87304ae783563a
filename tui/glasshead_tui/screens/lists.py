"""The keys of the panes that are lists: the tree of lines, the edits, the breakpoints.

A list is moved in while its pane is the active one; enter takes what is marked. All other keys work as everywhere.
"""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.names import bare
from glasshead_tui.drawing.sides import THIS
from glasshead_tui.panes.explore.breakpoints import BreakpointsPane
from glasshead_tui.panes.explore.edits import EditsPane
from glasshead_tui.panes.explore.ranking import RankingPane
from glasshead_tui.panes.explore.tree import TreePane
from glasshead_tui.panes.listed import MOVES, ListPane
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.finding import FindingScreen
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.work.messages import MeasuringEdits, Refused

if TYPE_CHECKING:
    from glasshead.session.tree import Branch
    from glasshead_tui.work.worker import Change

LISTS = ("ranking", "tree", "edits", "breakpoints")
"""Panes that are lists; the key of the one that is active leads back to the pane before."""
STOPS = (
    "entropy > 2 (bits) · best < 0.5 · token = chat · decoder.2.cross[head=3] looks at cat > 0.6, in short "
    "2.cross.3 looks at cat > 0.6 · choice differs (from the unedited line's). Enter takes it, esc does not."
)


class ListsScreen(FindingScreen):
    """See the module. A subclass asks for moments, and shows them."""

    _came_from = "attention"
    """The pane that was active before a list."""
    _measuring_edits = 0
    """Ticket of the newest measuring of the edits; 0 for none."""

    _deleting: tuple[int, str] | None = None
    """Ticket of the deletion of a line that is on its way, and what the line is called."""

    def _fill_in_hints(self) -> None:
        """Let the empty lists say which key adds a row."""
        keys = self._shown_keys
        self.query_one(EditsPane).hint = f": {keys['mute']} mutes a head, {keys['edit']} takes any edit."
        self.query_one(BreakpointsPane).hint = f". {keys['add']} adds one."

    def action_show(self, name: str) -> None:
        """Show a pane by name; of a list that is active, the pane before it."""
        if self._active not in LISTS:
            self._came_from = self._active
        if name == "ranking":
            self.query_one(RankingPane).from_top = True
        super().action_show(self._came_from if name == self._active and name in LISTS else name)

    @property
    def _listed(self) -> "ListPane[object] | None":
        """The active pane, if it is a list."""
        return self.query_one(f"#{self._active}", ListPane) if self._active in LISTS else None

    def _move_in_list(self, where: str) -> bool:
        """Move in the active list; tell whether there is one."""
        pane = self._listed
        if pane is None:
            return False
        times = self._times()
        if self._active == "ranking":
            self._move_in_ranking(where, times)
        elif where in MOVES:
            pane.move_mark(MOVES[where] * times)
        elif isinstance(pane, TreePane):
            for _ in range(min(times, len(pane.rows))):
                (pane.mark_parent if where == "left" else pane.mark_child)()
        elif isinstance(pane, EditsPane) and where == "right":
            self._measure_edits(pane)
        return True

    def _measure_edits(self, pane: EditsPane) -> None:
        """Ask what each edit does by itself, unless it is known, or there is none."""
        moment = self._editable()
        if moment is None or moment.own_effects:
            return
        if not moment.edits.active:
            self._complain(f"No edit is on: there is nothing to measure. {self._shown_keys['mute']} mutes a head.")
        elif moment.until is None:
            pane.tell_progress("measuring each edit …")
            self._measuring_edits = self._worker.measure_edits(to=self)

    def on_measuring_edits(self, event: MeasuringEdits) -> None:
        """Tell how far it is."""
        if event.ticket == self._measuring_edits:
            sentence = f"measuring each edit: {event.done} of {event.of} lines decoded …"
            self.query_one(EditsPane).tell_progress(sentence)

    def _refuse_measuring(self, event: Refused) -> bool:
        """Say in its place why the edits were not measured; tell whether the event was about that."""
        if not event.ticket or event.ticket != self._measuring_edits:
            return False
        self._measuring_edits = 0
        self.query_one(EditsPane).tell_progress(event.sentence)
        return True

    def on_list_pane_picked(self, event: ListPane.Picked) -> None:
        """Make the clicked list the active pane; take what is clicked twice."""
        if isinstance(event.pane, RankingPane) and event.pane.marked is not None:
            self._go_to(event.pane.marked.head)
        if self._active != event.pane.id:
            self.action_show(event.pane.id or self._active)
        elif event.again:
            self._take_marked()

    def _take_marked(self) -> bool:
        """Go to the marked line, switch the marked edit or breakpoint, look at the marked head; tell whether a list is
        active.
        """
        pane = self._listed
        if isinstance(pane, RankingPane):
            self.action_show("attention")
            return True
        if isinstance(pane, TreePane):
            row, branch = pane.marked, pane.branch
            if branch is not None:
                self._worker.visit(branch.number, to=self)
            elif row is not None:
                self._complain("A line that a beam search gave up is not there any more: there is nothing to go to.")
        elif pane is not None and pane.mark is not None:
            number = pane.mark
            if isinstance(pane, EditsPane):
                self._worker.switch_edit(number, to=self)
            else:
                self._arrange(lambda session: session.switch_stop(number))
        return pane is not None

    def _arrange(self, change: "Change") -> int:
        return self._worker.arrange(change, to=self)

    def _branch(self) -> "Branch | None":
        """Return the marked line of the tree; say where it can be marked if the tree is not active."""
        pane = self._listed
        if not isinstance(pane, TreePane):
            self._complain(f"That is done to a line of the tree: {self._shown_keys['tree']} shows it.")
            return None
        if pane.branch is None and pane.marked is not None:
            self._complain("A line that a beam search gave up is only told of.")
        return pane.branch

    def action_sibling(self, by: int) -> None:
        """Mark another line that left the same parent."""
        if self._branch() is not None:
            self.query_one(TreePane).mark_sibling(by * self._times())

    def action_name(self) -> None:
        """Ask for a name of the marked line."""
        branch = self._branch()
        if branch is None:
            return
        number = branch.number

        def answer(ask: Ask, text: str) -> None:
            self._asking = self._arrange(lambda session: session.name_branch(number, text)), ask

        self._ask(Ask("Name of the line", "An empty name takes it away.", branch.name, answer))

    def action_fold(self) -> None:
        """Fold what comes from the marked line away, or out again."""
        if (branch := self._branch()) is not None:
            number = branch.number
            self._arrange(lambda session: session.fold_branch(number))

    def action_remove(self) -> None:
        """Delete the marked line with what comes from it; take the marked edit or breakpoint out."""
        pane = self._listed
        if isinstance(pane, EditsPane | BreakpointsPane):
            number = pane.mark
            if number is None:
                self._complain(f"{pane.NOTHING}{pane.hint}")
            elif isinstance(pane, EditsPane):
                self._worker.remove_edit(number, to=self)
            else:
                self._arrange(lambda session: session.remove_stop(number))
        elif isinstance(pane, TreePane):
            if (branch := self._branch()) is not None:
                gone = branch.number
                ticket = self._arrange(lambda session: session.delete_branch(gone))
                self._deleting = ticket, branch.name or bare(branch.cause)
        else:
            keys = " ".join(self._shown_keys[name] for name in LISTS[1:])
            self._complain(f"There is nothing to take out of this pane: {keys} show what there is.")

    def _follow_deletion(self, ticket: int) -> None:
        """Tell that a line is deleted, once it is."""
        if self._deleting is not None and self._deleting[0] == ticket:
            name, self._deleting = self._deleting[1], None
            undo = self._shown_keys["undo"]
            self.notify(clip(visible(f"deleted: {name} · {undo} does not bring it back"), 200), markup=False, timeout=4)

    def action_add(self) -> None:
        """Ask for a breakpoint; in the edits, for an edit."""
        if self._active == "edits":
            self.action_edit()
            return
        if self.moment is None:
            self._complain("The model is still loading: there is nothing to stop yet.")
            return
        if self._active != "breakpoints":
            self.action_show("breakpoints")

        def answer(ask: Ask, text: str) -> None:
            self._asking = self._arrange(lambda session: session.add_stop(text)), ask

        self._ask(Ask("Stop where?", STOPS, "", answer))

    def action_clear(self) -> None:
        """Take all edits out."""
        moment = self._editable()
        if moment is not None and moment.edits.entries:
            self._worker.clear_edits(to=self)
        elif moment is not None:
            self._complain(f"There are no edits to take out: {self._shown_keys['mute']} mutes a head.")

    def action_compare(self) -> None:
        """Compare with the marked line of the tree, or show the tree to mark one; end the comparison that there is."""
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there is no line yet.")
            return
        pane = self._listed
        if not isinstance(pane, TreePane):
            if moment.beside is moment.effect and not moment.alone:
                self.action_show("tree")
                key = self._shown_keys["compare"]
                self.notify(
                    f"Mark a line and press {key}: the present one ({THIS}) is compared with it.",
                    markup=False,
                    timeout=5,
                )
            else:
                self._worker.compare(None, to=self)
        elif (branch := self._branch()) is not None:
            self._worker.compare(None if branch.number == moment.other else branch.number, to=self)
