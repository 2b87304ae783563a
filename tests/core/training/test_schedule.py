"""The schedule against the formula of the paper and against what the paper says of its shape."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.training.schedule import rate


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
