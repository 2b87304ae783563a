"""What a step keeps, and what it leaves until somebody looks."""

import pytest
import torch
from tests.core.adapters.huggingface.test_families import Numbers
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap
from tests.core.helpers import restless

from glasshead import Subject, Vocabulary
from glasshead.decoding.stepper import Stepper
from glasshead.tap import PutOff
from glasshead.traces.record import BUDGET, Record, size_of

LATER = ("masked", "var", "normed")
"""Values that follow from others."""


def decoded(steps: int = 5, budget: int = BUDGET) -> Stepper:
    line = restless(4).start("abcd", budget=budget)
    for _ in range(steps):
        line.choose(5)
    return line


def put_off(record: Record) -> set[str]:
    """Local names of the values of rows that nobody has looked at."""
    rows = [getattr(row, "_values", {}) for row in record.rows]
    return {site.rsplit(".", 1)[-1] for row in rows for site, value in row.items() if isinstance(value, PutOff)}


@pytest.mark.parametrize("name", ["the paper", "llama", "marian"])
def test_a_step_computes_only_what_the_model_needs(name: str) -> None:
    if name == "the paper":
        line = decoded()
        assert put_off(line.rows.record) == set(LATER)
    else:
        line = Subject(name, wrap(FAMILIES[name].module()), Vocabulary.shared(Numbers())).start("5 9 6 7")  # type: ignore[arg-type]
        for _ in range(3):
            line.choose(5)
        assert put_off(line.rows.record) >= {"normed"}
    record = line.rows.record
    before = record.bytes
    for site in line.trace.sites:
        line.trace[site]
    assert not put_off(record)
    held = [*record.static.values(), *(value for row in record.rows for value in row.values())]
    assert record.bytes == before == sum(value.nbytes for value in held), "counted before as it is afterwards"


@pytest.mark.parametrize("looked", [False, True])
def test_what_was_put_off_is_what_the_step_would_have_computed(looked: bool) -> None:
    line = decoded()
    if looked:  # by another line, which shares the rows
        other = line.branch()
        for _ in range(3):
            other.choose(6)
        assert [other.trace[site].shape for site in other.trace.sites]
    trace = line.trace
    for part in ("0.self", "1.cross", "1.ffn"):
        x = trace[f"decoder.{part}.resid"].double()
        var, mean = torch.var_mean(x, -1, correction=0)
        normed = (x - mean[:, None]) / (var[:, None] + 1e-5).sqrt()
        assert torch.allclose(trace[f"decoder.{part}.norm.var"].double(), var, rtol=1e-4)
        assert torch.allclose(trace[f"decoder.{part}.norm.normed"].double(), normed, atol=1e-4)
    scores, masked = trace["decoder.0.self.scores"], trace["decoder.0.self.masked"]
    future = torch.ones(scores.shape[-2:]).triu(1).bool()
    assert bool(masked[:, future].isneginf().all()) and torch.equal(masked[:, ~future], scores[:, ~future])


def test_what_is_dropped_is_dropped_unseen() -> None:
    whole, small = decoded(12), decoded(12, budget=40_000)
    record = small.rows.record
    assert record.dropped and record.bytes <= record.allowance
    assert record.bytes == size_of(record.static) + sum(map(size_of, record.rows))
    for site in sorted(record.dropped):
        assert torch.allclose(small.trace[site], whole.trace[site], atol=1e-5), site
