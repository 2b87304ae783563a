"""The learned maps of a model of Hugging Face: those behind the places where its values are seen.

How logits are made of the last vector is read from the model's configuration. Whether that is all, every view checks
against the model's own logits before it says anything (`analysis.lens`).
"""

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from glasshead.adapters.huggingface.discover import is_map, is_norm
from glasshead.adapters.points import Normalisation, Output, parameter
from glasshead.traces.reading import Affine, Gain, Head, Learned, Unembedding

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
            norms[prefix] = _gain(point)
        elif isinstance(point, Output) and is_map(point.module) and (found := affine(point.module, width)) is not None:
            outputs[prefix] = found
    return Learned(outputs=outputs, norms=norms, unembedding=unembedding(module, width))


def _gain(norm: Normalisation) -> Gain:
    return Gain(None if norm.gain is None else norm.gain.float() + norm.shift, norm.bias)


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
    if weight is None or not weight.is_floating_point() or weight.dim() != 2:
        return None
    head = head_of(module, last, width, weight.shape[1])
    if head is None and weight.shape[1] != width:
        return None
    config = module.config.get_text_config() if hasattr(module.config, "get_text_config") else module.config
    scale = float(getattr(config, "logit_scale", None) or 1) / float(getattr(config, "logits_scaling", None) or 1)
    tied = config.tie_word_embeddings and config.model_type in TIED_SCALED
    if getattr(config, "scale_decoder_outputs", tied):
        scale *= width**-0.5
    cap = getattr(config, "final_logit_softcapping", None)
    return Unembedding(
        weight=weight, bias=_bias(module, last), scale=scale, cap=None if cap is None else float(cap), head=head
    )  # fmt: skip


def head_of(module: Any, last: Any, width: int, inner: int) -> Head | None:
    """Find what lies between the layers and the output matrix: a linear map, an activation and a norm; else None.

    last: the output matrix · inner: numbers that it is given
    """
    parts = _between(module, last)
    maps = [each for each in parts if is_map(each) and each.weight.shape in ((inner, width), (width, inner))]
    norms = [each for each in parts if is_norm(each)]
    acts = [each for each in parts if next(each.parameters(), None) is None and each not in norms]
    if len(maps) != 1 or len(norms) != 1 or len(acts) > 1 or (dense := affine(maps[0], inner)) is None:
        return None
    try:
        norm = Normalisation(norms[0], inner)
    except ValueError:
        return None
    # RoBERTa and those that follow it call the function, and have no module for it.
    return Head(
        dense=dense, activation=acts[0] if acts else F.gelu, gain=_gain(norm), eps=norm.eps, rms=norm.rms
    )  # fmt: skip


def _between(module: Any, last: Any) -> list[Any]:
    """List the smallest parts of a model that are neither in its body nor the output matrix, as far as they compute."""
    for owner in reversed(list(module.modules())):  # the decoder of a model put together of two comes before the whole
        body = getattr(owner, "base_model", owner)
        own = set() if body is owner else set(owner.modules()) - set(body.modules())
        if last in own:
            smallest = (each for each in owner.modules() if each in own and next(each.children(), None) is None)
            idle = "Dropout", "Identity", "Loss"
            return [each for each in smallest if each is not last and not type(each).__name__.endswith(idle)]
    return []


def _bias(module: Any, last: Any) -> Tensor | None:
    """Return the bias of the logits: the map's own, or that of the head around it, with what Marian and BART add."""
    own, added = parameter(last, "bias"), getattr(module, "final_logits_bias", None)
    around = next((each for each in module.modules() if last in each.children()), None)
    beside = None if around is None else parameter(around, "bias")
    if own is None and isinstance(beside, Tensor) and beside.shape == last.weight.shape[:1]:  # ESM
        own = beside
    if added is None or not bool(added.any()):
        return own
    return added[0] if own is None else own + added[0]
