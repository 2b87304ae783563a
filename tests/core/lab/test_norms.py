"""Layer and batch normalisation, against torch's own and against statistics taken by hand; smoothness on parabolas."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import glasshead
from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import page_of
from glasshead.lab.exhibits import Table
from glasshead.lab.norms import Norms, batch_norm, norms
from glasshead.lab.tools.smoothness import Norm, landscape, probe
from glasshead.model import LayerNorm


def ran(tiny: Path, **given: object) -> Norms:
    arguments: dict[str, Any] = {"subject": glasshead.load(tiny), "steps": 2, "depth": 2, **given}
    return norms(**arguments)


def arbitrary(width: int, seed: int) -> LayerNorm:
    draw = torch.Generator().manual_seed(seed)
    norm = LayerNorm(width).requires_grad_(False)
    norm.gain.copy_(torch.randn(width, generator=draw))
    norm.bias.copy_(torch.randn(width, generator=draw))
    return norm


@settings(max_examples=40)
@given(tokens=st.integers(2, 9), mates=st.integers(1, 30), width=st.integers(2, 12), seed=st.integers(0, 1000))
def test_layer_norm_never_asks_the_batch_and_batch_norm_always_does(
    tokens: int, mates: int, width: int, seed: int
) -> None:
    norm, draw = arbitrary(width, seed), torch.Generator().manual_seed(seed)
    sentence, some, more = (torch.randn(count, width, generator=draw) for count in (tokens, mates, mates))
    some, more = torch.cat([sentence, some]), torch.cat([sentence, 3 * more + 1])
    torch_norm = nn.LayerNorm(width)
    torch_norm.load_state_dict({"weight": norm.gain, "bias": norm.bias})
    assert torch.allclose(norm(some)[:tokens], norm(more)[:tokens], atol=1e-6)
    assert torch.allclose(norm(some), torch_norm(some), atol=1e-5)
    # By the definition: mean and population variance of every feature over all rows.
    mean, variance = some.mean(0), some.var(0, correction=0)
    wanted = (some - mean) / (variance + norm.eps).sqrt() * norm.gain + norm.bias
    assert torch.allclose(batch_norm(norm)(some), wanted, atol=1e-4)
    assert (batch_norm(norm)(some)[:tokens] - batch_norm(norm)(more)[:tokens]).abs().max() > 1e-3


def test_in_evaluation_batch_norm_uses_the_mean_of_what_it_saw() -> None:
    norm, draw = arbitrary(4, 0), torch.Generator().manual_seed(0)
    made, batches = batch_norm(norm), [torch.randn(20, 4, generator=draw) + shift for shift in (0, 1, 5)]
    for each in batches:
        made(each)
    mean = torch.stack([each.mean(0) for each in batches]).mean(0)
    variance = torch.stack([each.var(0, correction=1) for each in batches]).mean(0)
    x = torch.randn(3, 4, generator=draw)
    wanted = (x - mean) / (variance + norm.eps).sqrt() * norm.gain + norm.bias
    assert torch.allclose(made.eval()(x), wanted, atol=1e-5)


def test_a_sentence_changes_with_its_mates_and_not_without(tiny: Path) -> None:
    result = ran(tiny, text="the small house is red")
    changes = {each.what: each for each in result.changes}
    for what in ("other mates", "no mates", "padding counted", "evaluation mode"):
        assert changes[what].batch > 1e-3, what
    # The cause taken away: the same mates, or statistics that were fixed before.
    assert changes["same mates, other order"].batch_largest < 1e-5
    assert changes["evaluation mode, other mates"].batch_largest < 1e-5
    assert all(each.layer_largest < 1e-5 for each in result.changes)
    page = page_of("norms")
    assert page.question.answers[page.judge(result).answer] == "only batch normalisation's"
    still = (replace(result.changes[0], batch_largest=0.0), *result.changes[1:])
    assert page.question.answers[page.judge(replace(result, changes=still)).answer].startswith("neither")


@pytest.mark.parametrize(
    ("free", "label"), [(0, None), (1, "1 more padding, counted"), (30, "8 more padding, counted")]
)
def test_as_much_padding_is_counted_as_the_model_has_room_for(tiny: Path, free: int, label: str | None) -> None:
    """The text leaves some positions free; its mates are shorter."""
    subject = glasshead.load(tiny)
    words = "a " * (subject.config.max_length - 1 - free)
    assert len(subject.encode(words)) == subject.config.max_length - free
    changes = {each.what: each for each in norms(subject=subject, text=words, depth=2, steps=1).changes}
    assert [what for what in changes if "more padding" in what] == ([label] if label else [])
    assert changes["same mates, other order"].batch_largest < 1e-5
    assert changes["padding counted"].batch > 1e-3


def test_a_card_without_examples_is_no_mistake(tiny: Path) -> None:
    subject = replace(glasshead.load(tiny), card={"examples": []})
    assert norms(subject=subject, depth=2, steps=1).text


def test_which_net_bends_more_is_said_by_the_figures(tiny: Path) -> None:
    result = ran(tiny, depth=3)

    def note(**betas: float) -> str:
        nets = tuple(replace(each, beta=betas.get(f"{each.norm}{each.depth}", 1.0)) for each in result.landscapes)
        return page_of("norms").exhibits(replace(result, landscapes=nets))[-1].note

    assert "2 layers batch, 3 layers none." in note(none2=2.0, batch3=2.0)
    assert "2 layers none, 3 layers batch." in note(batch2=2.0, none3=2.0)
    assert "2 layers batch" in note(none2=float("nan"))
    assert "mates" in page_of("norms").judge(result).sentence
    assert "1 other mate the" in page_of("norms").judge(replace(result, mates=1)).sentence


def test_a_net_that_its_steps_throw_out_of_the_numbers_is_told_so(tiny: Path) -> None:
    result = ran(tiny)
    lost = replace(result, landscapes=tuple(replace(each, last=float("nan")) for each in result.landscapes))
    table = page_of("norms").exhibits(lost)[-1]
    assert isinstance(table, Table)
    assert [row[table.columns.index("last")] for row in table.rows] == ["no number"] * len(table.rows)


def test_mates_matter_less_in_larger_batches(tiny: Path) -> None:
    sizes = ran(tiny).sizes
    assert sizes[0].batch > 2 * sizes[-1].batch > 0
    assert all(each.layer < 1e-6 for each in sizes)


def test_the_two_steps_are_those_of_the_model(tiny: Path) -> None:
    subject = glasshead.load(tiny)
    text = "the black cat is sleeping"
    result = norms(subject=subject, text=text, layer=1, depth=2, steps=1)
    ids = torch.tensor([[token.id for token in subject.encode(text)]])
    with glasshead.listen(subject.native, keep=["encoder.1.self.*"]) as seen:
        subject.native.encode(ids)
    came, out = seen["encoder.1.self.resid"][0], seen["encoder.1.self.norm.out"][0]
    assert [each.mean for each in result.tokens] == pytest.approx(came.mean(-1).tolist(), abs=1e-5)
    assert [each.variance for each in result.tokens] == pytest.approx(came.var(-1, correction=0).tolist(), rel=1e-4)
    assert [each.out_mean for each in result.tokens] == pytest.approx(out.mean(-1).tolist(), abs=1e-5)
    for each in result.tokens:
        assert each.normed_mean == pytest.approx(0, abs=1e-5)
        assert each.normed_variance == pytest.approx(each.variance / (each.variance + 1e-5), rel=1e-4)
    shown = result.arithmetic
    for number in range(len(shown.came)):
        step = (shown.came[number] - shown.mean) / (shown.variance + 1e-5) ** 0.5
        assert shown.normed[number] == pytest.approx(step, abs=1e-4)
        assert shown.out[number] == pytest.approx(step * shown.gain[number] + shown.bias[number], abs=1e-4)


def test_features_of_a_batch_have_mean_0_and_variance_1_only_in_training_mode(tiny: Path) -> None:
    training, evaluation, noise = ran(tiny).features
    assert training.mean < 1e-5
    assert training.largest <= 1.0001
    assert evaluation.mean > 0.01
    assert noise.mean > 0.01


def test_along_the_gradient_of_a_parabola_all_is_known() -> None:
    """½ Σ λ x²: the gradient is λ x; after a step η x is (1 − η λ) x; with one λ the curvature is λ."""
    x = torch.tensor([3.0, -4.0], dtype=torch.float64, requires_grad=True)
    seen = probe(lambda: 0.5 * 1.5 * x.square().sum(), [x], [0.1, 0.4])
    assert x.tolist() == [3.0, -4.0]
    assert seen.loss == pytest.approx(18.75)
    assert seen.highest == pytest.approx(18.75 * (1 - 0.15) ** 2)
    assert seen.lowest == pytest.approx(18.75 * (1 - 0.6) ** 2)
    assert seen.beta == pytest.approx(1.5)
    assert seen.difference == pytest.approx(0.4 * 1.5**2 * 5)


def test_normalisation_smooths_a_shallow_net_and_a_step_of_nothing_is_smooth_without_it() -> None:
    def of(norm: Norm, rate: float = 0.3) -> float:
        return landscape(norm, depth=2, rate=rate, steps=40, seed=0).range

    assert of("batch") < of("none")
    assert of("none", rate=1e-5) < of("batch")


def test_without_residuals_a_deep_net_with_batch_norm_begins_less_smooth() -> None:
    """Yang et al. 2019: at the beginning gradients grow with depth, and so does the curvature along them."""
    deep, shallow = (landscape("batch", depth=depth, rate=0.3, steps=1, seed=0).beta_first for depth in (24, 2))
    assert deep > 4 * shallow


def test_the_same_arguments_give_the_same_result_and_another_seed_another(tiny: Path) -> None:
    assert ran(tiny) == ran(tiny)
    assert ran(tiny, seed=1).sizes != ran(tiny).sizes


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layer": 2}, "layer is 2; it must be at most 1"),
        ({"mates": 0}, "mates is 0; it must be at least 1"),
        ({"mates": 1.5}, r"mates is 1\.5; it must be a whole number"),
        ({"rate": 0}, "rate is 0; it must be at least"),
        ({"rate": 10}, "rate is 10; it must be at most 1"),
        ({"depth": 64, "steps": 401}, "depth 64 and steps 401 are 25,664 layers to learn; at most 25,600"),
        ({"seed": 2**64}, "seed is 18,446,744,073,709,551,616; it must be at most"),
        ({"depth": 65}, "depth is 65; it must be at most 64"),
        ({"text": "  "}, "There is no text"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(tiny: Path, given: dict[str, object], words: str) -> None:
    with pytest.raises(GlassheadError, match=words):
        ran(tiny, **given)


def test_it_can_be_stopped_and_leaves_the_model_as_it_was(tiny: Path) -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.3:
            raise StoppedError

    subject = glasshead.load(tiny)
    before = torch.random.get_rng_state()
    with pytest.raises(StoppedError):
        norms(subject=subject, steps=20, progress=stop)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(module._forward_pre_hooks for module in subject.native.modules())
