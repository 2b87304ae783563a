"""The self-check finds what would be shown wrongly, and names it."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.test_families import Numbers
from tests.core.adapters.huggingface.tiny import FAMILIES, OTHERS, wrap
from torch import Tensor, nn

from glasshead.adapters.huggingface import families
from glasshead.adapters.huggingface.check import self_check
from glasshead.adapters.huggingface.faults import Fault
from glasshead.attend import attend
from glasshead.decoding.protocols import Prompt
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes_whole(family: str) -> None:
    assert self_check(wrap(FAMILIES[family].module())) == ()


def spoil(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    """Let our attention compute something else."""

    def wrong(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **more: Any) -> Tensor:
        return attend(query, key, value, **{"mask": mask, **more, **changes})

    monkeypatch.setattr("glasshead.adapters.huggingface.attention.attend", wrong)


@pytest.mark.parametrize(
    ("family", "changes"),
    [("gpt2", {"mask": None}), ("llama", {"scale": 1.0}), ("t5", {"bias": None}), ("gemma2", {"cap": 0.01})],
)
def test_arithmetic_that_is_not_the_models_is_found(
    family: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = wrap(FAMILIES[family].module())
    spoil(monkeypatch, changes)
    with pytest.raises(GlassheadError, match="its output changes while it is watched"):
        self_check(model)


def test_steps_that_are_not_the_rows_of_the_whole_pass_are_found() -> None:
    """As with a cache that forgets."""
    model = wrap(FAMILIES["gpt2"].module())
    forgetful: Any = model
    forgetful.past = lambda: None
    with pytest.raises(GlassheadError, match="its steps are not the rows of the whole pass"):
        self_check(model)


def own_entry(monkeypatch: pytest.MonkeyPatch, family: str, **changes: Any) -> None:
    """Change the entry of a family's self-attention."""
    entry = families.FAMILIES[family]
    [stack] = entry.stacks
    own, *others = stack.blocks
    wrong = replace(stack, blocks=(replace(own, **changes), *others))
    monkeypatch.setitem(families.FAMILIES, family, replace(entry, stacks=(wrong,)))


def test_an_output_that_is_not_the_heads_through_a_projection_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    own_entry(monkeypatch, "llama", output="self_attn.q_proj")
    model = wrap(FAMILIES["llama"].module())
    faults = self_check(model)
    assert faults == tuple(Fault("out", f"decoder.{layer}.self") for layer in range(3))
    model.leave_out(faults)
    assert not [site for site in model.anatomy.sites if site.endswith("self.out")]
    assert "decoder.0.self.heads" in model.anatomy.sites
    assert "output of 3 attentions not shown: it is not the heads through a projection" in model.anatomy.facts
    with pytest.raises(GlassheadError, match=r"No site of this model matches 'decoder.0.self.out'"):
        model.listen(["decoder.0.self.out"])
    assert self_check(model) == ()


def test_q_and_k_that_do_not_become_those_of_the_attention_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    own_entry(monkeypatch, "qwen3", query="self_attn.q_proj")  # which a norm follows
    model = wrap(FAMILIES["qwen3"].module())
    faults = self_check(model)
    assert faults == tuple(Fault("rotation", f"decoder.{layer}.self") for layer in range(3))
    model.leave_out(faults)
    assert not [site for site in model.anatomy.sites if "unrotated" in site]
    assert any(fact.startswith("q and k before the rotation not shown in 3 attentions") for fact in model.anatomy.facts)


class Odd(nn.Module):
    """Neither LayerNorm nor RMSNorm."""

    def forward(self, hidden_states: Tensor) -> Tensor:
        return hidden_states / hidden_states.abs().amax(-1, keepdim=True)


