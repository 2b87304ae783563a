"""The command palette, proof against Enter pressed twice, and clicks on commands that have gone.

Textual 8.2.8 runs a command of its palette once for each Enter, and the second time there is no palette left to close:
the app dies with a ScreenStackError. Here the second Enter does nothing.
"""

from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.errors import NoWidget

from glasshead_tui.screens.dialog import OverScreen
from glasshead_tui.widgets.options import Pressable, has_lines


class Commands(Provider):
    """The commands of the screen in the order of its keys, found by name and by description."""

    async def discover(self) -> Hits:
        """Yield all commands."""
        for name, meaning, callback, *_ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(name, callback, help=meaning)

    async def search(self, query: str) -> Hits:
        """Yield the commands that match; one in the name counts twice as much as one in the description."""
        matcher = self.matcher(query)
        for name, meaning, callback, *_ in self.app.get_system_commands(self.screen):
            if (match := max(matcher.match(name), matcher.match(meaning) / 2)) > 0:
                yield Hit(match, matcher.highlight(name), callback, help=meaning)


class SteadyCommandList(CommandList, Pressable):  # Textual takes styles from the first
    """Textual's list of commands, which change while one types."""


class SteadyCommandPalette(CommandPalette, OverScreen[None]):
    """Textual's palette, closed only once."""

    DEFAULT_CSS = """
    SteadyCommandPalette CommandList { min-width: 12; }
    SteadyCommandPalette.plain CommandList:focus > .option-list--option-highlighted,
    SteadyCommandPalette.plain CommandList > .option-list--option-highlighted { text-style: bold underline; }
    """

    def compose(self) -> ComposeResult:
        """Compose Textual's palette with our list in it."""
        for widget in super().compose():
            yield SteadyCommandList() if type(widget) is CommandList else widget

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
        app.push_screen(SteadyCommandPalette(providers=[Commands], classes="plain" if app.no_color else ""))
