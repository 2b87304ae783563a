"""A list over the screen, with a title and hints: what the lists of tokens and of models have in common."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ScreenResultType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.widgets.options import Options


class ListDialog(Dialog[ScreenResultType]):
    """See the module. A subclass composes a `Vertical` with what `make_list` returns, and quiet lines around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "list('cursor_down')", "down", show=False),
        Binding("k", "list('cursor_up')", "up", show=False),
    ]
    DEFAULT_CSS = """
    ListDialog > Vertical { width: 84; max-width: 96%; height: auto; max-height: 94%; border: round $primary;
        background: $surface; padding: 0 1; }
    ListDialog OptionList, ListDialog OptionList:focus { border: none; padding: 0; height: auto; max-height: 16;
        background: $surface; }
    ListDialog OptionList.plain:focus > .option-list--option-highlighted { text-style: bold underline; }
    ListDialog .quiet { color: $text-muted; height: auto; }
    """

    def make_list(self, lines: Iterable[str] = ()) -> Options:
        """Make the list. lines: its options, safe for a terminal."""
        return Options(*_options(lines), classes="plain" if self.app.no_color else "")

    def action_list(self, move: str) -> None:
        """Move in the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()


def _options(lines: Iterable[str]) -> list[Option]:
    return [Option(Content(line)) for line in lines]
