"""Sum, Vectors, Norms, Tokens and Truth: the digits on the screen against numbers computed here from the trace."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from tests.tui.panes.conftest import moment

from glasshead.named import brief_part
from glasshead.text import Token
from glasshead.truth.trace_checks import Check
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.panes.explore.vectors import VectorsPane
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

    from glasshead.decoding.stepper import Stepper

SIZES = [(28, 16), (42, 30), (76, 15), (100, 40)]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def after(lines: list[str], name: str) -> str:
    """The word behind a name at the start of a line."""
    line = next(line for line in lines if line.strip().startswith(name))
    return line.strip()[len(name) :].split()[0]


@pytest.mark.parametrize("size", SIZES)
async def test_the_sum_can_be_done_by_hand(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, trace = SumPane(), line.outlook
    async with framed(pane, size) as pilot:
        pane.show(moment(trace), Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5))
        await pilot.pause()
        lines = drawn(pane)
        q, k = (trace[f"decoder.1.cross.{name}"][3].double() for name in "qk")
        scores = q[4] @ k.T / math.sqrt(8)
        assert number(after(lines, "q·k")) == pytest.approx(float(q[4] @ k[2]), abs=6e-5)
        assert number(after(lines, "× 1/√8")) == pytest.approx(float(scores[2]), abs=6e-5)
        assert number(after(lines, "exp")) == pytest.approx(float(scores[2].exp()), abs=6e-5)
        assert number(after(lines, "÷ Σ exp")) == pytest.approx(float(scores.exp().sum()), abs=6e-5)
        assert number(after(lines, "= weight")) == pytest.approx(float(scores.softmax(-1)[2]), abs=6e-5)
        assert "✓" in next(line for line in lines if "the model's" in line)
        assert any("= output" in line and "✓" in line for line in lines)
        assert len([line for line in lines if line]) <= size[1]


async def test_the_results_of_a_sum_are_seen_in_any_room(line: "Stepper", framed: "Framed", drawn: "Drawn") -> None:
    for lines in (14, 13, 12, 11, 9, 5):
        pane = SumPane()
        async with framed(pane, (28, lines)) as pilot:
            pane.show(moment(line.outlook), Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5))
            await pilot.pause()
            seen = drawn(pane)
            assert all(any(text.strip().startswith(name) for text in seen) for name in ("= weight", "= output")), lines
            hidden = len(pane._lines) - pane.size.height
            assert hidden <= 0 or f"{hidden} more" in str(pane.border_subtitle) or "above," in str(pane.border_subtitle)


async def test_a_sum_of_very_small_numbers_still_has_digits(
    line: "Stepper", framed: "Framed", drawn: "Drawn", monkeypatch: pytest.MonkeyPatch
) -> None:
    from glasshead_tui.drawing import memo
    from glasshead_tui.panes.explore import sum as module

    found = memo.chosen_cell

    def tiny(*asked: Any) -> Any:
        return replace(found(*asked), exp=7.1e-7, total=8.04e-6, score=-14.158, dot=-3e-9)

    monkeypatch.setattr(module, "chosen_cell", tiny)
    pane = SumPane()
    async with framed(pane, (42, 30)) as pilot:
        pane.show(moment(line.outlook), Focus(kind="cross", layer=1, head=3, query=4, key=2, step=5))
        await pilot.pause()
        lines = drawn(pane)
        assert number(after(lines, "exp")) == pytest.approx(7.1e-7, rel=0.02)
        assert number(after(lines, "÷ Σ exp")) == pytest.approx(8.04e-6, rel=0.02)
        assert number(after(lines, "q·k")) == pytest.approx(-3e-9, rel=0.02)


async def test_the_sum_of_a_masked_cell_is_nothing(line: "Stepper", framed: "Framed", drawn: "Drawn") -> None:
    pane = SumPane()
    async with framed(pane, (76, 15)) as pilot:
        pane.show(moment(line.outlook), Focus(query=1, key=4, step=5))
        await pilot.pause()
        lines = drawn(pane)
        assert any("no: −∞" in line for line in lines)
        assert number(after(lines, "exp")) == 0 and after(lines, "= weight") == "0"


@pytest.mark.parametrize("size", [(56, 9), (76, 15), (98, 14)])
async def test_vectors_show_their_size_and_the_sum_of_the_products(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, trace = VectorsPane(), line.outlook
    async with framed(pane, size) as pilot:
        pane.show(moment(trace), Focus(layer=1, head=1, query=3, key=1, step=5))
        await pilot.pause()
        text = "\n".join(drawn(pane))
        q, k = trace["decoder.1.self.q"][1, 3], trace["decoder.1.self.k"][1, 1]
        assert number(text.split("Σ ")[-1 if "Σ = q·k" not in text else 2].split()[0]) == pytest.approx(
            float(q.double() @ k.double()), abs=6e-5
        )
        peaks = [number(part.split()[0]) for part in text.split("±")[1:]]
        assert peaks[:2] == pytest.approx([float(q.abs().max()), float(k.abs().max())], rel=1e-3)


@pytest.mark.parametrize("size", [(56, 9), (76, 15), (98, 14)])
@pytest.mark.parametrize("stack", ["encoder", "decoder"])
async def test_norms_start_from_the_residual_and_reach_mean_0_and_variance_1(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int], stack: str
) -> None:
    pane, trace = NormsPane(), line.outlook
    async with framed(pane, size) as pilot:
        pane.show(moment(trace), Focus(stack=stack, layer=1, query=2, step=5))  # type: ignore[arg-type]
        await pilot.pause()
        rows = [row.split() for row in drawn(pane)]
        parts = ("self", "ffn") if stack == "encoder" else ("self", "cross", "ffn")
        for layer in range(2):
            for part in parts:
                name = brief_part(f"{stack}.{layer}.{part}").split()
                row = next(row[len(name) - 1 :] for row in rows if row[: len(name)] == name)
                x = trace[f"{stack}.{layer}.{part}.resid"][2].double()
                assert number(row[1]) == pytest.approx(float(x.mean()), abs=6e-4)
                assert number(row[2]) == pytest.approx(float(x.var(correction=0)), abs=6e-4, rel=1e-3)
                assert row[3] in (".000", "0") and number(row[4]) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("size", [(78, 3), (118, 4), (198, 4)])
async def test_tokens_show_both_sentences_and_what_may_come(
    line: "Stepper", framed: "Framed", drawn: "Drawn", size: tuple[int, int]
) -> None:
    pane, shown = TokensPane(), moment(line.outlook, line)
    async with framed(pane, size) as pilot:
        pane.show(shown, Focus(query=2, key=1, step=5))
        await pilot.pause()
        source, target, following, *_ = drawn(pane)
        assert source.startswith("source") and source.endswith("■")
        assert target.startswith("target") and "┃" in target and target.endswith("step 5")
        assert "entropy 1.2" in following
        best = shown.candidates[0].probability
        assert best is not None
        assert any(part.startswith(".") and abs(float(part) - best) < 6e-4 for part in following.split())
        pane.show(moment(line.trace, line, done=True, ended=True), Focus(query=2, key=1, step=5))
        assert "done" in drawn(pane)[1] and "┃" not in drawn(pane)[1]


async def test_a_long_sentence_shows_the_part_that_is_looked_at(
    line: "Stepper", framed: "Framed", drawn: "Drawn"
) -> None:
    words = tuple(Token(10 + n, f"▁word{n}") for n in range(300))
    shown = moment(line.outlook, source=words, tokens=words, step=299)
    pane = TokensPane()
    async with framed(pane, (78, 3)) as pilot:
        for at in (0, 5, 150, 299):
            pane.show(shown, Focus(kind="cross", query=299 - at, key=at))
            await pilot.pause()
            source, target, _ = drawn(pane)
            assert f"word{at}" in source.split() and f"word{299 - at}" in target.split()
            assert source.endswith("…") == (at < 299) and ("  …" in source) == (at > 5)


async def test_truth_names_what_fails_first(framed: "Framed", drawn: "Drawn") -> None:
    good = Check("rows sum to 1", True, 3e-7, "The weights of every row sum to 1.")
    bad = Check("nothing from the future", False, 2.0, "What the mask hides has a weight of 0.")
    for width in (78, 40):
        pane = TruthPane()
        async with framed(pane, (width, 1)):
            assert "checking" in drawn(pane)[0]
            pane.show_checks([good, bad])
            (line,) = drawn(pane)
            assert line.index("✗ nothing from the future") < (line.index("✓") if "✓" in line else 99)
            pane.show_checks([good, good])
            assert "✗" not in drawn(pane)[0] and "✓" in drawn(pane)[0]


def test_the_trace_used_here_is_a_real_one(line: "Stepper") -> None:
    weights = line.outlook["decoder.0.self.weights"]
    assert torch.allclose(weights.sum(-1), torch.ones(weights.shape[:2]), atol=1e-5)
