"""Folders of Hugging Face under the explorer: keys are answered, no pane fails, and the truth holds."""

from pathlib import Path

import pytest
from tests.core.adapters.huggingface.folders import save
from tests.tui.conftest import Explore
from tests.tui.screens.test_strangers import LOOKING, press

from glasshead.found import find

TEXT = "the black cat is sleeping"


@pytest.mark.parametrize("family", ["marian", "t5", "llama", "bert"])
async def test_a_folder_is_explored_like_any_model(explore: Explore, family: str, tmp_path: Path) -> None:
    save(family, tmp_path / family)
    async with explore(size=(120, 36), checkpoint=find(tmp_path / family), text=TEXT) as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= 3)
        if family != "bert":
            await press(explorer, "space", "space", "space", "b")
            await explorer.step(2)
        for pane in "mauvo":
            await press(explorer, pane, "l")
        await press(explorer, *LOOKING)
        await explorer.until(lambda: "checking" not in explorer.text)
        assert "✗" not in explorer.text and family in explorer.text
        assert ("source" in explorer.text) == (family != "llama")
