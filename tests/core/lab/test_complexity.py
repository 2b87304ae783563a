"""The table of layer types, against the paper's, torch's own counter, and a dependency graph made by hand."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from glasshead.errors import GlassheadError
from glasshead.lab import layers, page
from glasshead.lab.complexity import KINDS, Complexity, Kind, complexity, waits
from glasshead.lab.depends import hops
from glasshead.lab.layers import Layer, Shape
from glasshead.lab.stopwatch import fastest, slope
from glasshead.lab.telling import StoppedError

BY_NAME = {kind.name: kind for kind in KINDS}


def counted(**given: int) -> Complexity:
    return complexity(**{"n": 20, "d": 24, "k": 3, "r": 4, **given}, measure=False)


def test_the_words_are_those_of_table_1() -> None:
    table = {kind.name: (kind.complexity, kind.sequential, kind.path) for kind in KINDS}
    assert table["self-attention"] == ("O(n²·d)", "O(1)", "O(1)")
    assert table["recurrent"] == ("O(n·d²)", "O(n)", "O(n)")
    assert table["dilated convolution"] == ("O(k·n·d²)", "O(1)", "O(log_k(n))")
    assert table["restricted attention"] == ("O(r·n·d)", "O(1)", "O(n/r)")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("shape", [Shape(n=12, d=8, k=3, r=5), Shape(n=33, d=5, k=4, r=2)], ids=str)
def test_multiply_adds_are_half_of_the_flops_that_torch_counts(kind: Kind, shape: Shape) -> None:
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


@settings(max_examples=25, deadline=None)
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
    """The least power of the matrix of who sees whom in which the last position reaches the first."""
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
    net, x = layers.rnn(5, 3), torch.randn(9, 5, generator=torch.Generator().manual_seed(1))
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
    told = page("complexity")
    right = [told.question.answers[told.judge(each).answer] for each in (short, long)]
    assert right[0].startswith("self-attention")
    assert right[1].startswith("recurrent")


def test_with_its_projections_self_attention_is_dearer_than_recurrence_whatever_n_is() -> None:
    for n in (4, 20, 200):
        result = counted(n=n)
        cost = {row.layer: row.multiply_adds for row in result.rows}
        assert cost["self-attention"] + result.projections > cost["recurrent"]


def test_a_neighbourhood_of_everyone_has_a_path_of_one_and_one_position_reaches_nobody() -> None:
    def restricted(r: int) -> Layer:
        return layers.restricted_attention(Shape(n=12, d=4, k=2, r=r), 0)

    assert hops(restricted(24), n=12, width=4, most=12) == 1
    assert hops(restricted(3), n=12, width=4, most=12) == 11
    assert hops(restricted(1), n=12, width=4, most=12) is None


def test_what_waits_does_not_grow_but_in_recurrence() -> None:
    for kind in KINDS:
        grown = waits(kind, Shape(n=40, d=4, k=3, r=4)) - waits(kind, Shape(n=10, d=4, k=3, r=4))
        assert grown == (30 if kind.name == "recurrent" else 0)


def test_the_clock_is_asked_about_lengths_that_double() -> None:
    timings = complexity(n=16, d=8, r=4, longest=256).timings
    assert timings is not None
    assert timings.lengths == (64, 128, 256)
    assert all(seconds > 0 and math.isfinite(each.slope) for each in timings.layers for seconds in each.seconds)
    assert complexity(n=16, d=8, r=4, measure=False).timings is None


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
        ({"n": 8, "r": 9}, "r is 9; a neighbourhood has at most the n 8"),
        ({"n": 8, "r": 4, "k": 9}, "k is 9; a kernel has at most the n 8"),
        ({"k": 1}, "k is 1; it must be at least 2"),
        ({"longest": 100}, "longest is 100; it must be at least 128"),
        ({"measure": 1}, "either True or False"),
        ({"d": 2048, "longest": 8192}, "Choose a smaller longest"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(given: dict[str, object], words: str) -> None:
    with pytest.raises(GlassheadError, match=words):
        complexity(**given)


def test_it_can_be_stopped() -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.2:
            raise StoppedError

    with pytest.raises(StoppedError):
        complexity(n=64, measure=False, told=stop)
