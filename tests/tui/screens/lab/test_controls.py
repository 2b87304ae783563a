"""Controls run the experiment again: what is turned, what takes long, and what cannot be."""

import pytest
from tests.tui.conftest import Explore
from tests.tui.screens.lab.bench import Bench, asked, hit, says, taken
from textual import events

from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.state import labbook


async def test_a_control_that_is_turned_runs_it_again(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "right")
        await says(explorer, "Twice 8 is 16.", "‹8›")
        await hit(explorer, "right")  # there is no stop beyond
        await explorer.press("equals_sign", *"21", "enter")
        await says(explorer, "Twice 21 is 42.", "‹21›")
        await hit(explorer, "h")
        await says(explorer, "Twice 8 is 16.")
        await hit(explorer, "r")
        await says(explorer, "Twice 4 is 8.")
        assert bench.ran == [4, 8, 21, 8]
        await hit(explorer, "f")  # the full size is not run before enter
        await says(explorer, "shown: with the values before; enter runs the full size", "Twice 4 is 8.")
        await hit(explorer, "enter")
        await says(explorer, "Twice 8 is 16.")


async def test_what_takes_longer_waits_for_enter(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labbook, "SOON", 0.0)
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "left")
        await says(explorer, "‹2›", "shown: with the values before; enter runs these, about 0.0 s", "Twice 4 is 8.")
        await hit(explorer, "right")  # as it was run
        await says(explorer, "measured here,")
        await hit(explorer, "left", "enter")
        await says(explorer, "Twice 2 is 4.")
        assert bench.ran == [4, 2]


async def test_values_that_cannot_be_are_told_and_the_result_stays(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await explorer.press("enter", *"many", "enter")  # nothing is changed: enter types
        await says(explorer, "n is 'many'; it must be a whole number.")
        ask = await asked(explorer)
        assert isinstance(ask, Ask)
        ask.query_one(PlainInput).value = "100"
        await hit(explorer, "enter")
        await says(explorer, "at most 99")
        ask.query_one(PlainInput).value = "9" * 100
        await hit(explorer, "enter")
        await says(explorer, "n is 9,999,9", "…; it must be at most 99.")
        ask.query_one(PlainInput).value = ""
        await hit(explorer, "enter")
        await says(explorer, "Nothing was typed: n stays 4.", "Twice 4 is 8.")
        await explorer.press("enter")
        ask = await asked(explorer)
        ask.query_one(PlainInput).value = "13"
        await hit(explorer, "enter")
        await says(explorer, "n is 13; that is no number to double.", "result before", "Twice 4 is 8.")
        await hit(explorer, "right")
        await explorer.until(lambda: bench.ran == [4])
        await hit(explorer, "left")
        await says(explorer, "Twice 8 is 16.", "‹8›")
        assert "no number to double" not in explorer.text


async def test_of_a_burst_of_turns_the_last_one_is_the_result(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        bench.gate.clear()
        for key in ("left", "right", "right", "left", "right", "enter", "enter"):
            explorer.app.post_message(events.Key(key, None))
        await taken(explorer)  # 8 is on the screen after the second key already
        await says(explorer, "50%", "‹8›")
        bench.gate.set()
        await says(explorer, "Twice 8 is 16.")
        assert bench.ran == [4, 8]


async def test_answers_tabs_controls_and_experiments_can_be_clicked(explore: Explore, bench: Bench) -> None:
    async with explore(size=(120, 36), text=None, lab="scaling") as explorer:
        await says(explorer, "c n squared")

        def place(part: str) -> tuple[int, int]:
            lines = explorer.text.split("\n")
            row = next(number for number, line in enumerate(lines) if part in line)
            return lines[row].index(part) + 1, row

        await explorer.pilot.click(offset=place("c  n squared"))
        await says(explorer, "you said c", "Twice 4 is 8.")
        await explorer.pilot.click(offset=place("the doubling lines"))
        await says(explorer, "4/4")
        await explorer.pilot.click(offset=place("word –"))
        await says(explorer, "word: a word that is carried along")
        await explorer.pilot.click(offset=place("warmup"))
        await says(explorer, "Doubling warmup", "How large is twice n?")
