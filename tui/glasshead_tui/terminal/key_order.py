"""Keys act in the order in which they came, however fast: each begins when the one before it has ended.

Textual 8.2.8 hands every key at once to the current focus, and the effects of a key travel through other queues: a
digit overtakes the key before it, and text typed after a key that opens a box goes to the screen below. This file can
go once a version of Textual waits.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widgets import Input

LAPS = 2
"""Rounds of waiting for all queues on the way of a key: its effects, and messages that a widget posts because of it."""
LOST = 5.0
"""Seconds after which a silent queue counts as closed."""
LOOK = 0.005
"""Seconds between two looks at whether a screen still waits."""
URGENT = frozenset({"escape", "ctrl+q", "ctrl+z"})
PATIENCE = 0.3
"""Most seconds that a waiting screen delays an urgent key."""


class OrderedKeys(App[None]):
    """An app that handles one key after the other.

    A screen whose attribute `waits` is true has asked for something that decides the meaning of the next key: keys are
    held until it has the answer. Its method `key_begins`, if it has one, is called before each key.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[tuple[float, events.Key | events.Paste]] = deque()
        self._came = asyncio.Event()
        self._begun: _Begun | None = None
        """The key that is handled outside of its turn, until its effects have settled."""
        self._turns = False

    @property
    def all_taken(self) -> bool:
        """Whether every key has been handled."""
        return not self._came.is_set()

    async def on_event(self, event: events.Event) -> None:
        """Handle a key at once if none is under way, hold it until its turn otherwise; pass everything else on."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await self._take_in(event)
        elif self._came.is_set() or not self._turns or not self._screen_stack or self._waits():
            self._held.append((time.monotonic(), event))
            self._came.set()
        else:  # alone, as nearly every key that a person presses: no queue stands between it and its answer
            begun = _Begun(event, self.screen, self.focused or self.screen)
            self._begun = begun
            self._came.set()
            try:
                await self._take_in(event)
            finally:
                begun.taken.set()

    async def _take_in(self, event: events.Event) -> None:
        """Handle an event like Textual; but once the app ends, which removes its screens, drop keys and clicks."""
        if self._exit and isinstance(event, events.InputEvent):
            return
        if isinstance(event, events.Key) and not event.is_forwarded and self._screen_stack:
            begins = getattr(self.screen, "key_begins", None)
            if begins is not None:
                begins()
        await super().on_event(event)

    async def _ready(self) -> None:
        await super()._ready()
        self.run_worker(self._take_turns(), name="keys", group="keys")

    async def _take_turns(self) -> None:
        self._turns = True
        while await self._came.wait():
            if (begun := self._begun) is not None:
                self._begun = None
                await begun.taken.wait()
                await self._settle(begun)
            while self._held:
                while self._waits():
                    await asyncio.sleep(LOOK)
                await self._act(self._held.popleft()[1])
            self._came.clear()

    def _waits(self) -> bool:
        """Tell whether the next key has to wait: the screen does, and no key is urgent."""
        if not self._screen_stack or not getattr(self.screen, "waits", False):
            return False
        late = time.monotonic() - PATIENCE
        return not any(came < late and isinstance(key, events.Key) and key.key in URGENT for came, key in self._held)

    async def _act(self, event: events.Event) -> None:
        """Handle a key completely, until the screen that it opens is there."""
        if not self._screen_stack:
            return
        begun = _Begun(event, self.screen, self.focused or self.screen)
        await _taken(self, partial(self._take_in, event))
        await self._settle(begun)

    async def _settle(self, begun: "_Begun") -> None:
        """Wait until the effects of a key are there, and the screen that it opens."""
        if isinstance(begun.target, Input) and isinstance(begun.event, events.Key) and begun.event.is_printable:
            return  # a character: the next one waits behind it anyway, which makes a long paste quick
        for _ in range(LAPS):
            await _passed(begun.target)
        screen = begun.screen
        while self._screen_stack and self.screen is not screen:
            screen = self.screen
            await _passed(screen)


class _Begun:
    """A key that is being handled: where it went, and whether it has been taken."""

    def __init__(self, event: events.Event, screen: MessagePump, target: MessagePump) -> None:
        self.event, self.screen, self.target = event, screen, target
        self.taken = asyncio.Event()


async def _passed(target: MessagePump) -> None:
    """Wait until the current contents of all queues from here up to the app are handled."""
    pump: MessagePump | None = target
    while pump is not None:
        await _taken(pump)
        pump = pump._parent


async def _taken(pump: MessagePump, work: Callable[[], Any] | None = None) -> None:
    """Wait until a queue has reached its current end, and run some work there."""
    done = asyncio.Event()

    async def come() -> None:
        if work is not None:
            await work()
        done.set()

    if pump.call_later(come):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), LOST)
