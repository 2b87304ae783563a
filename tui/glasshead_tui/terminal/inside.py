"""Inside: what screens need of Textual that has no public name. They use it from here alone, and from `frames`.

Written for Textual 8.2.8. `PRIVATE` lists every private name, with its parameters if it is a method: a test holds it
against the Textual that is installed.
"""

from collections.abc import Mapping
from inspect import iscoroutine
from typing import Any

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip

from glasshead_tui.terminal.frames import Frames

VERSION = "8.2.8"
PRIVATE: Mapping[str, str] = {
    "screen._compositor.render_strips": "(size: 'Size | None' = None) -> 'list[Strip]'",
    "screen._compositor.render_full_update": "(simplify: 'bool' = False) -> 'LayoutUpdate'",
    "screen._compositor.render_partial_update": "() -> 'ChopsUpdate | None'",
    "screen._compositor.reflow": "(parent: 'Widget', size: 'Size') -> 'ReflowResult'",
    "screen._compositor._regions_to_spans": "(regions: 'Iterable[Region]') -> 'Iterable[tuple[int, int, int]]'",
    "screen._compositor._dirty_regions": "set",
    "screen._compositor.visible_widgets": "dict",
    "screen._compositor.cuts": "list",
    "screen._dispatch_message": "(message: 'Message') -> 'None'",
    "screen._flush_next_callbacks": "() -> 'None'",
    "screen._invoke_later": "(callback: 'CallbackType', sender: 'MessagePump') -> 'None'",
    "screen._callbacks": "list",
    "screen._next_callbacks": "list",
    "screen._pruning": "bool",
    "screen._closing": "bool",
    "screen._closed": "bool",
    "message._sender": "",
}
"""Name → parameters of a method, type of anything else."""


class OpenScreen(Screen[ScreenResultType]):
    """A screen that sees each message and each round of callbacks before Textual does, and sends `Frames`."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        self._compositor = Frames()

    @property
    def closing(self) -> bool:
        """Whether it is unmounting or unmounted. (`is_running` turns false only after that.)"""
        return self._pruning or self._closing or self._closed

    def takes(self, message: Message) -> bool:
        """Tell whether a message is to be dispatched."""
        return True

    def begin_callbacks(self) -> None:
        """Prepare for the callbacks of `call_next`, which are called now."""

    async def _dispatch_message(self, message: Message) -> None:
        if self.takes(message):
            await super()._dispatch_message(message)

    async def _flush_next_callbacks(self) -> None:
        self.begin_callbacks()
        await super()._flush_next_callbacks()

    def drop_own_callbacks(self) -> None:
        """Forget its own callbacks of `call_next`."""
        dropped = [each for each in self._next_callbacks if sender(each) is self]
        self._next_callbacks = [each for each in self._next_callbacks if sender(each) is not self]
        for each in dropped:
            for coroutine in filter(iscoroutine, getattr(each.callback, "args", ())):
                coroutine.close()  # else Python warns that it was never awaited

    def hand_on(self, other: Screen[Any]) -> None:
        """Pass callbacks of others that wait for its next refresh to another screen."""
        waiting = [each for each in self._callbacks if each[1] is not self]
        self._callbacks.clear()
        for callback, asker in waiting:
            other._invoke_later(callback, asker)


def sender(message: Message) -> MessagePump | None:
    """Return who sent a message."""
    return message._sender


def others_callback(message: Message, screen: Screen[Any]) -> bool:
    """Tell whether a message is a callback that somebody else than a screen asked for, and may wait for."""
    return isinstance(message, events.Callback) and sender(message) is not screen


def render_strips(screen: Screen[Any], size: Size) -> list[Strip]:
    """Render all that a screen shows."""
    return screen._compositor.render_strips(size)
