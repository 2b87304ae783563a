"""The command palette, proof against Enter pressed twice.

Textual 8.2.8 runs a command of its palette once for each Enter, and the second time there is no palette left to close:
the app dies with a ScreenStackError. Here the second Enter does nothing.
"""

from typing import Any

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.screen import ScreenResultType


class Commands(Provider):
    """The commands of the screen in the order of its keys, found by their names and by what they do."""

    async def discover(self) -> Hits:
        """All of them."""
        for name, meaning, callback, *_ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(name, callback, help=meaning)

    async def search(self, query: str) -> Hits:
        """Those that match, a match in the name or in the sentence being as good."""
        matcher = self.matcher(query)
        for name, meaning, callback, *_ in self.app.get_system_commands(self.screen):
            if (match := max(matcher.match(name), matcher.match(meaning))) > 0:
                yield Hit(match, matcher.highlight(name), callback, help=meaning)


class Palette(CommandPalette):
    """Textual's palette, which can be closed once only."""

    DEFAULT_CSS = """
    Palette.plain CommandList:focus > .option-list--option-highlighted,
    Palette.plain CommandList > .option-list--option-highlighted { text-style: bold underline; }
    """

    _dismissed_once = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close, the first time it is asked."""
        if self._dismissed_once or not self.is_current:
            return AwaitComplete()
        self._dismissed_once = True
        return super().dismiss()

    def _select_or_command(self, event: Any = None) -> None:
        if not self._dismissed_once:
            super()._select_or_command(event)


def open_palette(app: App[Any]) -> None:
    """Open it, unless it is open."""
    if not CommandPalette.is_open(app):
        app.push_screen(Palette(providers=[Commands], id="--command-palette", classes="plain" if app.no_color else ""))
