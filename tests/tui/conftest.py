"""Driving the explorer: an app on a tiny checkpoint, and waiting until the session has done what was asked."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.tui.runs import Run, make
from textual import _wait
from textual.pilot import Pilot

from glasshead.found import Found, find
from glasshead.session.moment import Moment
from glasshead_tui.app import Framed, GlassheadApp
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.explore import ExploreScreen

LIMIT = 60.0


@pytest.fixture(scope="session", autouse=True)
def finely() -> Iterator[None]:
    """Let the pilot look four times as often whether the app is idle: it waits twice for every key."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SLEEP_GRANULARITY", "SLEEP_IDLE"):
            patch.setattr(_wait, name, getattr(_wait, name) / 4)
        yield


class Explorer:
    """An explorer that runs, seen from outside: keys go in, what is shown and looked at comes out."""

    def __init__(self, app: GlassheadApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> ExploreScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, ExploreScreen)
        return screen

    @property
    def moment(self) -> Moment:
        """Where the explorer stands."""
        assert self.screen.moment is not None
        return self.screen.moment

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true; fail when it does not."""
        end, pause = time.monotonic() + LIMIT, 0.005
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            assert self.app._exception is None, "the app has failed"
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, 0.05)  # to look costs more than most of what is waited for
            self.app.screen._on_timer_update()  # and not `pause`, which asks every widget whether it is idle

    @property
    def on_top(self) -> bool:
        """Whether nothing lies over the explorer."""
        return self.app.screen is self.screen

    async def reads(self, text: str) -> None:
        """Wait until the explorer reads this sentence."""
        await self.until(lambda: self.moment.text == text)

    async def step(self, number: int) -> None:
        """Wait until the explorer stands after this step."""
        await self.until(lambda: self.screen.moment is not None and self.screen.moment.step == number)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    @property
    def text(self) -> str:
        """All that the screen shows, as lines of text."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text[: self.app.size.width].rstrip() for strip in strips)


Explore = Callable[..., AbstractAsyncContextManager[Explorer]]


@pytest.fixture
def explore(tiny: Path) -> Explore:
    """`async with explore(size=(120, 36), text=…) as explorer`: the app, with its first sentence on the screen."""

    @asynccontextmanager
    async def opened(
        size: tuple[int, int] = (120, 36),
        text: str | None = "the black cat",
        checkpoint: Path | Found = tiny,
        lab: str | None = None,
        lesson: bool = False,
        first: bool = False,
        held: threading.Event | None = None,
    ) -> AsyncIterator[Explorer]:
        """first: whether it looks at what it opens on, and not at the decoder's first matrix · held: until it is set
        nothing is opened, and no text is waited for.
        """
        found = find(checkpoint) if isinstance(checkpoint, Path) else checkpoint

        def hold() -> str:
            assert held is not None and held.wait(LIMIT)
            return "the black cat"

        app = GlassheadApp(found, hold if held else text, lab=lab, lesson=lesson)
        text = None if held else text
        async with app.run_test(size=size) as pilot:
            explorer = Explorer(app, pilot)
            if text is not None:
                await explorer.step(0)
                await explorer.until(lambda: explorer.screen.query_one(TruthPane)._checks is not None)
                if not (first or lab or lesson or explorer.moment.trace.recorded):
                    explorer.screen._look(stack="decoder", kind="self", layer=0, head=0)
            await asyncio.sleep(0)
            yield explorer

    return opened


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 40 steps that has ended, with stops at 0, 10, 20, 30 and 40."""
    return make(tmp_path / "run")


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What notices say, which are not shown."""
    said: list[str] = []
    monkeypatch.setattr(Framed, "notify", lambda _app, message, **_more: said.append(message))
    return said
