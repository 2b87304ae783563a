"""Editing with keys: what is changed is what the model does, and the original stands beside it."""

from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore, Explorer

import glasshead
from glasshead.session.moment import Moment
from glasshead.session.session import Session
from glasshead_tui.drawing.names import labels
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.branches import Branches
from glasshead_tui.screens.edits import Edits
from glasshead_tui.screens.paned import PANES
from glasshead_tui.screens.paned import show as show_pane
from glasshead_tui.work.messages import Stepped

SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.fixture
def by_hand(tiny: Path) -> Session:
    """A session at the same place, moved without a screen."""
    session = Session(glasshead.load(tiny))
    session.begin("the black cat")
    for _ in session.walk(3):
        pass
    return session


async def begin(explorer: Explorer) -> None:
    """Take three steps, and look at the decoder's attention to the encoder."""
    await explorer.press("3", "space")
    await explorer.step(3)
    await explorer.press("t")


async def edited(explorer: Explorer, *edits: str) -> None:
    """Wait until these are the edits of the line."""
    await explorer.until(
        lambda: tuple(map(str, explorer.moment.edits.active)) == edits and explorer.moment.until is None
    )


def same(explorer: Explorer, session: Session, site: str) -> bool:
    return torch.allclose(explorer.moment.trace[site], session.moment.trace[site], atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
async def test_a_muted_head_is_muted_and_undo_brings_it_back(
    explore: Explore, by_hand: Session, size: tuple[int, int]
) -> None:
    edit = "decoder.0.cross.heads[head=1] = 0"
    before = by_hand.moment.trace["logits"].clone()
    async with explore(size=size) as explorer:
        await begin(explorer)
        await explorer.press("full_stop", "x")
        await edited(explorer, edit)
        by_hand.edit(edit)
        assert same(explorer, by_hand, "logits") and not explorer.moment.trace["decoder.0.cross.heads"][1].any()
        await explorer.until(lambda: "original" in explorer.text)
        await explorer.until(lambda: edit.split("[", maxsplit=1)[0] in explorer.text.splitlines()[0])
        assert "muted: " in str(explorer.screen.query_one(AttentionPane).border_title)
        assert "out of the edits' reach" in explorer.text, "weights come before heads"
        await explorer.press("right_square_bracket")
        beside = explorer.moment.beside
        assert beside is not None
        one, other = (trace["decoder.1.cross.weights"][1] for trace in (explorer.moment.trace, beside.trace))
        note = f"≠ {int((one != other).sum())} of {one.numel()} changed by edits"
        await explorer.until(lambda: note in explorer.text)
        await explorer.press("z")
        await edited(explorer)
        assert torch.allclose(explorer.moment.trace["logits"], before, atol=1e-6)
        await explorer.until(lambda: "original" not in explorer.text)


async def test_a_key_pressed_once_more_takes_its_edit_out(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        last = explorer.moment.anatomy.kind("decoder", "cross").heads - 1
        for key, edit in (
            ("x", "decoder.0.cross.heads[head=0] = 0"),
            ("X", f"decoder.0.cross.heads[head=1{'' if last == 1 else f'-{last}'}] = 0"),
            ("M", "decoder.0.cross.heads[head=0] = mean"),
            ("H", "decoder.*.cross.masked[key=0] = hidden"),
        ):
            await explorer.press(key)
            await edited(explorer, edit)
            await explorer.press(key)
            await edited(explorer)


async def test_any_edit_can_be_typed_and_a_wrong_one_is_refused_where_it_was_typed(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("e")
        question = explorer.app.screen
        assert isinstance(question, Ask)
        line = question.query_one(PlainInput)
        assert line.value.startswith("decoder.0.cross.weights[head=0, query=3, key=0] = ")
        line.value = "decoder.0.cross.wieghts[head=0] = uniform"
        await explorer.press("enter")
        await explorer.until(lambda: "Did you mean decoder.0.cross.weights" in " ".join(explorer.text.split()))
        line.value = "decoder.0.cross.weights[head=0] = uniform"
        await explorer.press("enter")
        await edited(explorer, line.value)
        assert explorer.on_top
        weights = explorer.moment.trace["decoder.0.cross.weights"][0]
        assert torch.allclose(weights, torch.full_like(weights, 1 / weights.shape[-1]))


async def test_the_list_switches_edits_off_and_takes_them_out(explore: Explore) -> None:
    first, second = "decoder.0.cross.heads[head=0] = 0", "decoder.*.cross.masked[key=0] = hidden"
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("x", "H")
        await edited(explorer, first, second)
        await explorer.press("E")
        assert isinstance(explorer.app.screen, Edits)
        await explorer.press("space")
        await edited(explorer, second)
        await explorer.until(lambda: f"off  {first}" in explorer.text)
        await explorer.press("space")
        await edited(explorer, first, second)
        await explorer.press("j", "r")
        await edited(explorer, first)
        await explorer.press("c")
        await edited(explorer)
        await explorer.until(lambda: explorer.on_top)


@pytest.mark.parametrize("size", SIZES)
async def test_the_difference_is_edited_minus_original(explore: Explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as explorer:
        await begin(explorer)
        await explorer.press("H")
        await edited(explorer, "decoder.*.cross.masked[key=0] = hidden")
        beside = explorer.moment.beside
        assert beside is not None
        pane = explorer.screen.query_one(AttentionPane)
        site = "decoder.0.cross.weights"
        now, was = explorer.moment.trace[site][0], beside.trace[site][0]

        def shown() -> torch.Tensor:
            return torch.tensor([row[1:] for row in pane.as_rows()[1:]])

        assert torch.allclose(shown(), now)
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), was))
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), now - was, atol=1e-7))
        assert "edited − original" in explorer.text
        for key in "muvoa":  # every pane draws the difference
            await explorer.press(key)
            await explorer.until(lambda: "edited − original" in explorer.text)
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), now))


