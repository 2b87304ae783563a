"""The keys of the screen that watches: actions, help and palette."""

from pathlib import Path

import pytest
from tests.tui.runs import Run
from tests.tui.screens.watch.watching import Watch

from glasshead_tui.screens.help import Help
from glasshead_tui.state import keymaps, keys


async def test_the_help_tells_all_keys_and_keys_of_ones_own(
    watch: Watch, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "keys.toml"
    own.write_text('earlier = "x"\nstep = "y"\n')  # the explorer's keys are there too, and mean nothing here
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: own)
    async with watch(run, size=(120, 90)) as watching:
        await watching.says("x → time")
        await watching.press("x")
        await watching.at(30)
        await watching.press("question_mark")
        await watching.until(lambda: isinstance(watching.app.screen, Help))
        await watching.says(*(" ".join(key.meaning.split()[:3]) for key in keys.list_keys(keymaps.WATCH)))
        await watching.press("escape")


async def test_the_palette_offers_all_that_a_key_does(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        offered = {(command.name, command.meaning) for command in watching.screen.commands()}
        for key in keys.list_keys(keymaps.WATCH):
            assert key.id == "palette" or (key.id.replace("_", " "), key.meaning) in offered
        await watching.press("ctrl+p")
        await watching.press(*"first", "enter", "enter")
        await watching.until(lambda: watching.app.screen is watching.screen)
