"""Folders of Hugging Face under the explorer: keys are answered, no pane fails, and the truth holds."""

from pathlib import Path

import numpy
import pytest
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.huggingface.tiny import sound_of
from tests.tui.conftest import Explore
from tests.tui.screens.test_strangers import LOOKING, press

from glasshead.found import find
from glasshead_tui.panes.explore.norms import NormsPane

TEXT = "the black cat is sleeping"


@pytest.mark.parametrize("family", ["marian", "t5", "llama", "bert", "whisper"])
async def test_a_folder_is_explored_like_any_model(explore: Explore, family: str, tmp_path: Path) -> None:
    module = save(family, tmp_path / family)
    found, text = find(tmp_path / family), TEXT
    if family == "whisper":
        numpy.save(tmp_path / "hello.npy", sound_of(module)[0].numpy())
        found, text = find(tmp_path / family, features=tmp_path / "hello.npy"), "hello.npy"
    async with explore(size=(120, 36), checkpoint=found, text=text) as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= 3)
        if family != "bert":
            await press(explorer, "space", "space", "space", "b")
            await explorer.step(2)
        for pane in "mauvocASVFP":
            await press(explorer, pane, "l")
        await press(explorer, *LOOKING)
        await explorer.until(lambda: "checking" not in explorer.text)
        assert "✗" not in explorer.text and family in explorer.text
        assert ("source" in explorer.text) == (family != "llama")


async def test_norms_without_a_mean_say_so_and_show_their_root_mean_square(explore: Explore, tmp_path: Path) -> None:
    save("llama", tmp_path / "llama")
    async with explore(size=(120, 36), checkpoint=find(tmp_path / "llama"), text=TEXT) as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= 3)
        assert explorer.text.count("no mean") >= 5 and "rms = √(mean of x²)" in explorer.text
        head, *rows = explorer.screen.query_one(NormsPane).as_rows()
        assert head == ("norm", "rms before", "rms after", "gain·x")
        x = explorer.moment.trace["decoder.0.self.resid"][-1].double()  # the newest token is the query
        assert rows[1][0] == "0.ffn"
        assert rows[1][1] == pytest.approx(float(x.square().mean()) ** 0.5, rel=1e-4)
        assert "rotary positions" in explorer.text


async def test_the_help_tells_all_facts_about_the_model(explore: Explore, tmp_path: Path) -> None:
    """Those too that have no room in the header."""
    save("llama", tmp_path / "llama")
    async with explore(size=(80, 50), checkpoint=find(tmp_path / "llama"), text=TEXT) as explorer:
        await explorer.until(lambda: "✓" in explorer.text)
        await press(explorer, "question_mark", "end")
        await explorer.until(lambda: "This model" in explorer.text)
        assert all(fact in explorer.text for fact in explorer.moment.anatomy.facts)