async def test_without_an_edit_the_keys_say_what_makes_one(explore: Explore, noticed: list[str]) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("d", "E")
        await explorer.until(lambda: len(noticed) == 2)
        assert all("x mutes a head" in sentence for sentence in noticed)


async def test_changed_tokens_are_marked_in_both_lines(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("e")
        question = explorer.app.screen
        assert isinstance(question, Ask)
        question.query_one(PlainInput).value = "decoder.0 = skipped"
        await explorer.press("enter")
        await edited(explorer, "decoder.0 = skipped")
        beside = explorer.moment.beside
        assert beside is not None and beside.first is not None, "the tiny model writes something else without its layer"
        pane = explorer.screen.query_one(TokensPane)
        parts = (part for line in pane._lines for part in line)
        marked = {part.text.strip() for part in parts if part.style and part.style.bold}
        originals = [step.original for step in beside.steps]
        name = labels(tuple(token for token in originals if token is not None))[beside.first]
        assert name in marked
        assert labels(explorer.moment.tokens)[1 + beside.first] in marked


async def test_the_tree_lists_every_line_and_goes_to_any(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("x")
        await edited(explorer, "decoder.0.cross.heads[head=0] = 0")
        await explorer.press("B")
        await explorer.until(lambda: isinstance(explorer.app.screen, Branches))
        tree = explorer.app.screen
        assert isinstance(tree, Branches)
        assert "the black cat" in explorer.text and "└ decoder.0.cross.heads[head=0] = 0" in explorer.text
        await explorer.press("n", *"mine", "enter")
        await explorer.until(lambda: "└ mine" in explorer.text)
        await explorer.press("left", "f")
        await explorer.until(lambda: "(+1)" in explorer.text)
        await explorer.press("f")
        await explorer.until(lambda: "└ mine" in explorer.text)
        await explorer.press("enter")
        await edited(explorer)
        await explorer.press("z")
        await edited(explorer, "decoder.0.cross.heads[head=0] = 0")


async def test_a_script_comes_to_the_same_place_and_a_test_of_it_passes(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("H")
        await edited(explorer, "decoder.*.cross.masked[key=0] = hidden")
        logits, site = explorer.moment.trace["logits"], "decoder.0.cross.weights"
        await explorer.press("y")
        await explorer.until(lambda: "session.begin" in explorer.app.clipboard)
        made: dict[str, object] = {}
        exec(explorer.app.clipboard, made)
        session = made["session"]
        assert isinstance(session, Session)
        assert torch.allclose(session.moment.trace["logits"], logits, atol=1e-5)
        assert torch.allclose(torch.as_tensor(made["values"]), explorer.moment.trace[site][0], atol=1e-6)
        await explorer.press("Y")
        await explorer.until(lambda: "def test_" in explorer.app.clipboard)
        asserted: dict[str, object] = {}
        exec(explorer.app.clipboard, asserted)
        check = asserted["test_the_line_is_as_it_was"]
        assert callable(check)
        check()
        wrong = explorer.app.clipboard.replace("hidden", "revealed")
        exec(wrong, asserted)
        with pytest.raises(AssertionError):
            asserted["test_the_line_is_as_it_was"]()  # type: ignore[operator]


async def test_esc_ends_a_ranking(explore: Explore) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("r", "escape")
        await explorer.until(lambda: explorer.on_top)
        await explorer.press("space")
        await explorer.step(4)


async def test_the_cursor_comes_back_to_its_place_once_the_line_is_there(explore: Explore, by_hand: Session) -> None:
    """On the way the line is too short for it, and all that is shown is true of the shorter line."""
    for _ in by_hand.walk(4):
        pass
    there = by_hand.moment
    by_hand.edit("decoder.*.ffn.out *= -3", regain=False)
    way = by_hand.regain()
    assert any(way), "no token changes"
    early = by_hand.moment
    for _ in way:
        pass
    late = by_hand.moment
    assert early.until == late.step == there.step == 7 and not early.candidates and early.step < 5
    async with explore(size=(120, 36)) as explorer:
        await begin(explorer)

        async def show(moment: Moment) -> tuple[int, int]:
            explorer.screen.post_message(Stepped(moment, ticket=0, fresh=False))
            await explorer.until(lambda: explorer.moment is moment)
            await explorer.pilot.pause()
            return explorer.screen._looking.query, explorer.screen._looking.key

        await show(there)
        explorer.screen._look(query=6, key=2)
        assert await show(early) == (early.trace.steps - 1, 2) and early.trace.steps == early.step
        await explorer.until(lambda: f"step {early.step}, on to 7" in explorer.text)
        assert "being computed" in explorer.text and "being computed" not in labels(early.tokens)
        for view in ("original", "difference", "edited"):
            await explorer.press("d")
            await explorer.until(lambda view=view: f"d: {view}" in explorer.text)  # type: ignore[misc]
            for name, kind in PANES.items():
                pane = explorer.screen.query_one(f"#{name}", kind)
                show_pane(pane, early, explorer.screen._looking)
                assert pane.as_rows(), name
        assert await show(late) == (6, 2)
        await explorer.until(lambda: "step 7" in explorer.text and "on to" not in explorer.text)
        assert await show(there) == (6, 2)
        await show(early)
        await explorer.press("l")
        assert await show(late) == (6, 3), (
            "what is moved meanwhile stays where it was moved to, and the rest comes back"
        )
        explorer.screen._look(query=7)
        assert [(await show(moment))[0] for moment in (early, late)] == [early.trace.steps - 1, 7], "the newest row"
