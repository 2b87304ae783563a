"""The self-check finds what would be shown wrongly, and names it."""

from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import TUTORIALS, Annotated, Gpt
from torch import Tensor, nn

from glasshead import GlassheadError
from glasshead.adapters.torch_nn.check import self_check
from glasshead.attend import attend


@pytest.mark.parametrize(
    ("name", "changes", "site"),
    [
        ("gpt", {"mask": None}, "decoder.0.self.weights are not those of blocks.0.attn"),
        (
            "translation",
            {"scale": 1.0},
            "encoder.0.self.weights are not those of transformer.encoder.layers.0.self_attn",
        ),
        ("alibi", {"bias": None}, "decoder.0.self.weights are not those of blocks.0.attn"),
    ],
)
def test_arithmetic_that_is_not_torchs_is_found(
    name: str, changes: dict[str, Any], site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **more: Any) -> Tensor:
        return attend(query, key, value, **{"mask": mask, **more, **changes})

    monkeypatch.setattr("glasshead.adapters.torch_nn.attention.attend", wrong)
    with pytest.raises(GlassheadError, match=site):
        TUTORIALS[name].subject(TUTORIALS[name].module())


def model(name: str = "gpt") -> Any:
    return TUTORIALS[name].subject(TUTORIALS[name].module()).model


def test_an_output_that_changes_while_it_is_watched_is_found() -> None:
    of = model()
    point, _ = of.places.known["decoder.1.ffn.out"]
    point.see = lambda name, value: value * 2
    with pytest.raises(GlassheadError, match="its output changes while it is watched"):
        self_check(of)


def test_a_norm_that_does_not_follow_from_its_steps_is_found() -> None:
    of = model()
    point, _ = of.places.known["decoder.1.ffn.norm.out"]
    point.gain = point.gain * 2
    with pytest.raises(GlassheadError, match=r"decoder.1.ffn.norm.out does not follow from its steps"):
        self_check(of)


def test_heads_that_do_not_give_the_output_are_found() -> None:
    """As of a module whose output is another's."""
    of = model()
    event = of.examined.attentions["decoder.2.self"]
    object.__setattr__(event, "found", torch.zeros_like(event.found))
    with pytest.raises(GlassheadError, match=r"decoder.2.self.out is not its heads through its projection"):
        self_check(of)


def test_parts_that_are_called_by_name_are_watched_all_the_same() -> None:
    """But for norms, which are then not shown."""

    class Named(Annotated):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            y, _ = self.attention(query=x, key=x, value=x, attn_mask=mask)
            x = self.one(input=x + y)
            return self.two(input=x + self.w2(input=torch.relu(self.w1(input=x))))

    torch.manual_seed(0)
    module: Any = Gpt(Named).eval()
    of: Any = TUTORIALS["gpt"].subject(module).model
    assert {"decoder.0.self.weights", "decoder.0.self.resid", "decoder.2.ffn.active"} <= set(of.anatomy.sites)
    assert "6 norms not shown" in of.anatomy.remarks


def test_norms_that_are_called_by_no_sub_layer_are_counted_in_the_header() -> None:
    module = TUTORIALS["gpt"].module()
    module.head = nn.Sequential(nn.Linear(16, 16), nn.LayerNorm(16), module.head).eval()
    of = TUTORIALS["gpt"].subject(module)
    assert "1 norm not shown" in of.anatomy.facts
