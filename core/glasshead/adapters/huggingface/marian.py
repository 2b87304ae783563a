"""The project's Transformer as Marian of Hugging Face, and back: the same numbers, under other names.

Marian is the paper's model with biases in its attentions. Its sinusoids are the paper's too, but all sines stand before
all cosines. So the m numbers of the residual stream change places, and with them the rows or columns of every matrix
that writes to the stream or reads from it. Nothing else changes: LayerNorm does not ask for an order, and a product
only sums in another one.
"""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from glasshead.config import Config
from glasshead.errors import GlassheadError, brief
from glasshead.model import Transformer, sinusoids

if TYPE_CHECKING:
    from glasshead.adapters.huggingface.model import HuggingFace

EPS = 1e-5
"""ε of all norms of Marian."""
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": "silu", "swish": "silu"}
"""Activations by Marian's names."""
READS, WRITES = 1, 0
"""Axis of the stream in a matrix that reads from it, and in one that writes to it or is of its width."""
ATTENTION = (
    ("query", "q_proj", READS),
    ("key", "k_proj", READS),
    ("value", "v_proj", READS),
    ("output", "out_proj", WRITES),
)
PARTS = (
    *((f"self.sublayer.{ours}", f"self_attn.{theirs}", axis) for ours, theirs, axis in ATTENTION),
    *((f"cross.sublayer.{ours}", f"encoder_attn.{theirs}", axis) for ours, theirs, axis in ATTENTION),
    ("ffn.sublayer.inner", "fc1", READS),
    ("ffn.sublayer.outer", "fc2", WRITES),
)
"""Linear maps of a layer: their names here and there, and the axis of the stream."""
NORMS = (("self", "self_attn"), ("cross", "encoder_attn"), ("ffn", "final"))
MUST = {
    "norm": "post", "final_norm": False, "norm_eps": EPS, "residual": True, "first_position": 0, "window": None,
    "masked": True, "scale": True,
}  # fmt: skip
"""Values of the fields that Marian leaves no choice."""


def parameters(config: Config) -> Iterator[tuple[str, str, int]]:
    """Yield the name of every parameter here, its name in Marian, and the axis of the stream in it.

    A bias has one axis, so one of a map that reads from the stream has none of that number, and keeps its order.
    """
    if config.share_embeddings:
        yield "source.weight", "model.shared.weight", READS
    else:
        yield "source.weight", "model.encoder.embed_tokens.weight", READS
        yield "target.weight", "model.decoder.embed_tokens.weight", READS
        yield "project.weight", "lm_head.weight", READS
    for stack, count in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        for number in range(count):
            here, there = f"{stack}.layers.{number}", f"model.{stack}.layers.{number}"
            for ours, theirs, axis in PARTS:
                if stack == "decoder" or not ours.startswith("cross"):
                    yield f"{here}.{ours}.weight", f"{there}.{theirs}.weight", axis
                    yield f"{here}.{ours}.bias", f"{there}.{theirs}.bias", axis
            for ours, theirs in NORMS:
                if stack == "decoder" or ours != "cross":
                    yield f"{here}.{ours}.norm.gain", f"{there}.{theirs}_layer_norm.weight", WRITES
                    yield f"{here}.{ours}.norm.bias", f"{there}.{theirs}_layer_norm.bias", WRITES


