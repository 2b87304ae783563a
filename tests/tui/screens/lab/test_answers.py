"""First a question, then the result: answers, the finding, and exhibits that are the numbers."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.conftest import Explore
from tests.tui.screens.lab.bench import Bench, Doubled, at, hit, known, says

from glasshead.lab.page import Verdict
from glasshead.lab.record import Shipped
from glasshead_tui.screens.lab import LabScreen
from glasshead_tui.state import labbook


async def test_before_an_answer_no_result_is_shown(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24)) as explorer:
        await hit(explorer, "L")
        await says(explorer, "Doubling attention", "The first paragraph.", "How large is twice n?", "n squared")
        await hit(explorer, "tab", "space", "right", "equals_sign", "f", "r", "t", "4")
        await explorer.pilot.pause(0.1)
        assert isinstance(explorer.app.screen, LabScreen)
        for hidden in ("twice as large", "doubling curve", "Twice 4", "Look at the slope", "‹4›", "the numbers"):
            assert hidden not in explorer.text
        assert bench.ran == []


@pytest.mark.parametrize(
    ("pressed", "told"),
    [
        (("b",), "you said b n + n as the numbers say"),
        (("up", "enter"), "you said c n squared the numbers say b n + n"),
        (("s",), "the numbers say b n + n"),
    ],
    ids=["right", "other", "none"],
)
async def test_an_answer_runs_it_and_the_numbers_judge(
    explore: Explore, bench: Bench, state: Path, pressed: str, told: str
) -> None:
    async with explore(size=(80, 24), text=None, lab="norms") as explorer:
        await says(explorer, "6 of 10")
        await explorer.press(*pressed)
        await says(explorer, told, "Twice 4 is 8.", "the doubling curve", "‹4›", "measured here,")
        assert bench.ran == [4]
        await hit(explorer, "a")
        assert at(explorer)._visit.answer == {"b": 1, "up": 2, "s": None}[pressed[0]]
        await hit(explorer, "space")
        await says(explorer, "Look at the slope.", "twice as large", "The first paragraph.", "n + n ✓", "A book")
    assert not state.exists(), "it is no lesson: nothing is written"


async def test_the_finding_is_never_cut_without_saying_where_the_rest_is(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"finding{number}" for number in range(38)]  # 6 lines of 80 columns, 8 of 60

    def verbose(result: Doubled) -> Verdict:
        return Verdict(answer=1, sentence=" ".join(words))

    monkeypatch.setattr(labbook, "page_of", lambda name: replace(known(bench, name), judge=verbose))
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, *words, "doubling curve", "‹4›", "space page")
        await explorer.pilot.resize_terminal(60, 20)
        await says(explorer, *words[:30], "… space: all of it", "doubling curve", "‹4›", "space page")
        assert words[-1] not in explorer.text
        await hit(explorer, "space")
        await explorer.press("pagedown", "pagedown")
        await says(explorer, words[-1], "space result")


async def test_exhibits_take_turns_and_are_the_numbers(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "1/4", "━ double", "x measured")
        await hit(explorer, "tab")
        await says(explorer, "2/4", "and a half", "3 7.500")
        await hit(explorer, "tab")
        await says(explorer, "3/4", "1.0000", "╱", ".2500", "−3.000")
        await hit(explorer, "tab")
        await says(explorer, "4/4", "2 × 4 = 8")
        await hit(explorer, "tab")
        await says(explorer, "1/4")
        await hit(explorer, "shift+tab")
        await says(explorer, "4/4")


async def test_what_was_trained_before_is_shown_first_and_said_to_be(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Shipped(values={"n": 50, "word": "old"}, seconds=212.0, made_on="a machine \x1b[2J", result=None)
    result = Doubled(n=50, twice=100, word="old")
    monkeypatch.setattr(labbook, "page_of", lambda name: known(bench, name, trained=True))
    shipped: list[Shipped | None] = [Shipped(values=made.values, seconds=212.0, made_on=made.made_on, result=result)]
    monkeypatch.setattr("glasshead.lab.record.shipped", lambda page: shipped[0])
    async with explore(size=(80, 24), text=None, lab="heads") as explorer:
        await hit(explorer, "b")
        await says(explorer, "Twice 50 is 100.", "made before, in 4 min on a machine ␛[2J", "‹50›")
        assert bench.ran == []
        await hit(explorer, "left")
        await says(explorer, "shown: with the values before; enter runs these", "‹8›", "Twice 50 is 100.")
        await hit(explorer, "r")
        await says(explorer, "Twice 50 is 100.", "made before", "‹50›")
        assert bench.ran == []
        await hit(explorer, "left", "enter")
        await says(explorer, "Twice 8 is 16.", "measured here,")
        await hit(explorer, "r")  # values and result that were shown first
        await says(explorer, "Twice 50 is 100.", "made before", "‹50›", "double old")
        assert bench.ran == [8]
        shipped[0] = None  # another one, of which nothing comes with the program
        await hit(explorer, "n", "b")
        await says(explorer, "Twice 4 is 8.")
        assert bench.ran == [8, 4]
