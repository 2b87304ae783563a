"""The learned maps of a live module: those behind the places where its values are seen, and that of the logits."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from glasshead.adapters.points import Normalisation, Output
from glasshead.adapters.torch_nn.attention import Attention
from glasshead.adapters.torch_nn.examine import Examined
from glasshead.adapters.torch_nn.flow import same
from glasshead.traces.reading import Affine, Gain, Learned, Unembedding


def learned_of(examined: Examined, known: Mapping[str, tuple[Any, str]]) -> Learned:
    """Gather the learned maps at the known places."""
    outputs: dict[str, Affine] = {}
    norms: dict[str, Gain] = {}
    for name, (point, local) in known.items():
        prefix = name.removesuffix(".out")
        if local != "out":
            continue
        if isinstance(point, Normalisation):
            norms[prefix] = Gain(None if point.gain is None else point.gain + point.shift, point.bias)
        elif isinstance(point, Attention):
            outputs[prefix] = Affine(point.module.out_proj.weight.T, point.module.out_proj.bias)
        elif isinstance(point, Output) and isinstance(point.module, nn.Linear):
            outputs[prefix] = Affine(point.module.weight.T, point.module.bias)
    return Learned(outputs=outputs, norms=norms, unembedding=_unembedding(examined))


def _unembedding(examined: Examined) -> Unembedding | None:
    """Return the linear map whose result is what the function returned; None if there is none."""
    found = examined.found.reshape(-1, examined.found.shape[-1])  # of one line
    for event in reversed(examined.events):
        if isinstance(event.module, nn.Linear) and same(event.found, found):
            return Unembedding(weight=event.module.weight, bias=event.module.bias)
    return None
