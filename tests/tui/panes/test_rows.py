"""What panes give back is what they show, in full precision and safe for a terminal."""

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.tui.panes.conftest import moment
from tests.tui.spelling import spell

from glasshead_tui.drawing.names import labels
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.vectors import VectorsPane
from glasshead_tui.panes.map import MapPane
from glasshead_tui.panes.pane import text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Framed

    from glasshead.decoding.stepper import Stepper

FOCUS = Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5)


async def test_the_matrix_is_given_back_whole(line: "Stepper", framed: "Framed") -> None:
    pane, trace = AttentionPane(), line.outlook
    async with framed(pane):
        for stage in ("scores", "masked", "weights"):
            pane.show(moment(trace), FOCUS.to(stage=stage))
            head, *rows = pane.as_rows()
            assert head == ("", *labels(trace.source))
            assert [row[0] for row in rows] == list(labels(trace.target))
            wanted = trace[f"decoder.1.cross.{stage}"][3].tolist()
            assert [list(row[1:]) for row in rows] == wanted


async def test_the_sum_is_given_back_step_by_step(line: "Stepper", framed: "Framed") -> None:
    pane, trace = SumPane(), line.outlook
    async with framed(pane):
        pane.show(moment(trace), FOCUS)
        found = {row[0]: row[1] for row in pane.as_rows() if len(row) == 2}
        q, k = (trace[f"decoder.1.cross.{name}"][3].double() for name in "qk")
        scores = k @ q[4] / len(q[4]) ** 0.5
        assert found["score"] == pytest.approx(float(scores[2]))
        assert found["Σ exp"] == pytest.approx(float(scores.exp().sum()))
        assert found["weight"] == pytest.approx(float(scores.softmax(-1)[2]))
        assert found["the model's"] == float(trace["decoder.1.cross.weights"][3, 4, 2])
        given_by = [row[2] for row in pane.as_rows() if row[0] == "gives"]
        assert sum(amount for amount in given_by if isinstance(amount, float)) == pytest.approx(1, abs=1e-5)


async def test_vectors_and_norms_are_given_back_number_by_number(line: "Stepper", framed: "Framed") -> None:
    trace = line.outlook
    vectors = VectorsPane()
    async with framed(vectors):
        vectors.show(moment(trace), FOCUS)
        _, *rows = vectors.as_rows()
        assert [row[1] for row in rows] == trace["decoder.1.cross.q"][3, 4].tolist()
        assert [row[5] for row in rows] == trace["decoder.1.cross.heads"][3, 4].tolist()
    norms = NormsPane()
    async with framed(norms):
        norms.show(moment(trace), FOCUS)
        _, *rows = norms.as_rows()
        assert len(rows) == 6
        for row in rows:
            x = trace[f"decoder.{row[0]}.resid"][4].double()
            assert row[1:3] == pytest.approx((float(x.mean()), float(x.var(correction=0))), rel=1e-4)
            assert list(row[5:]) == trace[f"decoder.{row[0]}.norm.out"][4].tolist()


async def test_the_map_gives_back_the_strongest_look_of_every_head(line: "Stepper", framed: "Framed") -> None:
    pane, trace = MapPane(), line.outlook
    async with framed(pane):
        pane.show(moment(trace), FOCUS)
        _, *rows = pane.as_rows()
        assert len(rows) == sum(kind.layers * kind.heads for kind in trace.kinds)
        for prefix, head, query, key, largest in rows:
            weights = trace[f"{prefix}.weights"][int(str(head))]
            assert largest == float(weights.max()) == float(weights[int(str(query)), int(str(key))])


async def test_tokens_are_given_back_with_their_chances(line: "Stepper", framed: "Framed") -> None:
    pane = TokensPane()
    async with framed(pane):
        pane.show(moment(line.outlook, line), FOCUS)
        _, *rows = pane.as_rows()
        assert [row[2] for row in rows if row[0] == "source"] == spell([token.text for token in line.source])
        assert [row[2] for row in rows if row[0] == "target"] == spell([token.text for token in line.tokens])
        best = torch.softmax(line.rows.through(line.ids), -1).topk(8).values
        assert [row[3] for row in rows if row[0] == "next"] == pytest.approx(best.tolist())
        assert "source" in pane.as_text().splitlines()[1]


@given(st.lists(st.tuples(st.text(max_size=9), st.floats(), st.none() | st.booleans() | st.integers()), max_size=6))
def test_text_is_aligned_and_steers_nothing(rows: list[tuple[str, float, bool | int | None]]) -> None:
    lines = text_of([*rows]).split("\n")
    assert len(lines) == max(1, len(rows))
    assert all(visible(line) == line for line in lines)
