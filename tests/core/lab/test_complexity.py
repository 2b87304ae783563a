"""The table of layer types, against the paper's, torch's own counter, and a dependency graph made by hand."""

import math
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import page_of
from glasshead.lab.complexity import LAYER_TYPES, Complexity, LayerType, complexity, waits
from glasshead.lab.tools import layers
from glasshead.lab.tools.layers import Layer, Shape
from glasshead.lab.tools.paths import hops
from glasshead.lab.tools.stopwatch import fastest, slope
from glasshead.model import Attention, Config

counting = import_module("glasshead.lab.complexity")
BY_NAME = {kind.name: kind for kind in LAYER_TYPES}


def counted(**given: int) -> Complexity:
    shape: dict[str, Any] = {"n": 20, "d": 24, "k": 3, "r": 4, **given}
    return complexity(**shape, measure=False)


def test_the_words_are_those_of_table_1() -> None:
    printed = {
        "self-attention": ("O(n²·d)", "O(1)", "O(1)"),
        "recurrent": ("O(n·d²)", "O(n)", "O(n)"),
        "convolutional": ("O(k·n·d²)", "O(1)", "O(log_k(n))"),
        "restricted attention": ("O(r·n·d)", "O(1)", "O(n/r)"),
    }
    ours = {kind.name: (kind.complexity, kind.sequential, kind.path) for kind in LAYER_TYPES}
    # Its row for convolution has the path of a dilated one; section 4's text gives that of contiguous kernels.
    printed["dilated convolution"] = printed.pop("convolutional")
    printed["convolution"] = (*printed["dilated convolution"][:2], "O(n/k)")
    assert ours == printed


