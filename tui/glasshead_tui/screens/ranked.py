"""The heads of a model, ranked by what the translation loses without each; Enter goes to one."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from glasshead_tui.drawing.numbers import real
from glasshead_tui.plain.ranking import head_row
from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.options import Options

if TYPE_CHECKING:
    from glasshead.ranking.results import Effect

HEADS = "part          layer  head    effect        placebo  looks at, more than evenly"


class RankedHeads(ModalScreen[int | None], LeavableScreen[int | None]):
    """A list of heads; dismissed with the place of the chosen one in the list, or None."""

    effects: "tuple[Effect, ...]" = ()
    """Heads that are listed, each with its effect."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,r", "dismiss(None)", "close", show=False),
        Binding("j", "list('cursor_down')", "down", show=False),
        Binding("k", "list('cursor_up')", "up", show=False),
    ]
    DEFAULT_CSS = """
    RankedHeads { align: center middle; background: $background 40%; }
    RankedHeads > Vertical { width: 92; max-width: 98%; height: auto; max-height: 94%; border: round $primary;
        background: $surface; padding: 0 1; }
    RankedHeads OptionList, RankedHeads OptionList:focus { border: none; padding: 0; height: auto; max-height: 16;
        background: $surface; }
    RankedHeads OptionList.plain:focus > .option-list--option-highlighted { text-style: bold underline; }
    RankedHeads .quiet { color: $text-muted; height: auto; }
    """

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("Which head matters: what the translation loses without each"))
            yield Static(Content("takes one head after the other out …"), id="said", classes="quiet")
            yield Static(Content(""), id="heads", classes="quiet")
            yield Options(classes="plain" if self.app.no_color else "")
            yield Static(Content("enter goes to the head · esc closes"), classes="quiet")

    def say(self, sentence: str) -> None:
        """Write the line above the list."""
        for line in self.query("#said").results(Static):
            line.update(Content(clip(visible(sentence), 400)))

    def show(self, effects: "tuple[Effect, ...]", loss: float) -> None:
        """List the heads."""
        self.effects = effects
        still = sum(not effect.moved for effect in effects)
        nothing = f" {still} moved nothing." if still else ""
        self.say(
            f"The effect is the rise of the loss ({real(loss, 6)} nats a token). The placebo is the same, done to the "
            f"other heads of the layer: mean ± spread.{nothing}"
        )
        room = min(84, self.app.size.width - 10)
        for line in self.query("#heads").results(Static):
            line.update(Content(clip(HEADS, room)))
        for options in self.query(Options):
            options.clear_options()
            options.add_options([Option(Content(clip(head_row(effect), room))) for effect in effects])
            options.highlighted = 0

    def action_list(self, move: str) -> None:
        """Move in the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the head on which Enter is pressed."""
        event.stop()
        if self.is_active and event.option_index < len(self.effects):
            self.dismiss(event.option_index)
