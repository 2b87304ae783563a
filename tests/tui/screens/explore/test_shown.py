"""Only the shown layer is captured: another one is computed beside the keys, and drawn when it is there."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import LIMIT, Explore, Explorer

from glasshead.decoding import rows
from glasshead.errors import GlassheadError
from glasshead.found import Found, find
from glasshead.opening import Opening
from glasshead_tui.drawing.tables import attention_rows
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.pane import COMPUTING
from glasshead_tui.screens.paned import PANES


class Passes:
    """The passes that are run to show another layer. They wait while they are held."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.free = threading.Event()
        self.free.set()
        self.fails = False

    def run(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def again(asked: rows.Again, sites: Any) -> Any:
            self.threads.append(threading.current_thread())
            assert self.free.wait(LIMIT)
            if self.fails:
                raise GlassheadError("There is no memory for that.")
            return usual(asked, sites)

        return again

    @property
    def on_the_screens_thread(self) -> bool:
        return threading.main_thread() in self.threads


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Passes]:
    found = Passes()
    monkeypatch.setattr(rows.Again, "__call__", found.run(rows.Again.__call__))
    yield found
    found.free.set()


@pytest.fixture
def shown(tiny: Path) -> Found:
    """The tiny model, of which the shown layer is captured."""
    return find(tiny, Opening(capture="shown"))


def waiting(explorer: Explorer) -> bool:
    return bool(explorer.screen._waiting)


async def test_another_layer_is_computed_beside_the_keys_in_every_pane(
    explore: Explore, shown: Found, passes: Passes
) -> None:
    async with explore(checkpoint=shown, first=True) as explorer:
        assert "captures the shown layer" in explorer.text.splitlines()[0]
        about = explorer.screen._about
        assert about is not None
        assert about.facts.index("captures the shown layer") == 2, "before whatever a long header leaves out"
        await explorer.press("space", "space")
        await explorer.step(2)
        for name in PANES:
            explorer.screen.action_show(name)
            for keys in (("left_square_bracket", "k"), ("t", "right_square_bracket")):
                await explorer.press(*keys)
                await explorer.until(lambda: not waiting(explorer))
                assert COMPUTING not in explorer.text
        await explorer.press("T", "left_square_bracket", "d", "f", "m", "right_square_bracket", "x", "d")
        await explorer.until(lambda: explorer.screen._worker.idle and not waiting(explorer))
        assert passes.threads and not passes.on_the_screens_thread


async def test_what_was_let_go_is_computed_beside_the_keys_in_every_pane(
    explore: Explore, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Any = rows.Rows.begin
    monkeypatch.setattr(rows.Rows, "begin", lambda *given: usual(*given[:-1], 20_000))  # bytes of the budget
    async with explore(first=True) as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        assert any(site.endswith(".weights") for site in explorer.moment.trace.dropped)
        for name in PANES:
            explorer.screen.action_show(name)
            for keys in (("left_square_bracket", "k"), ("t", "right_square_bracket", "s")):
                await explorer.press(*keys)
                await explorer.until(lambda: not waiting(explorer))
                assert COMPUTING not in explorer.text
        assert passes.threads and not passes.on_the_screens_thread


async def test_what_is_looked_at_last_is_computed_and_keys_are_answered_meanwhile(
    explore: Explore, shown: Found, passes: Passes
) -> None:
    async with explore(checkpoint=shown, first=True) as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        await explorer.press("a", "f")  # of all panes only this one, which shows one layer
        await explorer.until(lambda: not waiting(explorer))
        passes.free.clear()
        passes.threads.clear()
        await explorer.press("left_square_bracket")
        await explorer.until(lambda: COMPUTING in explorer.text and len(passes.threads) == 1)
        await explorer.press("escape", "right_square_bracket")  # back to a layer that is there
        await explorer.until(lambda: COMPUTING not in explorer.text and not waiting(explorer))
        await explorer.press("t", "left_square_bracket")  # the encoder's first, which nobody waits for
        await explorer.until(lambda: COMPUTING in explorer.text)
        await explorer.press("t")  # the decoder's first, which is on its way
        assert waiting(explorer)
        passes.free.set()
        await explorer.until(lambda: not waiting(explorer) and COMPUTING not in explorer.text)
        assert len(passes.threads) == 1
        found = explorer.screen.query_one(AttentionPane).as_rows()
        focus = explorer.screen._looking
        assert (focus.stack, focus.layer) == ("decoder", 0)
    async with explore(first=True) as usual:
        await usual.press("space", "space")
        await usual.step(2)
        wanted = attention_rows(usual.moment, focus)
    assert found[0] == wanted[0]
    for one, other in zip(found[1:], wanted[1:], strict=True):
        assert one[0] == other[0] and one[1:] == pytest.approx(other[1:], abs=1e-5)


async def test_what_cannot_be_computed_says_why(explore: Explore, shown: Found, passes: Passes) -> None:
    async with explore(checkpoint=shown, first=True) as explorer:
        await explorer.press("space")
        await explorer.step(1)
        passes.fails = True
        await explorer.press("left_square_bracket")
        await explorer.until(lambda: "There is no memory for that." in explorer.text)
        assert COMPUTING not in explorer.text
        await explorer.press("right_square_bracket")
        await explorer.until(lambda: "There is no memory for that." not in explorer.text)