class Sly(nn.LayerNorm):
    """A LayerNorm of a few vectors, and something else of a batch of them."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) * (1 if input.dim() == 2 else 2)


@pytest.mark.parametrize("norm", [Odd(), Sly(16)])
def test_a_norm_that_is_no_norm_is_not_shown_and_all_the_rest_is(norm: nn.Module) -> None:
    module = FAMILIES["gpt2"].module()
    usual = wrap(module).anatomy
    module.transformer.h[1].ln_2 = norm
    model = wrap(module)
    model.leave_out(self_check(model))
    gone = set(usual.sites) - set(model.anatomy.sites)
    assert gone == {f"decoder.1.ffn.norm.{name}" for name in ("mean", "var", "normed", "out")}
    assert {each.site for each in usual.norms} - {each.site for each in model.anatomy.norms} == {"decoder.1.ffn"}
    assert "1 norm not shown: it is neither LayerNorm nor RMSNorm" in model.anatomy.facts
    with torch.no_grad(), model.listen(["*"]) as seen:
        model.logits(torch.tensor([[3, 4, 5]]), None)
    assert set(seen) == set(model.anatomy.sites)


def test_parts_that_do_not_add_up_to_the_first_stream_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    [stack] = families.FAMILIES["bert"].stacks
    monkeypatch.setitem(families.FAMILIES, "bert", families.Family(stacks=(replace(stack, segment=""),)))
    model = wrap(FAMILIES["bert"].module())
    faults = self_check(model)
    assert faults == (Fault("sum", "source"),)
    model.leave_out(faults)
    gone = {"source.embed", "source.position", "source.segment"}
    assert gone.isdisjoint(model.anatomy.sites) and "source.sum" in model.anatomy.sites
    assert "the parts of source.sum not shown: they do not add up to it" in model.anatomy.facts


def test_an_embedding_that_is_scaled_before_it_is_added_is_said_to_be() -> None:
    model = wrap(OTHERS["granite"].module())
    faults = self_check(model)
    assert [(fault.problem, fault.site) for fault in faults] == [("scale", "target")]
    model.leave_out(faults)
    assert "target.embed is added × 3" in model.anatomy.facts and "target.embed" in model.anatomy.sites


def test_a_model_that_is_deaf_to_positions_is_said_to_be_wrong_when_padded_at_the_left() -> None:
    module = FAMILIES["gpt2"].module()
    own = module.forward

    def forward(input_ids: Tensor, position_ids: Tensor | None = None, attention_mask: Any = None, **more: Any) -> Any:
        return own(input_ids=input_ids, attention_mask=attention_mask, **more)

    module.forward = forward
    model = wrap(module)
    faults = self_check(model)
    assert faults == (Fault("left", ""),)
    model.leave_out(faults)
    assert "a line padded at the left is read otherwise than alone" in model.anatomy.facts


def test_an_encoder_that_reads_its_padding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = wrap(FAMILIES["bert"].module())
    spoil(monkeypatch, {"mask": None})
    with pytest.raises(GlassheadError, match="a source that is padded is read otherwise than alone"):
        self_check(model)


def test_layers_that_differ_in_heads_cannot_be_shown_as_one_kind() -> None:
    module, other = (FAMILIES["llama"].module() for _ in range(2))
    few = copy.deepcopy(other.config)
    few.num_attention_heads, few.num_key_value_heads, few.head_dim = 2, 1, 4
    module.model.layers[1].self_attn = type(module.model.layers[1].self_attn)(few, 1).eval()
    with pytest.raises(GlassheadError, match=r"LlamaForCausalLM has no attention to show: .* layers differ in heads"):
        wrap(module)


class Alone(nn.Module):
    """In place of an attention: a map that looks at its own position only."""

    def __init__(self) -> None:
        super().__init__()
        self.out_proj = nn.Linear(16, 16)

    def forward(self, hidden_states: Tensor, **_: Any) -> tuple[Tensor, None]:
        return self.out_proj(hidden_states), None


def test_a_kind_of_attention_that_some_layers_lack_is_not_shown() -> None:
    """The decoder's own attention of a Marian, one of whose layers has another: the other kinds are shown."""
    module = FAMILIES["marian"].module()
    module.model.decoder.layers[1].self_attn = Alone()
    model = wrap(module)
    assert [kind.label for kind in model.anatomy.kinds] == ["encoder self", "encoder–decoder"]
    assert not [site for site in model.anatomy.sites if site.startswith("decoder") and ".self." in site]
    assert "decoder self-attention not shown: some layers have none, or compute it by themselves" in model.anatomy.facts
    assert self_check(model) == ()
    line = Stepper.begin(model, Prompt((5, 6, 2), (3,)), Numbers(), Numbers())
    line.step()
    assert set(line.outlook.sites) == set(model.anatomy.sites)
