"""A sum that a model makes in its own code: what an edit makes of it is read wherever the model reads it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode

from glasshead.adapters.addition import Addition
from glasshead.errors import GlassheadError
from glasshead.tap import Listening


class Layer(nn.Module):
    """A pre-norm layer of one sub-layer, and a norm after it that reads the sum too."""

    def __init__(self, add: Any) -> None:
        super().__init__()
        self.add, self.linear, self.norm, self.next = add, nn.Linear(4, 4), nn.LayerNorm(4), nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.add(x, self.linear(self.norm(x)))
        return x + self.next(x)


class Root:
    """The model as a whole."""


def changed(layer: Layer, x: Tensor, edit: Any) -> tuple[Tensor, Tensor]:
    """The result under an edit of the sum, and the sum as it was captured."""
    point = Addition(layer.next, "resid", layer=layer, added=layer.linear)
    known = {"decoder.0.self.resid": (point, "resid")}
    with torch.no_grad(), Listening(Root(), ["*"], edit, known=known) as seen:
        point.enter()
        try:
            return layer(x), seen["decoder.0.self.resid"]
        finally:
            point.leave()
            assert _get_current_function_mode() is None, "no mode stays on"


WAYS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "operator": lambda x, more: x + more,
    "in place": lambda x, more: x.clone().__iadd__(more),
    "scaled": lambda x, more: x + 0.5 * more,
    "clamped": lambda x, more: torch.clamp(x + more, -1e4, 1e4),
    "function": lambda x, more: torch.add(more, x),
}


@pytest.mark.parametrize("way", WAYS)
def test_both_readers_read_the_changed_sum(way: str) -> None:
    torch.manual_seed(0)
    layer, x = Layer(WAYS[way]), torch.randn(1, 3, 4)
    found, captured = changed(layer, x, {"decoder.0.self.resid": lambda value: value * 2})
    with torch.no_grad():
        total = 2 * WAYS[way](x, layer.linear(layer.norm(x)))
        assert torch.equal(captured, total) and torch.equal(found, total + layer.next(total))
        plain, seen = changed(layer, x, {})
        assert torch.equal(plain, layer(x)) and torch.equal(seen * 2, total)


def test_a_sum_that_cannot_be_caught_is_refused_and_no_mode_stays_on() -> None:
    layer = Layer(lambda x, more: torch.stack([x, more]).sum(0))
    with pytest.raises(GlassheadError, match="resid can be seen and not changed: Layer adds it up in a way"):
        changed(layer, torch.randn(1, 3, 4), {"decoder.0.self.resid": torch.zeros_like})
