"""The matrix on the screen is the trace's: its numbers, its mask, and what is still to come."""

import math
import re
from typing import TYPE_CHECKING

import pytest
from tests.tui.panes.conftest import moment
from textual.widget import Widget

from glasshead_tui.drawing.matrix import HeadMatrix, weight_level
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED, VEIL

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

    from glasshead.decoding.stepper import Stepper


def matrix_of(pane: Widget) -> HeadMatrix:
    matrix = pane.query_one(HeatMap).matrix
    assert isinstance(matrix, HeadMatrix)
    return matrix


@pytest.mark.parametrize("size", [(78, 17), (116, 24), (196, 50)])
async def test_every_cell_holds_its_number_or_says_why_not(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, focus = AttentionPane(), Focus(layer=1, head=2, query=3, key=1, step=5)
    async with framed(pane, size) as pilot:
        pane.show(moment(line.outlook), focus)
        await pilot.pause()
        numbers = [row for row in drawn(pane) if any(part.strip("[]").startswith(".") for part in row.split()[1:])]
        weights = line.outlook["decoder.1.self.weights"][2]
        for query, row in enumerate(numbers[: len(weights) - 1], 1):
            cells = [part.strip("[]") for part in row.split()[1 : query + 2]]
            assert [float(cell) for cell in cells] == pytest.approx(weights[query, : query + 1].tolist(), abs=0.0051)
            assert "╱" in row or query == len(weights) - 1


async def test_masked_and_absent_cells_are_where_the_trace_has_them(line: "Stepper", framed: "Framed") -> None:
    pane = AttentionPane()
    async with framed(pane) as pilot:
        for focus in (Focus(step=5), Focus(kind="cross", step=5), Focus(stack="encoder", step=5)):
            for stage in ("masked", "weights", "scores"):
                looking = focus.to(stage=stage)
                pane.show(moment(line.outlook), looking)
                await pilot.pause()
                matrix = matrix_of(pane)
                hidden = (line.outlook[f"{focus.prefix}.masked"][0] == -math.inf).tolist()
                if stage != "weights":  # the mask only hides: what is left keeps its colour
                    assert matrix.largest == float(line.outlook[f"{focus.prefix}.scores"][0].abs().max())
                for row in range(len(matrix.row_labels)):
                    levels = matrix.levels(row)
                    if row >= len(hidden):
                        assert set(levels) == {ABSENT}
                        continue
                    wanted = [cell and stage != "scores" for cell in hidden[row]]
                    assert [level == MASKED for level in levels[: len(wanted)]] == wanted
                    veiled = [VEIL <= level < VEIL + LEVELS for level in levels[: len(wanted)]]
                    assert veiled == [cell and stage == "scores" for cell in hidden[row]]
                    assert set(levels[len(wanted) :]) <= {ABSENT}


async def test_the_frame_stands_still_while_the_triangle_grows(line: "Stepper", framed: "Framed") -> None:
    pane = AttentionPane()
    sizes = set()
    async with framed(pane) as pilot:
        for step in range(5):
            again = line.branch()
            again.goto(step)
            pane.show(moment(again.outlook), Focus(step=step))
            await pilot.pause()
            matrix = matrix_of(pane)
            assert len(matrix.queries) == step + 1
            sizes.add((len(matrix.row_labels), len(matrix.column_labels)))
    assert len(sizes) == 1


async def test_when_the_line_is_done_nothing_is_left_to_come(line: "Stepper", framed: "Framed") -> None:
    pane = AttentionPane()
    async with framed(pane) as pilot:
        pane.show(moment(line.trace, done=True), Focus(step=5))
        await pilot.pause()
        assert matrix_of(pane).ghost_rows == 0


async def test_the_readout_says_the_weight_or_why_there_is_none(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    pane = AttentionPane()
    async with framed(pane, (100, 20)) as pilot:
        pane.show(moment(line.outlook), Focus(query=4, key=2, step=5))
        await pilot.pause()
        weight = float(line.outlook["decoder.0.self.weights"][0, 4, 2])
        readout = drawn(pane)[-2]
        assert float(readout.rsplit(" ", 1)[1]) == pytest.approx(weight, abs=5.1e-5)
        pane.show(moment(line.outlook, tokens=tuple(line.tokens)), Focus(query=1, key=4, step=5))
        await pilot.pause()
        assert "−∞ not generated yet when this token was chosen" in drawn(pane)[-2]
        assert any("╱╱" in text for text in drawn(pane)[:-2])
        pane.show(moment(line.outlook, tokens=tuple(line.tokens)), Focus(query=1, key=4, step=5, stage="scores"))
        await pilot.pause()
        score = float(line.outlook["decoder.0.self.scores"][0, 1, 4])
        *cells, readout, legend = drawn(pane)
        told, _, what = readout.partition("   will be masked: ")
        assert what.strip() == "a later token" and "╱ will be masked" in legend
        assert float(told.rsplit(" ", 1)[1].replace("−", "-")) == pytest.approx(score, abs=5.1e-5)
        rows = [text for text in cells if re.search(r"\.\d", text)]
        assert [len(re.findall(r"\.\d|\d\.", text)) for text in rows] == [len(line.tokens)] * len(line.tokens)
        assert [text.replace("╱╱", "").count("╱") for text in rows] == [5, 3, 3, 2, 1, 0], "the cursor is on one"


async def test_only_the_cursor_moves_when_only_the_cell_is_another(line: "Stepper", framed: "Framed") -> None:
    pane = AttentionPane()
    trace = line.outlook
    async with framed(pane) as pilot:
        pane.show(moment(trace), Focus(query=1, key=1, step=5))
        await pilot.pause()
        matrix = matrix_of(pane)
        pane.show(moment(trace), Focus(query=3, key=2, step=5))
        assert matrix_of(pane) is matrix
        assert pane.query_one(HeatMap).cursor == (3, 2)
        pane.show(moment(trace), Focus(query=3, key=2, head=1, step=5))
        assert matrix_of(pane) is not matrix


async def test_a_click_picks_a_cell_but_none_that_is_still_to_come(line: "Stepper", framed: "Framed") -> None:
    pane = AttentionPane()
    async with framed(pane, (100, 20)) as pilot:
        pane.show(moment(line.outlook), Focus(step=5))
        await pilot.pause()
        heatmap = pane.query_one(HeatMap)
        fit = heatmap.measures
        assert heatmap.matrix is not None
        for row, column in ((3, 2), (len(heatmap.matrix.row_labels) - 1, 0)):
            await pilot.click(HeatMap, offset=(fit.labels + column * fit.cell + 1, fit.header + fit.line(row)))
        assert [(event.query, event.key) for event in pilot.app.heard] == [(3, 2)]


def test_weights_are_drawn_by_their_square_root() -> None:
    assert [weight_level(value) for value in (0, 0.25, 1, 2, -1)] == [0, 32, 63, 63, 0]
