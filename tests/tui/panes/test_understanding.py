"""Stream, logits, feed-forward and positions: what they give back, what they draw, at every size and without colour."""

import re
from typing import TYPE_CHECKING

import pytest
import torch
from tests.tui.panes.conftest import moment

from glasshead_tui.drawing.compared import same_items
from glasshead_tui.drawing.remarks import line_probability, reading_said, share
from glasshead_tui.drawing.tables import TABLES
from glasshead_tui.panes.difference import difference_text
from glasshead_tui.panes.explore.feed_forward import FeedForwardPane
from glasshead_tui.panes.explore.logits import LogitsPane
from glasshead_tui.panes.explore.positions import PositionsPane
from glasshead_tui.panes.explore.stream import StreamPane
from glasshead_tui.panes.pane import Rows
from glasshead_tui.screens.paned import PANES
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

    from glasshead.decoding.stepper import Stepper

FOCUS = Focus(kind="cross", layer=1, head=3, query=2, key=2, step=5)
SIZES = [(48, 8), (78, 15), (118, 10), (198, 44)]


def test_every_pane_has_a_table_of_its_own() -> None:
    assert TABLES.keys() == PANES.keys() - {"ranking"}, "that one is `glasshead heads`"


@pytest.mark.parametrize("size", SIZES)
async def test_the_stream_is_drawn_as_it_is_given_back(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, trace, shown = StreamPane(), line.outlook, moment(line.outlook, line)
    async with framed(pane, size) as pilot:
        pane.show(shown, FOCUS)
        await pilot.pause()
        head, *rows = pane.as_rows()
        assert head[0] == "after" and [row[0] for row in rows[:3]] == ["embedding", "0.self", "0.cross"]
        out = trace["decoder.0.self.out"][2].double()
        assert rows[1][1] == pytest.approx(float(out.norm()))
        asked = {row[1]: row[2] for row in rows if row[0] == "share"}
        logit = asked["the model's logit"]
        assert isinstance(logit, float) and asked["sum"] == pytest.approx(logit, abs=1e-4)
        assert logit == pytest.approx(float(trace["logits"][2, line.tokens[3].id]), abs=1e-4), (
            "the token that was taken"
        )
        written = ["".join(piece.text for piece in each) for each in pane._lines]
        assert any(text.startswith("enc–dec L1") for text in written)
        told = " ".join(" ".join(written).split())
        whole = "lens: the output matrix applied to the stream as it stands" in told
        assert whole == (size[1] > 10)
        assert size[0] < 78 or "lens: no norm follows" in str(pane.border_subtitle)
        seen = drawn(pane)
        assert all(visible(text) == text for text in seen)
        assert all(any(name in text for text in seen) for name in ("enc–dec L1", "ffn L1", "Σ =")), (
            "what the row comes to"
        )
        hidden = len(pane._lines) - pane.size.height
        assert str(pane.border_subtitle).startswith(f"{hidden} more above" if hidden > 0 else "→ variances")
        pane.show(shown, FOCUS.to(against=True, candidate=4))
        best, fifth = torch.softmax(trace["logits"][2], -1).topk(5).indices[[0, 4]].tolist()
        asked = {row[1]: row[2] for row in pane.as_rows() if row[0] == "share"}
        wanted = float(trace["logits"][2, best] - trace["logits"][2, fifth])
        assert asked["the model's logit"] == pytest.approx(wanted, abs=1e-4) == asked["sum"]
        pane.show(shown, Focus(stack="encoder", query=1))
        assert [row[0] for row in pane.as_rows()[1:]] == ["embedding", "0.self", "0.ffn", "1.self", "1.ffn"]
        assert "the decoder reads them" in " ".join("".join(piece.text for piece in each) for each in pane._lines)


@pytest.mark.parametrize("size", SIZES)
async def test_the_distribution_is_whole_and_what_is_not_drawn_is_named(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, trace, shown = LogitsPane(), line.outlook, moment(line.outlook, line)
    async with framed(pane, size) as pilot:
        pane.show(shown, FOCUS)
        await pilot.pause()
        _, *rows = pane.as_rows()
        own = trace["logits"][2].double().softmax(-1)
        assert len(rows) == len(own) and sum(float(row[3] or 0) for row in rows) == pytest.approx(1)
        assert [row[3] for row in rows] == pytest.approx(own.sort(descending=True).values.tolist(), abs=1e-6)
        taken = line.tokens[3].id
        rank = next(at for at, row in enumerate(rows, 1) if row[1] == taken)
        lines = drawn(pane)
        assert lines[0].strip().startswith("ln p −") and f"{rank} " in "".join(each for each in lines if "»" in each)
        tail = next(each for each in lines if "others" in each)
        count = len([each for each in lines if each is not tail and re.match(r"^ .{0,2} *\d+ ", each)])
        assert f"{len(own) - count:,} others" in tail
        pane.show(shown, FOCUS.to(candidate=0))
        assert any("»" in each and " 1 " in each for each in drawn(pane))


async def test_units_and_positions_are_given_back(line: "Stepper", framed: "Framed", drawn: "Drawn") -> None:
    trace, shown = line.outlook, moment(line.outlook, line)
    units, positions = FeedForwardPane(), PositionsPane()
    async with framed(units) as pilot:
        units.show(shown, FOCUS)
        await pilot.pause()
        head, *rows = units.as_rows()
        assert head == ("unit", "hidden", "active", "strength", "writes")
        active = trace["decoder.1.ffn.active"][2]
        assert all(row[2] == float(active[int(row[0] or 0)]) for row in rows)
        assert f"{int((active != 0).sum())} of 64 units are not 0" in drawn(units)[0]
    for size in SIZES:
        async with framed(positions, size) as pilot:
            positions.show(shown, FOCUS)
            await pilot.pause()
            _, *rows = positions.as_rows()
            vectors = {row[0]: torch.tensor(row[3:]) for row in rows}
            assert torch.allclose(vectors["embed"] + vectors["position"], vectors["sum"], atol=1e-5)
            assert len(positions._lines) >= 5 + len(trace.target)
        positions = PositionsPane()


@pytest.mark.parametrize("pane", [StreamPane, LogitsPane, FeedForwardPane, PositionsPane])
async def test_nothing_is_wider_than_its_room_and_all_is_there_without_colour(
    pane: type[StreamPane | LogitsPane | FeedForwardPane | PositionsPane], line: "Stepper", framed: "Framed",
    drawn: "Drawn", monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("NO_COLOR", "1")
    one: Lines = pane()
    async with framed(one, (78, 15)) as pilot:
        for row in range(3):
            for candidate in (None, 3):
                pane.show(one, moment(line.outlook, line), FOCUS.to(query=row, candidate=candidate))  # type: ignore[arg-type]
                await pilot.pause()
                assert all(sum(len(piece.text) for piece in each) <= 76 for each in one._lines)
                assert drawn(one)[0].strip()


def test_a_difference_is_that_of_the_same_token_whatever_its_rank() -> None:
    edited: Rows = [("rank", "id", "p"), (0, 7, 0.5), (1, 9, 0.25), (2, 4, 0.125)]
    original: Rows = [("rank", "id", "p"), (0, 9, 0.5), (1, 7, 0.25)]
    matched = same_items(edited, original, 1)
    assert matched == [original[0], (1, 7, 0.25), (0, 9, 0.5), (None, 4, None)]
    lines = [
        "".join(piece.text for piece in line).split()
        for line in difference_text(edited, matched, ("edited", "original"))
    ]
    assert lines[2:] == [["1", "→", "0", "7", "+.2500"], ["0", "→", "1", "9", "−.2500"],
                         ["not", "listed", "→", "2", "4", "not", "listed", "→", ".1250"]]  # fmt: skip


def test_what_the_vocabulary_does_with_a_text_is_said(line: "Stepper") -> None:
    shown = moment(line.outlook, line, text="The BLACK cat", read="the black cat")
    assert reading_said(shown) == "read in lower case"
    assert reading_said(moment(line.outlook, line, text="a  b", read="a b")) == "read as “a b”"
    assert reading_said(moment(line.outlook, line, text="a", read="a")) == ""
    from glasshead.text import Token

    odd = (Token(3, "<unk>"), Token(9, "<0xE2>"), Token(10, "<0x98>"))
    assert reading_said(moment(line.outlook, source=odd)) == "1 unknown · 2 bytes of characters it lacks"
    made = [token.probability for token in line.tokens if token.probability is not None]
    assert line_probability(shown).startswith(f"ln p −{-float(torch.tensor(made).log().sum()):.2f}"[:8])
    assert [share(value) for value in (0.5, 0.0312, 0.0004, 0.0)] == ["50 %", "3.1 %", "less than .1 %", "0.0 %"]
    assert [share(value) for value in (1.0, 0.9997, 0.994, 0.95)] == ["100 %", "more than 99.9 %", "99.4 %", "95 %"]
