"""The protocols are wide enough for models that are not the paper's: all that is derived agrees with what they use."""

import math
from typing import Any

import pytest
import torch
from tests.core.strangers import NAMES, SIZE, Stranger, subject

from glasshead.analysis.cell import cell
from glasshead.analysis.norms import norms
from glasshead.decoding.beam import beam_search
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.session.session import Session
from glasshead.truth.trace_checks import checks

WRITERS = [name for name in NAMES if name != "bert"]


def walked(name: str, steps: int = 6) -> Stepper:
    line = subject(name).start("abcadc")
    for number in range(steps):
        line.choose(3 + 5 * number % 20)
    return line


@pytest.mark.parametrize("name", WRITERS)
def test_every_truth_holds(name: str) -> None:
    line = walked(name)
    found = checks(line.outlook, *line.verify())
    assert [check.ok for check in found] == [True] * 4, found
    assert {check.label for check in found} >= {"captured = recomputed", "cached = full"}


@pytest.mark.parametrize("name", WRITERS)
def test_the_steps_are_one_pass_over_all(name: str) -> None:
    line = walked(name)
    line.candidates()
    stranger = line.rows.model
    memory = stranger.read([[token.id for token in line.source]]) if line.source else None
    at_once = stranger.logits(torch.tensor([line.ids]), memory)[0]
    assert torch.allclose(
        torch.stack([line.rows.through(line.ids[: n + 1]) for n in range(len(line.ids))]), at_once, atol=1e-5
    )


