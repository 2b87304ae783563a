"""What is said of one row besides its stream: units of a feed-forward layer, positions, the whole distribution."""

import math
from pathlib import Path

import pytest
import torch
from tests.core.analysis.lines import foreign, native, strange
from tests.core.helpers import restless
from tests.core.recordings import recorded, walked
from torch.nn import functional as F

from glasshead import GlassheadError
from glasshead.analysis.distribution import distribution, log_probability
from glasshead.analysis.feed_forward import units
from glasshead.analysis.positions import positions


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_the_strongest_units_are_those_that_write_the_longest_vectors(stack: str) -> None:
    line = native("the paper")
    trace, model = line.outlook, restless(3).native
    site, row = f"{stack}.1.ffn", 2
    found = units(trace, site, row, 6, tokens=3)
    assert found.names == ("hidden", "active") and found.count == 20 and found.written
    hidden, active = (trace[f"{site}.{name}"][row] for name in found.names)
    assert found.working == int((hidden > 0).sum())
    outer = model.get_submodule(f"{stack}.layers.1.ffn.sublayer.outer").weight
    assert isinstance(outer, torch.Tensor)
    lengths = (active * outer.norm(dim=0)).abs()
    assert [unit.number for unit in found.units] == lengths.argsort(descending=True).tolist()[:6]
    assert found.share == pytest.approx(
        float(lengths.sort(descending=True).values[:6].square().sum() / lengths.square().sum())
    )
    for unit in found.units:
        assert unit.values == pytest.approx((float(hidden[unit.number]), float(active[unit.number])))
        assert unit.strength == pytest.approx(float(lengths[unit.number]), rel=1e-5)
        raised = model.projection @ (outer[:, unit.number] * active[unit.number])
        wanted = raised.topk(3).indices.tolist() if stack == "decoder" else []
        if unit.strength > 0:
            assert [token.id for token in unit.writes] == wanted, "an encoder's units write no tokens"


def test_a_gated_layer_shows_gate_and_up_and_their_product() -> None:
    line, module = foreign("llama")
    trace = line.outlook
    found = units(trace, "decoder.1.ffn", 0, 4, tokens=2)
    assert found.names == ("gate", "up", "active")
    for unit in found.units:
        gate, up, active = unit.values
        assert active == pytest.approx(float(F.silu(torch.tensor(gate))) * up, rel=1e-4)
        column = module.model.layers[1].mlp.down_proj.weight[:, unit.number]
        assert unit.strength == pytest.approx(abs(active) * float(column.norm()), rel=1e-4)
        raised = module.lm_head.weight @ column * math.copysign(1, active)
        assert [token.id for token in unit.writes] == raised.topk(2).indices.tolist()


def test_a_model_without_feed_forward_layers_says_so_and_a_recording_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError, match=r"does not show the units of decoder\.0\.ffn"):
        units(strange("gpt", telling=False).outlook, "decoder.0.ffn", 0, 3)
    again = recorded(walked("the paper", keep=["*.weights"]), tmp_path / "line.safetensors")
    with pytest.raises(GlassheadError, match=r"was not recorded\. Open the model"):
        units(again.outlook, "decoder.0.ffn", 0, 3)


def test_token_and_position_make_the_sum() -> None:
    trace = native("the paper").outlook
    for stack, side in (("encoder", "source"), ("decoder", "target")):
        found = positions(trace, stack, 3)
        embed, position, total = (torch.tensor(each.vector) for each in found.added)
        assert torch.allclose(embed + position, total, atol=1e-5)
        assert [each.name for each in found.added] == ["embed", "position", "sum"]
        assert found.added[1].size == pytest.approx(math.sqrt(8), rel=1e-5), "m/2 pairs of sin² + cos² = 1"
        assert found.added[0].cosine == pytest.approx(float(F.cosine_similarity(embed, total, dim=0)), abs=1e-6)
        assert found.picture is not None and torch.equal(found.picture, trace[f"{side}.position"])
        assert "added to the embedding" in found.how and not found.scaled


@pytest.mark.parametrize(
    ("family", "how"), [("llama", "rotated"), ("t5", "a number for each distance"), ("gpt2", "added")]
)
def test_how_else_a_position_comes_in_is_said(family: str, how: str) -> None:
    found = positions(foreign(family)[0].outlook, "decoder", 1)
    assert how in found.how and (found.picture is None) == (family != "gpt2")


def test_a_model_that_shows_nothing_of_positions_says_so() -> None:
    assert "does not show how" in positions(strange("gpt", telling=False).outlook, "decoder", 0).how


@pytest.mark.parametrize("row", [0, 2, -1])
def test_the_whole_distribution_is_the_softmax_of_the_logits(row: int) -> None:
    line = native("the paper")
    trace = line.outlook
    at = row % trace.steps
    found = distribution(trace, "decoder", at)
    logits = trace["logits"][at].double()
    assert torch.allclose(found.probabilities, logits.softmax(-1), atol=1e-6)
    assert found.ids.tolist() == logits.argsort(descending=True, stable=True).tolist() and found.size == 29
    assert found.beyond(4) == pytest.approx(1 - float(logits.softmax(-1).sort(descending=True).values[:4].sum()))
    assert found.beyond(29) == pytest.approx(0, abs=1e-9)
    assert [found.rank(token.id) for token in found.best(3, 4)] == [3, 4, 5, 6]
    part = found.best(7, 1)[0].text
    assert found.find(part) is not None and found.best(found.find(part) or 0, 1)[0].text == part
    assert found.find("nothing like it") is None
    if row == -1:
        assert [token.id for token in found.best(0, 5)] == [token.id for token in line.candidates(5)]
        assert found.bits == pytest.approx(line.entropy())


def test_the_log_probability_of_a_line_is_the_sum_over_its_tokens() -> None:
    line = native("the paper")
    wanted = F.cross_entropy(line.trace["logits"], torch.tensor(line.ids[1:]), reduction="sum")
    assert log_probability(line.tokens) == pytest.approx(-float(wanted), rel=1e-4)


def test_tokens_that_are_forbidden_have_no_probability() -> None:
    line, _ = foreign("marian")
    line.rows._logits[0] = line.rows._logits[0].index_fill(0, torch.tensor([7]), -math.inf)
    found = distribution(line.branch().outlook, "decoder", 0)
    assert float(found.probabilities[7]) == 0 and found.rank(7) == found.size - 1


def test_what_an_encoder_alone_predicts_is_read_at_its_own_rows() -> None:
    line, module = foreign("bert")
    found = distribution(line.outlook, "encoder", 1)
    with torch.no_grad():
        logits = module(torch.tensor([[token.id for token in line.source]])).logits[0, 1]
    assert torch.allclose(found.probabilities, logits.double().softmax(-1), atol=1e-5)
    with pytest.raises(GlassheadError, match="predict no token"):
        distribution(native("the paper").outlook, "encoder", 0)


def test_a_recording_without_logits_says_so(tmp_path: Path) -> None:
    line = walked("the paper", keep=["*.weights"])
    again = recorded(line, tmp_path / "line.safetensors")
    again.goto(2)
    with pytest.raises(GlassheadError, match="logits were not recorded"):
        distribution(again.outlook, "decoder", 1)
    whole = recorded(walked("the paper"), tmp_path / "whole.safetensors")
    whole.goto(2)
    logits = whole.outlook["logits"][1].double()
    assert torch.allclose(distribution(whole.outlook, "decoder", 1).probabilities, logits.softmax(-1), atol=1e-6)
