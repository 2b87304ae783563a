"""A screen that watches a run, seen from outside."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from textual.pilot import Pilot

from glasshead_tui.app import WatchApp
from glasshead_tui.screens.watch import WatchScreen

LIMIT = 60.0


class Watching:
    """A screen that watches a run, seen from outside."""

    def __init__(self, app: WatchApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> WatchScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, WatchScreen)
        return screen

    async def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < end, f"it did not happen:\n{self.text}"
            await asyncio.sleep(0.02)
            self.app.screen._on_timer_update()

    async def at(self, step: int) -> None:
        """Wait until what was recorded at a step is shown."""
        await self.until(lambda: self.screen._recorded is not None and self.screen._recorded.step == step)
        await self.pilot.pause()

    async def says(self, *parts: str) -> None:
        """Wait until these words are on the screen."""
        await self.until(lambda: all(part in self.text for part in parts))

    async def press(self, *pressed: str) -> None:
        await self.pilot.press(*pressed)

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text[: self.app.size.width].rstrip() for strip in strips)


Watch = Callable[..., AbstractAsyncContextManager[Watching]]
