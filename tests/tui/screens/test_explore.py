"""The explorer, driven by keys: what is asked for happens, and what is shown is what the model says."""

from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore, Explorer
from textual import events

import glasshead
from glasshead.found import find
from glasshead.spaces import WHITE_SPACE
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.choose import Choose
from glasshead_tui.screens.help import Help
from glasshead_tui.state import keymaps
from glasshead_tui.widgets.cells import fit
from glasshead_tui.widgets.heatmap import HeatMap


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


async def test_a_cursor_moved_up_stays_where_it_is(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "space", "k")
        await explorer.step(2)
        place = explorer.screen._looking.query
        await explorer.press("space")
        await explorer.step(3)
        assert explorer.screen._looking.query == place


async def test_layers_heads_kinds_and_stages(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("right_square_bracket", "right_parenthesis", "t", "s")
        focus = explorer.screen._looking
        assert (focus.stack, focus.kind, focus.layer, focus.head, focus.stage) == ("decoder", "cross", 1, 1, "scores")
        assert "decoder 1 · encoder–decoder attention · head 1" in explorer.text
        await explorer.press("9", "right_square_bracket", "9", "left_parenthesis")
        assert (explorer.screen._looking.layer, explorer.screen._looking.head) == (1, 0), "it stops at the ends"


async def test_the_readout_tells_the_chosen_cell(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "space", "space", "t")
        await explorer.step(3)
        await explorer.press("k", "l")
        focus, trace = explorer.screen._looking, explorer.moment.trace
        weight = float(trace["decoder.0.cross.weights"][focus.head, focus.query, focus.key])
        shown = f"{weight:.4f}".removeprefix("0")
        assert explorer.text.count(shown) >= 3  # the readout, and twice in the sum: one number, written in one way
        assert (focus.query, focus.key) == (2, 1)


async def test_a_masked_cell_is_drawn_as_masked_and_read_as_minus_infinity(explore: Explore) -> None:
    async with explore(size=(80, 24)) as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        await explorer.press("k", "k", "l")
        assert (explorer.screen._looking.query, explorer.screen._looking.key) == (0, 1)
        assert "╱" in explorer.text
        assert "−∞" in explorer.text
        assert "not generated yet when this token was chosen" in explorer.text


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


async def test_a_new_sentence_replaces_the_old(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "i")
        assert isinstance(explorer.app.screen, Ask)
        await explorer.press(*"a dog", "enter")
        await explorer.until(lambda: explorer.moment.text == "a dog")
        assert explorer.moment.step == 0
        assert "▁dog" in "".join(token.text for token in explorer.moment.source)
        assert explorer.on_top


async def test_an_empty_sentence_is_refused_and_nothing_is_lost(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        await explorer.press("i", "backspace", "enter")
        await explorer.until(lambda: "There is no text to translate" in explorer.text)
        await explorer.press("escape")
        assert explorer.moment.step == 2
        assert explorer.moment.text == "the black cat"


async def test_a_sentence_that_is_too_long_is_cut_only_if_one_agrees(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        explorer.app.screen.query_one(PlainInput).value = "cat " * 60
        await explorer.press("enter")
        await explorer.until(lambda: "at most 47" in explorer.text)
        assert explorer.moment.text == "the black cat"
        await explorer.press("enter")
        await explorer.until(lambda: explorer.moment.text != "the black cat")
        assert len(explorer.moment.source) == 48


async def test_ten_thousand_characters_on_one_line(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        explorer.app.screen.query_one(PlainInput).value = "x" * 10_000
        await explorer.press("enter")
        await explorer.until(lambda: "at most 47" in explorer.text)


async def test_what_a_terminal_would_obey_is_left_out_of_a_sentence_and_told(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste("a \x1b[2J dog \u202e [red]"))
        await explorer.until(lambda: "Left out" in explorer.text)
        assert line.value == "a [2J dog  [red]"
        assert "␛ <U+202E>" in explorer.text


async def test_other_scripts_are_taken_in(explore: Explore) -> None:
    async with explore() as explorer:
        for text in ("猫は寝ている", "القط الأسود", "🐈 sleeps"):
            await explorer.press("i")
            line = explorer.app.screen.query_one(PlainInput)
            line.value = text[:9]
            await explorer.press("enter")
            await explorer.reads(text[:9])


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
        assert "No token of this matrix holds" in explorer.text
        await explorer.press("escape")
        await explorer.press("2", "colon")
        await explorer.step(2)


async def test_a_count_repeats_a_key(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("5", "space")
        await explorer.step(5)
        await explorer.press("3", "k")
        assert explorer.screen._looking.query == 2
        await explorer.press("3", "escape", "b")
        await explorer.step(4)


async def test_in_the_map_arrows_choose_layer_and_head(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("m", "right", "down", "down")
        focus = explorer.screen._looking
        assert (focus.kind, focus.layer, focus.head) == ("cross", 0, 1)
        await explorer.press("up", "up", "up", "up", "up", "up")
        focus = explorer.screen._looking
        assert (focus.stack, focus.kind, focus.layer) == ("encoder", "self", 0)


async def test_panes_take_turns_at_80_by_24_and_are_all_there_at_120_by_36(explore: Explore) -> None:
    async with explore(size=(80, 24)) as explorer:
        for key, name in zip("mauvo", ("map", "attention", "sum", "vectors", "norms"), strict=True):
            await explorer.press(key)
            await explorer.pilot.pause()
            shown = [pane.id for pane in explorer.screen.query(".pane").results() if pane.region.area]
            assert shown == [name]
            assert "truth" in explorer.text
            assert "? help" in explorer.text
        await explorer.press("tab")
        assert explorer.screen._active == "map"
        await explorer.pilot.resize_terminal(120, 36)
        await explorer.until(lambda: all(pane.region.area for pane in explorer.screen.query(".pane").results()))


async def test_a_terminal_of_20_by_5_gets_a_sentence_and_loses_nothing(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        await explorer.pilot.resize_terminal(20, 5)
        await explorer.until(lambda: "enlarge" in explorer.text)
        await explorer.press("space")
        await explorer.pilot.resize_terminal(120, 36)
        await explorer.step(3)
        await explorer.until(lambda: "masked self-attention" in explorer.text)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (104, 30)])
async def test_the_chosen_row_is_always_in_sight(explore: Explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as explorer:
        screen = explorer.screen
        heatmap = screen.query_one(AttentionPane).query_one(HeatMap)

        async def sees(row: int) -> None:
            await explorer.until(lambda: screen._looking.query == heatmap.cursor[0] == row)
            await explorer.pilot.pause()
            assert heatmap.matrix is not None
            measures, at = heatmap.measures, heatmap.region
            lines = explorer.text.split("\n")[at.y + measures.header : at.bottom - heatmap.scrollbar_size_horizontal]
            first = measures.line(row) - round(heatmap.scroll_y)
            assert 0 <= first <= len(lines) - measures.lines
            if measures.form != "halves":
                name = fit(heatmap.matrix.row_labels[row], measures.labels - 1, right=True)
                assert name in lines[first + (measures.lines - 1) // 2]

        for number in range(9, 20):  # from a picture that fits to one that scrolls
            await explorer.press(*str(number), "colon")
            await sees(number)
        await explorer.press("2", "b", "enter", "down", "enter")
        await sees(18)
        await explorer.press("end")
        await explorer.until(lambda: explorer.moment.done)
        last = explorer.moment.trace.steps - 1
        assert last > 30
        await sees(last)
        for other in ((80, 24), (200, 60), (60, 15), (120, 36)):
            await explorer.pilot.resize_terminal(*other)
            await sees(last)
        await explorer.press("t", "9", "k", "s")
        await sees(last - 9)


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
        await explorer.until(lambda: " step 2" in explorer.text)
        offered = next(line for line in explorer.text.split("\n") if line.startswith(" next")).split()[1:]
        assert pieces and all(f"‿{piece}" in offered for piece in pieces)
        await explorer.press("enter")
        for rank in range(3):
            row = next(line for line in explorer.text.split("\n") if f"│   {rank + 1} " in line)
            assert row.partition(f"│   {rank + 1} ")[2].split()[:2] == offered[2 * rank : 2 * rank + 2]


@pytest.mark.parametrize("size", [(50, 15), (80, 24), (104, 30), (120, 36), (200, 60)])
async def test_the_heads_of_the_norms_are_whole(explore: Explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as explorer:
        await explorer.press("o")
        pane = explorer.screen.query_one(NormsPane)
        await explorer.until(lambda: bool(pane._lines))
        heads = ["".join(piece.text for piece in line) for line in pane._lines[:2]]
        assert len(heads[0].split()) > 5 and not any("…" in head for head in heads)
        assert all(len(head) <= pane.size.width - 2 for head in heads)


async def test_the_truth_is_told(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space")
        await explorer.step(1)
        await explorer.until(lambda: explorer.text.count("✓") >= 4)
        for statement in ("rows sum to 1", "nothing from the future", "captured = recomputed", "cached = full"):
            assert statement in explorer.text


async def test_help_names_every_key(explore: Explore) -> None:
    async with explore(size=(120, 60)) as explorer:
        await explorer.press("question_mark")
        assert isinstance(explorer.app.screen, Help)
        shown = " ".join(explorer.text.split())
        for key in keymaps.ALL:
            assert " ".join(key.meaning.split()[:3]) in shown, key.id
        await explorer.press("escape")
        assert explorer.on_top


async def test_a_burst_of_keys_is_done_in_order(explore: Explore) -> None:
    async with explore() as explorer:
        for key in ["space"] * 7 + ["b"] * 3 + ["space"]:
            explorer.app.post_message(events.Key(key, " " if key == "space" else key))
        await explorer.pilot.pause(0)
        await explorer.until(lambda: explorer.screen._worker.idle)
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


async def test_a_model_without_examples_asks_for_a_sentence(explore: Explore, tmp_path: Path, tiny: Path) -> None:
    model, vocabulary, _ = glasshead.checkpoints.load.load(tiny)
    glasshead.save(tmp_path / "bare", model, vocabulary, {})
    async with explore(text=None, checkpoint=tmp_path / "bare") as explorer:
        await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
        await explorer.press(*"a dog", "enter")
        await explorer.until(lambda: explorer.screen.moment is not None and explorer.moment.text == "a dog")


async def test_a_checkpoint_that_breaks_on_loading_ends_with_a_sentence(
    explore: Explore, tiny: Path, tmp_path: Path
) -> None:
    import shutil

    from glasshead_tui.app import GlassheadApp

    shutil.copytree(tiny, tmp_path / "broken")
    weights = tmp_path / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    app = GlassheadApp(find(tmp_path / "broken"))
    async with app.run_test() as pilot:
        for _ in range(500):
            if app.return_code is not None:
                break
            await pilot.pause(0.01)
    assert app.return_code == 2


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


async def test_a_question_stays_while_other_things_happen(explore: Explore) -> None:
    async with explore(text=None) as explorer:
        await explorer.press("i", *"a dog")  # while the model loads and shows its first sentence
        await explorer.step(0)
        await explorer.pilot.pause(0.1)
        assert isinstance(explorer.app.screen, Ask)
        assert explorer.app.screen.query_one(PlainInput).value == "a dog"
        await explorer.press("enter")
        await explorer.until(lambda: explorer.moment.text == "a dog")


async def test_a_dialog_opened_at_once_does_not_keep_the_model_from_loading(tiny: Path) -> None:
    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(find(tiny), "a dog")
    async with app.run_test(size=(120, 36)) as pilot:
        explorer = Explorer(app, pilot)
        app.post_message(events.Key("question_mark", "?"))
        await explorer.step(0)
        await explorer.until(lambda: isinstance(app.screen, Help))


async def test_a_candidate_is_taken_at_the_step_it_was_offered_for(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("enter")
        offered = explorer.moment.candidates[1].id
        explorer.screen._worker.step(3, to=explorer.screen)
        await explorer.step(3)
        await explorer.press("j", "enter")
        await explorer.step(1)
        assert explorer.moment.tokens[1].id == offered


async def test_white_space_of_any_kind_is_a_space_in_the_box(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste(WHITE_SPACE.join("ab")))
        await explorer.until(lambda: line.value == "a" + " " * len(WHITE_SPACE) + "b")
        assert "Left out" not in explorer.text


async def test_all_lines_of_what_is_pasted_are_taken_in(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste("a dog\nand a cat\n"))
        await explorer.until(lambda: line.value == "a dog and a cat ")


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
    async with explore(text=None) as explorer:
        explorer.screen.action_kind()
        explorer.screen.action_layer(1)
        await explorer.step(0)
        await explorer.until(lambda: "decoder 1 · encoder–decoder attention" in explorer.text)


async def test_keys_work_again_after_the_palette_was_left(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("ctrl+p")
        await explorer.pilot.pause(0.3)
        await explorer.press("escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)
        await explorer.press("space")
        await explorer.step(1)


async def test_a_refusal_that_comes_after_one_has_left_harms_nothing(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        ask = explorer.app.screen
        assert isinstance(ask, Ask)
        await explorer.press("escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)
        ask.refuse("too late", again=True)
        await explorer.press("space")
        await explorer.step(1)
