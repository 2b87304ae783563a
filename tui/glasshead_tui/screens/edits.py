"""The edits of a line in a list: switched on and off, taken out."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import visible
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.edits.ledger import Ledger


class Edits(ListDialog[None]):
    """See the module. What changes is done by the worker; the screen below hears of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,E", "dismiss", "close", show=False),
        Binding("space", "switch", "switch", show=False),
        Binding("delete,backspace,r", "remove", "remove", show=False),
        Binding("c", "clear", "clear", show=False),
    ]

    def __init__(self, edits: "Ledger", worker: Worker, asker: Asker) -> None:
        super().__init__()
        self._ledger, self._worker, self._asker = edits, worker, asker

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("Edits of this line, in their order"))
            yield self.make_list(self._lines())
            yield Static(
                Content("space switches one off or on · r takes it out · c takes all out · esc closes"), classes="quiet"
            )

    def show(self, edits: "Ledger") -> None:
        """Show the edits after a change; close if there are none left."""
        self._ledger = edits
        if not edits.entries:
            self.dismiss()
            return
        self.refill(self._lines())

    def _lines(self) -> list[str]:
        return [f"{'on ' if entry.on else 'off'}  {visible(str(entry.edit))}" for entry in self._ledger.entries]

    def action_switch(self) -> None:
        """Switch the chosen edit."""
        if (number := self.chosen) is not None:
            self._worker.switch_edit(number, to=self._asker)

    def action_remove(self) -> None:
        """Take the chosen edit out."""
        if (number := self.chosen) is not None:
            self._worker.remove_edit(number, to=self._asker)

    def action_clear(self) -> None:
        """Take all edits out."""
        self._worker.clear_edits(to=self._asker)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Switch the edit on which Enter is pressed, or that is clicked."""
        event.stop()
        self.action_switch()
