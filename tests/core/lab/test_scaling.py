"""scaling: the variance of q·k is d_k, softmax's gradient against autograd, and nothing of it with the scale."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead import GlassheadError, Subject, load
from glasshead.errors import StoppedError
from glasshead.lab.exhibits import Lines
from glasshead.lab.pages.scaling import exhibits, judge
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


@settings(max_examples=30)
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
    assert [each.d_k for each in scaling(d_k=12, keys=2, queries=500, subject=subject).widths] == [1, 2, 4, 8, 12]


@pytest.mark.parametrize(("power", "answer"), [(0.0, 0), (0.5, 1), (1.0, 2), (2.0, 3)])
def test_the_answer_follows_the_power_of_d_k(found: Scaling, power: float, answer: int) -> None:
    widths = tuple(replace(each, plain=replace(each.plain, variance=3.0 * each.d_k**power)) for each in found.widths)
    verdict = judge(replace(found, widths=widths))
    assert verdict.answer == answer
    assert f"to the power {power:.2f}" in verdict.sentence


def test_scores_that_never_vary_stay_the_same(found: Scaling) -> None:
    widths = tuple(replace(each, plain=replace(each.plain, variance=0.0)) for each in found.widths)
    assert judge(replace(found, widths=widths)).answer == 0
    one_left = (found.widths[0], *widths[1:])
    assert judge(replace(found, widths=one_left)).answer == 0


@pytest.mark.parametrize("draw", ["normal", "uniform", "signs"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_smallest_sizes_still_give_the_right_answer(subject: Subject, draw: Any, seed: int) -> None:
    assert judge(scaling(d_k=4, keys=2, queries=500, draw=draw, seed=seed, subject=subject)).answer == 2


def test_whether_the_translation_changed_is_said(found: Scaling) -> None:
    for unscaled, said in ((found.translation, "The same"), (f"{found.translation} !", "Different")):
        shown = exhibits(replace(found, translation_unscaled=unscaled))
        (lines,) = [each for each in shown if isinstance(each, Lines)]
        assert lines.note.startswith(said)


def test_the_translations_are_those_of_both_models(subject: Subject) -> None:
    found = scaling(d_k=4, keys=2, queries=500, text="a dog does not see the cat", subject=subject)
    assert found.translation == subject.translate("a dog does not see the cat")
    assert found.translation_unscaled == subject.changed(scale=False).translate("a dog does not see the cat")


def test_the_same_arguments_give_the_same_numbers(subject: Subject) -> None:
    state = torch.get_rng_state()
    one, same, other = (scaling(d_k=8, keys=2, queries=500, seed=seed, subject=subject) for seed in (5, 5, 6))
    assert one == same
    assert one.widths != other.widths
    assert torch.equal(state, torch.get_rng_state())


def test_it_can_be_stopped_while_it_draws_for_one_width(subject: Subject) -> None:
    """Some 0.1 s of drawing lie between two calls, however large the whole is."""
    seen: list[str] = []

    def progress(_share: float, words: str) -> None:
        seen.append(words)
        if seen.count("d_k 8192") == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        scaling(d_k=8192, keys=2, queries=2000, subject=subject, progress=progress)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"d_k": 2}, "d_k is 2; it must be at least 4"),
        ({"d_k": 2.5}, "d_k is 2.5; it must be a whole number"),
        ({"keys": 1}, "keys is 1; it must be at least 2"),
        ({"draw": "cauchy"}, "draw is 'cauchy'; it is one of normal, uniform, signs"),
        ({"queries": True}, "whole number"),
        ({"queries": 100}, "queries is 100; it must be at least 500"),
        ({"keys": 2000, "queries": 501}, "keys × queries is 1,002,000; it must be at most 1,000,000"),
        ({"d_k": 8192, "keys": 64}, "keys × queries × d_k is 524,288,000; it must be at most 150,000,000"),
        ({"seed": 2**64}, "seed is 18,446,744,073,709,551,616; it must be at most"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(subject: Subject, given: Any, said: str) -> None:
    with pytest.raises(GlassheadError, match=said):
        scaling(subject=subject, **given)
