"""What every full screen does with keys: a number typed before one repeats it, and the palette knows all by name."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen

from glasshead_tui.screens.command_palette import open_palette
from glasshead_tui.state import keys

LARGEST_COUNT = 9999


class CommandedScreen(Screen[None]):
    """A screen with keys from keys.py. A subclass names its groups and says where the count is shown."""

    GROUPS: ClassVar[keys.Groups]
    _count: int = 0
    _shown_keys: Mapping[str, str]

    def _write_hints(self) -> None:
        """Draw the line of hints anew: the count has changed."""
        raise NotImplementedError

    def action_palette(self) -> None:
        """Every command by name."""
        open_palette(self.app)

    def commands(self) -> Iterable[SystemCommand]:
        """What the palette offers: all that a key does."""
        for key in keys.list_keys(self.GROUPS):
            if key.id != "palette":
                name = f"{key.id.replace('_', ' ')}  ({self._shown_keys[key.id]})"
                yield SystemCommand(name, key.meaning, self._runner(key.action))

    def _runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run

    def on_key(self, event: events.Key) -> None:
        """Digits are a count for the key that follows."""
        if event.character is not None and event.character.isdecimal() and event.character.isascii():
            self._set_count(min(self._count * 10 + int(event.character), LARGEST_COUNT))
            event.stop()

    def _times(self) -> int:
        """The count that was typed, or 1; it is used up."""
        times = max(1, self._count)
        self._set_count(0)
        return times

    def _set_count(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self._write_hints()
