"""Keys, counts, help and palette of the explorer."""

import threading
from pathlib import Path

import pytest
from tests.tui.conftest import Explore
from textual import events

from glasshead_tui.screens.help import Help
from glasshead_tui.state import keymaps
from glasshead_tui.widgets.entries import Entries


async def test_a_count_repeats_a_key(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("5", "space")
        await explorer.step(5)
        await explorer.press("3", "k")
        assert explorer.screen._looking.query == 2
        await explorer.press("3", "escape", "b")
        await explorer.step(4)


async def test_help_names_every_key(explore: Explore) -> None:
    async with explore(size=(120, 140)) as explorer:
        await explorer.press("question_mark")
        assert isinstance(explorer.app.screen, Help)
        shown = " ".join(explorer.text.split())
        for key in keymaps.ALL:
            assert " ".join(key.meaning.split()[:3]) in shown, key.id
        await explorer.press("escape")
        assert explorer.on_top


async def test_all_of_the_help_is_reached_by_its_sections_and_by_words(explore: Explore) -> None:
    async with explore(size=(80, 24)) as explorer:
        await explorer.press("V", "question_mark")
        page = explorer.app.screen
        assert isinstance(page, Help)
        text = page.query_one(Entries)
        await explorer.until(lambda: f"lines 1–{text.size.height} of {len(text._lines)}" in explorer.text)
        assert "1 THIS PANE" in explorer.text and "logits" in str(text._lines[5:10]), "the active pane comes first"
        for number, title in enumerate([*keymaps.EXPLORE, "The other panes", "What the glyphs mean", "This model"], 2):
            await explorer.press(str(number))
            await explorer.until(lambda line=title: line in explorer.text)  # type: ignore[misc]
            assert f"{number} {title.partition(':')[0].upper()}" in explorer.text
        await explorer.until(lambda: f"–{len(text._lines)} of {len(text._lines)}" in explorer.text)
        await explorer.press("slash", *"RECORDING")
        await explorer.until(lambda: "1 of 1 entries that hold it" in explorer.text)
        assert " w  " in explorer.text
        await explorer.press("x")
        await explorer.until(lambda: "nothing holds it" in explorer.text)
        await explorer.press("escape", "home", "slash", *"breakpoint", "enter", "N")
        hits = sum("breakpoint" in place.text for place in text._made.places)
        await explorer.until(lambda: f"{hits} of {hits} entries" in explorer.text)
        await explorer.press("escape")
        assert explorer.on_top


async def test_a_burst_of_keys_is_done_in_order(explore: Explore) -> None:
    async with explore() as explorer:
        for key in ["space"] * 7 + ["b"] * 3 + ["space"]:
            explorer.app.post_message(events.Key(key, " " if key == "space" else key))
        await explorer.pilot.pause(0)
        await explorer.until(lambda: explorer.app.all_taken and explorer.screen._worker.idle)
        await explorer.step(5)


async def test_the_palette_survives_enter_pressed_twice(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("ctrl+p")
        await explorer.pilot.pause(0.3)
        for _ in range(3):
            explorer.app.post_message(events.Key("enter", "\r"))
        await explorer.pilot.pause(0.5)
        assert explorer.app.is_running
        assert explorer.app._exception is None


async def test_the_palette_runs_what_a_key_does(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("ctrl+p")
        await explorer.pilot.pause(0.3)
        await explorer.press(*"the vectors q")
        await explorer.pilot.pause(0.5)
        await explorer.press("enter")
        await explorer.until(lambda: explorer.screen._active == "vectors")


async def test_keys_can_be_put_elsewhere(explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('step = "x"\n')
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: file)
    async with explore() as explorer:
        await explorer.press("x")
        await explorer.step(1)
        await explorer.press("space")
        await explorer.pilot.pause(0.1)
        assert explorer.moment.step == 1


async def test_help_and_hints_tell_keys_where_they_were_put(
    explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('step = "x,n"\n')
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: file)
    async with explore() as explorer:
        assert "x step" in explorer.text
        assert "space step" not in explorer.text
        await explorer.press("question_mark")
        assert "x n" in explorer.text


async def test_what_is_to_be_looked_at_can_be_said_while_the_model_loads(explore: Explore) -> None:
    held = threading.Event()
    async with explore(held=held) as explorer:
        explorer.screen.action_kind()  # from encoder–decoder attention to the encoder's own
        explorer.screen.action_layer(-1)
        held.set()
        await explorer.step(0)
        await explorer.until(lambda: "encoder 0 · self-attention" in explorer.text)


async def test_keys_work_again_after_the_palette_was_left(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("ctrl+p")
        await explorer.pilot.pause(0.3)
        await explorer.press("escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)
        await explorer.press("space")
        await explorer.step(1)
