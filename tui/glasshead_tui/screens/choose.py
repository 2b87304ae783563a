"""The candidates for the next token, to choose one other than the model's first."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.drawing.names import labels, next_labels, spoken
from glasshead_tui.drawing.numbers import drawn_with, weight
from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import clip, fit

if TYPE_CHECKING:
    from glasshead.session.moment import Moment


class Choose(ListDialog[int | None]):
    """A list of candidates; dismissed with the id of the chosen token, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "take none", show=False)]
    DEFAULT_CSS = """
    Choose > Vertical { width: 64; }
    """

    def __init__(self, moment: "Moment") -> None:
        super().__init__()
        self._moment = moment

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        before = spoken(labels(self._moment.tokens)[-1])
        with Vertical():
            yield Static(Content(f"Step {self._moment.step + 1}: which token follows {clip(before, 24)} ?"))
            yield self.make_list(self._lines())
            only = "in a recording only the token that was taken can be taken · esc leaves it"
            usual = "enter takes it, the line branches there · esc leaves it"
            yield Static(Content(only if self._moment.trace.recorded else usual), classes="quiet")

    def _lines(self) -> list[str]:
        weighed = self._moment.weighed
        chances = [token.probability or 0.0 for token in self._moment.candidates]
        drawn = chances if weighed is None else weighed.adjusted
        best = max(drawn, default=1.0)
        lines = []
        names = next_labels(self._moment.tokens, self._moment.candidates)
        for rank, name in enumerate(names, 1):
            bar = "█" * round(24 * drawn[rank - 1] / max(best, 1e-9))
            then = "" if weighed is None else f" → {drawn_with(drawn[rank - 1], cuts=weighed.cuts):>5}"
            lines.append(f"{rank:3} {fit(name, 16)} {weight(chances[rank - 1]):>5}{then}  {bar}")
        return lines

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the selected token. Enter pressed twice, fast, comes here twice: only the first counts."""
        event.stop()
        if self.is_active:
            self.dismiss(self._moment.candidates[event.option_index].id)
