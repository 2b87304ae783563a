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
PANES: Meanings = (
    ("map", "every head of every layer; each picture is its attention weights, brighter where larger"),
    ("attention", "softmax(Q Kᵀ / √d_k + mask) of one head: a row a query, a column a key; s goes through its stages"),
    ("sum", "one cell: score = q·k / √d_k, weight = exp(score) / Σ exp(scores), and the row's output = Σ weight · v"),
    (
        "vectors",
        "one cell: q = x W_Q asks, k = x W_K is asked, v = x W_V is given; q × k is their product, number by number",
    ),
    ("norms", "LayerNorm after each sub-layer: step 1 is n = (x − mean) / √(var + ε), step 2 is gain · n + bias"),
    (
        "truth",
        "checks of what is shown, each computed in another way: ✓ holds, ✗ does not, ~ an edit breaks it on purpose",
    ),
)
"""The panes in the paper's words."""
GLYPHS: Meanings = (
    (".81", "a weight, or a score, on its colour: the brighter, the larger"),
    ("9e-5", "0.00009: a number too small for four decimals; 0 stands alone for exactly zero"),
    ("╱", "masked: −∞ before softmax, weight exactly 0. Nobody may look there"),
    ("·", "not decoded yet, or out of the edits' reach: there is nothing to be seen"),
    ("[.81]", "the cursor: its row is the query, its column the key"),
    ("‿", "this piece is written onto the one before it"),
    ("␣", "a piece that is only the space before a word"),
    ("E7", "two digits: a byte of a character that the vocabulary lacks"),
    ("▸ ■", "start token, from which the first target token is asked for; end token"),
    ("┃", "where the next token of the target will stand"),
    ("▂▅▇", "the numbers of a vector: up positive, down negative; ±5.28 is the height of the tallest"),
    ("░▒▓█", "without colour: the darker, the larger a weight; = and ≡ below, ░ to █ above 0 for scores"),
    ("≠ =", "changed by the edits, and underlined; in their reach and unchanged"),
    ("mouse", "a click chooses a cell or a head; the wheel scrolls"),
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
        panes: Meanings = (),
        glyphs: Meanings = GLYPHS,
        count: str = "A number typed before a key repeats it: 5 l moves five keys to the right.",
    ) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them · facts: about the model, all of them ·
        panes: what each of them shows, the active one first.
        """
        super().__init__()
        self._facts = facts
        self._shown_keys, self._introduction, self._groups = shown, introduction, groups
        self._panes, self._glyphs, self._counting = panes, glyphs, count

    def compose(self) -> ComposeResult:
        """Compose one scrolling page."""
        with VerticalScroll() as page:
            page.border_title = "help"
            page.border_subtitle = "esc closes"
            yield Static(self._page())

    def _page(self) -> Group:
        parts: list[Text | Table] = [Text(self._introduction)]
        if self._panes:
            parts += [Text("\nThis pane, and the others", style="bold"), _table(self._panes)]
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
