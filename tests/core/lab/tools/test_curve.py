"""Curves of few points: nothing of a training is lost or counted twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.lab.tools.curve import binned


@given(st.lists(st.floats(0, 100), max_size=300), st.integers(1, 80))
def test_means_weighted_by_their_steps_are_the_mean_of_all(losses: list[float], points: int) -> None:
    ends, means = binned(losses, points)
    assert len(ends) == len(means) <= points
    assert list(ends) == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(losses)
    widths = [end - before for end, before in zip(ends, (0, *ends), strict=False)]
    total = sum(width * mean for width, mean in zip(widths, means, strict=True))
    assert total == pytest.approx(sum(losses), abs=1e-6)
