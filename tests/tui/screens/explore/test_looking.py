"""What is looked at: layers, heads, kinds, stages, cells and panes, at every size."""

import threading

import pytest
from tests.tui.conftest import LIMIT, Explore

from glasshead.analysis.account import Account
from glasshead.session.moment import Moment
from glasshead_tui.drawing.memo import chosen_account
from glasshead_tui.drawing.tables import stream_rows
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore import stream
from glasshead_tui.panes.explore.logits import LogitsPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.stream import StreamPane
from glasshead_tui.screens.paned import ABOVE, BELOW, PANES
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.cells import fit
from glasshead_tui.widgets.heatmap import HeatMap


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
        # the readout, and twice in the sum: one number, written in one way
        await explorer.until(lambda: explorer.text.count(shown) >= 3)
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


async def test_in_the_map_arrows_choose_layer_and_head(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("m", "right", "down", "down")
        focus = explorer.screen._looking
        assert (focus.kind, focus.layer, focus.head) == ("cross", 0, 1)
        await explorer.press("up", "up", "up", "up", "up", "up")
        focus = explorer.screen._looking
        assert (focus.stack, focus.kind, focus.layer) == ("encoder", "self", 0)
        await explorer.press("c", "t", "down", "down", "down")
        focus = explorer.screen._looking
        assert (focus.stack, focus.kind, focus.layer) == ("decoder", "self", 1), "the other heads are of one kind"
        await explorer.until(lambda: "heads · dec self" in explorer.text)
        await explorer.press("up", "up", "up")
        focus = explorer.screen._looking
        assert (focus.stack, focus.kind, focus.layer) == ("decoder", "self", 0)


async def test_panes_take_turns_at_80_by_24_and_are_all_there_at_120_by_36(explore: Explore) -> None:
    async with explore(size=(80, 24)) as explorer:
        for key, name in zip("mrauvocASVFPBEU", PANES, strict=True):
            await explorer.press(key)
            await explorer.pilot.pause()
            shown = [pane.id for pane in explorer.screen.query(".pane").results() if pane.region.area]
            assert shown == [name]
            assert "truth" in explorer.text
            assert "? help" in explorer.text
        await explorer.press("tab")
        assert explorer.screen._active == "map"
        await explorer.pilot.resize_terminal(120, 36)

        def seen() -> list[str | None]:
            return [pane.id for pane in explorer.screen.query(".pane") if pane.region.area]

        for key, group in zip("oASVPBE", BELOW, strict=True):
            await explorer.press(key)
            while seen() != ["map", *ABOVE[2:], *group]:
                await explorer.pilot.pause(0.01)


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

        def drawn(row: int) -> bool:
            assert heatmap.matrix is not None
            measures, at = heatmap.measures, heatmap.region
            lines = explorer.text.split("\n")[at.y + measures.header : at.bottom - heatmap.scrollbar_size_horizontal]
            first = measures.line(row) - round(heatmap.scroll_y)
            if not 0 <= first <= len(lines) - measures.lines:
                return False
            name = fit(heatmap.matrix.row_labels[row], measures.labels - 1, right=True)
            return measures.form == "halves" or name in lines[first + (measures.lines - 1) // 2]

        async def sees(row: int) -> None:
            await explorer.until(lambda: screen._looking.query == heatmap.cursor[0] == row and drawn(row))

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


@pytest.mark.parametrize("size", [(50, 15), (80, 24), (104, 30), (120, 36), (200, 60)])
async def test_the_heads_of_the_norms_are_whole(explore: Explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as explorer:
        await explorer.press("o")
        pane = explorer.screen.query_one(NormsPane)
        await explorer.until(lambda: bool(pane._lines))
        heads = ["".join(piece.text for piece in line) for line in pane._lines[:2]]
        assert len(heads[0].split()) > 3 and not any("…" in head for head in heads)
        assert all(len(head) <= pane.size.width - 2 for head in heads)


@pytest.mark.parametrize("key", ["left_square_bracket", "left_parenthesis", "h", "k"])
async def test_a_key_that_goes_below_the_first_before_the_model_is_there_stays_at_it(
    explore: Explore, key: str
) -> None:
    held = threading.Event()
    async with explore(held=held) as explorer:
        await explorer.press(key, key)
        assert explorer.screen.moment is None
        held.set()
        await explorer.step(0)
        looking = explorer.screen._looking
        assert min(looking.layer, looking.head, looking.query, looking.key) == 0


async def test_candidates_are_chosen_found_and_compared(explore: Explore) -> None:
    async with explore(size=(80, 24)) as explorer:
        await explorer.press("space", "space", "space")
        await explorer.step(3)
        await explorer.press("k", "V")
        screen, trace = explorer.screen, explorer.moment.trace
        row = screen._looking.query
        order = trace["logits"][row].argsort(descending=True, stable=True).tolist()
        logits = screen.query_one(LogitsPane)
        taken = order.index(explorer.moment.tokens[row + 1].id)
        await explorer.until(lambda: logits._chosen == taken)
        await explorer.press("3", "right")
        await explorer.until(lambda: logits._chosen == taken + 3 and screen._looking.candidate == taken + 3)
        assert screen._looking.key == 0, "the cursor of the matrix stays"
        wanted = logits.as_rows()[200][2]
        assert isinstance(wanted, str)
        await explorer.press("slash", *wanted.strip("▁"), "enter")
        await explorer.until(lambda: wanted.strip("▁").lower() in str(logits.as_rows()[logits._chosen + 1][2]).lower())
        rank = logits._chosen
        await explorer.press("S", "S")
        stream = screen.query_one(StreamPane)
        await explorer.until(lambda: screen._looking.against and bool(stream._lines))
        shares = {line[1]: line[2] for line in stream.as_rows() if line[0] == "share"}
        apart = float(trace["logits"][row, order[0]] - trace["logits"][row, order[rank or 1]])
        assert shares["the model's logit"] == pytest.approx(apart, abs=1e-4)
        await explorer.press("j")
        await explorer.until(lambda: screen._looking.query == row + 1)
        assert screen._looking.candidate is None, "another row has other candidates"
        await explorer.press("t", "t", "V", "right")
        await explorer.until(lambda: "predict no token" in " ".join(explorer.text.split()))


async def test_keys_do_not_wait_for_the_stream_of_a_large_model(
    explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, threads = threading.Event(), 0

    def computed(moment: Moment, focus: Focus) -> Account:
        nonlocal threads
        if threading.current_thread() is not threading.main_thread():
            threads += 1
            assert gate.wait(LIMIT)
        return chosen_account(moment, focus)

    monkeypatch.setattr(stream, "AT_ONCE", -1)
    monkeypatch.setattr(stream, "chosen_account", computed)
    async with explore() as explorer:
        await explorer.press("space", "space", "S")
        await explorer.step(2)
        pane = explorer.screen.query_one(StreamPane)
        await explorer.until(lambda: "computing" in explorer.text)
        row = explorer.screen._looking.query
        assert row >= 2
        await explorer.press("k", "k", "j")
        assert explorer.screen._looking.query == row - 1 and pane._waiting is not None
        gate.set()
        await explorer.until(lambda: pane._waiting is None and "computing" not in explorer.text)
        found = pane._found
        assert found is not None and found.stream.row == row - 1 and threads == 2, "what lies between is left out"
        expected = chosen_account(explorer.moment, explorer.screen._looking)
        before = explorer.moment.tokens[:row]
        assert stream_rows(found, before) == stream_rows(expected, before)