@pytest.mark.parametrize("name", WRITERS)
def test_many_rows_in_one_pass_are_those_of_one_at_a_time(name: str) -> None:
    """A prompt, or a branch far ahead, is computed at once; what was captured is the same."""
    slow, fast = walked(name), subject(name).start("abcadc")
    slow.candidates()
    for token in slow.tokens[len(fast.tokens) :]:
        fast._ids.append(token.id)
        fast._probabilities.append(None)
        fast._taken += 1
    assert len(fast.rows) == 0
    fast.candidates()
    for site in slow.outlook.sites:
        one, other = slow.outlook[site], fast.outlook[site]
        assert one.shape == other.shape, site
        same = (one == other) | torch.isclose(one, other, atol=1e-5)
        assert same.all(), site


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_is_worked_out_as_the_model_has_it(name: str) -> None:
    trace = walked(name).outlook if name != "bert" else subject(name).start("abcadc").outlook
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            weights = trace[f"{prefix}.weights"]
            for head in range(kind.heads):
                for query in (0, weights.shape[1] - 1):
                    for key in (0, weights.shape[2] // 2, weights.shape[2] - 1):
                        found = cell(trace, prefix, head, query, key)
                        assert found.agrees and found.output_agrees, (prefix, head, query, key)
                        assert found.key_head == head * kind.key_heads // kind.heads
                        if found.may_look:
                            assert found.score == pytest.approx(found.captured_score, abs=1e-4)
                        scaled = found.dot * found.scale + (found.bias or 0.0)
                        capped = scaled if found.cap is None else found.cap * math.tanh(scaled / found.cap)
                        assert found.score == pytest.approx(capped, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_where_one_may_look_is_where_the_mask_let_it(name: str) -> None:
    trace = walked(name).outlook if name != "bert" else subject(name).start("abcadc").outlook
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            seen = trace[f"{prefix}.masked"] > -math.inf
            assert (seen == trace.may_look(prefix)).all(), prefix


def test_windows_differ_by_layer() -> None:
    trace = walked("gemma").outlook
    seen = [int(trace.may_look(f"decoder.{layer}.self")[-1].sum()) for layer in range(3)]
    assert seen == [3, trace.steps, 3]


def test_a_norm_without_a_mean_has_none() -> None:
    trace = walked("t5").outlook
    found = norms(trace, "decoder", 3)
    assert [norm.name for norm in found] == [f"{n}.{part}" for n in range(3) for part in ("self", "cross")]
    for norm in found:
        assert norm.before is None and norm.after is None and norm.rms is not None
        x = trace[f"{norm.site}.norm.normed"][3].double()
        assert norm.rms[1] == pytest.approx(float(x.norm()) / len(x) ** 0.5)
        if norm.name != "0.self":  # the stream after the sub-layer before it is what the norm is given
            layer, part = norm.name.split(".")
            before = f"{int(layer) - 1}.cross" if part == "self" else f"{layer}.self"
            x = trace[f"decoder.{before}.resid"][3].double()
            assert norm.rms[0] == pytest.approx(float(x.norm()) / len(x) ** 0.5)


def test_a_prompt_is_computed_in_one_pass() -> None:
    line = subject("gpt").start("abcadc")
    passes: list[int] = []

    def logits(*given: Any, **more: Any) -> Any:
        passes.append(given[0].shape[1])
        return run(*given, **more)

    run = line.rows.model.logits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line.rows.model, "logits", logits)
        line.step()
        line.step()
    assert passes == [7, 1]
    assert line.step_number == 2 and len(line.tokens) == 9 and line.trace.steps == 8
    assert line.source == [] and line.limit == 24 - 7 + 1


def test_any_end_token_ends_a_line() -> None:
    for end in (2, 28):
        line = subject("t5").start("abc")
        line.choose(end)
        assert line.done and line.ended


def test_an_encoder_alone_reads_and_writes_nothing() -> None:
    line = subject("bert").start("abcadc")
    assert line.done and not line.ended and line.limit == 0 and line.candidates() == []
    assert line.outlook.steps == 0 and "encoder.2.self.weights" in line.outlook
    session = Session(subject("bert"))
    session.begin("abcadc")
    found = session.check()
    assert all(check.ok for check in found)
    assert "cached = full" not in {check.label for check in found}, "there is no cache to compare"
    with pytest.raises(GlassheadError, match="no next step"):
        line.step()
    with pytest.raises(GlassheadError, match="no decoder self-attention; it has encoder self-attention"):
        line.outlook.axes("decoder.0.self")


def test_a_beam_goes_on_from_the_prompt() -> None:
    """The best line of all is found in another way: every line of three tokens, one forward pass each."""
    stranger, gpt = Stranger("gpt"), subject("gpt")
    for text in ("abc", "xyzq"):
        start = [1, *gpt.vocabulary.source.encode(text)]
        best = beam_search(stranger, (), start=start, width=SIZE, limit=2, length_penalty=0.0)[0]
        first = stranger.logits(torch.tensor([start]), None)[0, -1].double().log_softmax(-1)
        lines: dict[tuple[int, ...], float] = {(end,): float(first[end]) for end in stranger.ends}
        for token in set(range(SIZE)) - stranger.ends:
            second = stranger.logits(torch.tensor([[*start, token]]), None)[0, -1].double().log_softmax(-1)
            lines |= {(token, last): float(first[token] + second[last]) for last in range(SIZE)}
        wanted = max(lines.values())
        assert best.score == pytest.approx(wanted, abs=1e-5)
        assert gpt.translate(text, beam=2).startswith(text), "as greedy decoding, with its prompt"
    with pytest.raises(GlassheadError, match="writes no text"):
        subject("bert").translate("abc", beam=2)


def test_a_leak_in_a_prompt_is_kept_as_the_model_used_it() -> None:
    """Rows of one pass that look at keys after their own are not cut off: the leak is there to be seen."""
    leaking = subject("gpt")
    module: Any = leaking.model

    def opened(masked: torch.Tensor) -> torch.Tensor:
        return masked.masked_fill(masked.isneginf(), 0.0)

    line = leaking.start("abcadc", edit={"decoder.1.self.masked": opened})
    weights = line.outlook["decoder.1.self.weights"]
    with module.listen(["decoder.1.self.weights"], {"decoder.1.self.masked": opened}) as seen:
        module.logits(torch.tensor([line.ids]), None)
    assert torch.allclose(weights, seen["decoder.1.self.weights"][0], atol=1e-6)
    assert weights.triu(1).any() and torch.allclose(weights.sum(-1), torch.ones(4, 7), atol=1e-5)
    assert [check.ok for check in checks(line.outlook)][1] is False


def test_drawing_a_cell_of_a_biased_model_runs_no_model() -> None:
    line = walked("t5")
    trace = line.outlook
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line.rows.model, "logits", None)
        patch.setattr(line.rows.model, "read", None)
        assert cell(trace, "decoder.0.self", 1, 3, 2).agrees
        assert checks(trace)[2].ok


def test_a_beam_searches_a_stranger() -> None:
    stranger = Stranger("t5")
    found = beam_search(stranger, [3, 4, 5, 2], width=4, limit=8)
    memory = stranger.read([[3, 4, 5, 2]])
    whole = [best for best in found if len(best.ids) == 8]  # those that the limit ended: no end token is to be guessed
    assert len(found) == 4 and whole
    for best in whole:
        logits = stranger.logits(torch.tensor([[0, *best.ids[:-1]]]), memory)[0].double()
        total = sum(float(row.log_softmax(-1)[token]) for row, token in zip(logits, best.ids, strict=True))
        assert best.score == pytest.approx(total / ((5 + 8) / 6) ** 0.6, abs=1e-5)


@pytest.mark.parametrize("name", WRITERS)
def test_a_session_moves_and_undoes(name: str) -> None:
    session = Session(subject(name))
    session.begin("abcadc")
    list(session.walk(3))
    at = session.moment
    session.choose(at.candidates[4].id)
    session.undo()
    assert session.moment.tokens == at.tokens
    assert [check.ok for check in session.check()] == [True] * 4
    session.edit("decoder.1.self.heads[head=0] = 0")
    assert [check.ok for check in session.check()] == [True] * 5
    session.undo()
    assert session.moment.tokens == at.tokens and not session.moment.changed
