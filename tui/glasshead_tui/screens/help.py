"""Every key and every glyph, on one page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.screens.meanings import GLYPHS, Meanings
from glasshead_tui.state.keymaps import EXPLORE as GROUPS
from glasshead_tui.state.keys import Groups
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.titled import write_titles

INTRODUCTION = (
    "Step through a translation token by token. Every number is the model's own: captured while it ran, "
    "or computed from what was captured, and then the view says how."
)


class Help(Dialog[None]):
    """The help page: a scrolling text, whose border says how much there is below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "close", show=False),
        Binding("j", "turn('down')", "down", show=False),
        Binding("k", "turn('up')", "up", show=False),
        Binding("space", "turn('page_down')", "a page down", show=False),
    ]
    DEFAULT_CSS = """
    Help > VerticalScroll { width: 86; max-width: 98%; height: auto; max-height: 96%; border: round $primary;
        background: $surface; padding: 0 1; scrollbar-gutter: stable; }
    """

    def __init__(
        self,
        shown: Mapping[str, str],
        *,
        facts: Sequence[str] = (),
        introduction: str = INTRODUCTION,
        groups: Groups = GROUPS,
        glyphs: Meanings = GLYPHS,
        panes: Meanings = (),
        count: str = "A number typed before a key repeats it: 5 l moves five keys to the right.",
    ) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them · facts: about the model, all of them ·
        panes: what each of them shows, the active one first.
        """
        super().__init__()
        self._facts = facts
        self._shown_keys, self._introduction, self._groups = shown, introduction, groups
        self._glyphs, self._panes, self._counting = glyphs, panes, count

    def compose(self) -> ComposeResult:
        """Compose one scrolling page."""
        with VerticalScroll():
            yield Static(Once(self._page()))

    def on_mount(self) -> None:
        """Say how much there is below, whenever that changes."""
        page = self.query_one(VerticalScroll)
        for name in ("scroll_y", "virtual_size", "size"):
            self.watch(page, name, self._tell_rest)

    def _tell_rest(self) -> None:
        page = self.query_one(VerticalScroll)
        below = page.max_scroll_y - round(page.scroll_y)
        more = f"{below} more line{'s' * (below > 1)} below: ↓ pgdn · " if below > 0 else ""
        write_titles(page, "help", f"{more}esc closes")

    def action_turn(self, move: str) -> None:
        """Move in the page."""
        getattr(self.query_one(VerticalScroll), f"scroll_{move}")(animate=False)

    def _page(self) -> Group:
        parts: list[Text | Table] = [Text(self._introduction)]
        if self._panes:
            parts += [Text("\nThis pane", style="bold"), _table(self._panes[:1])]
        for title, keys in self._groups.items():
            parts += [Text(f"\n{title}", style="bold"), _table((self._shown_keys[key.id], key.meaning) for key in keys)]
        if self._panes:
            parts += [Text("\nThe other panes", style="bold"), _table(self._panes[1:])]
        parts += [Text("\nWhat the glyphs mean", style="bold"), _table(self._glyphs)]
        parts.append(Text(f"\n{self._counting}"))
        if self._facts:
            parts += [Text("\nThis model", style="bold"), *(Text(visible(fact)) for fact in self._facts)]
        return Group(*parts)


class Once:
    """Something that Rich draws, drawn once for each width: Textual asks for a page of tables three times."""

    def __init__(self, page: Group) -> None:
        self._page = page
        self._drawn: dict[int, list[Segment]] = {}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the page."""
        if options.max_width not in self._drawn:
            self._drawn[options.max_width] = list(console.render(self._page, options))
        yield from self._drawn[options.max_width]


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=11, no_wrap=True, style="bold")
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table
