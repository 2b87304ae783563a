"""The command palette, proof against Enter pressed twice, and clicks on commands that have gone.

Textual 8.2.8 runs a command of its palette once for each Enter, and the second time there is no palette left to close:
the app dies with a ScreenStackError. Here the second Enter does nothing.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.errors import NoWidget
from textual.markup import escape

from glasshead_tui.screens.dialog import OverScreen
from glasshead_tui.widgets.options import Pressable, has_lines
from glasshead_tui.widgets.titled import write_titles

WIDTH, MARGIN = 86, 7
"""Columns of the palette, and of them those beside a command: border, sign, padding and scrollbar."""


@dataclass(frozen=True)
class Listed:
    """A command of a screen. Its texts are of ours."""

    name: str
    key: str
    """The keys that do the same, as a person reads them."""
    meaning: str
    run: Callable[[], Awaitable[None]]


class Commands(Provider):
    """The commands of the uppermost screen that has any, in the order of its keys, found by name and by description."""

    async def discover(self) -> Hits:
        """Yield all commands."""
        for each in self._listed():
            yield DiscoveryHit(self._line(each, Content(each.name)), each.run, each.name, self._meaning(each))

    async def search(self, query: str) -> Hits:
        """Yield the commands that match; one in the name counts twice as much as one in the description."""
        matcher = self.matcher(query)
        for each in self._listed():
            if (match := max(matcher.match(each.name), matcher.match(each.meaning) / 2)) > 0:
                line = self._line(each, matcher.highlight(each.name))
                yield Hit(match, line, each.run, each.name, self._meaning(each))

    def _listed(self) -> Iterable[Listed]:
        for screen in reversed(self.app.screen_stack):
            commands: Callable[[], Iterable[Listed]] | None = getattr(screen, "commands", None)
            if commands is not None:
                return commands()
        return ()

    def _line(self, command: Listed, name: Content) -> Content:
        """Write the name at the left, and the keys at the right."""
        room = min(WIDTH, self.app.size.width * 98 // 100) - MARGIN
        space = " " * max(2, room - cell_len(command.name) - cell_len(command.key))
        return name.append(space).append(Content.styled(command.key, "$accent"))

    def _meaning(self, command: Listed) -> str:
        return escape(command.meaning)


class SteadyCommandList(CommandList, Pressable):  # Textual takes styles from the first
    """Textual's list of commands, which change while one types."""


class SteadyCommandPalette(CommandPalette, OverScreen[None]):
    """Textual's palette, closed only once."""

    DEFAULT_CSS = """
    SteadyCommandPalette { background: $background 40%; }
    SteadyCommandPalette > Vertical, SteadyCommandPalette:dark > Vertical { width: 86; max-width: 98%; margin-top: 1;
        background: transparent; }
    SteadyCommandPalette SearchIcon { display: none; }
    SteadyCommandPalette #--input, SteadyCommandPalette #--input.--list-visible { border: round $primary;
        background: $surface; padding: 0 1; }
    SteadyCommandPalette CommandInput, SteadyCommandPalette CommandInput:focus { border: none; height: 1; padding: 0; }
    SteadyCommandPalette CommandList { min-width: 12; border: round $primary; background: $surface; padding: 0;
        max-height: 80vh; }
    SteadyCommandPalette CommandList.--populating { border: round $primary; }
    SteadyCommandPalette CommandList > .option-list--option { padding: 0 1 0 0; }
    SteadyCommandPalette > .command-palette--help-text { color: $text-muted; text-style: not bold; }
    SteadyCommandPalette > .command-palette--highlight { color: $accent; text-style: bold; }
    SteadyCommandPalette.plain CommandList:focus > .option-list--option-highlighted,
    SteadyCommandPalette.plain CommandList > .option-list--option-highlighted { text-style: bold underline; }
    """

    def compose(self) -> ComposeResult:
        """Compose Textual's palette with our list in it."""
        for widget in super().compose():
            yield SteadyCommandList() if type(widget) is CommandList else widget

    def on_mount(self) -> None:
        """Name it, and its keys."""
        write_titles(self.query_one("#--input"), "commands", "enter runs it · esc closes")

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]
        """Ignore a click where the window has ended by now; Textual 8.2.8 looks there for a widget, and fails."""
        try:
            self.get_widget_at(event.screen_x, event.screen_y)
        except NoWidget:
            event.prevent_default()  # else Textual calls the method of the base class too

    def _action_command_list(self, action: str) -> None:
        if not action.startswith("page") or has_lines(self.query_one(CommandList)):
            super()._action_command_list(action)

    def _select_or_command(self, event: Any = None) -> None:
        if self.is_active:
            super()._select_or_command(event)


def open_palette(app: App[Any]) -> None:
    """Open the palette, unless it is open. It has no id: one that was just left may still be mounted."""
    if not CommandPalette.is_open(app):
        plain = "plain" if app.no_color else ""
        app.push_screen(SteadyCommandPalette(providers=[Commands], classes=plain, placeholder="a command"))
