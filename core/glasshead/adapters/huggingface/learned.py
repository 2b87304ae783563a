"""The learned maps of a model of Hugging Face: those behind the places where its values are seen.

How logits are made of the last vector is read from the model's configuration. Whether that is all, every view checks
against the model's own logits before it says anything (`analysis.lens`).
"""

from typing import Any

from torch import Tensor

from glasshead.adapters.huggingface.discover import is_map
from glasshead.adapters.points import Normalisation, Output, parameter
from glasshead.traces.reading import Affine, Gain, Learned, Unembedding

TIED_SCALED = ("switch_transformers", "udop", "umt5")
"""Relatives of T5 that scale the last vector by 1/√m where the output matrix is that of the embeddings."""


def learned_of(module: Any, known: dict[str, tuple[Any, str]], width: int) -> Learned:
    """Gather the learned maps at the known places. width: numbers of a vector of the stream."""
    outputs: dict[str, Affine] = {}
    norms: dict[str, Gain] = {}
    for name, (point, local) in known.items():
        prefix = name.removesuffix(".out")
        if local != "out":
            continue
        if isinstance(point, Normalisation):
            norms[prefix] = Gain(None if point.gain is None else point.gain.float() + point.shift, point.bias)
        elif isinstance(point, Output) and is_map(point.module) and (found := affine(point.module, width)) is not None:
            outputs[prefix] = found
    return Learned(outputs=outputs, norms=norms, unembedding=unembedding(module, width))


def affine(module: Any, width: int) -> Affine | None:
    """Return a linear map as it is used; None for one in a form of its own, such as a quantised one."""
    weight = parameter(module, "weight")
    if weight is None or not weight.is_floating_point() or weight.dim() != 2:
        return None
    turned = weight if type(module).__name__ == "Conv1D" else weight.T  # GPT-2 has in × out
    return Affine(turned, parameter(module, "bias")) if turned.shape[1] == width else None


def unembedding(module: Any, width: int) -> Unembedding | None:
    """Return the way from the last vector to the logits, by the names that configurations have for its parts."""
    last = module.get_output_embeddings()
    weight = None if last is None else parameter(last, "weight")
    if weight is None or not weight.is_floating_point() or weight.dim() != 2 or weight.shape[1] != width:
        return None
    config = module.config.get_text_config() if hasattr(module.config, "get_text_config") else module.config
    scale = float(getattr(config, "logit_scale", None) or 1) / float(getattr(config, "logits_scaling", None) or 1)
    tied = config.tie_word_embeddings and config.model_type in TIED_SCALED
    if getattr(config, "scale_decoder_outputs", tied):
        scale *= width**-0.5
    cap = getattr(config, "final_logit_softcapping", None)
    return Unembedding(
        weight=weight, bias=_bias(module, last), scale=scale, cap=None if cap is None else float(cap)
    )  # fmt: skip


def _bias(module: Any, last: Any) -> Tensor | None:
    """Return the bias of the logits: the map's own, and that which Marian and BART add."""
    own, added = parameter(last, "bias"), getattr(module, "final_logits_bias", None)
    if added is None or not bool(added.any()):
        return own
    return added[0] if own is None else own + added[0]
