"""The pane of all heads and the pane of the alignment: their numbers are the trace's, at every size."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from tests.tui.panes.conftest import moment

from glasshead.analysis.words import words
from glasshead.found import load
from glasshead_tui.drawing.heads import compare_heads, heads_rows, rank_heads
from glasshead_tui.panes.explore.alignment import AlignmentPane
from glasshead_tui.panes.explore.heads import HeadsPane, pool_rows
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

    from glasshead.decoding.stepper import Stepper

FOCUS = Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5)


def test_bars_are_the_largest_of_their_keys() -> None:
    rows = torch.rand(3, 11)
    for group in (1, 2, 4, 11):
        expected = [[max(row[at : at + group]) for at in range(0, 11, group)] for row in rows.tolist()]
        torch.testing.assert_close(pool_rows(rows, group), torch.tensor(expected))


def test_equal_weights_share_a_rank_and_near_ones_are_told_apart(line: "Stepper") -> None:
    weights = torch.tensor([[0.5, 0.25], [0.99989, 0.1], [0.99987, 0.2], [0.99987, 0.3]])
    found = compare_heads(moment(line.outlook, line), FOCUS)._replace(rows=(None, weights), column=0)
    ranked = rank_heads(found)
    assert [(each.rank, each.place[1], each.text) for each in ranked] == [
        (1, 1, ".99989"), (2, 2, ".99987"), (2, 3, ".99987"), (4, 0, ".5000")
    ]  # fmt: skip
    assert [row[:4] for row in heads_rows(found)[1:]] == [
        (1, each, float(weights[each, 0]), rank) for each, rank in enumerate((4, 1, 2, 2))
    ]


@pytest.mark.parametrize("size", [(78, 17), (116, 24), (30, 8)])
async def test_the_cell_stands_in_every_head(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, trace = HeadsPane(), line.outlook
    async with framed(pane, size) as pilot:
        pane.show(moment(trace, line), FOCUS)
        await pilot.pause()
        head, *rows = pane.as_rows()
        assert head[:2] == ("layer", "head") and len(rows) == 8
        cells = [cell for _, _, cell, *_ in rows if isinstance(cell, float)]
        for layer, number, cell, rank, *row in rows:
            assert isinstance(number, int) and isinstance(cell, float)
            weights = trace[f"decoder.{layer}.cross.weights"][number, 4].tolist()
            assert row == weights and cell == weights[2]
            assert rank == 1 + sum(other > cell for other in cells)
        lines = drawn(pane)
        layer, number, *_ = rows[cells.index(max(cells))]
        assert size[0] < 60 or f"largest   1 L{layer} H{number} {max(cells):.4f}".replace(" 0.", " .") in lines[1]
        assert f"{rows[7][3]} L1 H3" in lines[1], "the current head, whatever its rank"
        shown = " ".join(lines)
        for _, _, cell, *_ in rows if size[0] > 60 else []:
            assert f"{cell:.3f}"[1:] in shown or f"{cell:.2f}"[1:] in shown
        assert size[0] < 60 or ("[" in shown and "choosing" in shown)
        region, place = pane._spots[-1]
        top = region.y - round(pane.scroll_y)
        if top < size[1]:
            await pilot.click(HeadsPane, offset=(region.x + 1, top))
            assert [(event.layer, event.head) for event in pilot.app.heard] == [place]


async def test_the_words_are_painted_by_their_weights(tiny: Path, framed: "Framed", drawn: "Drawn") -> None:
    subject = load(tiny)
    line = subject.start("the smallest cats", forced="les chats noirs")
    for _ in range(5):
        line.step()
    pane, trace = AlignmentPane(), line.outlook
    here, there = words(trace.source), words(trace.target)
    assert any(len(word) > 1 for word in here), "a word of several pieces"
    weights = trace["decoder.1.cross.weights"]
    async with framed(pane, (110, 20)) as pilot:
        pane.show(moment(trace, line), FOCUS.to(aligns_read=True))
        await pilot.pause()
        head, *rows = pane.as_rows()
        assert len(head) == len(here) + 2
        for number, word in enumerate(there):
            for row, matrix in ((rows[number], weights[3]), (rows[len(there) + number], weights.mean(0))):
                mean = torch.stack([matrix[at] for at in word]).mean(0)
                expected = [float(sum(mean[at] for at in keys)) for keys in here]
                assert list(row[1:]) == pytest.approx([*expected, 1 - sum(expected)], abs=1e-5)
        covered = [float(weights[3][:, list(keys)].sum()) for keys in here]
        assert list(rows[-1][1:]) == pytest.approx(covered, abs=1e-4)
        lines = drawn(pane)
        assert lines[0].split()[0] == "links" and lines[1].split()[0] == "covered"
        painted = [each for each in lines[4:] if each.strip()]
        assert len(painted) == len(there) and trace.steps == 6
        for each, row in zip(painted, rows, strict=False):
            values = [float(value) for value in row[1:] if isinstance(value, float)]
            best = str(head[1 + values.index(max(values))]) if values.index(max(values)) < len(here) else "■"
            assert f"[{best}" in each, "the strongest stands between brackets"
        pane.show(moment(trace, line), FOCUS.to(stack="encoder", kind="self", query=2))
        await pilot.pause()
        assert len(pane.as_rows()) == 2 + 2 * len(here)
        pane.show(moment(trace, line), FOCUS.to(kind="self", head=0, query=1))
        await pilot.pause()
        start = trace["decoder.1.self.weights"][0, list(there[0]), 0].mean()
        shown = next(each for each in drawn(pane)[4:] if "▸" in each)
        assert "■" not in shown and float(shown.split("▸ ")[1].split("]")[0]) == pytest.approx(float(start), abs=6e-4)
        pane.show(moment(trace, line), FOCUS.to(shifted=True))
        own = pane.as_rows()
        mean = torch.stack([weights[3][at - 1] for at in there[0]]).mean(0)
        assert own[1][1] == pytest.approx(float(sum(mean[at] for at in here[0])), abs=1e-5)
