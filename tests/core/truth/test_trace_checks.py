"""The checks pass on what is true, and each of them fails on the lie that it is there to find."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.core.helpers import OPTIONS, restless
from torch import Tensor

from glasshead import checks
from glasshead.truth import trace_checks as truth

LABELS = ["rows sum to 1", "nothing from the future", "captured = recomputed", "cached = full"]


def walked(edit: Any = None, **options: Any) -> Any:
    line = restless(91, **options).start("bird", edit=edit)
    for _ in range(5):
        line.step()
    return line


def verdict(line: Any) -> dict[str, bool]:
    return {check.label: check.ok for check in checks(line.outlook, line.cache_error())}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_all_hold_on_a_model_that_is_left_alone(options: dict[str, Any]) -> None:
    found = checks(walked(**options).outlook, walked(**options).cache_error())
    assert [check.label for check in found] == LABELS
    for check in found:
        assert check.ok, check
        assert check.value is not None
        assert 0 <= check.value < 1e-4
        assert check.detail
    assert [check.label for check in checks(walked().trace)] == LABELS[:3]


def peek(value: Tensor) -> Tensor:
    """Open the mask of the encoder's window."""
    return value.nan_to_num(neginf=0.0)


@pytest.mark.parametrize(
    ("edit", "options", "fails"),
    [
        ({"decoder.1.cross.weights": lambda v: v * 0.9}, {}, {"rows sum to 1", "captured = recomputed"}),
        ({"encoder.0.self.weights": lambda v: v.flip(-1)}, {}, {"captured = recomputed"}),
        ({"encoder.0.self.masked": peek}, {"window": 3}, {"nothing from the future", "captured = recomputed"}),
        ({"decoder.0.self.scores": lambda v: v + torch.arange(v.shape[-1])}, {}, {"captured = recomputed"}),
        (
            {"decoder.0.cross.weights": lambda v: v * float("nan")}, {},
            {"rows sum to 1", "captured = recomputed", "cached = full"},
        ),
        ({"encoder.1.self.q": lambda v: v * float("nan")}, {}, set(LABELS) - {"nothing from the future"}),
    ],
)  # fmt: skip
def test_each_lie_is_found(edit: dict[str, Callable[..., Tensor]], options: dict[str, Any], fails: set[str]) -> None:
    found = verdict(walked(edit, **options))
    assert {label for label, ok in found.items() if not ok} == fails


def test_an_edit_that_depends_on_the_step_is_not_as_the_full_pass() -> None:
    assert not verdict(walked({"decoder.0.self.q": lambda v: v * v.shape[-2]}))["cached = full"]


@pytest.mark.parametrize("error", [1.0, float("nan"), float("inf")])
def test_a_cache_that_is_wrong_is_said_to_be(error: float) -> None:
    assert not checks(walked().trace, error)[-1].ok


def test_of_a_long_trace_the_newest_rows_are_checked_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "LARGEST", 10)
    for check in checks(walked().outlook):
        assert check.ok
        assert "newest row" in check.detail or check.label == "cached = full"
    bad = walked({"decoder.1.self.weights": lambda v: v * 2})
    assert not checks(bad.outlook)[0].ok


def test_a_trace_in_part_is_checked_for_what_it_has() -> None:
    line = restless(91).start("bird", keep=["*.weights"])
    line.step()
    assert all(check.ok for check in checks(line.outlook))
    assert [check.label for check in checks(line.outlook)] == LABELS[:2], "without q and k nothing is recomputed"


def test_a_mask_that_hides_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a step from the cache there is no future to look at; in the pass over all tokens there is."""
    line = walked()
    assert line.verify()[1] == 0
    monkeypatch.setattr("glasshead.model.causal", lambda q, k, **_: torch.ones(q, k, dtype=torch.bool))
    error, peeking = line.verify()
    assert peeking > 0
    found = {check.label: check.ok for check in checks(line.outlook, error, peeking)}
    assert not found["nothing from the future"]
    assert not found["cached = full"]


def test_verifying_leaves_nothing_behind() -> None:
    line = walked()
    before, model = line.outlook.bytes, line.rows.model.module
    line.verify()
    assert line.outlook.bytes == before
    assert all("tap" not in vars(module) for module in model.modules())
