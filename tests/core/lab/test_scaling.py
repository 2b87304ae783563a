"""scaling: the variance of q·k is d_k, softmax's gradient against autograd, and nothing of it with the scale."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead import GlassheadError, Subject, load
from glasshead.lab.scaling import Scaling, entropy, scaling, spread


@pytest.fixture(scope="module")
def subject() -> Subject:
    return load("english-french")


@pytest.fixture(scope="module")
def found(subject: Subject) -> Scaling:
    return scaling(d_k=256, keys=16, queries=600, subject=subject)


@pytest.mark.parametrize("draw", ["normal", "uniform", "signs"])
def test_the_variance_of_a_product_is_d_k_whatever_is_drawn(subject: Subject, draw: Any) -> None:
    for width in scaling(d_k=64, keys=8, queries=2000, draw=draw, subject=subject).widths:
        # 16,000 products: the standard error of their variance is below 2 % for every d_k but the smallest.
        assert width.plain.variance == pytest.approx(width.d_k, rel=0.12)
        assert width.scaled.variance == pytest.approx(width.plain.variance / width.d_k)


def test_softmax_peaks_and_its_gradient_shrinks(found: Scaling) -> None:
    plain = {width.d_k: width.plain for width in found.widths}
    assert plain[256].largest > plain[16].largest > plain[1].largest
    assert plain[256].entropy < plain[16].entropy < plain[1].entropy < math.log2(16)
    assert plain[256].jacobian < 0.6 * plain[16].jacobian


def test_with_the_scale_none_of_it_happens(found: Scaling) -> None:
    scaled = [width.scaled for width in found.widths if width.d_k >= 4]
    for name in ("largest", "entropy", "jacobian"):
        values = [getattr(each, name) for each in scaled]
        assert max(values) < 1.15 * min(values)


def test_a_model_without_its_scale_is_surer_of_itself_everywhere(found: Scaling) -> None:
    assert len(found.trained) == 9
    assert all(each.entropy_unscaled < each.entropy and each.largest_unscaled > each.largest for each in found.trained)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6))
def test_one_softmax_against_autograd_and_its_definition(scores: list[float]) -> None:
    row = torch.tensor(scores, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, -1), row)
    weights = [math.exp(s) / sum(map(math.exp, scores)) for s in scores]
    measured = spread(row.unsqueeze(0))
    assert measured.jacobian == pytest.approx(float(torch.linalg.matrix_norm(jacobian)), abs=1e-7)
    assert measured.largest == pytest.approx(max(weights))
    assert measured.entropy == pytest.approx(-sum(w * math.log2(w) for w in weights if w > 0), abs=1e-9)


def test_entropy_of_certainty_and_of_ignorance() -> None:
    assert float(entropy(torch.tensor([1.0, 0.0, 0.0]))) == 0
    assert float(entropy(torch.full((8,), 1 / 8))) == pytest.approx(3)


def test_a_width_between_powers_of_two_is_measured_too(subject: Subject) -> None:
    assert [each.d_k for each in scaling(d_k=12, queries=5, subject=subject).widths] == [1, 2, 4, 8, 12]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"d_k": 0}, "d_k is 0; it must be at least 1"),
        ({"d_k": 2.5}, "d_k is 2.5; it must be a whole number"),
        ({"keys": 1}, "keys is 1; it must be at least 2"),
        ({"draw": "cauchy"}, "draw is 'cauchy'; it is one of normal, uniform, signs"),
        ({"queries": True}, "whole number"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(subject: Subject, given: Any, said: str) -> None:
    with pytest.raises(GlassheadError, match=said):
        scaling(subject=subject, **given)
