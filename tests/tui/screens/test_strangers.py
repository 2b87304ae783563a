"""Models that are not the paper's under the explorer: every key is pressed, and no pane fails."""

import time
from typing import Any

import pytest
from tests.core.strangers import NAMES, Opens
from tests.tui.conftest import LIMIT, Explore, Explorer

from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.alignment import AlignmentPane
from glasshead_tui.panes.explore.heads import HeadsPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.panes.explore.vectors import VectorsPane
from glasshead_tui.panes.map import MapPane
from glasshead_tui.state import keymaps

LOOKING = ("s", "s", "t", "j", "l", "pagedown", "]", ")", "[", "(", "k", "h", "pageup", "3", "l", "s")
NAMED = {"]": "right_square_bracket", "[": "left_square_bracket", ")": "right_parenthesis", "(": "left_parenthesis"}
PANES = (MapPane, AttentionPane, SumPane, VectorsPane, NormsPane, HeadsPane, AlignmentPane, TokensPane, TruthPane)
LEAVING = {"quit", "suspend", "lab"}


async def press(explorer: Explorer, *keys: str) -> None:
    await explorer.press(*(NAMED.get(key, key) for key in keys))


async def press_every_key(explorer: Explorer) -> None:
    """Press each key of the explorer but those that leave it, and close what it opens."""
    for key in keymaps.ALL:
        if key.id in LEAVING:
            continue
        await press(explorer, key.keys.split(",")[0])
        await explorer.until(lambda: not explorer.screen.waits)
        await explorer.pilot.pause(0.02)
        await close(explorer)
    await explorer.until(lambda: explorer.screen._worker.idle)
    await close(explorer)


async def close(explorer: Explorer) -> None:
    """Close what lies over the explorer."""
    end = time.monotonic() + LIMIT
    while not explorer.on_top:
        assert time.monotonic() < end, f"{explorer.app.screen} stays"
        await press(explorer, "escape")
        await explorer.pilot.pause(0.01)


@pytest.mark.parametrize(("name", "size"), [(name, (80, 24) if name == "gpt" else (120, 36)) for name in NAMES])
async def test_every_key_is_answered(explore: Explore, name: str, size: tuple[int, int]) -> None:
    writes = name != "bert"
    async with explore(size=size, checkpoint=Opens(name), text="abcadc") as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= (3 if size[0] > 100 else 1))
        if writes:
            await press(explorer, "space", "space", "space", "b")
            await explorer.step(2)
        for pane in "mauvocASVFP":
            await press(explorer, pane, "l")
            drawn: list[Any] = [explorer.screen.query_one(each) for each in PANES]
            for each in drawn:
                if not each.has_class("pane") or each.has_class("shown"):  # what is not seen is not drawn
                    assert each.as_rows() and each.as_text()
        await press(explorer, *LOOKING)
        await press_every_key(explorer)
        await press(explorer, "i", "end", "a", "d", "enter")
        await explorer.until(lambda: explorer.on_top and explorer.moment.text == "abcadcad")
        await press(explorer, "z", "end")
        await explorer.until(lambda: explorer.moment.text == "abcadc" and explorer.moment.done)
        await explorer.until(lambda: "checking" not in explorer.text)
        assert "✗" not in explorer.text
        assert ("source" in explorer.text) == (name not in ("gpt", "gemma"))


async def test_what_a_model_does_otherwise_is_shown_as_it_is(explore: Explore) -> None:
    async with explore(checkpoint=Opens("t5"), text="abc") as explorer:
        await explorer.until(lambda: "+ bias" in explorer.text)
        assert "no mean" in explorer.text and "× 1.0000" in explorer.text
    async with explore(checkpoint=Opens("gemma"), text="abc") as explorer:
        await explorer.until(lambda: "the mask hides it" in explorer.text)
        await press(explorer, "9", "l")  # to the newest key, which its window lets it see
        await explorer.until(lambda: "cap 2.0" in explorer.text)
        assert ("cap", 2.0) in explorer.screen.query_one(SumPane).as_rows()
        assert "encoder" not in explorer.text and "source" not in explorer.text
        assert "not generated yet" not in explorer.text, "a window hides what was generated long ago too"
    async with explore(checkpoint=Opens("bert"), text="abc") as explorer:
        await explorer.until(lambda: "reads, and writes no text" in explorer.text)
        assert "decoder" not in explorer.text and "not decoded yet" not in explorer.text


async def test_kinds_of_attention_are_those_that_there_are(explore: Explore) -> None:
    for name, kinds in (("gpt", ["self"]), ("bert", ["self"]), ("t5", ["self", "cross", "self"])):
        async with explore(checkpoint=Opens(name), text="abc") as explorer:
            await press(explorer, "i")
            title = "New prompt" if name == "gpt" else "New source sentence"
            await explorer.until(lambda title=title: title in explorer.text)  # type: ignore[misc]
            await press(explorer, "escape")
            seen = []
            for _ in kinds:
                seen.append(explorer.screen._looking.kind)
                await press(explorer, "t")
            assert seen == kinds
