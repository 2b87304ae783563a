"""The screen on a run's folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.tui.runs import Run
from tests.tui.screens.watch.watching import Watch, Watching

from glasshead_tui.app import WatchApp


@pytest.fixture
def watch() -> Watch:
    """`async with watch(run, size=(120, 36)) as watching`: the screen on a run's folder."""

    @asynccontextmanager
    async def opened(run: Run, size: tuple[int, int] = (120, 36), at: int | None = 40) -> AsyncIterator[Watching]:
        app = WatchApp(run.folder)
        async with app.run_test(size=size) as pilot:
            watching = Watching(app, pilot)
            if at is not None:
                await watching.at(at)
            yield watching
            await asyncio.sleep(0)

    return opened
