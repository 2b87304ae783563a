"""Editing with keys: what is changed is what the model does, and the original stands beside it."""

from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore, Explorer

import glasshead
from glasshead.session.moment import Moment
from glasshead.session.session import Session
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.sides import MARKS
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.edits import EditsPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.tree import TreePane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.paned import PANES
from glasshead_tui.screens.paned import show as show_pane
from glasshead_tui.state.focus import VIEWS
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
        await explorer.until(lambda: "muted: enc–dec L0 H1" in explorer.text.splitlines()[0])
        assert "muted: " in str(explorer.screen.query_one(AttentionPane).border_title)
        assert "before the edit" in explorer.text, "weights come before heads"
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


async def test_the_edits_are_switched_taken_out_and_told_of_while_the_line_goes_on(explore: Explore) -> None:
    first, second = "decoder.0.cross.heads[head=0] = 0", "decoder.*.cross.weights[key=0] = 0"
    async with explore() as explorer:
        await begin(explorer)
        pane = explorer.screen.query_one(EditsPane)
        await explorer.press("E")
        await explorer.until(lambda: "There are no edits yet: x mutes a head" in " ".join(explorer.text.split()))
        await explorer.press("x", "plus")
        await edited(explorer, first)
        question = explorer.app.screen
        assert isinstance(question, Ask)
        question.query_one(PlainInput).value = second
        await explorer.press("enter")
        await edited(explorer, first, second)
        assert pane.has_class("active") and pane.mark == 1, "the new one is marked"
        broken = "captured = recomputed, nothing from the future, rows sum to 1"
        await explorer.until(lambda: f"»on  {second}" in explorer.text and "breaks 3 checks" in explorer.text)
        assert pane.as_rows()[2] == (1, True, second, broken) and broken in pane.tell_of(pane.rows[1])
        await explorer.press("space")
        await explorer.step(4)
        effect = explorer.moment.effect
        assert effect is not None and effect.next_divergence is not None
        told = f"These 2 edits together: KL {real(effect.next_divergence, 6)} bits on the next token"
        await explorer.press("k")
        await explorer.until(lambda: told in " ".join(explorer.text.replace("│", " ").split()))
        await explorer.press("l")
        await explorer.until(lambda: len(explorer.moment.own_effects) == 2)
        alone = explorer.moment.own_effects[0].alone
        assert alone is not None and alone.bits is not None and pane.as_rows()[1][4:6] == (alone.tokens, alone.bits)
        await explorer.until(lambda: f"{alone.tokens}{real(alone.bits or 0, 5):>9}" in explorer.text)
        heads: tuple[str, ...] = (
            "≠ KL bits ≠ KL bits",
            "the edit tokens a token tokens a token",
            "alone added to the rest",
            "Added to the rest: ",
        )
        both = explorer.moment.own_effects[0].together
        assert both is not None and both.bits is not None
        assert pane.as_rows()[3:] == [(None, None, "all together", None, both.tokens, both.bits, None, None)]
        heads = (*heads, f"all together {both.tokens} {real(both.bits, 5)}")
        await explorer.until(lambda: all(each in " ".join(explorer.text.replace("│", " ").split()) for each in heads))
        await explorer.press("j", "enter")
        await edited(explorer, first)
        await explorer.until(lambda: f"»off {second}" in explorer.text)
        assert [row[1] for row in pane.as_rows()[1:]] == [True, False] and "Added to" not in explorer.text
        await explorer.press("enter")
        await edited(explorer, first, second)
        await explorer.press("k", "D")
        await edited(explorer, second)
        await explorer.press("z")
        await edited(explorer, first, second)
        await explorer.press("Z")
        await edited(explorer)
        await explorer.press("E")
        assert explorer.screen._active == "attention", "once more leads back"


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
        await explorer.press("S")
        wide = size[0] > 104
        await explorer.until(lambda: "◆ stream" in explorer.text and ("◇ stream" in explorer.text) == wide)
        await explorer.press("a")
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), was))
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), now - was, atol=1e-7))
        assert "shown: ◆ − ◇" in explorer.text
        for key in "muvoa":  # every pane draws the difference
            await explorer.press(key)
            title = explorer.screen.query_one(f"#{explorer.screen._active}")
            await explorer.until(lambda title=title: str(title.border_title).startswith("◆ − ◇") or title is pane)  # type: ignore[misc]
        await explorer.press("d")
        await explorer.until(lambda: torch.allclose(shown(), now))


