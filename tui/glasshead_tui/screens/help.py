"""Every key and every glyph, on one page: in sections that a digit goes to, and in which / finds a word."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from glasshead_tui.drawing.paint import palette
from glasshead_tui.screens.ask import PlainInput
from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.screens.lines import index_text
from glasshead_tui.screens.meanings import GLYPHS, Meanings
from glasshead_tui.state.keymaps import EXPLORE as GROUPS
from glasshead_tui.state.keys import Groups
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.entries import Entries, Section
from glasshead_tui.widgets.titled import write_titles

INTRODUCTION = (
    "Step through a translation token by token. Every number is the model's own: captured while it ran, "
    "or computed from what was captured, and then the view says how."
)
FRAME = 4
"""Columns and lines beside the text: the border, and what is empty."""
SHARE = 0.96
"""Of the lines of the window, those that the page may take."""


class Help(Dialog[None]):
    """The help page: an index above a text that scrolls, and where in it one is."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave the search; close", show=False),
        Binding("question_mark,f1,q", "dismiss", "close", show=False),
        Binding("down,j", "turn('down')", "down", show=False),
        Binding("up,k", "turn('up')", "up", show=False),
        Binding("pagedown,space", "turn('page_down')", "a page down", show=False),
        Binding("pageup,b", "turn('page_up')", "a page up", show=False),
        Binding("home", "turn('home')", "the first line", show=False),
        Binding("end", "turn('end')", "the last line", show=False),
        Binding("slash", "search", "find a word", show=False),
        Binding("n", "search_again(1)", "the next place", show=False),
        Binding("N", "search_again(-1)", "the place before", show=False),
        *(Binding(str(digit), f"section({digit})", "a section", show=False) for digit in range(1, 10)),
    ]
    DEFAULT_CSS = """
    Help > Vertical { width: 86; max-width: 98%; height: 96%; border: round $primary; background: $surface; }
    Help #index { height: auto; padding: 0 1 1 1; }
    Help Entries { height: 1fr; }
    Help PlainInput, Help PlainInput:focus { border: none; padding: 0 1; height: 1; margin: 0; background: $boost;
        display: none; }
    Help.searching PlainInput { display: block; }
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
        found = [Section("This pane", panes[:1])] if panes else []
        found += [Section(title, [(shown[key.id], key.meaning) for key in keys]) for title, keys in groups.items()]
        found += [Section("The other panes", panes[1:])] if panes else []
        found.append(Section("What the glyphs mean", [*glyphs, ("", count)]))
        found += [Section("This model", [("", visible(fact)) for fact in facts])] if facts else []
        self._text = Entries(introduction, found)

    def compose(self) -> ComposeResult:
        """Compose the index, the text, and the line for a search."""
        with Vertical():
            yield Static(id="index")
            yield self._text
            yield PlainInput(placeholder="find a word")

    def on_resize(self, event: events.Resize) -> None:
        """Take no more lines than there are."""
        box = self.query_one(Vertical)
        columns = min(86, round(event.size.width * 0.98)) - FRAME
        index = index_text(self._text.titles_short, 0, columns, palette(self.app))
        needed = self._text.count(columns) + index.plain.count("\n") + FRAME
        box.styles.height = min(needed, int(event.size.height * SHARE))

    def on_entries_moved(self) -> None:
        """Tell where one is."""
        self._tell_place()

    def _tell_place(self) -> None:
        text, box = self._text, self.query_one(Vertical)
        columns = max(1, box.size.width - 2)
        self.query_one("#index", Static).update(index_text(text.titles_short, text.here, columns, palette(self.app)))
        first, last, of = text.in_sight
        write_titles(box, f"help · lines {first}–{last} of {of}", self._keys())

    def _keys(self) -> str:
        if told := self._text.told:
            searching = self.has_class("searching")
            return f"{told} · {'enter keeps it, esc leaves' if searching else 'n next · N before · esc closes'}"
        more = " · ↓ pgdn more" if self._text.max_scroll_y > self._text.scroll_y else ""
        return f"1–{len(self._text.titles_short)} section · / find{more} · esc closes"

    def action_turn(self, move: str) -> None:
        """Move in the page."""
        getattr(self._text, f"scroll_{move}")(animate=False)

    def action_section(self, number: int) -> None:
        """Go to a section."""
        self._text.go_to(number - 1)

    def action_search(self) -> None:
        """Open the line for a search."""
        self.set_class(True, "searching")
        line = self.query_one(PlainInput)
        self.set_focus(line)
        line.action_select_all()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Go to the first place of what is typed."""
        self._text.find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close the line, and keep what was found."""
        event.stop()
        self._end_search()

    def action_search_again(self, by: int) -> None:
        """Go to another place of what was looked for."""
        self._text.find_again(by)

    def action_leave(self) -> None:
        """Leave the search; without one, close."""
        if self.has_class("searching"):
            self._text.find("")
            self._end_search()
        else:
            self.dismiss()

    def _end_search(self) -> None:
        self.set_focus(None)
        self.set_class(False, "searching")
