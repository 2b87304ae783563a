"""Leaving the lab and coming back: nothing waits for what runs, and results stay."""

from pathlib import Path

import pytest
from tests.tui.conftest import Explore
from tests.tui.screens.lab.bench import Bench, Doubled, at, burst, hit, says

from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.screens.lab import LabScreen


async def test_leaving_stops_what_runs_and_nothing_waits_for_it(explore: Explore, bench: Bench) -> None:
    bench.gate.clear()
    async with explore(size=(80, 24)) as explorer:
        await hit(explorer, "L", "b")
        await says(explorer, "50%", "doubling", "esc stops")
        await hit(explorer, "q")
        assert isinstance(explorer.app.screen, ExploreScreen)
        await hit(explorer, "space")
        await explorer.step(1)
        assert bench.stopped == [4] and bench.ran == []
        bench.gate.set()
        await hit(explorer, "L")
        await says(explorer, "stopped: enter runs it", "you said b n + n")
        await hit(explorer, "enter")
        await says(explorer, "you said b", "Twice 4 is 8.")


@pytest.mark.parametrize("pressed", ["qLq", "qLqLqL", "qLbqLqLnqLnq"])
async def test_the_lab_can_be_left_and_entered_faster_than_it_is_drawn(
    explore: Explore, bench: Bench, pressed: str
) -> None:
    async with explore(size=(120, 36), text=None) as explorer:
        await burst(explorer, "Lq" + pressed[1:])  # before the lab was ever composed
        while not isinstance(explorer.app.screen, LabScreen):
            await hit(explorer, "L")
        if not at(explorer)._visit.seen:
            await hit(explorer, "b")
        await says(explorer, "Twice 4 is 8.", "the doubling curve")
        await burst(explorer, pressed)
        assert isinstance(explorer.app.screen, LabScreen if pressed[-1] == "L" else ExploreScreen)
        if pressed[-1] != "L":
            await explorer.pilot.resize_terminal(80, 24)
            await hit(explorer, "L")
            await says(explorer, "Doubling", "RESULT" if at(explorer)._visit.seen else "How large")


async def test_a_lesson_is_left_for_the_shell_and_a_lab_for_the_explorer(
    explore: Explore, bench: Bench, state: Path
) -> None:
    for pressed in (("q",), ("b", "q"), ("escape", "L", "q"), ("s", "t", "L", "q")):
        async with explore(size=(80, 24), text=None, lesson=True) as explorer:
            await says(explorer, "q quit")
            await hit(explorer, *pressed)
            await explorer.until(lambda: not explorer.app.is_running)
            assert explorer.app.return_code == 0
    async with explore(size=(80, 24)) as explorer:
        await hit(explorer, "L")
        await says(explorer, "q explorer")
        await hit(explorer, "q")
        assert isinstance(explorer.app.screen, ExploreScreen) and explorer.app.is_running


async def test_esc_stops_what_runs_and_then_leaves(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        bench.gate.clear()
        await hit(explorer, "right")
        await says(explorer, "50%")
        await hit(explorer, "escape")
        await explorer.until(lambda: bench.stopped == [8])
        await says(explorer, "stopped · shown: with the values before; enter runs these", "Twice 4 is 8.")
        await hit(explorer, "escape")
        assert isinstance(explorer.app.screen, ExploreScreen)


async def test_results_stay_while_the_program_lives(explore: Explore, bench: Bench) -> None:
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "right")
        await says(explorer, "Twice 8 is 16.")
        await hit(explorer, "n", "escape", "L", "p")
        await says(explorer, "2 of 10", "you said c", "Twice 8 is 16.", "‹8›")


async def test_a_bug_in_an_experiment_is_not_hushed_up(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> Doubled:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(bench, "run", broken)
    with pytest.raises(Exception, match="a bug"):
        async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
            await hit(explorer, "s")
            await explorer.until(lambda: not explorer.app.is_running)
