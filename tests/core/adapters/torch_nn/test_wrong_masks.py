"""Is my mask right? What a mask lets through is seen: in the matrix, on the truth line, in the model's description."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import TARGET, TUTORIALS, WORDS
from torch import Tensor

import glasshead
from glasshead import GlassheadError, Subject
from glasshead.session.session import Session
from glasshead.truth.trace_checks import Check

Mask = Callable[[int], Tensor]


def ones(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool)


WRONG: dict[str, Mask] = {
    "none": lambda length: ~ones(length),
    "one token too late": lambda length: ones(length).triu(2),
    "turned": lambda length: ones(length).tril(-1),
    "True where one may look": lambda length: ones(length).tril(),
}
"""Masks in torch's convention, True where a query may not look."""


def subject(mask: Mask, **more: Any) -> Subject:
    module = TUTORIALS["gpt"].module()
    module.mask = mask
    return glasshead.subject(
        module, target=TARGET[:3], logits=lambda target: module(target), tokens=WORDS, end=[], **more
    )


def stepped(of: Subject, steps: int = 3) -> tuple[Session, dict[str, Check]]:
    session = Session(of)
    session.begin(of.first_sentence)
    for _ in session.walk(steps):
        pass
    return session, {check.label: check for check in session.check()}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_wrong_mask_lets_through_is_counted_and_shown(name: str) -> None:
    of = subject(WRONG[name])
    [kind] = of.kinds
    assert kind.causal and not kind.masked and not of.anatomy.lasting
    assert kind.label == f"decoder self ({'no mask' if name == 'none' else 'not causal'})"
    session, checks = stepped(of)
    length = len(session.line.ids)
    hidden = WRONG[name](length)
    seen = int((~hidden).triu(1).sum())
    assert checks["rows sum to 1"].ok and checks["captured = recomputed"].ok
    # Counted in the trace and in a pass of its own, for each of 3 layers and 4 heads; a few weights are exactly 0.
    counted = checks["nothing from the future"]
    assert not counted.ok and counted.value is not None and 0.8 * 24 * seen <= counted.value <= 24 * seen
    trace = session.moment.trace
    for layer in range(3):
        weights, masked = (trace[f"decoder.{layer}.self.{stage}"] for stage in ("weights", "masked"))
        assert torch.equal(masked.isneginf(), hidden.expand_as(masked))
        assert trace.origin(f"decoder.{layer}.self.weights") == "captured"
        assert weights.triu(1).any()


def test_the_matrix_is_that_of_one_pass_over_all_tokens_at_every_step_also_back() -> None:
    of = subject(WRONG["none"])
    model: Any = of.model
    session, checks = stepped(of, 4)
    assert not checks["steps = full"].ok
    chosen = session.line.ids
    for step in (4, 1, 3, 0, 2):
        session.rewind(step)
        for _ in session.walk(step - session.line.step_number):
            pass
        ids, trace = session.line.ids, session.moment.trace
        assert ids == chosen[: len(ids)]
        with torch.no_grad(), model.listen(["*"]) as seen:
            logits = model.logits(torch.tensor([ids]), None)
        for site in trace.sites:
            assert torch.allclose(trace[site].view_as(seen[site][0]), seen[site][0], atol=1e-5), site
        assert torch.allclose(session.line.probabilities(), logits[0, -1].softmax(-1), atol=1e-5)


def test_a_branch_of_a_line_without_a_mask_has_its_own_rows() -> None:
    line = subject(WRONG["none"]).start("the black")
    line.step()
    other = line.branch()
    other.choose(9)
    line.choose(5)
    line.step()
    weights = other.outlook["decoder.0.self.weights"]
    line.trace["decoder.0.self.weights"]
    assert torch.equal(other.outlook["decoder.0.self.weights"], weights) and weights.shape[-1] == 5


def test_a_right_mask_lets_nothing_through() -> None:
    _, checks = stepped(subject(lambda length: ones(length).triu(1)))
    assert all(check.ok for check in checks.values()) and "steps = full" in checks


def test_a_mask_that_hides_more_than_the_future_is_no_fault() -> None:
    """As one that keeps the last three positions, or that hides the second token from all."""
    _, checks = stepped(subject(lambda length: ones(length).triu(1) | ones(length).tril(-3)))
    assert all(check.ok for check in checks.values())


def test_a_model_whose_rows_change_although_its_mask_is_right_is_noticed() -> None:
    """As by positions that are counted from the end."""
    module = TUTORIALS["gpt"].module()

    def run(target: Tensor) -> Tensor:
        x = module.wte(target) + module.wpe(torch.arange(target.shape[1]).flip(0))
        for block in module.blocks:
            x = block(x, module.mask(target.shape[1]))
        return module.head(module.ln_f(x))

    of = glasshead.subject(module, target=TARGET[:3], logits=run, tokens=WORDS)
    assert not of.anatomy.lasting and of.kinds[0].masked
    _, checks = stepped(of)
    assert not checks["steps = full"].ok
    assert checks["nothing from the future"].ok and checks["captured = recomputed"].ok


def test_nan_is_traced_to_the_row_of_a_mask() -> None:
    module = TUTORIALS["annotated"].module()  # it asks for weights, where torch makes NaN of such a row
    module.mask = lambda length: ones(length)
    with pytest.raises(
        GlassheadError, match=r"NaN or infinity: the mask of decoder.0.self hides every key from query 0"
    ):
        glasshead.subject(module, target=TARGET, logits=module.forward)
