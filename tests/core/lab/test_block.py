"""block: I + J against autograd, LayerNorm by hand against torch's, and no gradient where the residual is cut."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from glasshead import Config, GlassheadError, Subject, listen, load
from glasshead.adapters.native import Native
from glasshead.lab.block import WAYS, Block, Flow, Side, Way, block, flow, made
from glasshead.lab.pages.block import judge
from glasshead.lab.tools.sentence import read_sentence
from glasshead.lab.tools.small_training import Pairs, pairs
from glasshead.model import FeedForward, Residual, Transformer
from glasshead.tap import sites

POST, PRE, CUT, ALONE, NEITHER = WAYS


@pytest.fixture(scope="module")
def subject() -> Subject:
    return load("english-french")


@pytest.fixture(scope="module")
def found(subject: Subject) -> Block:
    return block(subject=subject)


@pytest.fixture(scope="module")
def flows(found: Block) -> dict[str, Flow]:
    return {each.name: each for each in found.flows}


@pytest.fixture
def examples() -> Pairs:
    draw = torch.Generator().manual_seed(5)
    ids = torch.randint(4, 100, (3, 4, 7), generator=draw).tolist()
    return pairs(ids[0], ids[1])


def silenced(way: Way, stack: Side) -> Transformer:
    """A deep stack whose sub-layers all say exactly 0."""
    model = made(way, 5, 16, stack, seed=0)
    for layer in getattr(model, stack).layers:
        for each in layer.modules():
            if isinstance(each, nn.Linear):
                nn.init.zeros_(each.weight)
    return model


@pytest.mark.parametrize("residual", [True, False])
def test_the_derivative_with_the_residual_is_i_plus_j(residual: bool) -> None:
    config = Config(vocab_size=8, d_model=6, heads=2, d_ff=10, dropout=0.0, residual=residual)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        around = Residual(config, 6, FeedForward(config, 6)).double()
        x = torch.randn(6, dtype=torch.float64)
    around.register_module("norm", nn.Identity())

    def of(module: nn.Module) -> torch.Tensor:
        return torch.autograd.functional.jacobian(lambda given: module(given[None, None])[0, 0], x)

    wanted = of(around.sublayer) + (torch.eye(6, dtype=torch.float64) if residual else 0)
    assert torch.allclose(of(around), wanted, atol=1e-12)


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_where_sub_layers_say_nothing_the_gradient_comes_whole_or_not_at_all(stack: Side, examples: Pairs) -> None:
    whole = flow(silenced(ALONE, stack), stack, examples)
    assert whole.gradients[0] > 0
    assert whole.gradients == (whole.gradients[-1],) * 6
    cut = flow(silenced(NEITHER, stack), stack, examples)
    assert cut.gradients[-1] > 0
    assert cut.gradients[:-1] == (0.0,) * 5


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_the_gradient_at_the_bottom_is_the_one_at_the_embedding(way: Way, stack: Side, examples: Pairs) -> None:
    model = made(way, 3, 16, stack, seed=1)
    measured = flow(model, stack, examples)
    site = "source.sum" if stack == "encoder" else "target.sum"
    with listen(model, keep=[site]) as seen:
        logits = model(examples.source, examples.target)
    loss = F.cross_entropy(logits.flatten(0, 1), examples.labels.flatten())
    (gradient,) = torch.autograd.grad(loss, seen[site])
    assert measured.gradients[0] == pytest.approx(float(gradient.norm()), rel=1e-9)
    assert measured.sizes[0] == pytest.approx(float(seen[site].detach().square().mean().sqrt()))
    assert len(measured.gradients) == len(measured.sizes) == len(measured.apart) == len(measured.weights) + 1 == 4


def test_without_the_residual_hardly_anything_reaches_the_bottom_of_a_decoder(
    found: Block, flows: dict[str, Flow]
) -> None:
    reached = {name: each.gradients[0] / each.gradients[-1] for name, each in flows.items()}
    assert reached["no residual"] < 1e-4 < 1e-2 < reached["post-norm"] < reached["pre-norm"]
    assert reached["neither"] < 1e-6
    assert judge(found).answer == 0
    shrinking = [depth.reached[2] for depth in found.depths]
    assert shrinking == sorted(shrinking, reverse=True)
    assert found.depths[-1].reached[2] == reached["no residual"]


@pytest.mark.parametrize(("bottom", "answer"), [(9e-4, 0), (2e-3, 1), (0.3, 1), (0.4, 2), (2.9, 2), (3.1, 3)])
def test_the_answer_follows_what_reaches_the_bottom(found: Block, bottom: float, answer: int) -> None:
    flowing = tuple(replace(each, gradients=(2 * bottom, 2.0)) for each in found.flows)
    verdict = judge(replace(found, flows=flowing))
    assert verdict.answer == answer
    assert f"{bottom:.2g} without the residual" in verdict.sentence


def test_in_an_encoder_layer_norm_keeps_its_size_but_the_tokens_become_one(subject: Subject) -> None:
    found = block(layers=8, d_model=32, stack="encoder", subject=subject)
    flows = {each.name: each for each in found.flows}
    cut = flows["no residual"]
    assert cut.gradients[0] > 0.1 * cut.gradients[-1]
    assert judge(found).answer in (2, 3)
    assert cut.apart[-1] < 1e-20 < 1e-4 < flows["post-norm"].apart[-1] < flows["pre-norm"].apart[-1]


def spread(stack: Side, layers: int, seed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Gradients of each layer's W_2, post-norm and pre-norm, for random ids."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, 100, (2, 8, 15), generator=draw).tolist()
    post, pre = (flow(made(way, layers, 64, stack, seed), stack, pairs(ids[0], ids[1])).weights for way in (POST, PRE))
    return post, pre


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_a_deep_decoder_post_norm_gradients_are_largest_at_the_output_and_pre_norm_ones_even(seed: int) -> None:
    post, pre = spread("decoder", 12, seed)
    assert post[-1] > 2 * post[0]
    assert max(pre) < 4 * min(pre)
    assert pre[-1] < post[-1]
    # The causes taken away: few LayerNorms on the way, or a loss that is not at the top of the stack.
    for stack, layers in (("decoder", 2), ("encoder", 12)):
        other, _ = spread(stack, layers, seed)  # type: ignore[arg-type]
        assert other[-1] < 2.5 * other[0]
        assert 2 * other[-1] / other[0] < post[-1] / post[0]


def test_post_norm_sets_the_stream_to_one_and_pre_norm_adds_to_it(flows: dict[str, Flow]) -> None:
    assert flows["post-norm"].sizes[1:] == pytest.approx((1.0,) * 12, abs=1e-4)
    pre = flows["pre-norm"].sizes
    assert all(after > before for before, after in pairwise(pre))
    assert max(flows["residual alone"].sizes) > 5 * max(pre)


@pytest.mark.parametrize(("stack", "token"), [("encoder", 0), ("encoder", 3), ("decoder", 2)])
def test_the_steps_of_layer_norm_are_torchs_and_the_models(subject: Subject, stack: Side, token: int) -> None:
    worked = block(layers=1, d_model=4, stack=stack, token=token, subject=subject).worked
    rows = {row.name: torch.tensor(row.numbers, dtype=torch.float64) for row in worked.rows}
    norm: Any = sites(subject.native)[f"{stack}.0.self.norm.out"][0]
    wanted = F.layer_norm(
        rows["x"] + rows["sublayer(x)"],
        (256,),
        norm.gain.double(),
        norm.bias.double(),
        norm.eps,
    )
    assert torch.allclose(rows["+ bias"], wanted, atol=1e-9)
    assert worked.difference < 1e-5
    normed = next(row for row in worked.rows if row.name == "/ √(var + ε)")
    assert normed.mean == pytest.approx(0, abs=1e-12)
    assert normed.variance == pytest.approx(1, abs=1e-4)
    sentence = read_sentence(subject)
    with torch.inference_mode(), listen(subject.native, keep=[f"{stack}.0.self.norm.*"]) as seen:
        subject.native(sentence.source, sentence.target)
    before = next(row for row in worked.rows if row.name == "x + sublayer(x)")
    for name, number in (("mean", before.mean), ("var", before.variance)):
        assert number == pytest.approx(float(seen[f"{stack}.0.self.norm.{name}"][0, token, 0]), abs=1e-4)


@pytest.mark.parametrize("fields", [{"norm": "pre"}, {"residual": False}, {"norm": "pre", "residual": False}])
def test_a_model_that_departs_from_the_paper_is_worked_out_as_it_is(tiny: Any, fields: dict[str, Any]) -> None:
    given = load(tiny)
    with torch.random.fork_rng(devices=[]):
        model = Transformer(replace(given.config, **fields)).eval().requires_grad_(False)
    worked = block(layers=1, d_model=4, token=0, stack="encoder", subject=replace(given, model=Native(model))).worked
    assert worked.difference < 1e-5
    assert any("x + sublayer" in row.name for row in worked.rows) is fields.get("residual", True)


def test_the_same_arguments_give_the_same_numbers(subject: Subject) -> None:
    state = torch.get_rng_state()
    one, same, other = (block(layers=2, d_model=8, seed=seed, subject=subject) for seed in (0, 0, 1))
    assert one == same
    assert one.flows != other.flows
    assert torch.equal(state, torch.get_rng_state())
    assert all(math.isfinite(number) for each in one.flows for number in (*each.gradients, *each.weights))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"layers": 0}, "layers is 0; it must be at least 1"),
        ({"layers": 99}, "layers is 99; it must be at most 48"),
        ({"layers": "2"}, "layers is '2'; it must be a whole number"),
        ({"d_model": 10}, "d_model is 10; the 4 heads do not divide it"),
        ({"stack": "middle"}, "stack is 'middle'; it is one of encoder, decoder"),
        ({"token": -1}, "token is -1"),
        ({"token": 40}, "token is 40; the decoder has 6 tokens here, so the last one is 5"),
        ({"text": " "}, "no text to translate"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"seed": 2**64}, "seed is 18,446,744,073,709,551,616; it must be at most"),
        ({"layers": 48, "d_model": 512}, "layers × d_model² is 12,582,912; it must be at most 1,000,000"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(subject: Subject, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        block(**wrong, subject=subject)
