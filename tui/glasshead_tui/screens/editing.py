"""The keys of the explorer that change the model: mute a head, hide a token, take any edit, see what follows."""

from typing import TYPE_CHECKING

from glasshead_tui.panes.explore.texts import count_beside
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.paned import PanedScreen
from glasshead_tui.state.focus import VIEWS
from glasshead_tui.work.messages import Scripted
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

HINT = (
    "Values: a number · 0.9 renormalised · uniform · mean · hidden · revealed · window 3 · unscaled · swapped · "
    'skipped · at 2 · from "another text" · another site; *= 2 multiplies. Enter takes it, esc does not.'
)
LOADING = "The model is still loading: there is nothing to edit yet."


class EditingScreen(PanedScreen):
    """See the module. A subclass has a moment, a focus and a worker, and shows what they bring."""

    _worker: Worker
    _asking: tuple[int, Ask] | None

    def _complain(self, sentence: str) -> None:
        raise NotImplementedError

    def _ask(self, question: Ask) -> None:
        raise NotImplementedError

    def _look(self, *, redraw: bool = False, **changes: object) -> None:
        raise NotImplementedError

    def _editable(self) -> "Moment | None":
        """Return the moment, if its line can be edited; else say why not."""
        if self.moment is None:
            self._complain(LOADING)
            return None
        if self.moment.trace.recorded:
            self._complain(f"{self.moment.trace.recorded}, and nothing can be changed in it. Open the model for that.")
            return None
        return self.moment

    def _toggle(self, edit: str) -> None:
        """Add an edit, or take it out if it is there."""
        moment = self._editable()
        if moment is None:
            return
        for number, entry in enumerate(moment.edits.entries):
            if str(entry.item) == edit:
                self._worker.remove_edit(number, to=self)
                return
        self._worker.edit(edit, to=self)

    def action_mute(self) -> None:
        """Mute the head, or bring it back."""
        self._toggle(f"{self._looking.prefix}.heads[head={self._looking.head}] = 0")

    def action_solo(self) -> None:
        """Mute the other heads of the layer, or bring them back."""
        moment = self._editable()
        if moment is None:
            return
        head, last = self._looking.head, moment.anatomy.kind_at(self._looking.prefix).heads - 1
        if last == 0:
            self._complain("There is only this head in its layer.")
            return
        ranges = ((0, head - 1), (head + 1, last))
        others = [str(first) if first == end else f"{first}-{end}" for first, end in ranges if first <= end]
        self._toggle(f"{self._looking.prefix}.heads[head={' '.join(others)}] = 0")

    def action_average(self) -> None:
        """Put the head's mean in place of what it says, or take that back."""
        self._toggle(f"{self._looking.prefix}.heads[head={self._looking.head}] = mean")

    def action_hide_key(self) -> None:
        """Hide the key under the cursor from this kind of attention, or reveal it again."""
        self._toggle(f"{self._looking.stack}.*.{self._looking.kind}.masked[key={self._looking.key}] = hidden")

    def action_edit(self) -> None:
        """Ask for an edit; the question begins with one of the current cell."""
        moment = self._editable()
        if moment is None:
            return

        def answer(ask: Ask, text: str) -> None:
            self._asking = self._worker.edit(text, to=self), ask

        at = self._looking
        value = "0.9 renormalised" if at.stage == "weights" else "hidden" if at.stage == "masked" else "0"
        cell = f"{at.prefix}.{at.stage}[head={at.head}, query={at.query}, key={at.key}] = {value}"
        self._ask(Ask("Edit the model: what, where, and its new value", HINT, cell, answer))

    def action_view(self) -> None:
        """Show the line with its edits, without them, or the difference; with a pinned head, this head, that one, …"""
        moment = self.moment
        if moment is None or (moment.beside is None and self._looking.pinned is None):
            if self._editable() is not None:
                keys = self._shown_keys
                self._complain(
                    f"There are no edits: nothing to compare. {keys['mute']} mutes a head, {keys['edit']} takes any "
                    f"edit; {keys['compare']} compares with another line, {keys['pin']} pins a head to compare with."
                )
            return
        self._look(view=VIEWS[(VIEWS.index(self._looking.view) + self._times()) % len(VIEWS)], redraw=True)

    def action_copy_script(self) -> None:
        """Copy a script that reproduces what is shown."""
        self._copy(test=False)

    def action_copy_test(self) -> None:
        """Copy a test that asserts the numbers that are shown."""
        self._copy(test=True)

    def _copy(self, *, test: bool) -> None:
        moment = self._editable()
        if moment is None:
            return
        if moment.anatomy.kinds:
            site, head = f"{self._looking.prefix}.{self._looking.stage}", self._looking.head
        else:
            site, head = "logits", None
        self._worker.write_script(site, head, test=test, to=self)

    def on_scripted(self, event: Scripted) -> None:
        """Copy a script to the clipboard, of the terminal or of the system."""
        self.app.copy_to_clipboard(event.text)
        lines = event.text.count("\n")
        what = "A test that asserts these numbers" if event.test else "A script that comes to this place"
        self.notify(
            f"{what}: {lines} lines of Python, copied. A terminal without OSC 52 ignores it.", markup=False, timeout=5
        )

    def _follow_edits(self, moment: "Moment") -> None:
        """Make room for the sentences of the line beside."""
        more = count_beside(moment)
        self.set_class(more > 0, "beside")
        self.set_class(more > 1, "apart")
        if moment.beside is None and self._looking.pinned is None and self._looking.view != "edited":
            self._looking = self._looking.to(view="edited")
