"""The matrix of a step of k positions, against rotations made by hand; order, learned tables, and tables of noise."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import glasshead
from glasshead.adapters.native import Native
from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import page_of
from glasshead.lab.positions import Positions, error_of, misses, positions, rotation
from glasshead.lab.record import plain, restore
from glasshead.lab.tools import small_training as little
from glasshead.model import sinusoids
from glasshead.subjects import Subject

offsets = st.integers(-200, 200)
widths = st.integers(1, 20).map(lambda pairs: 2 * pairs)


def ran(tiny: Path, **given: object) -> Positions:
    usual: dict[str, Any] = {"subject": glasshead.load(tiny), "steps": 1, "length": 30, "width": 16}
    return positions(**{**usual, **given})


@pytest.fixture(scope="module")
def result(tiny: Path) -> Positions:
    """Looked at by several tests."""
    return ran(tiny, text="the small house is red", k=-4, steps=70)


def by_hand(k: int, width: int) -> torch.Tensor:
    blocks = []
    for pair in range(width // 2):
        angle = k / 10_000 ** (2 * pair / width)
        blocks.append(
            torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], dtype=torch.float64)
        )
    return torch.block_diag(*blocks)


@settings(max_examples=50)
@given(k=offsets, other=offsets, width=widths)
def test_the_matrices_are_rotations_and_add_up(k: int, other: int, width: int) -> None:
    matrix = rotation(k, width)
    one = torch.eye(width, dtype=torch.float64)
    assert torch.allclose(matrix, by_hand(k, width), atol=1e-12)
    assert torch.allclose(matrix @ matrix.t(), one, atol=1e-12)
    assert torch.allclose(matrix @ rotation(other, width), rotation(k + other, width), atol=1e-10)
    assert torch.equal(rotation(-k, width), matrix.t())
    assert torch.equal(rotation(0, width), one)


@settings(max_examples=30)
@given(k=st.integers(-60, 60), width=widths)
def test_one_matrix_shifts_every_position_of_the_models_own_table(k: int, width: int) -> None:
    table = sinusoids(64, width)
    assert error_of(rotation(k, width), table.double(), k) < 1e-6
    if k:
        # Where its cause is taken away, one frequency for sine and another for cosine, it does not.
        other = torch.where(torch.arange(width) % 2 == 0, table, torch.cos(torch.arange(64.0)[:, None] * 0.7))
        assert error_of(rotation(k, width), other.double(), k) > 1e-3


def test_a_table_of_noise_has_no_linear_map() -> None:
    noise = torch.randn(60, 16, generator=torch.Generator().manual_seed(3))
    assert misses(sinusoids(60, 16), 3) < 1e-5
    assert misses(noise, 3) > 1
    assert error_of(rotation(3, 16), noise.double(), 3) > 1


def test_what_a_fit_misses_is_what_ordinary_least_squares_misses() -> None:
    """Leaving one out has a closed form: the residual over 1 − leverage."""
    table = torch.randn(30, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    start, end = table[:-2], table[2:]
    hat = start @ torch.linalg.inv(start.t() @ start) @ start.t()
    residual = (end - hat @ end) / (1 - hat.diagonal())[:, None]
    assert misses(table, 2) == pytest.approx(float((residual.square().mean() / end.square().mean()).sqrt()))


def test_dot_products_know_the_distance_and_nothing_else(result: Positions) -> None:
    for each in result.distances:
        wanted = sum(math.cos(each.distance / 10_000 ** (2 * pair / 16)) for pair in range(8))
        assert each.formula == pytest.approx(wanted)
        assert each.mean == pytest.approx(wanted, abs=1e-5)
        assert each.spread < 1e-5
    # A table that was learned promises nothing: pairs that are equally far differ.
    assert max(each.spread for each in result.learned.distances) > 0.1


def test_without_positions_the_output_permutes_with_the_input_and_with_them_it_does_not(result: Positions) -> None:
    with_them, without = result.readings
    assert (with_them.positions, without.positions) == ("sinusoidal", "none")
    assert without.difference < 1e-5
    assert with_them.difference > 0.01
    assert without.translation == without.shuffled


def test_a_bundled_model_says_another_thing_of_other_order_only_with_positions() -> None:
    with_them, without = positions(subject=glasshead.load("english-french"), steps=1, length=4, width=4, k=1).readings
    assert with_them.translation == "le chat noir dort"
    assert with_them.shuffled != with_them.translation
    assert without.shuffled == without.translation


def test_training_makes_a_table_that_a_linear_map_fits_better_but_not_exactly(result: Positions) -> None:
    for fit in result.learned.fits:
        assert fit.sinusoidal < 1e-5 < fit.learned < fit.untrained


def opened(tiny: Path, table: torch.Tensor) -> Subject:
    """A model of as many learned positions as the table has, which are the table's."""
    subject = glasshead.load(tiny)
    config = replace(subject.config, positions="learned", max_length=len(table), d_model=table.shape[1])
    model = little.build(config, 0).eval().requires_grad_(False)
    model.source.positions.copy_(table)
    return replace(subject, name="one of my own", model=Native(model))


