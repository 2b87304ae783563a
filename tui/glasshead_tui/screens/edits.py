"""The edits of a line in a list: switched on and off, taken out."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.options import Options
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.edits.ledger import Ledger


class Edits(ModalScreen[None], LeavableScreen[None]):
    """See the module. What changes is done by the worker; the screen below hears of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,E", "dismiss", "close", show=False),
        Binding("space", "switch", "switch", show=False),
        Binding("delete,backspace,r", "remove", "remove", show=False),
        Binding("c", "clear", "clear", show=False),
        Binding("j", "list('cursor_down')", "down", show=False),
        Binding("k", "list('cursor_up')", "up", show=False),
    ]
    DEFAULT_CSS = """
    Edits { align: center middle; background: $background 40%; }
    Edits > Vertical { width: 84; max-width: 96%; height: auto; max-height: 90%; border: round $primary;
        background: $surface; padding: 0 1; }
    Edits OptionList, Edits OptionList:focus { border: none; padding: 0; height: auto; max-height: 16;
        background: $surface; }
    Edits OptionList.plain:focus > .option-list--option-highlighted { text-style: bold underline; }
    Edits .quiet { color: $text-muted; height: auto; }
    """

    def __init__(self, edits: "Ledger", worker: Worker, asker: Asker) -> None:
        super().__init__()
        self._ledger, self._worker, self._asker = edits, worker, asker

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("Edits of this line, in their order"))
            yield Options(*self._options(), classes="plain" if self.app.no_color else "")
            yield Static(
                Content("space switches one off or on · r takes it out · c takes all out · esc closes"), classes="quiet"
            )

    def show(self, edits: "Ledger") -> None:
        """Show the edits after a change; close if there are none left."""
        self._ledger = edits
        if not edits.entries:
            self.dismiss()
            return
        for options in self.query(Options):
            at = options.highlighted or 0
            options.clear_options()
            options.add_options(self._options())
            options.highlighted = min(at, len(edits.entries) - 1)

    def _options(self) -> list[Option]:
        entries = self._ledger.entries
        return [Option(Content(f"{'on ' if entry.on else 'off'}  {visible(str(entry.edit))}")) for entry in entries]

    @property
    def _chosen(self) -> int | None:
        chosen = self.query_one(OptionList).highlighted
        return chosen if chosen is not None and chosen < len(self._ledger.entries) else None

    def action_switch(self) -> None:
        """Switch the chosen edit."""
        if (number := self._chosen) is not None:
            self._worker.switch_edit(number, to=self._asker)

    def action_remove(self) -> None:
        """Take the chosen edit out."""
        if (number := self._chosen) is not None:
            self._worker.remove_edit(number, to=self._asker)

    def action_clear(self) -> None:
        """Take all edits out."""
        self._worker.clear_edits(to=self._asker)

    def action_list(self, move: str) -> None:
        """Move in the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Switch the edit on which Enter is pressed, or that is clicked."""
        event.stop()
        self.action_switch()
