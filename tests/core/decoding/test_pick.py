"""Sampling: the distribution against plain arithmetic, and draws that depend on the seed and the position alone."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead import GlassheadError, Sample, greedy

logits_ = st.lists(st.floats(-30, 30), min_size=1, max_size=12)


def by_hand(logits: list[float], temperature: float, top_k: int | None, top_p: float | None) -> list[float]:
    """Best first, keep while fewer than k are kept and what was kept so far has not reached p; renormalise."""
    top = max(logits)
    exps = [math.exp((x - top) / temperature) for x in logits]
    total = math.fsum(exps)
    kept: dict[int, float] = {}
    for index in sorted(range(len(logits)), key=lambda i: (-exps[i], i)):
        if top_k is not None and len(kept) == top_k:
            break
        if top_p is not None and kept and math.fsum(kept.values()) >= top_p:
            break
        kept[index] = exps[index] / total
    share = math.fsum(kept.values())
    return [kept.get(i, 0.0) / share for i in range(len(logits))]


@settings(max_examples=150)
@given(logits_, st.floats(0.05, 5), st.one_of(st.none(), st.integers(1, 14)), st.one_of(st.none(), st.floats(0.01, 1)))
def test_the_distribution_is_the_one_described(logits: list[float], temperature: float, top_k: Any, top_p: Any) -> None:
    ours = Sample(temperature=temperature, top_k=top_k, top_p=top_p).probabilities(
        torch.tensor(logits, dtype=torch.float64)
    )
    theirs = by_hand(logits, temperature, top_k, top_p)
    if top_p is not None:  # on the edge of p, or among equals, rounding may decide
        edges = [by_hand(logits, temperature, top_k, min(1.0, top_p + d)) for d in (-1e-9, 1e-9) if top_p + d > 0]
        if any(edge != theirs for edge in edges):
            return
    assert ours.tolist() == pytest.approx(theirs, abs=1e-9)


def test_the_nucleus_is_the_fewest_that_reach_p() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    assert Sample(top_p=0.75).probabilities(logits).tolist() == pytest.approx([0.625, 0.375, 0, 0])
    assert Sample(top_p=0.85).probabilities(logits).count_nonzero() == 3
    assert Sample(top_p=1e-9).probabilities(logits).tolist() == [1, 0, 0, 0]
    assert Sample(top_p=1.0).probabilities(logits).count_nonzero() == 4
    assert Sample(top_k=1).probabilities(logits).tolist() == [1, 0, 0, 0]
    assert Sample(top_k=2, top_p=0.1).probabilities(logits).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e-3])
def test_a_temperature_near_zero_is_greedy(temperature: float) -> None:
    logits = torch.tensor([1.0, 5.0, 4.9, -60.0])
    assert Sample(temperature=temperature).probabilities(logits).tolist() == pytest.approx([0, 1, 0, 0])
    assert Sample(temperature=temperature)(logits, 3) == 1


def test_draws_over_positions_and_over_seeds_follow_the_distribution() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, 1.5])
    p = torch.softmax(logits, -1)
    n = 2000
    for draws in ([Sample(seed=3)(logits, i) for i in range(n)], [Sample(seed=s)(logits, 7) for s in range(n)]):
        for token in range(4):
            share, spread = p[token].item(), 5 * math.sqrt(p[token].item() * (1 - p[token].item()) / n)
            assert draws.count(token) / n == pytest.approx(share, abs=spread)


def test_neighbouring_positions_are_drawn_independently() -> None:
    logits, n = torch.zeros(2), 2000
    draws = [Sample(seed=1)(logits, i) for i in range(n + 1)]
    same = sum(a == b for a, b in pairwise(draws))
    assert same / n == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(n))


def test_a_draw_knows_its_seed_and_position_and_leaves_the_world_alone() -> None:
    logits = torch.zeros(1000)
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    draws = [Sample(seed=8)(logits, i) for i in range(20)]
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert [Sample(seed=8)(logits, i) for i in reversed(range(20))] == draws[::-1]
    assert [Sample(seed=9)(logits, i) for i in range(20)] != draws
    assert Sample(seed=-5)(logits, 0) == Sample(seed=-5)(logits, 0)
    assert len(set(draws)) > 10


def test_greedy_takes_the_best() -> None:
    assert greedy(torch.tensor([0.0, 3.0, -1.0]), 0) == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": -2}, "top_k is -2"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.01}, "top_p is 1.01"),
        ({"top_p": float("nan")}, "top_p is nan"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(GlassheadError, match=named):
        Sample(**options)
