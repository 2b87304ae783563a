"""heads: what one mean carries, by formula and by the module; costs against torch's counter; and learning, measured."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from glasshead import GlassheadError
from glasshead.lab.heads import LENGTH, LETTERS, Heads, examples, fetch, heads, numbers
from glasshead.lab.pages.heads import exhibits, judge
from glasshead.lab.tools.small_training import FIRST
from glasshead.text import Codec


@pytest.fixture(scope="module")
def found() -> Heads:
    return heads(places=2, steps=200, seeds=1, d_model=64, h=4)


def average(rows: Sequence[Sequence[float]], letters: Sequence[int]) -> list[float]:
    """The weighted sums by hand, those of all heads side by side."""
    return [
        sum(weight * (letter == kind) for weight, letter in zip(row, letters, strict=True))
        for row in rows
        for kind in range(len(LETTERS))
    ]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=5), st.data())
def test_what_heads_fetch_is_one_weighted_sum_each(letters: list[int], data: st.DataObject) -> None:
    count = data.draw(st.sampled_from([1, 2]))
    rows = []
    for _ in range(count):
        parts = data.draw(st.lists(st.integers(0, 9), min_size=len(letters), max_size=len(letters)))
        total = sum(parts) or 1
        rows.append([part / total for part in parts] if sum(parts) else [1 / len(letters)] * len(letters))
    brought = fetch(rows, letters).tolist()
    assert brought == pytest.approx(average(rows, letters) + [0.0] * (len(LETTERS) if count == 1 else 0), abs=1e-12)


def test_one_mean_forgets_who_was_first_and_two_heads_do_not(found: Heads) -> None:
    kinds = len(LETTERS)
    one = {tuple(round(number, 9) for number in each.one) for each in found.fetched}
    two = {tuple(round(number, 9) for number in each.two) for each in found.fetched}
    assert len(found.fetched) == kinds**2
    assert len(one) == kinds * (kinds + 1) // 2
    assert len(two) == kinds**2


def test_where_both_places_hold_the_same_one_head_loses_nothing(found: Heads) -> None:
    """The cause taken away: there is no order to forget."""
    alike = [each for each in found.fetched if each.first == each.second]
    assert len({each.one for each in alike}) == len(alike) == len(LETTERS)
    for each in alike:
        assert each.two == pytest.approx(each.one * 2)


def test_uneven_weights_keep_at_best_a_third_of_the_distance(found: Heads) -> None:
    """Swapped, a pair's sums are √2 |2p − 1| apart; with another second letter, √2 (1 − p)."""
    for each in found.mixed:
        nearest = min(2 * each.share - 1, 1 - each.share)
        assert each.one == pytest.approx(math.sqrt(2) * nearest, abs=1e-9)
        assert each.two == pytest.approx(math.sqrt(2))
    best = max(found.mixed, key=lambda each: each.one)
    assert best.share == pytest.approx(2 / 3)
    assert best.one == pytest.approx(best.two / 3)


