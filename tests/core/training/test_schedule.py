"""The schedule against the formula of the paper and against what the paper says of its shape."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.training.schedule import constant, cosine, rate, scheduled
from glasshead.training.settings import resolve


def test_the_peak_of_the_base_model_is_6_99e_4() -> None:
    rates = [rate(step, d_model=512, warmup=4000) for step in range(1, 100_001)]
    assert rates.index(max(rates)) + 1 == 4000
    assert max(rates) == pytest.approx(6.99e-4, abs=5e-7)


@given(st.integers(1, 10**6), st.integers(1, 2048), st.integers(1, 20_000))
def test_it_rises_in_a_line_to_the_warmup_and_falls_as_the_root(step: int, d_model: int, warmup: int) -> None:
    peak = 1 / math.sqrt(d_model * warmup)
    expected = peak * step / warmup if step <= warmup else peak * math.sqrt(warmup / step)
    assert rate(step, d_model=d_model, warmup=warmup) == pytest.approx(expected, rel=1e-12)
    assert rate(step, d_model=d_model, warmup=warmup, factor=0.5) == pytest.approx(expected / 2, rel=1e-12)


@pytest.mark.parametrize(("step", "warmup"), [(0, 100), (-1, 100), (1, 0)])
def test_steps_count_from_1(step: int, warmup: int) -> None:
    with pytest.raises(GlassheadError, match="counts steps from 1"):
        rate(step, d_model=512, warmup=warmup)


@given(st.integers(1, 10_000), st.floats(1e-6, 1.0))
def test_constant_rises_and_stays(warmup: int, peak: float) -> None:
    rates = [constant(step, peak=peak, warmup=warmup) for step in (1, warmup, warmup + 1, 10 * warmup)]
    assert rates == pytest.approx([peak / warmup, peak, peak, peak])


@given(st.integers(1, 1000), st.integers(2, 10_000), st.floats(1e-6, 1.0))
def test_cosine_rises_then_falls_by_half_a_cosine(warmup: int, more: int, peak: float) -> None:
    steps = warmup + more
    rates = [cosine(step, peak=peak, warmup=warmup, steps=steps) for step in range(1, steps + 2)]
    assert rates[warmup - 1] == pytest.approx(peak) == pytest.approx(max(rates))
    assert rates[0] == pytest.approx(peak / warmup)
    assert rates[-1] == pytest.approx(0, abs=1e-12) and min(rates[:-1]) > 0  # no step is taken for nothing
    falls = rates[warmup - 1 :]
    assert falls == sorted(falls, reverse=True)
    for early, late in zip(falls, reversed(falls), strict=True):  # a cosine's halves mirror each other
        assert early + late == pytest.approx(peak)


def test_the_settings_choose() -> None:
    settings = resolve({"pairs": "a.tsv", "warmup": 10, "steps": 100, "rate": 0.01, "d_model": 64, "factor": 2.0})
    assert scheduled(5, settings) == rate(5, d_model=64, warmup=10, factor=2.0)
    assert scheduled(50, replace(settings, schedule="constant")) == 0.01
    assert scheduled(50, replace(settings, schedule="cosine")) == cosine(50, peak=0.01, warmup=10, steps=100)