async def test_numbers_that_an_edit_makes_infinite_are_drawn_in_every_pane(explore: Explore) -> None:
    async with explore(size=(200, 60)) as explorer:
        await begin(explorer)
        for edit in ("source.embed = 1e+38", "decoder.0.self.scores *= -1e+38"):
            await explorer.press("e")
            explorer.app.screen.query_one(PlainInput).value = edit
            await explorer.press("enter")
            await edited(explorer, edit)
            assert explorer.moment.trace["logits"].isnan().any() or edit.startswith("decoder")
            checks = explorer.screen.query_one(TruthPane)
            await explorer.until(lambda checks=checks: checks._checks is not None)  # type: ignore[misc]
            for key in "muvocASVFPdmuvocASVFPd":
                await explorer.press(key)
            assert explorer.app._exception is None
            await explorer.press("z")
            await edited(explorer)


async def test_without_an_edit_the_keys_say_what_makes_one(explore: Explore, noticed: list[str]) -> None:
    async with explore() as explorer:
        await begin(explorer)
        await explorer.press("d", "Z")
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


async def test_the_tree_stays_while_the_line_moves_and_goes_to_any(explore: Explore, noticed: list[str]) -> None:
    edit = "decoder.0.cross.heads[head=0] = 0"
    async with explore() as explorer:
        await begin(explorer)
        pane = explorer.screen.query_one(TreePane)

        def marked() -> int:
            assert pane.branch is not None
            return pane.branch.number

        await explorer.press("B", "x")
        await edited(explorer, edit)
        await explorer.until(lambda: f"»◆  2 └ {edit}" in explorer.text)
        assert " the black cat" in explorer.text and marked() == 2, "the mark follows the present line"
        await explorer.press("space")
        await explorer.step(4)
        branch = explorer.moment.branches[1]
        assert branch.divergence is not None and branch.differs is not None
        await explorer.until(lambda: f"KL {real(branch.divergence or 0, 5)} bits there" in explorer.text)
        assert f"attention · head {branch.differs.head} differs most" in " ".join(
            explorer.text.replace("│", " ").split()
        )
        await explorer.press("a", "enter", "j", "enter", "B")  # another token: a line of the edited one
        await explorer.until(lambda: len(explorer.moment.branches) == 3)
        await explorer.until(lambda: marked() == 3)
        await explorer.press("left", "left", "equals_sign", *"mine", "enter")
        await explorer.until(lambda: "»   1 mine" in explorer.text and explorer.on_top)
        assert marked() == 1
        await explorer.press("l", "minus")
        await explorer.until(lambda: f"»   2 └ {edit[:20]}" in explorer.text and "… (+1)" in explorer.text)
        await explorer.press("minus", "l", "delete")
        await explorer.until(lambda: any("You stand in this line" in each for each in noticed))
        await explorer.press("h", "h", "enter")
        await edited(explorer)
        await explorer.until(lambda: "»◆1mine" in explorer.text.replace(" ", "") and explorer.moment.step == 3)
        await explorer.press("x", "x", "X")  # the same edit is the same line, another is its sibling
        await explorer.until(lambda: len(explorer.moment.branches) == 4)
        await explorer.until(lambda: marked() == 4)
        await explorer.press("K")
        assert marked() == 2
        await explorer.press("K", "3", "J")
        assert marked() == 4
        await explorer.press("K", "D")
        await explorer.until(lambda: [row.branch.number for row in pane.rows] == [1, 4])
        edited_line = explorer.moment.branches[1]
        assert len(pane.as_rows()) == 3 and pane.as_rows()[2][6:8] == (edited_line.lost, edited_line.divergence)
        await explorer.press("a", "minus")
        await explorer.until(lambda: any("line of the tree: B shows it" in each for each in noticed))


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
        for view in (*VIEWS[1:], VIEWS[0]):
            await explorer.press("d")
            await explorer.until(lambda view=view: f"shown: {MARKS[view]}" in explorer.text)  # type: ignore[misc]
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