@pytest.mark.parametrize(("d_model", "h"), [(64, 4), (48, 48), (30, 1)])
def test_several_heads_cost_what_one_costs(d_model: int, h: int) -> None:
    result = heads(places=1, steps=10, seeds=1, heads="1,2", d_model=d_model, h=h)
    one, several = result.sizes
    assert (one.heads, several.heads) == (1, h)
    attention = nn.MultiheadAttention(d_model, h, bias=False, batch_first=True)
    x = torch.zeros(1, 10, d_model)
    with FlopCounterMode(display=False) as counter:
        attention(x, x, x, need_weights=True)
    assert one.parameters == several.parameters == sum(each.numel() for each in attention.parameters())
    assert one.multiplications == several.multiplications == counter.get_total_flops() / 2
    shapes = dict(several.shapes)
    assert shapes["W_Q of a head"] == shapes["W_V of a head"] == (d_model, d_model // h)
    assert (shapes["weights"], shapes["heads"]) == ((h, 10, 10), (h, 10, d_model // h))
    assert (shapes["side by side"], shapes["W_O"], shapes["out"]) == ((10, d_model), (d_model, d_model), (10, d_model))


def test_each_answer_names_the_letters_at_its_places_and_no_sentence_is_in_both_parts() -> None:
    known, unseen = examples((4, 1))
    assert len(known) + len(unseen) == len(LETTERS) ** LENGTH
    seen = {tuple(row) for part in (known, unseen) for row in part.source.tolist()}
    assert seen == {
        (*(FIRST + letter for letter in letters), Codec.EOS) for letters in product(range(3), repeat=LENGTH)
    }
    for source, labels in zip(unseen.source.tolist(), unseen.labels.tolist(), strict=True):
        answer = labels[0] - FIRST - len(LETTERS)
        assert (answer % 3, answer // 3) == (source[4] - FIRST, source[1] - FIRST)
        assert labels[1:] == [Codec.EOS]


def test_what_needs_two_places_several_heads_learn_earlier(found: Heads) -> None:
    one, four = found.trained
    assert (one.heads, four.heads) == (1, 4)
    assert one.parameters == four.parameters
    assert four.runs[0].mean < one.runs[0].mean
    assert four.runs[0].unseen < 0.5 * one.runs[0].unseen
    assert four.runs[0].right > one.runs[0].right + 0.2
    assert judge(found).answer == 1


def test_what_needs_one_place_one_head_learns_as_well() -> None:
    """The cause taken away: the same training with a single letter asked for."""
    result = heads(places=1, steps=200, seeds=1)
    one, four = (each.runs[0] for each in result.trained)
    assert one.right == four.right == 1.0
    assert judge(result).answer == 0


def test_the_answer_follows_the_losses(found: Heads) -> None:
    one, four = found.trained
    swapped = (replace(one, runs=four.runs), replace(four, runs=one.runs))
    assert judge(replace(found, trained=swapped)).answer == 3
    nothing = replace(one, runs=(replace(one.runs[0], unseen=found.chance),))
    assert judge(replace(found, trained=(nothing, four))).answer == 2


def with_ends(found: Heads, *ends: tuple[float, float, float]) -> Heads:
    """The same result, but for the mean loss, the loss unseen and the share right of each row."""
    trained = tuple(
        replace(row, runs=tuple(replace(run, mean=mean, unseen=unseen, right=right) for run in row.runs))
        for row, (mean, unseen, right) in zip(found.trained, ends, strict=True)
    )
    return replace(found, trained=trained)


@pytest.mark.parametrize(
    ("one", "several", "answer"),
    [
        ((0.8, 0.3, 0.91), (0.79, 0.1, 1.0), 1),  # alike in the mean, and still behind
        ((0.8, 0.3, 0.97), (0.79, 0.3, 1.0), 0),
        ((0.79, 0.1, 1.0), (0.8, 0.3, 0.9), 3),
        ((0.95, 0.3, 0.97), (0.79, 0.3, 1.0), 1),
        ((1.08, 1.08, 0.06), (1.0, 0.9, 0.16), 2),
    ],
)
def test_where_losses_are_alike_the_answers_that_are_right_decide(
    found: Heads, one: tuple[float, float, float], several: tuple[float, float, float], answer: int
) -> None:
    verdict = judge(with_ends(found, one, several))
    assert verdict.answer == answer
    assert "says nothing" not in verdict.sentence


def test_two_that_are_still_on_the_way_alike_say_little(found: Heads) -> None:
    early, late = (judge(with_ends(found, (1.0, 0.8, right), (1.0, 0.8, right))) for right in (0.04, 0.97))
    assert early.answer == late.answer == 0
    assert "says little" in early.sentence and "says little" not in late.sentence


def test_where_nobody_has_learned_anything_it_is_said() -> None:
    verdict = judge(heads(places=6, steps=10, seeds=1))
    assert verdict.answer == 0
    assert verdict.sentence.endswith("says nothing: take more steps.")


def test_who_knows_the_end_and_none_of_the_letters_has_the_loss_of_chance(found: Heads) -> None:
    """Over the answers alike, and sure of the end: what the note under the curves says."""
    _, unseen = examples((1, 6))
    answers = len(LETTERS) ** 2
    logits = torch.full((*unseen.labels.shape, FIRST + len(LETTERS) + answers), -1e4)
    logits[:, 0, -answers:] = 0
    logits[:, 1, Codec.EOS] = 0
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), unseen.labels.flatten())
    assert found.chance == pytest.approx(float(loss))
    assert any(f"{found.chance:.2f}: half of the tokens" in each.note for each in exhibits(found))


def test_the_same_arguments_give_the_same_numbers() -> None:
    state = torch.get_rng_state()
    one, same, other = (heads(heads="1,2", places=1, steps=10, seeds=1, seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert one.trained != other.trained
    assert torch.equal(state, torch.get_rng_state())
    assert len(one.steps) == len(one.trained[0].runs[0].curve) == 10


def test_numbers_of_heads_are_sorted_and_each_is_taken_once() -> None:
    assert numbers(" 8, 1,1 ,2") == (1, 2, 8)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"heads": "one"}, "heads is 'one'; give numbers of heads separated by commas"),
        ({"heads": 4}, "heads is 4; give numbers of heads separated by commas"),
        ({"heads": "1,3"}, "heads names 3; the trained models are 32 wide"),
        ({"heads": "0,1"}, "heads names 0"),
        ({"heads": "4"}, "heads is '4'; give at least two numbers"),
        ({"heads": "8,16"}, "heads is '8,16'; 1 must be among them"),
        ({"steps": 20_000, "seeds": 3}, "steps × seeds × numbers of heads is 120,000; it must be at most 100,000"),
        ({"seed": 2**40}, "seed is 1,099,511,627,776; it must be at most"),
        ({"places": 7}, "places is 7; it must be at most 6"),
        ({"steps": 1}, "steps is 1; it must be at least 10"),
        ({"seeds": 0}, "seeds is 0; it must be at least 1"),
        ({"d_model": 512, "h": 7}, "h is 7; it does not divide d_model 512"),
        ({"d_model": 9000}, "d_model is 9,000; it must be at most 2,048"),
        ({"seed": -2}, "seed is -2"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        heads(**wrong)
