"""attend: the formula itself, fused and in stages, with everything that can be added to it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.helpers import gap
from tests.core.reference import may_look, softmax
from torch import Tensor

from glasshead.attend import STAGES, attend, causal, near, neighbourhood

few = settings(max_examples=25)
MASKS: dict[str, Callable[[int, int, int, int], tuple[int, ...] | None]] = {
    "none": lambda *_: None,
    "rows": lambda b, h, q, k: (q, k),
    "padding": lambda b, h, q, k: (b, 1, 1, k),
    "cells": lambda b, h, q, k: (b, h, q, k),
}
shapes = st.tuples(*(st.integers(1, n) for n in (3, 3, 6, 7, 5, 4)))  # b h q k d and the width of a value


def draw(shape: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor, Tensor]:
    b, h, q, k, d, e = shape
    make = torch.Generator().manual_seed(seed)

    def random(*sizes: int) -> Tensor:
        return torch.randn(*sizes, generator=make, dtype=torch.float64)

    return random(b, h, q, d), random(b, h, k, d), random(b, h, k, e)


def formula(
    q: Tensor, k: Tensor, v: Tensor, mask: Any, scale: float, bias: Any = 0.0, cap: Any = None
) -> dict[str, Any]:
    """One query and key at a time."""
    scores = np.empty((*q.shape[:-1], k.shape[-2]))
    for b, h, i, j in np.ndindex(*scores.shape):
        scores[b, h, i, j] = math.fsum((q[b, h, i] * k[b, h, j]).tolist()) * scale
    scores = scores + np.asarray(bias)
    if cap is not None:
        scores = cap * np.tanh(scores / cap)
    masked = scores if mask is None else np.where(np.asarray(mask), scores, -np.inf)
    weights = softmax(masked)
    return {
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "masked": masked,
        "weights": weights,
        "heads": weights @ v.numpy(),
    }


@few
@given(
    shapes, st.integers(0, 999), st.sampled_from(["none", "rows", "padding", "cells"]), st.booleans(), st.floats(0.1, 2)
)
def test_both_ways_are_the_formula(shape: Any, seed: int, masking: str, biased: bool, scale: float) -> None:
    q, k, v = draw(shape, seed)
    b, h, queries, keys = shape[:4]
    make = torch.Generator().manual_seed(seed + 1)
    over = MASKS[masking](b, h, queries, keys)
    mask = None if over is None else torch.rand(over, generator=make) < 0.6
    bias = torch.randn(h, queries, keys, generator=make, dtype=torch.float64) if biased else None
    seen: dict[str, Tensor] = {}
    staged = attend(q, k, v, mask, scale=scale, bias=bias, tap=lambda name, value: seen.setdefault(name, value))
    fused = attend(q, k, v, mask, scale=scale, bias=bias)
    wanted = formula(q, k, v, mask, scale, 0.0 if bias is None else bias)
    bias_seen = seen.pop("bias", None)
    assert list(seen) == list(STAGES)
    assert (bias_seen is None) == (bias is None)
    if bias is not None and bias_seen is not None:
        assert torch.equal(bias_seen, bias.expand(b, h, queries, keys))
    for name, value in wanted.items():
        assert gap(seen[name], value) < 1e-12, name
    assert gap(staged, wanted["heads"]) < 1e-12
    assert gap(fused, wanted["heads"]) < 1e-12
    if mask is not None:
        assert not seen["weights"][~mask.expand(b, h, queries, keys)].any(), "exactly zero where one may not look"


@pytest.mark.parametrize("listening", [False, True])
@pytest.mark.parametrize("cap", [1.0, 5.0])
def test_cap_bends_the_scores(cap: float, listening: bool) -> None:
    q, k, v = draw((2, 2, 3, 4, 5, 5), 1)
    mask = torch.rand(2, 1, 3, 4) < 0.7
    out = attend(q, k, v, mask, scale=3.0, cap=cap, tap=(lambda _, value: value) if listening else None)
    assert gap(out, formula(q, k, v, mask, 3.0, cap=cap)["heads"]) < 1e-12


BLANKS = {
    "a row of the mask": {"mask": torch.tensor([[True] * 4, [False] * 4, [True, False, True, False]])},
    "the whole mask": {"mask": torch.zeros(3, 4, dtype=torch.bool)},
    "a bias": {"bias": torch.zeros(2, 3, 4, dtype=torch.float64).index_fill(1, torch.tensor([1]), -torch.inf)},
    "a bias and a mask together": {
        "mask": torch.tensor([True, True, False, False]),
        "bias": torch.tensor([-torch.inf, -torch.inf, 0.0, 0.0]).double().expand(2, 3, 4),
    },
}


@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
@pytest.mark.parametrize("name", BLANKS)
def test_a_blank_row_is_zero_and_poisons_nothing(name: str, listening: bool) -> None:
    q, k, v = (each.requires_grad_() for each in draw((2, 2, 3, 4, 5, 5), 2))
    blank = torch.zeros(2, 2, 3, dtype=torch.bool)
    options: dict[str, Any] = BLANKS[name]
    open_ = options.get("mask", torch.ones(4, dtype=torch.bool)).expand(2, 2, 3, 4)
    blank = ~(open_ & ~options.get("bias", torch.zeros(4)).expand(2, 2, 3, 4).isneginf()).any(-1)
    assert blank.any()
    seen: dict[str, Tensor] = {}
    tap = (lambda site, value: seen.setdefault(site, value)) if listening else None
    out = attend(q, k, v, scale=0.5, tap=tap, **options)
    assert (out[blank] == 0).all()
    assert not out.isnan().any()
    if listening:
        assert (seen["weights"][blank] == 0).all()
    torch.autograd.backward((out * torch.randn_like(out)).sum())
    for each in (q, k, v):
        assert each.grad is not None
        assert each.grad.isfinite().all()
    assert q.grad is not None
    assert (q.grad[blank] == 0).all()


@pytest.mark.parametrize("site", ["scores", "masked"])
@pytest.mark.parametrize("mask", [None, torch.ones(3, 4, dtype=torch.bool)], ids=["no mask", "open mask"])
def test_a_row_that_a_hand_blanks_is_zero_too(site: str, mask: Tensor | None) -> None:
    q, k, v = draw((1, 2, 3, 4, 5, 5), 3)

    def hide(name: str, value: Tensor) -> Tensor:
        return value.index_fill(-2, torch.tensor([1]), -torch.inf) if name == site else value

    out = attend(q, k, v, mask, scale=0.5, tap=hide)
    assert (out[:, :, 1] == 0).all()
    assert gap(out[:, :, [0, 2]], attend(q, k, v, mask, scale=0.5)[:, :, [0, 2]]) < 1e-12


@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
def test_gradients_are_those_of_the_formula(listening: bool) -> None:
    q, k, v = (each.requires_grad_() for each in draw((2, 2, 3, 4, 3, 2), 4))
    mask = torch.tensor([[True, False, True, True], [False] * 4, [True, True, False, False]])
    tap = (lambda _, value: value) if listening else None
    assert torch.autograd.gradcheck(
        lambda *each: attend(each[0], each[1], each[2], mask, scale=0.7, tap=tap), (q, k, v)
    )


def test_each_stage_can_be_replaced_and_the_rest_follows() -> None:
    q, k, v = draw((1, 2, 3, 4, 5, 5), 5)
    mask = causal(3, 4)
    wanted = formula(q, k, v, mask, 0.5)
    follow = {
        "q": lambda: formula(2 * q, k, v, mask, 0.5),
        "k": lambda: formula(q, 2 * k, v, mask, 0.5),
        "v": lambda: formula(q, k, 2 * v, mask, 0.5),
        "scores": lambda: formula(q, k, v, mask, 1.0),
        "masked": lambda: formula(q, k, v, mask, 1.0),
        "weights": lambda: {"heads": 2 * wanted["heads"]},
        "heads": lambda: {"heads": 2 * wanted["heads"]},
    }
    for stage in STAGES:

        def double(name: str, value: Tensor, stage: str = stage) -> Tensor:
            return 2 * value if name == stage else value

        out = attend(q, k, v, mask, scale=0.5, tap=double)
        assert gap(out, follow[stage]()["heads"]) < 1e-12, stage


def test_dropout_drops_whole_weights_and_keeps_the_mean() -> None:
    q, k = torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 4000, 4)
    v = torch.ones(1, 1, 4000, 1)
    torch.manual_seed(0)
    for tap in (None, lambda _, value: value):
        out = attend(q, k, v, scale=1.0, dropout=0.25, tap=tap).item()
        assert out == pytest.approx(1.0, abs=0.05)
        assert out != 1.0


@few
@given(st.integers(1, 6), st.integers(0, 6), st.one_of(st.none(), st.integers(1, 9)))
def test_the_triangle_ends_in_the_last_query_and_key(queries: int, earlier: int, window: int | None) -> None:
    whole = may_look(earlier + queries, earlier + queries, causal=True, window=window)
    assert (causal(queries, earlier + queries, window=window).numpy() == whole[earlier:]).all()


@few
@given(st.integers(1, 8), st.integers(1, 9))
def test_the_neighbourhood_is_that_of_the_reference(positions: int, window: int) -> None:
    wanted = may_look(positions, positions, causal=False, window=window)
    assert (neighbourhood(positions, window).numpy() == wanted).all()


@pytest.mark.parametrize("window", range(1, 10))
def test_a_window_holds_exactly_so_many_positions(window: int) -> None:
    """An even one has one more before the query than after it; of either, the decoder keeps those up to the query."""
    keys, query = torch.arange(40), 20
    seen = keys[near(torch.tensor(query), keys, window)].tolist()
    before, after = sum(key < query for key in seen), sum(key > query for key in seen)
    assert len(seen) == window
    assert query in seen and seen == list(range(seen[0], seen[-1] + 1))
    assert before - after == (window % 2 == 0)
    assert keys[neighbourhood(40, window)[query]].tolist() == seen
    assert keys[causal(40, 40, window=window)[query]].tolist() == [key for key in seen if key <= query]