def test_a_table_that_an_opened_model_learned_is_looked_at(tiny: Path) -> None:
    noise = torch.randn(120, 16, generator=torch.Generator().manual_seed(5))
    assert ran(tiny).own is None
    for table, exact in ((3 * sinusoids(120, 16), True), (noise, False)):
        result = ran(tiny, subject=opened(tiny, table))
        assert result.own is not None
        assert (result.own.positions, result.own.width) == (120, 16)
        products = (table @ table.t()).double()
        for each in result.own.shifts:
            assert each.sinusoidal < 1e-5 < 0.9 < each.random
            assert each.own < 1e-5 if exact else each.own > 0.9
            apart = products.diagonal(each.k) / products.diagonal().mean()
            assert each.mean == pytest.approx(float(apart.mean()), abs=1e-4)
            assert each.spread == pytest.approx(float(apart.max() - apart.min()), abs=1e-4)
        # Whatever the table holds, without it the encoder does not know order.
        assert [each.positions for each in result.readings] == ["learned", "none"]
        assert result.readings[1].difference < 1e-5
        assert any("one of my own" in each.title for each in page_of("positions").exhibits(result))
        assert restore(Positions, json.loads(json.dumps(plain(result)))) == result


def test_a_table_of_fewer_pairs_than_numbers_is_told_so_and_one_of_hardly_any_positions_is_left_out(tiny: Path) -> None:
    def note(positions: int) -> str:
        table = torch.randn(positions, 16, generator=torch.Generator().manual_seed(5))
        result = ran(tiny, subject=opened(tiny, table), text="a b")
        return " ".join(each.note for each in page_of("positions").exhibits(result) if "my own learned" in each.title)

    assert "hardly foretell" in note(20)
    assert "hardly foretell" not in note(40)
    assert note(4) == ""


def test_pairs_that_are_left_out_together_are_foretold_by_the_rest() -> None:
    """Halves: the map is fitted by the normal equations to every other pair, and tried on those between."""
    table = torch.randn(41, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    start, end = table[:-1], table[1:]
    missed = []
    for fitted, tried in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        a, b = start[fitted], end[fitted]
        missed.append(end[tried] - start[tried] @ torch.linalg.solve(a.t() @ a, a.t() @ b))
    wanted = (torch.cat(missed).square().mean() / end.square().mean()).sqrt()
    assert misses(table, 1, 2) == pytest.approx(float(wanted))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"k": -4}, "all 26 positions 4 back"),
        ({"k": 4}, "all 26 positions 4 further"),
        ({"length": 2, "k": -1}, "the only position there is 1 back"),
    ],
)
def test_the_finding_is_said_in_words_that_fit(tiny: Path, given: dict[str, int], words: str) -> None:
    sentence = page_of("positions").judge(ran(tiny, **given)).sentence
    assert words in sentence
    assert "%" not in sentence


def test_a_card_without_examples_is_no_mistake(tiny: Path) -> None:
    assert ran(tiny, subject=replace(glasshead.load(tiny), card={"examples": []})).text


def test_the_answer_is_read_from_the_errors(result: Positions) -> None:
    page = page_of("positions")
    assert page.question.answers[page.judge(result).answer] == "on k only"
    broken = replace(result, offsets=tuple(replace(each, error=0.5) for each in result.offsets))
    assert page.question.answers[page.judge(broken).answer].startswith("there is none")


def test_the_matrix_that_is_shown_is_the_corner_of_the_whole(result: Positions) -> None:
    assert torch.allclose(torch.tensor(result.matrix).double(), by_hand(-4, 16)[:8, :8], atol=1e-6)


def test_the_same_arguments_give_the_same_result_and_another_seed_another(tiny: Path) -> None:
    first = ran(tiny)
    assert ran(tiny) == first
    assert ran(tiny, seed=1).learned != first.learned


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"width": 7}, "width is 7; it must be even"),
        ({"k": 30}, "k is 30; it must be at most 29"),
        ({"k": -30}, "k is -30; it must be at least -29"),
        ({"k": 0.5}, r"k is 0\.5; it must be a whole number"),
        ({"length": 0}, "length is 0; it must be at least 2"),
        ({"steps": 0}, "steps is 0; it must be at least 1"),
        ({"steps": 10_001}, "steps is 10,001; it must be at most 10,000"),
        ({"seed": 2**64}, "seed is 18,446,744,073,709,551,616; it must be at most"),
        ({"text": "a"}, "no two different tokens"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(tiny: Path, given: dict[str, object], words: str) -> None:
    with pytest.raises(GlassheadError, match=words):
        ran(tiny, **given)


def test_it_can_be_stopped_and_changes_nobody_elses_numbers(tiny: Path) -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.4:
            raise StoppedError

    before = torch.random.get_rng_state()
    with pytest.raises(StoppedError):
        ran(tiny, steps=10, progress=stop)
    assert torch.equal(torch.random.get_rng_state(), before)
