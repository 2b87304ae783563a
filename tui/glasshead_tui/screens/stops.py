"""The breakpoints of the session in a list: added, switched on and off, taken out."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import visible
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.session.stops import Stops

HINT = (
    "entropy > 2 (bits) · best < 0.5 · token = chat · decoder.2.cross[head=3] looks at cat > 0.6, in short "
    "2.cross.3 looks at cat > 0.6 · choice differs (from the unedited line's). Enter takes it, esc does not."
)


class StopList(ListDialog[None]):
    """See the module. What changes is done by the worker; the screen below hears of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,U", "dismiss", "close", show=False),
        Binding("a,i", "add", "add", show=False),
        Binding("space", "switch", "switch", show=False),
        Binding("delete,backspace,r", "remove", "remove", show=False),
    ]

    def __init__(self, stops: "Stops", worker: Worker, asker: Asker) -> None:
        super().__init__()
        self._stops, self._worker, self._asker = stops, worker, asker
        self._asking: tuple[int, Ask] | None = None
        """Ticket of the breakpoint on its way, and the question that waits for it."""

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("Breakpoints: stepping, playing and decoding to the end stop there"))
            yield self.make_list(self._lines())
            yield Static(
                Content("a adds one · space switches one off or on · r takes it out · esc closes"), classes="quiet"
            )

    def on_mount(self) -> None:
        """Ask for the first breakpoint where there is none."""
        if not self._stops.entries:
            self.action_add()

    def show(self, stops: "Stops", ticket: int) -> None:
        """Show the breakpoints after a change."""
        self._stops = stops
        self.refill(self._lines())
        if self._asking is not None and self._asking[0] == ticket:
            self._asking[1].dismiss()
            self._asking = None

    def refuse(self, sentence: str, ticket: int) -> bool:
        """Say why a breakpoint is none; tell whether the ticket was its own."""
        if self._asking is None or self._asking[0] != ticket:
            return False
        self._asking[1].refuse(sentence)
        return True

    def _lines(self) -> list[str]:
        entries = self._stops.entries
        return [f"{'on ' if entry.on else 'off'}  {visible(str(entry.stop))}" for entry in entries] or ["none yet"]

    @property
    def _marked(self) -> int | None:
        return self.chosen if self._stops.entries else None

    def action_add(self) -> None:
        """Ask for a breakpoint."""

        def answer(ask: Ask, text: str) -> None:
            self._asking = self._worker.list_stops(lambda session: session.add_stop(text), to=self._asker), ask

        def closed(_: object) -> None:
            self._asking = None

        self.app.push_screen(Ask("Stop where?", HINT, "", answer), closed)

    def action_switch(self) -> None:
        """Switch the chosen breakpoint."""
        if (number := self._marked) is not None:
            self._worker.list_stops(lambda session: session.switch_stop(number), to=self._asker)

    def action_remove(self) -> None:
        """Take the chosen breakpoint out."""
        if (number := self._marked) is not None:
            self._worker.list_stops(lambda session: session.remove_stop(number), to=self._asker)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Switch the breakpoint on which Enter is pressed, or that is clicked; add the first."""
        event.stop()
        if self._stops.entries:
            self.action_switch()
        else:
            self.action_add()
