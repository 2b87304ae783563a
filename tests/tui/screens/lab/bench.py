"""A lab whose experiments are known, and hands for its screen."""

import asyncio
import threading
import time
from dataclasses import dataclass

from tests.tui.conftest import Explorer
from textual import events
from textual.screen import Screen

from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab.exhibits import Grid, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict
from glasshead.lab.tools.progress import Progress
from glasshead_tui.screens.ask import PlainInput
from glasshead_tui.screens.lab import LabScreen

LIMIT = 60.0


@dataclass(frozen=True, kw_only=True)
class Doubled:
    n: int
    twice: int
    word: str


class Bench:
    """A known experiment: it doubles n, and can be made to wait at its gate."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.ran: list[int] = []
        self.stopped: list[int] = []

    def run(self, *, n: int, word: str, progress: Progress) -> Doubled:
        if n == 13:
            raise GlassheadError("n is 13; that is no number to double.")
        try:
            progress(0.25, f"doubling {word}")
            while not self.gate.wait(0.01):
                progress(0.5, f"doubling {word}")
        except StoppedError:
            self.stopped.append(n)
            raise
        self.ran.append(n)
        return Doubled(n=n, twice=2 * n, word=word)


def judge(result: Doubled) -> Verdict:
    return Verdict(answer=1, sentence=f"Twice {result.n} is {result.twice}.")


def exhibits(result: Doubled) -> tuple[Table | Plot | Grid | Lines, ...]:
    rows = tuple((number, 2.5 * number, result.word) for number in range(result.n))
    curves = (
        Series(label=f"double {result.word}", x=[1, 2, 4, 8], y=[2, 4, 8, 16]),
        Series(label="measured", x=[1, 2, 4, 8], y=[2.1, 3.9, 8.2, 0], points=True),
    )
    hidden = -float("inf")
    return (
        Plot(title="the doubling curve", x=f"n {result.word}", y="twice", series=curves, log_x=True, log_y=True),
        Table(title="the doubling table", columns=("n", "and a half", result.word), rows=rows, note=result.word),
        Grid(title="the doubling grid", rows=("r", result.word), columns=("c", "d"), values=((1, hidden), (0.25, -3))),
        Lines(title="the doubling lines", lines=(f"2 × {result.n} = {result.twice} {result.word}",)),
    )


def known(bench: Bench, name: str = "scaling", *, trained: bool = False) -> Page:
    return Page(
        name=name,
        title=f"Doubling {name}",
        claim="What is doubled is twice as large.",
        paragraphs=("The first paragraph.", "The second paragraph.", "Look at the slope."),
        question=Question(text="How large is twice n?", answers=("half of it", "n + n", "n squared")),
        controls=(
            Control(name="n", usual=4, help="what is doubled", stops=(2, 4, 8), least=1, most=99, quick=2, full=8),
            Control(name="word", usual="", help="a word that is carried along"),
        ),
        run=bench.run,
        judge=judge,
        exhibits=exhibits,
        attempt=Try(
            sentence="Look at what the scale did.",
            steps=2,
            layer=7,
            head=1,
            pane="sum",
            edits=("*.scores = unscaled",),
        ),
        sources=("A book",),
        result="tests:Doubled",
        trained=trained,
    )


def at(explorer: Explorer) -> LabScreen:
    return next(each for each in reversed(explorer.app.screen_stack) if isinstance(each, LabScreen))


async def hit(explorer: Explorer, *pressed: str) -> None:
    """Press keys one after the other, without the time that a person needs between them."""
    for key in pressed:
        explorer.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await taken(explorer)


async def taken(explorer: Explorer) -> None:
    """Wait until every key that was sent has done what it does."""
    await explorer.pilot.pause(0)
    await explorer.until(lambda: explorer.app.all_taken or not explorer.app.is_running)
    await explorer.pilot.pause(0)


async def burst(explorer: Explorer, pressed: str) -> None:
    """Press keys all at once, and wait until each has done what it does."""
    for key in pressed:
        explorer.app.post_message(events.Key(key, key))
    await taken(explorer)


async def says(explorer: Explorer, *parts: str) -> None:
    """Wait until all these are on the screen, however the lines are broken; fail, showing it, when they do not come."""
    end = time.monotonic() + LIMIT
    while missing := [part for part in parts if part not in " ".join(explorer.text.split())]:
        assert time.monotonic() < end, f"{missing} did not come:\n{explorer.text}"
        await asyncio.sleep(0.02)
        explorer.app.screen._on_timer_update()


async def asked(explorer: Explorer) -> Screen[object]:
    """The question box, once it can be typed into: it opens some time after its key."""
    await explorer.until(lambda: bool(explorer.app.screen.query(PlainInput)))
    return explorer.app.screen
