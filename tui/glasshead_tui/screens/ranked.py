"""The heads of a model, ranked by what the translation loses without each; Enter goes to one."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.drawing.numbers import real
from glasshead_tui.plain.ranking import HEAD_ROW, head_row
from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import clip, visible

if TYPE_CHECKING:
    from glasshead.ranking.results import Effect


class RankedHeads(ListDialog[int | None]):
    """A list of heads; dismissed with the place of the chosen one in the list, or None."""

    effects: "tuple[Effect, ...]" = ()
    """Heads that are listed, each with its effect."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,r", "dismiss(None)", "close", show=False)]
    DEFAULT_CSS = """
    RankedHeads > Vertical { width: 92; max-width: 98%; }
    """

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("What the unedited model loses in its translation without each head"))
            yield Static(Content("takes one head after the other out …"), id="said", classes="quiet")
            yield Static(Content(""), id="heads", classes="quiet")
            yield self.make_list()
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
            line.update(Content(clip(HEAD_ROW, room)))
        self.refill((clip(head_row(effect), room) for effect in effects), 0)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the head on which Enter is pressed."""
        event.stop()
        if self.is_active and event.option_index < len(self.effects):
            self.dismiss(event.option_index)
