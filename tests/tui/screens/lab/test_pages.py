"""Turning pages, the lesson's place, and the drawing of any page."""

import re
from pathlib import Path

import pytest
from tests.conftest import HOSTILE
from tests.tui.conftest import Explore
from tests.tui.pseudo_terminal import Terminal
from tests.tui.screens.lab.bench import Bench, asked, at, hit, says
from textual import events

from glasshead import lab
from glasshead_tui.screens.ask import PlainInput
from glasshead_tui.screens.help import Help
from glasshead_tui.state import course as lesson
from glasshead_tui.state import keymaps, keys


async def test_any_size_shows_it_whole_and_loses_nothing(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, "Twice 4 is 8.")
        await explorer.pilot.resize_terminal(120, 36)
        await says(explorer, "» 2 scaling · c→b", "10 subwords", "Look at the slope.", "the doubling table")
        await explorer.pilot.resize_terminal(200, 60)
        await says(explorer, "The first paragraph.", "2 × 4 = 8", "the doubling grid", "the doubling curve")
        await explorer.pilot.resize_terminal(20, 5)
        await says(explorer, "enlarge")
        await hit(explorer, "right")
        await explorer.pilot.resize_terminal(80, 24)
        await says(explorer, "Twice 8 is 16.", "‹8›", "you said c")


async def test_pages_can_be_turned_and_gone_to(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="heads") as explorer:
        await says(explorer, "3 of 10")
        await hit(explorer, "n")
        await says(explorer, "4 of 10")
        await hit(explorer, "2", "p")
        await says(explorer, "2 of 10")
        await hit(explorer, "9", "p")
        await says(explorer, "This is the first experiment.")
        await says(explorer, "2 of 10")
        await explorer.press("colon", *"warmpu", "enter")
        await says(explorer, "Did you mean warmup?")
        (await asked(explorer)).query_one(PlainInput).value = "warm"
        await hit(explorer, "enter")
        await says(explorer, "8 of 10")
        await hit(explorer, "2", "colon")
        await says(explorer, "2 of 10")
        await hit(explorer, "9", "n")
        await says(explorer, "This is the last experiment.")


async def test_what_a_terminal_would_obey_is_made_visible(explore: Explore, bench: Bench) -> None:
    async with explore(size=(200, 60), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "down", "equals_sign")
        (await asked(explorer)).query_one(PlainInput).post_message(events.Paste("".join(HOSTILE)))
        await says(explorer, "Left out")
        await hit(explorer, "escape")
        # Typed or pasted it is left out; a value that came in another way is drawn all the same.
        at(explorer)._visit.values["word"] = "".join(HOSTILE)
        await hit(explorer, "enter")
        await says(explorer, "double ␛[2J", "n ␛[2J", "2 × 4 = 8 ␛[2J␛]0;owned␇<U+202E>txt<U+009B>31m[red][/]")
        assert all(character.isprintable() or character == "\n" for character in explorer.text)


async def test_the_lesson_keeps_ones_place_and_ends(explore: Explore, bench: Bench, state: Path) -> None:
    async with explore(size=(80, 24), text=None, lesson=True) as explorer:
        await says(explorer, "lesson 1 of 10")
        await hit(explorer, "b")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "n", "c")
        await says(explorer, "lesson 2 of 10", "Twice 4 is 8.")
        await hit(explorer, "n")
        await says(explorer, "lesson 3 of 10")
    kept = lesson.read()
    assert (kept.at, dict(kept.answers), dict(kept.right)) == (
        "heads", {"attention": 1, "scaling": 2}, {"attention": 1, "scaling": 1},
    )  # fmt: skip
    async with explore(size=(120, 36), text=None, lesson=True) as explorer:
        await says(explorer, "lesson 3 of 10", "1 attention ✓ b", "2 scaling · c→b")
        await hit(explorer, "9", "n", "7", "n")
        await says(explorer, "lesson 10 of 10")
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "n")
        await says(explorer, "You answered 2 of 10; 1 agreed with the numbers.", "Still to be seen: heads")
        await explorer.pilot.resize_terminal(80, 24)
        await says(explorer, "You answered 2 of 10", "Still to be seen: heads", "the explorer is yours")
        await hit(explorer, "p")
        await says(explorer, "lesson 10 of 10", "Twice 4 is 8.")


async def test_a_place_that_cannot_be_kept_is_told_once(
    explore: Explore, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noticed: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(lesson, "path", lambda: tmp_path / "file" / "lesson.json")
    async with explore(size=(80, 24), text=None, lesson=True) as explorer:
        await hit(explorer, "n")
        await hit(explorer, "n")
        await says(explorer, "lesson 3 of 10")
        assert len(noticed) == 1 and "cannot be kept" in noticed[0]


async def test_help_and_palette_know_every_key_of_the_lab(
    explore: Explore, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('skip = "x"\n')
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: file)
    async with explore(size=(120, 60), text=None, lab="scaling") as explorer:
        await says(explorer, "x just see it")
        await explorer.press("question_mark")
        assert isinstance(explorer.app.screen, Help)
        shown = " ".join(explorer.text.split())
        for key in keys.list_keys(keymaps.LAB):
            assert " ".join(key.meaning.split()[:3]) in shown, key.id
        await hit(explorer, "escape", "s")
        assert bench.ran == []
        await hit(explorer, "ctrl+p")
        await says(explorer, "run it without an answer")
        assert re.search(r"│  skip +x +│", explorer.text), "the key stands beside the command"
        await hit(explorer, *"without")
        await explorer.until(lambda: explorer.text.count("run it without") == 1 and "take the" not in explorer.text)
        await explorer.pilot.pause(0.1)
        await hit(explorer, "enter")
        await says(explorer, "Twice 4 is 8.")


def test_a_real_experiment_runs_on_the_open_model_without_colour_too(tiny: Path) -> None:
    with Terminal("explore", str(tiny), size=(80, 24), env={"NO_COLOR": "1"}) as terminal:
        terminal.until("step 0", "truth")
        terminal.press("L")
        terminal.until("1 of 10")
        terminal.press("n")
        terminal.until("2 of 10", "» a")
        terminal.press("down", "enter")
        terminal.until("you said  b", "‹512›", "━o q·k", "━x")
        assert lab.page_of("scaling").question.answers[1] in terminal.text
        terminal.press("\t", "\t", "\t", "\t")
        terminal.until("5/6", "tiny, d_k 8", "decoder.1.cross")
        terminal.press("q")
        terminal.until("truth")
        assert b"\x1b[38" not in terminal.raw and b"\x1b[48" not in terminal.raw
        terminal.press("q")
        assert terminal.status() == 0
