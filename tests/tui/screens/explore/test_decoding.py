"""Steps, branches and undo follow the model, and the truth is told of each."""

from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore

import glasshead
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.choose import Choose


async def test_steps_and_steps_back_follow_the_model(explore: Explore, tiny: Path) -> None:
    line = glasshead.load(tiny).start("the black cat")
    async with explore() as explorer:
        for number in (1, 2, 3):
            line.step()
            await explorer.press("space")
            await explorer.step(number)
            shown = explorer.moment
            assert [token.id for token in shown.tokens] == line.ids
            assert [token.id for token in shown.candidates[:5]] == [token.id for token in line.candidates(5)]
            site = "decoder.1.cross.weights"
            assert torch.allclose(shown.trace[site], line.outlook[site], atol=1e-6)
        await explorer.press("b")
        await explorer.step(2)
        await explorer.press("home")
        await explorer.step(0)
        await explorer.press("end")
        await explorer.until(lambda: explorer.moment.done)


async def test_the_triangle_grows_by_a_row_a_step_and_the_cursor_follows(explore: Explore) -> None:
    async with explore() as explorer:
        for number in range(1, 5):
            await explorer.press("space")
            await explorer.step(number)
            weights = explorer.moment.trace["decoder.0.self.weights"]
            assert weights.shape[1:] == (number + 1, number + 1)
            assert explorer.screen._looking.query == number


async def test_another_candidate_branches(explore: Explore, tiny: Path) -> None:
    line = glasshead.load(tiny).start("the black cat")
    line.step()
    third = line.candidates(3)[2]
    line.choose(third)
    async with explore() as explorer:
        await explorer.press("space")
        await explorer.step(1)
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, Choose)
        await explorer.press("j", "j", "enter")
        await explorer.step(2)
        assert [token.id for token in explorer.moment.tokens] == line.ids
        assert [t.id for t in explorer.moment.candidates[:3]] == [t.id for t in line.candidates(3)]


async def test_undo_brings_back_what_a_branch_and_a_new_sentence_took_the_place_of(
    explore: Explore, tiny: Path, noticed: list[str]
) -> None:
    subject = glasshead.load(tiny)
    line = subject.start("the black cat")
    line.goto(4)
    async with explore() as explorer:

        async def stands(text: str, ids: list[int], step: int) -> None:
            await explorer.reads(text)
            await explorer.until(lambda: [token.id for token in explorer.moment.tokens] == ids[: step + 1])
            await explorer.until(lambda: "cached = full" in explorer.text)

        await explorer.press("4", "space")
        await stands("the black cat", line.ids, 4)
        await explorer.press("colon", "2", "enter")
        await stands("the black cat", line.ids, 2)
        await explorer.press("enter", "down", "enter")
        first = subject.start("the black cat")
        first.goto(2)
        first.choose(first.candidates(2)[1])
        await stands("the black cat", first.ids, 3)
        await explorer.press("enter", "down", "down", "enter")
        second = first.branch()
        second.choose(second.candidates(3)[2])
        await stands("the black cat", second.ids, 4)
        await explorer.press("i", *"a dog", "enter")
        other = subject.start("a dog")
        await stands("a dog", other.ids, 0)
        await explorer.press("enter", "enter")  # the model's own choice is a step as any other
        await explorer.until(lambda: explorer.moment.step == 1)
        await explorer.press("z")
        await stands("the black cat", second.ids, 4)
        await explorer.press("z")
        await stands("the black cat", first.ids, 3)
        await explorer.press("z")
        await stands("the black cat", line.ids, 2)
        await explorer.press("2", "space")  # the future that was known is known again
        await stands("the black cat", line.ids, 4)
        await explorer.press("z")
        await explorer.until(lambda: any("nothing to undo" in each for each in noticed))
        await stands("the black cat", line.ids, 4)


async def test_go_to_a_step_and_find_a_token(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("colon", "4", "enter")
        await explorer.step(4)
        await explorer.press("colon", "x", "enter")
        assert "is not a step" in explorer.text
        await explorer.press("escape", "t", "slash", *"black", "enter")
        focus = explorer.screen._looking
        _, columns = explorer.moment.trace.axes(focus.prefix)
        assert "black" in columns[focus.key].text or columns[focus.key].text in "▁black"
        await explorer.press("slash", *"zebra", "enter")
        assert "Neither source nor target holds" in explorer.text
        await explorer.press("escape")
        await explorer.press("2", "colon")
        await explorer.step(2)


async def test_a_candidate_has_one_name_and_one_number_wherever_it_is_offered(explore: Explore, tiny: Path) -> None:
    line = glasshead.load(tiny).start("the black cat")
    line.choose(next(token for token in line.candidates(400) if token.text == "▁c"))
    line.choose(next(token for token in line.candidates(400) if token.text[0] not in "▁<"))
    pieces = [token.text for token in line.candidates(3) if token.text[0] not in "▁<"]
    async with explore() as explorer:
        worker = explorer.screen._worker
        for step, token in enumerate(line.ids[1:]):
            worker.choose(token, explorer.moment, to=explorer.screen)
            await explorer.step(step + 1)
        await explorer.until(lambda: "nats  after step 2" in explorer.text)
        offered = next(line for line in explorer.text.split("\n") if line.startswith(" next")).split()[1:]
        assert pieces and all(f"‿{piece}" in offered for piece in pieces)
        await explorer.press("enter")
        for rank in range(3):
            beside, mark = f"{rank + 1} ", "»" if rank == 0 else " "
            row = next(line for line in explorer.text.split("\n") if f"│ {mark}   {beside}" in line)
            assert row.partition(f"│ {mark}   {beside}")[2].split()[:2] == offered[2 * rank : 2 * rank + 2]


async def test_the_truth_is_told(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space")
        await explorer.step(1)
        await explorer.until(lambda: explorer.text.count("✓") >= 4)
        for statement in ("rows sum to 1", "nothing from the future", "captured = recomputed", "cached = full"):
            assert statement in explorer.text


async def test_a_candidate_is_taken_at_the_step_it_was_offered_for(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("enter")
        offered = explorer.moment.candidates[1].id
        explorer.screen._worker.step(3, to=explorer.screen)
        await explorer.step(3)
        await explorer.press("j", "enter")
        await explorer.step(1)
        assert explorer.moment.tokens[1].id == offered


async def test_the_truth_of_one_step_is_not_told_of_the_next(explore: Explore) -> None:
    async with explore() as explorer:
        explorer.screen._worker.step(to=explorer.screen)
        await explorer.step(1)
        assert "checking" in explorer.text
        await explorer.until(lambda: explorer.text.count("✓") >= 4)


@pytest.mark.parametrize("again", [("end",), ("space",), ("colon", "9", "9", "enter"), ("b", "end"), ("home", "end")])
async def test_the_truth_is_told_also_where_a_key_changes_nothing(explore: Explore, again: list[str]) -> None:
    async with explore() as explorer:
        truth = explorer.screen.query_one(TruthPane)
        await explorer.press("end")
        await explorer.until(lambda: explorer.moment.done and "cached = full" in explorer.text)
        seen = truth._checks
        await explorer.press(*again)
        await explorer.until(lambda: explorer.screen._worker.idle and truth._checks is not None)
        assert truth._checks is not seen
        assert "cached = full" in explorer.text
