"""What is compared stands side by side: this head, the pinned one, their difference, each with its own numbers."""

from typing import TYPE_CHECKING

import pytest
from tests.tui.panes.conftest import moment

from glasshead import GlassheadError
from glasshead_tui.drawing.choices import row_labels
from glasshead_tui.drawing.matrix import HeadMatrix
from glasshead_tui.drawing.sides import MARKS
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.heads import HeadsPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.map import MapPane
from glasshead_tui.state.focus import VIEWS, Focus
from glasshead_tui.widgets.scale import LEVELS, VEIL

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

    from glasshead.decoding.stepper import Stepper

HERE, THERE = Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5), ("decoder.0.cross", 1)
PINNED = HERE.to(pinned=THERE)


async def test_three_stand_side_by_side_and_fewer_where_there_is_less_room(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    pane, trace = AttentionPane(), line.outlook
    this, other = trace["decoder.1.cross.weights"][3], trace["decoder.0.cross.weights"][1]
    async with framed(pane, (196, 40)) as pilot:
        pane.show(moment(trace), PINNED)
        await pilot.pause()
        maps = [each.matrix for each in pane._figures.heatmaps]
        assert len(maps) == 3
        for found, wanted in zip(maps, (this, other, this - other), strict=True):
            assert found is not None and (found.values - wanted).abs().max() < 1e-6  # type: ignore[attr-defined]
        text = "\n".join(drawn(pane))
        name = "decoder 1 · encoder–decoder attention · head 3"
        for said in (f"◆ this head: {name}", "◇ pinned head: ", "◆ − ◇  difference", "◆ this head − ◇ pinned head"):
            assert said in text
        a, b = float(this[4, 2]), float(other[4, 2])
        told = text[text.index("◆ .") :].split()
        numbers = [float(part.replace("−", "-")) for part in (told[1], told[4], told[6])]
        assert numbers == pytest.approx([a, b, a - b], abs=6e-5)
        assert all(each.cursor == (4, 2) for each in pane._figures.heatmaps)
        pane.show(moment(trace), PINNED.to(query=1, key=3))
        assert all(each.cursor == (1, 3) for each in pane._figures.heatmaps)
        await pilot.resize_terminal(90, 24)
        await pilot.pause()
        assert len(list(pane._figures.heatmaps)) == 2
        pane.show(moment(trace), PINNED.to(view="difference"))
        await pilot.pause()
        first, last = (each.matrix for each in pane._figures.heatmaps)
        assert isinstance(first, HeadMatrix) and (last.values - (this - other)).abs().max() < 1e-6  # type: ignore
        await pilot.resize_terminal(24, 24)
        await pilot.pause()
        for view, wanted in zip(VIEWS, (this, other, this - other), strict=True):
            pane.show(moment(trace), PINNED.to(view=view))
            await pilot.pause()
            (only,) = (each.matrix for each in pane._figures.heatmaps)
            assert only is not None and (only.values - wanted).abs().max() < 1e-6  # type: ignore[attr-defined]
            rows = [row[1:] for row in pane.as_rows()[1:]]
            assert rows == [pytest.approx(row, abs=1e-6) for row in wanted.tolist()], "the text twin is the same"
            assert str(pane.border_title).startswith(MARKS[view])
            assert ("pinned: enc–dec L0 H1" in str(pane.border_title)) == (view == "original")


async def test_heads_of_other_axes_stand_side_by_side_and_it_is_said_why_they_have_no_difference(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    pane, trace = AttentionPane(), line.outlook
    looking = PINNED.to(pinned=("decoder.0.self", 2))
    async with framed(pane, (196, 40)) as pilot:
        pane.show(moment(trace), looking)
        await pilot.pause()
        assert len(list(pane._figures.heatmaps)) == 2
        text = "\n".join(drawn(pane))
        assert "There is no difference: decoder.1.cross looks from the target at the source" in text
        await pilot.resize_terminal(24, 24)
        await pilot.pause()
        with pytest.raises(GlassheadError, match="Only weights on the same tokens"):
            pane.show(moment(trace), looking.to(view="difference"))
        pane.show(moment(trace), looking.to(view="original"))
        await pilot.pause()
        (only,) = (each.matrix for each in pane._figures.heatmaps)
        assert (only.values == trace["decoder.0.self.weights"][2]).all()  # type: ignore[union-attr]


async def test_rows_have_the_same_names_in_all_three_and_every_glyph_is_explained(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    pane, trace = AttentionPane(), line.outlook
    async with framed(pane, (196, 40)) as pilot:
        for focus in (PINNED, PINNED.to(shifted=True)):
            pane.show(moment(trace, line), focus)
            await pilot.pause()
            names = [each.matrix.row_labels for each in pane._figures.heatmaps if each.matrix]
            assert names[0] == names[1] == names[2] == row_labels(moment(trace, line), focus)
            assert ("the word that it chose" in "\n".join(drawn(pane))) == focus.shifted
        pane.show(moment(trace, line), PINNED.to(kind="self", pinned=("decoder.0.self", 1)))
        await pilot.pause()
        text = "\n".join(drawn(pane))
        assert "╱╱╱ −∞ comes later" in text or "╱╱╱ −∞ not generated yet" in text
        assert len({each.measures for each in pane._figures.heatmaps}) == 1, "rows and columns are level"


async def test_both_scores_have_one_scale(line: "Stepper", framed: "Framed") -> None:
    pane, trace = AttentionPane(), line.outlook
    async with framed(pane, (196, 40)) as pilot:
        pane.show(moment(trace), PINNED.to(stage="scores"))
        await pilot.pause()
        one, other, _ = (each.matrix for each in pane._figures.heatmaps)
        assert isinstance(one, HeadMatrix) and isinstance(other, HeadMatrix)
        assert one.largest == other.largest == max(float(each.values.abs().max()) for each in (one, other))
        own = Focus(kind="self", layer=1, head=3, query=4, key=2, step=5, pinned=("decoder.0.self", 1), stage="scores")
        pane.show(moment(trace), own)
        await pilot.pause()
        figures = [each.matrix for each in pane._figures.heatmaps]
        assert len(figures) == 3
        for row in range(len(line.tokens)):
            for figure in figures:
                assert figure is not None
                veiled = [VEIL <= level < VEIL + LEVELS for level in figure.levels(row)]
                assert veiled == [key > row for key in range(len(line.tokens))], (
                    "before the mask, in the difference too"
                )


async def test_the_sum_works_both_cells_out_and_the_heads_tell_both_numbers(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    trace = line.outlook
    q, k = (trace[f"decoder.0.cross.{name}"][1].double() for name in "qk")
    scores = k @ q[4] / len(q[4]) ** 0.5
    for size in ((34, 20), (60, 20), (90, 20)):
        async with framed(pane := SumPane(), size) as pilot:
            pane.show(moment(trace), PINNED)
            await pilot.pause()
            lines = [each.split() for each in drawn(pane)]
            assert ["◆", "this", "◇", "pinned"] in [each[:4] for each in lines]
            numbers = {each[0]: each for each in lines if each}
            weights = next(each for each in lines if each[:2] == ["=", "weight"])[1:]
            assert float(numbers["q·k"][2].replace("−", "-")) == pytest.approx(float(k[2] @ q[4]), abs=6e-5)
            assert float(weights[2]) == pytest.approx(float(scores.softmax(-1)[2]), abs=6e-5)
            rows = {row[0]: row for row in pane.as_rows()}
            assert rows[""] == ("", "◆ this", "◇ pinned")
            assert rows["score"][2] == pytest.approx(float(scores[2]))
            assert rows["the model's"][1:] == tuple(
                float(trace[f"{prefix}.weights"][head, 4, 2]) for prefix, head in (HERE.place, THERE)
            )
    async with framed(heads := HeadsPane(), (90, 16)) as pilot:
        heads.show(moment(trace), PINNED)
        await pilot.pause()
        title = drawn(heads)[0].split()
        at = title.index("◆")
        a, b = (float(trace[f"{prefix}.weights"][head, 4, 2]) for prefix, head in (HERE.place, THERE))
        told = [float(title[place].replace("−", "-")) for place in (at + 1, at + 4, at + 6)]
        assert told == pytest.approx([a, b, a - b], abs=6e-5)
    async with framed(whole := MapPane(), (60, 30)) as pilot:
        whole.show(moment(trace), PINNED)
        await pilot.pause()
        text = "\n".join(drawn(whole))
        assert text.count("[") == text.count("]") > 0 and "{" in text and "}" in text
        whole.show(moment(trace), HERE)
        await pilot.pause()
        assert "{" not in "\n".join(drawn(whole))
