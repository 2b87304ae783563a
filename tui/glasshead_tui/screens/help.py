"""Every key and every glyph, on one page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.state.keymaps import EXPLORE as GROUPS
from glasshead_tui.state.keys import Groups
from glasshead_tui.terminal.visible import visible

Meanings = tuple[tuple[str, str], ...]

INTRODUCTION = (
    "Step through a translation token by token. Every number is the model's own: captured while it ran, "
    "or computed from what was captured, and then the view says how."
)
GLYPHS: Meanings = (
    (".81", "a weight, or a score, on its colour: the brighter, the larger"),
    ("╱", "masked: −∞ before softmax, weight exactly 0. Nobody may look there"),
    ("·", "not decoded yet: there is no such row or column so far"),
    ("choosing", "a row of the decoder looks one word ahead: the row of chat chooses noir. I names rows by it"),
    ("[cat .98]", "in the alignment, the word that gets the largest weight"),
    ("‿", "this piece is written onto the one before it"),
    ("E7", "two digits: a byte of a character that the vocabulary lacks"),
    ("▸ ■", "start token, from which the first target token is asked for; end token"),
)


class Help(ModalScreen[None], LeavableScreen[None]):
    """The help page; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q", "dismiss", "close", show=False)]
    DEFAULT_CSS = """
    Help { align: center middle; background: $background 40%; }
    Help > VerticalScroll { width: 86; max-width: 98%; height: auto; max-height: 96%; border: round $primary;
        background: $surface; padding: 0 1; }
    """

    def __init__(
        self,
        shown: Mapping[str, str],
        *,
        facts: Sequence[str] = (),
        introduction: str = INTRODUCTION,
        groups: Groups = GROUPS,
        glyphs: Meanings = GLYPHS,
        count: str = "A number typed before a key repeats it: 5 l moves five keys to the right.",
    ) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them · facts: about the model, all of them."""
        super().__init__()
        self._facts = facts
        self._shown_keys, self._introduction, self._groups = shown, introduction, groups
        self._glyphs, self._counting = glyphs, count

    def compose(self) -> ComposeResult:
        """Compose one scrolling page."""
        with VerticalScroll() as page:
            page.border_title = "help"
            page.border_subtitle = "esc closes"
            yield Static(self._page())

    def _page(self) -> Group:
        parts: list[Text | Table] = [Text(self._introduction)]
        for title, keys in self._groups.items():
            parts += [Text(f"\n{title}", style="bold"), _table((self._shown_keys[key.id], key.meaning) for key in keys)]
        parts += [Text("\nWhat the glyphs mean", style="bold"), _table(self._glyphs)]
        parts.append(Text(f"\n{self._counting}"))
        if self._facts:
            parts += [Text("\nThis model", style="bold"), *(Text(visible(fact)) for fact in self._facts)]
        return Group(*parts)


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=11, no_wrap=True, style="bold")
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table
