"""A real trace of an untrained model to draw, and a frame to draw it in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from glasshead_tui.widgets.exact import ExactView
from glasshead_tui.widgets.heatmap import HeatMap

if TYPE_CHECKING:
    from glasshead.decoding.stepper import Stepper
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace


class Frame(App[None]):
    """One pane and nothing else; it keeps the messages that reach it."""

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane
        self.heard: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_map_pane_picked(self, event: Any) -> None:
        self.heard.append(event)

    def on_heads_pane_picked(self, event: Any) -> None:
        self.heard.append(event)

    def on_noted_matrix_picked(self, event: Any) -> None:
        self.heard.append(event)


def moment(trace: "Trace", line: "Stepper | None" = None, **changes: Any) -> "Moment":
    """A moment that shows a trace; changes: fields that are otherwise than where `line` stands."""
    from glasshead.session.moment import Moment

    usual: dict[str, Any] = {
        "source": trace.source, "tokens": trace.target, "text": "", "line": 1, "step": len(trace.target) - 1,
        "done": False, "ended": False, "limit": 47, "candidates": (), "entropy": 1.234,
    }  # fmt: skip
    if line is not None:
        usual |= {"tokens": tuple(line.tokens), "step": line.step_number, "candidates": tuple(line.candidates(8))}
    return Moment(trace=trace, **{**usual, **changes})


class Patient(Pilot[None]):
    """A pilot that also waits for what was mounted while it waited: on a busy machine that has not been drawn."""

    async def pause(self, delay: float | None = None) -> None:
        await super().pause(delay)
        while self.app.screen._layout_required or any(not each.is_mounted for each in self.app.screen.query("*")):
            await super().pause(0.01)
        await super().pause()


Drawn = Callable[[Widget], list[str]]
Framed = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(scope="session")
def line(tiny: Path) -> "Stepper":
    """A line of the tiny model after five steps, whose tokens come from elsewhere than its own choice."""
    from glasshead.found import load

    stepper = load(tiny).start("the small black cat is sleeping")
    for token in (17, 40, 23, 40, 60):
        stepper.choose(token)
    return stepper


@pytest.fixture
def framed() -> Framed:
    """`async with framed(pane, size) as pilot`: the pane alone on a screen of that size."""

    @asynccontextmanager
    async def frame(pane: Widget, size: tuple[int, int] = (78, 17)) -> AsyncIterator[Any]:
        async with Frame(pane).run_test(size=size) as pilot:
            await pilot.pause()
            yield Patient(pilot.app)

    return frame


@pytest.fixture
def drawn() -> Drawn:
    """The lines of a pane as they stand on the screen; each is as wide as its widget."""

    def lines(widget: Widget) -> list[str]:
        parts = [widget] if isinstance(widget, ExactView) else list(widget.query(ExactView))
        found: list[str] = []
        for part in sorted(parts, key=lambda part: not isinstance(part, HeatMap)):
            strips = [part.render_line(y) for y in range(part.size.height)]
            assert all(strip.cell_length == part.size.width for strip in strips)
            found += [strip.text.rstrip() for strip in strips]
        return found

    return lines