@pytest.mark.parametrize("kind", LAYER_TYPES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("shape", [Shape(n=12, d=8, k=3, r=5), Shape(n=33, d=5, k=4, r=2)], ids=str)
def test_multiply_adds_are_half_of_the_flops_that_torch_counts(kind: LayerType, shape: Shape) -> None:
    layer = kind.make(shape, 0, lambda _name, value: value)
    with FlopCounterMode(display=False) as counter:
        layer(torch.randn(shape.n, shape.d), 0)
    assert counter.get_total_flops() == 2 * kind.products(shape)


@pytest.mark.parametrize(
    ("name", "power"),
    [
        ("self-attention", {"n": 2, "d": 1, "k": 0, "r": 0}),
        ("recurrent", {"n": 1, "d": 2, "k": 0, "r": 0}),
        ("convolution", {"n": 1, "d": 2, "k": 1, "r": 0}),
        ("restricted attention", {"n": 1, "d": 1, "k": 0, "r": 1}),
    ],
)
def test_each_multiply_add_grows_as_its_o_says(name: str, power: dict[str, int]) -> None:
    shape = Shape(n=64, d=32, k=8, r=16)
    cost = BY_NAME[name].products
    for letter, exponent in power.items():
        assert cost(replace(shape, **{letter: 2 * getattr(shape, letter)})) == 2**exponent * cost(shape)


@settings(max_examples=25)
@given(n=st.integers(2, 40), k=st.integers(2, 9), r=st.integers(2, 9))
def test_paths_by_gradients_are_those_of_the_formulas(n: int, k: int, r: int) -> None:
    k, r = min(k, n), min(r, n)
    rows = {row.layer: row for row in counted(n=n, k=k, r=r).rows}
    assert all(row.hops == row.hops_counted and row.waits == row.waits_counted for row in rows.values())
    assert rows["self-attention"].hops_counted == 1
    assert rows["recurrent"].hops_counted == n - 1
    assert rows["recurrent"].waits_counted == n
    # Far enough, and one layer fewer is not: by the receptive field of such a stack.
    convolution, dilated, restricted = (
        rows[name].hops_counted for name in ("convolution", "dilated convolution", "restricted attention")
    )
    assert (convolution - 1) * (k - 1) < n - 1 <= convolution * (k - 1)
    assert k ** (dilated - 1) < n <= k**dilated
    assert (restricted - 1) * (r // 2) < n - 1 <= restricted * (r // 2)


def test_a_path_by_gradients_is_the_one_in_the_matrix_of_neighbours() -> None:
    """The least power of the matrix of neighbours in which the last position reaches the first."""
    n, r = 17, 5
    sees = (torch.arange(n)[:, None] - torch.arange(n)).abs() <= r // 2
    reach, needed = torch.eye(n, dtype=torch.bool), 0
    while not reach[-1, 0]:
        reach, needed = (reach.double() @ sees.double()) > 0, needed + 1
    assert hops(layers.restricted_attention(Shape(n=n, d=4, k=2, r=r), 0), n=n, width=4, most=n) == needed


def test_restricted_attention_is_the_models_window() -> None:
    for r in (1, 2, 5, 8, 40):
        shape = Shape(n=23, d=6, k=2, r=r)
        x = torch.randn(23, 6, generator=torch.Generator().manual_seed(r))
        masked, windows = layers.masked_attention(shape, 0)(x, 0), layers.restricted_attention(shape, 0)(x, 0)
        assert torch.allclose(masked, windows, atol=1e-5)


def test_steps_of_the_recurrence_make_the_recurrent_layer() -> None:
    """n − 1 steps for all positions at once give torch's RNN; one step fewer leaves the last position another."""
    net: Any = layers.rnn(5, 3)
    x = torch.randn(9, 5, generator=torch.Generator().manual_seed(1))
    h = torch.tanh(x @ net.weight_ih_l0.t() + net.bias_ih_l0 + net.bias_hh_l0)
    for _ in range(7):
        h = layers.sweep(net, x, h)
    wanted = net(x)[0]
    assert torch.allclose(h[:8], wanted[:8], atol=1e-6)
    assert not torch.allclose(h[8], wanted[8], atol=1e-6)
    assert torch.allclose(layers.sweep(net, x, h), wanted, atol=1e-6)


def test_self_attention_is_no_longer_the_cheaper_one_when_sentences_are_longer_than_vectors_are_wide() -> None:
    short, long = counted(n=20, d=24), counted(n=28, d=24)
    for result, cheaper in ((short, True), (long, False)):
        cost = {row.layer: row.multiply_adds for row in result.rows}
        assert (cost["self-attention"] < cost["recurrent"]) is cheaper
    page = page_of("complexity")
    right = [page.question.answers[page.judge(each).answer] for each in (short, long)]
    assert right[0].startswith("self-attention")
    assert right[1].startswith("recurrent")


@pytest.mark.parametrize("n", [4, 20, 200])
def test_with_its_projections_self_attention_is_dearer_than_recurrence_whatever_n_is(n: int) -> None:
    """The model's own module and torch's RNN, as torch counts them. n steps of an LSTM are dearer while n < 2 d."""
    config = Config(vocab_size=8, d_model=24, heads=4, d_ff=8, encoder_layers=1, decoder_layers=1)
    attention, x = Attention(config, 24, 24), torch.randn(1, n, 24)

    def flops(work: Callable[[], object]) -> int:
        with FlopCounterMode(display=False) as counter:
            work()
        return counter.get_total_flops()

    vars(attention)["tap"] = lambda _name, value: value  # in the stages that the counter knows
    whole = flops(lambda: attention(x, x, None))
    result = counted(n=n)
    assert whole == 2 * (result.rows[0].multiply_adds + result.projections)
    assert whole > flops(lambda: nn.RNN(24, 24)(x[0]))
    assert (whole < flops(lambda: nn.LSTMCell(24, 24)(x[0]))) is (n < 48)


def test_where_two_layers_cost_the_same_neither_is_called_the_cheapest() -> None:
    page = page_of("complexity")

    def said(**given: int) -> tuple[str, str]:
        verdict = page.judge(counted(**given))
        return page.question.answers[verdict.answer], verdict.sentence

    for k in (2, 3):
        answer, sentence = said(n=24, k=k)
        assert answer == "recurrent and self-attention, which cost the same"
        assert "At n = d, recurrence and attention cost the same" in sentence
        assert ("A convolution with k 2 costs what recurrence does" in sentence) is (k == 2)
    for n, cheapest in ((23, "self-attention:"), (25, "recurrent:")):
        answer, sentence = said(n=n)
        assert answer.startswith(cheapest)
        assert "the same" not in sentence
        assert ("n is above d" in sentence) is (n > 24)


def test_the_crossing_is_said_to_be_where_it_is() -> None:
    for d, inside in ((8, False), (16, True)):
        result = counted(d=d)
        notes = [each.note for each in page_of("complexity").exhibits(result) if "cross" in each.note]
        assert len(notes) == 1
        assert ("left of this plot" not in notes[0]) is inside
        assert any(each.n == d for each in result.costs) is inside


def test_a_neighbourhood_of_everyone_has_a_path_of_one_and_one_position_reaches_nobody() -> None:
    def restricted(r: int) -> Layer:
        return layers.restricted_attention(Shape(n=12, d=4, k=2, r=r), 0)

    assert hops(restricted(24), n=12, width=4, most=12) == 1
    assert hops(restricted(3), n=12, width=4, most=12) == 11
    assert hops(restricted(1), n=12, width=4, most=12) is None


def test_what_waits_does_not_grow_but_in_recurrence() -> None:
    for kind in LAYER_TYPES:
        grown = waits(kind, Shape(n=40, d=4, k=3, r=4)) - waits(kind, Shape(n=10, d=4, k=3, r=4))
        assert grown == (30 if kind.name == "recurrent" else 0)


def test_the_clock_is_asked_about_lengths_that_double() -> None:
    timings = complexity(n=16, d=8, r=4, longest=256).timings
    assert timings is not None
    assert timings.lengths == (64, 128, 256)
    assert {kind.name for kind in LAYER_TYPES} <= {each.layer for each in timings.layers}
    assert all(seconds > 0 and math.isfinite(each.slope) for each in timings.layers for seconds in each.seconds)
    assert complexity(n=16, d=8, r=4, measure=False).timings is None


def test_dilated_layers_are_timed_where_they_look_furthest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of the stack that joins 64, 128 … positions: k to the power of its number is more than half of that."""
    asked: set[tuple[int, int]] = set()

    def dilated(shape: Shape, seed: int, tap: object) -> Layer:
        def layer(x: torch.Tensor, number: int) -> torch.Tensor:
            asked.add((len(x), number))
            return layers.dilated_convolution(shape, seed)(x, number)

        return layer

    monkeypatch.setattr(counting, "TIMED", (("dilated convolution", dilated, 1),))
    complexity(n=16, d=4, k=2, r=4, longest=256)
    assert asked == {(64, 5), (128, 6), (256, 7)}


def test_slopes_are_powers() -> None:
    x = [2.0, 8.0, 64.0]
    assert slope(x, [3 * each**1.7 for each in x]) == pytest.approx(1.7)
    works = [("nothing", lambda: None), ("a sum", lambda: sum(range(30_000)))]
    nothing, something = fastest(works, rounds=3)
    assert 0 <= nothing < something


def test_the_same_arguments_count_the_same() -> None:
    measured = complexity(n=12, d=8, r=4, longest=128)
    assert replace(measured, timings=None) == complexity(n=12, d=8, r=4, longest=128, measure=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": 0}, "n is 0; it must be at least 2"),
        ({"n": 2.5}, r"n is 2\.5; it must be a whole number"),
        ({"d": True}, "d is True; it must be a whole number"),
        ({"n": 8, "r": 9}, "r is 9; a neighbourhood has at most n 8"),
        ({"n": 8, "r": 4, "k": 9}, "k is 9; a kernel has at most n 8"),
        ({"k": 1}, "k is 1; it must be at least 2"),
        ({"longest": 100}, "longest is 100; it must be at least 128"),
        ({"measure": 1}, "either True or False"),
        ({"n": 4097}, "n is 4,097; it must be at most 4,096"),
        ({"n": 4096, "r": 2}, "With r 2 it takes 4,095 layers until n 4,096 positions are joined"),
        ({"k": 65}, "k is 65; it must be at most 64"),
        ({"r": 65}, "r is 65; it must be at most 64"),
        ({"longest": 8192}, "longest is 8,192; it must be at most 4,096"),
        ({"d": 2048, "longest": 4096}, r"Choose a smaller longest, d or k, or measure nothing \(--no-measure\)"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(GlassheadError, match=words):
        complexity(**given)


def test_it_can_be_stopped() -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.2:
            raise StoppedError

    with pytest.raises(StoppedError):
        complexity(n=64, measure=False, progress=stop)