def values(config: Config) -> dict[str, Any]:
    """Write the entries of Marian's config.json. Raises GlassheadError, with the field, for a shape that it has not."""
    width = config.d_model
    wanted = {**MUST, **dict.fromkeys(("d_k", "d_v"), width // config.heads), "d_encoder": width}
    found = {**vars(config), "d_k": config.key_width, "d_v": config.value_width, "d_encoder": config.encoder_width}
    for name, value in wanted.items():
        if found[name] != value:
            raise _impossible(name, found[name], f"always has {brief(value)}")
    if config.positions not in ("sinusoidal", "halves"):
        raise _impossible("positions", config.positions, "computes the paper's sinusoids by itself")
    if len(config.prefix) > 1:
        raise _impossible("prefix", config.prefix, "begins a target with two tokens at most")
    scaled = config.embedding_scale in (None, math.sqrt(width))
    if not scaled and config.embedding_scale != 1:
        raise _impossible("embedding_scale", config.embedding_scale, "has √d_model or 1")
    both = {
        f"{stack}_{name}": value
        for stack in ("encoder", "decoder")
        for name, value in (
            ("layers", getattr(config, f"{stack}_layers")), ("attention_heads", config.heads), ("ffn_dim", config.d_ff)
        )
    }  # fmt: skip
    return {
        "architectures": ["MarianMTModel"], "model_type": "marian", "is_encoder_decoder": True, "dtype": "float32",
        "vocab_size": config.source_size, "decoder_vocab_size": config.vocab_size, "d_model": width, **both,
        "max_position_embeddings": config.max_length, "activation_function": config.activation,
        "scale_embedding": scaled, "share_encoder_decoder_embeddings": config.share_embeddings,
        "tie_word_embeddings": config.share_embeddings, "dropout": config.dropout, "attention_dropout": 0.0,
        "activation_dropout": 0.0, "pad_token_id": config.pad_id, "bos_token_id": config.bos_id,
        "decoder_start_token_id": config.bos_id, "eos_token_id": config.eos_id, "forced_eos_token_id": None,
    }  # fmt: skip


def _impossible(name: str, value: object, other: str) -> GlassheadError:
    return GlassheadError(f"{name} is {brief(value)}; Marian of Hugging Face {other}, so this model cannot become one.")


def weights(model: Transformer) -> dict[str, Tensor]:
    """Give the weights of a model the names and the order of Marian. Biases that it has not are zeros."""
    config, own = model.config, model.state_dict()
    order = halves_of(config.d_model) if config.positions == "sinusoidal" else torch.arange(config.d_model)
    found = {"final_logits_bias": (torch.zeros(config.vocab_size) if model.bias is None else model.bias).unsqueeze(0)}
    for here, there, axis in parameters(config):
        value = own[here] if here in own else torch.zeros(len(own[f"{here.removesuffix('bias')}weight"]))
        found[there] = _ordered(value, axis, order)
    return {name: value.detach().to("cpu", torch.float32) for name, value in found.items()}


def halves_of(width: int) -> Tensor:
    """Return the order that puts the sines of interleaved positions before their cosines."""
    return torch.cat([torch.arange(0, width, 2), torch.arange(1, width, 2)])


def _ordered(value: Tensor, axis: int, order: Tensor) -> Tensor:
    return value.index_select(axis, order) if axis < value.dim() else value


def transformer(model: "HuggingFace") -> Transformer:
    """Make a Transformer of a Marian, with the same numbers. Raises GlassheadError, with the entry, if that cannot be.

    Biases that are all zero are left out. Positions that Marian would not compute itself are taken for learned ones.
    """
    there: Mapping[str, Tensor] = {name: value.float() for name, value in model.module.state_dict().items()}
    config = shape(model, there)
    order = torch.arange(config.d_model)
    if config.positions == "sinusoidal":
        order = halves_of(config.d_model).argsort()
    with torch.random.fork_rng(devices=[]):
        found = Transformer(config)
    own = found.state_dict()
    for here, name, axis in parameters(config):
        if here in own:
            own[here].copy_(_ordered(there[name], axis, order))
    for side, stack in (("source", "encoder"), ("target", "decoder")):
        if f"{side}.positions" in own:
            own[f"{side}.positions"].copy_(there[f"model.{stack}.embed_positions.weight"])
    if found.bias is not None:
        own["bias"].copy_(there["final_logits_bias"][0])
    return found.eval().requires_grad_(False)


def shape(model: "HuggingFace", weights: Mapping[str, Tensor]) -> Config:
    """Find the Config of a Marian. Raises GlassheadError, with the entry of its config.json, if there is none."""
    theirs, marks = model.module.config, model.marks
    for name in ("attention_heads", "ffn_dim"):
        encoder, decoder = getattr(theirs, f"encoder_{name}"), getattr(theirs, f"decoder_{name}")
        if encoder != decoder:
            raise GlassheadError(f"encoder_{name} is {encoder} and decoder_{name} {decoder}; here both are the same.")
    if theirs.activation_function not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise GlassheadError(f"activation_function is {brief(theirs.activation_function)}; known here: {known}.")
    if len(model.ends) > 1:
        raise GlassheadError(f"eos_token_id names {len(model.ends)} tokens; here there is one end token, or none.")
    if not marks.start:
        raise GlassheadError("decoder_start_token_id is missing; a target begins with at least one token.")
    end = next(iter(model.ends), None)
    if marks.before or marks.after not in ((), (end,)):
        raise GlassheadError("its tokenizer sets other tokens around a source than the end token.")
    first = weights["model.encoder.embed_tokens.weight"]
    table = sinusoids(theirs.max_position_embeddings, theirs.d_model, form="halves")
    places = [weights[f"model.{stack}.embed_positions.weight"] for stack in ("encoder", "decoder")]
    biases = [value for name, value in weights.items() if name.endswith("_proj.bias")]
    return Config(
        vocab_size=weights["lm_head.weight"].shape[0],
        source_vocab_size=first.shape[0] if first.shape[0] != weights["lm_head.weight"].shape[0] else None,
        share_embeddings=all(
            torch.equal(first, weights[name]) for name in ("model.decoder.embed_tokens.weight", "lm_head.weight")
        ),
        d_model=theirs.d_model, heads=theirs.encoder_attention_heads, d_ff=theirs.encoder_ffn_dim,
        encoder_layers=theirs.encoder_layers, decoder_layers=theirs.decoder_layers, dropout=float(theirs.dropout),
        attention_bias=any(bool(bias.any()) for bias in biases),
        activation=ACTIVATIONS[theirs.activation_function],  # type: ignore[arg-type]
        embedding_scale=None if theirs.scale_embedding else 1.0,
        positions="sinusoidal" if all(torch.allclose(place, table, atol=1e-5) for place in places) else "learned",
        output_bias=bool(weights["final_logits_bias"].any()), max_length=theirs.max_position_embeddings,
        pad_id=marks.pad, bos_id=marks.start[0], prefix=marks.start[1:], eos_id=end,
        source_end=end is None or bool(marks.after),
    )  # fmt: skip
