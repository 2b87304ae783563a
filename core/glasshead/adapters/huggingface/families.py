"""Where the parts of each family of models lie in its modules. Strings only, no torch.

Paths are those of the whole model, as `named_modules` has them; in a Block they begin at the layer. A part that a model
of the family lacks (a size without positions, a layer without norm) simply has no site.
"""

from dataclasses import dataclass, field
from typing import Literal

from glasshead.site import Side

Where = Literal["pre", "post"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One sub-layer of a layer."""

    part: Literal["self", "cross", "ffn"]
    output: str
    """Its last linear map, whose result is added to the residual stream."""
    norm: str
    attention: str = ""
    """The module that calls the attention function."""
    after: str = ""
    """A second norm, of the sub-layer's output before it is added."""
    inner: str = ""
    """Of a feed-forward sub-layer: the first linear map; of a gated one that of the ungated half."""
    gate: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack of layers with its embedding."""

    name: Literal["encoder", "decoder"]
    layers: str
    blocks: tuple[Block, ...]
    where: Where
    embed: str
    position: str = ""
    first: str = ""
    """A norm of the embeddings."""
    last: str = ""
    """A norm after all layers."""
    parallel: bool = False
    """Whether all sub-layers of a layer read the same stream, and are added at once."""

    @property
    def side(self) -> Side:
        """The side of its tokens."""
        return "source" if self.name == "encoder" else "target"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Where to find the parts of a family."""

    stacks: tuple[Stack, ...]
    remarks: tuple[str, ...] = field(default=())


def _bart(where: Where, *, last: bool, first: bool = False) -> Family:
    """Encoder and decoder as fairseq built them."""
    own = Block(part="self", attention="self_attn", output="self_attn.out_proj", norm="self_attn_layer_norm")
    cross = Block(
        part="cross", attention="encoder_attn", output="encoder_attn.out_proj", norm="encoder_attn_layer_norm"
    )
    ffn = Block(part="ffn", inner="fc1", output="fc2", norm="final_layer_norm")

    def stack(name: Literal["encoder", "decoder"], *blocks: Block) -> Stack:
        return Stack(
            name=name, layers=f"model.{name}.layers", blocks=blocks, where=where, embed=f"model.{name}.embed_tokens",
            position=f"model.{name}.embed_positions", first=f"model.{name}.layernorm_embedding" if first else "",
            last=f"model.{name}.layer_norm" if last else "",
        )  # fmt: skip

    return Family(stacks=(stack("encoder", own, ffn), stack("decoder", own, cross, ffn)))


def _t5() -> Family:
    def stack(name: Literal["encoder", "decoder"]) -> Stack:
        own = Block(
            part="self", attention="layer.0.SelfAttention", output="layer.0.SelfAttention.o", norm="layer.0.layer_norm"
        )
        cross = Block(
            part="cross", attention="layer.1.EncDecAttention", output="layer.1.EncDecAttention.o",
            norm="layer.1.layer_norm",
        )  # fmt: skip
        end = f"layer.{1 if name == 'encoder' else 2}"
        ffn = Block(
            part="ffn", inner=f"{end}.DenseReluDense.wi|{end}.DenseReluDense.wi_1", gate=f"{end}.DenseReluDense.wi_0",
            output=f"{end}.DenseReluDense.wo", norm=f"{end}.layer_norm",
        )  # fmt: skip
        return Stack(
            name=name, layers=f"{name}.block", blocks=(own, ffn) if name == "encoder" else (own, cross, ffn),
            where="pre", embed=f"{name}.embed_tokens", last=f"{name}.final_layer_norm",
        )  # fmt: skip

    return Family(stacks=(stack("encoder"), stack("decoder")))


def _llama(*, between: bool = False, fused: bool = False) -> Family:
    """A decoder with rotated queries and keys and a gated feed-forward layer. between: norms after sub-layers too."""
    return Family(
        stacks=(
            Stack(
                name="decoder", layers="model.layers", where="pre", embed="model.embed_tokens", last="model.norm",
                blocks=(
                    Block(
                        part="self", attention="self_attn", output="self_attn.o_proj", norm="input_layernorm",
                        after="post_attention_layernorm" if between else "",
                    ),
                    Block(
                        part="ffn", inner="" if fused else "mlp.up_proj", gate="" if fused else "mlp.gate_proj",
                        output="mlp.down_proj",
                        norm="pre_feedforward_layernorm" if between else "post_attention_layernorm",
                        after="post_feedforward_layernorm" if between else "",
                    ),
                ),
            ),
        ),
        remarks=("rotary positions: q and k are shown rotated",),
    )  # fmt: skip


def _bert(name: str) -> Family:
    return Family(
        stacks=(
            Stack(
                name="encoder", layers=f"{name}.encoder.layer", where="post",
                embed=f"{name}.embeddings.word_embeddings", position=f"{name}.embeddings.position_embeddings",
                first=f"{name}.embeddings.LayerNorm",
                blocks=(
                    Block(
                        part="self", attention="attention.self", output="attention.output.dense",
                        norm="attention.output.LayerNorm",
                    ),
                    Block(part="ffn", inner="intermediate.dense", output="output.dense", norm="output.LayerNorm"),
                ),
            ),
        )
    )  # fmt: skip


DISTILBERT = Family(
    stacks=(
        Stack(
            name="encoder", layers="distilbert.transformer.layer", where="post",
            embed="distilbert.embeddings.word_embeddings", position="distilbert.embeddings.position_embeddings",
            first="distilbert.embeddings.LayerNorm",
            blocks=(
                Block(part="self", attention="attention", output="attention.out_lin", norm="sa_layer_norm"),
                Block(part="ffn", inner="ffn.lin1", output="ffn.lin2", norm="output_layer_norm"),
            ),
        ),
    )
)  # fmt: skip
MODERNBERT = Family(
    stacks=(
        Stack(
            name="encoder", layers="model.layers", where="pre", embed="model.embeddings.tok_embeddings",
            first="model.embeddings.norm", last="model.final_norm",
            blocks=(
                Block(part="self", attention="attn", output="attn.Wo", norm="attn_norm"),
                Block(part="ffn", output="mlp.Wo", norm="mlp_norm"),
            ),
        ),
    ),
    remarks=("rotary positions: q and k are shown rotated",),
)  # fmt: skip
GPT2 = Family(
    stacks=(
        Stack(
            name="decoder", layers="transformer.h", where="pre", embed="transformer.wte", position="transformer.wpe",
            last="transformer.ln_f",
            blocks=(
                Block(part="self", attention="attn", output="attn.c_proj", norm="ln_1"),
                Block(part="ffn", inner="mlp.c_fc", output="mlp.c_proj", norm="ln_2"),
            ),
        ),
    )
)  # fmt: skip
OPT = Family(
    stacks=(
        Stack(
            name="decoder", layers="model.decoder.layers", where="pre", embed="model.decoder.embed_tokens",
            position="model.decoder.embed_positions", last="model.decoder.final_layer_norm",
            blocks=(
                Block(part="self", attention="self_attn", output="self_attn.out_proj", norm="self_attn_layer_norm"),
                Block(part="ffn", inner="fc1", output="fc2", norm="final_layer_norm"),
            ),
        ),
    )
)  # fmt: skip
NEOX = Family(
    stacks=(
        Stack(
            name="decoder", layers="gpt_neox.layers", where="pre", embed="gpt_neox.embed_in",
            last="gpt_neox.final_layer_norm", parallel=True,
            blocks=(
                Block(part="self", attention="attention", output="attention.dense", norm="input_layernorm"),
                Block(
                    part="ffn", inner="mlp.dense_h_to_4h", output="mlp.dense_4h_to_h", norm="post_attention_layernorm"
                ),
            ),
        ),
    ),
    remarks=("rotary positions: q and k are shown rotated",),
)  # fmt: skip

FAMILIES: dict[str, Family] = {
    "marian": _bart("post", last=False),
    "bart": _bart("post", last=False, first=True),
    "mbart": _bart("pre", last=True, first=True),
    "pegasus": _bart("pre", last=True),
    "m2m_100": _bart("pre", last=True),
    "t5": _t5(),
    "mt5": _t5(),
    "gpt2": GPT2,
    "opt": OPT,
    "gpt_neox": NEOX,
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), _llama()),
    "phi3": _llama(fused=True),
    "gemma2": _llama(between=True),
    "gemma3_text": _llama(between=True),
    **{name: _bert(name) for name in ("bert", "roberta", "electra")},
    "distilbert": DISTILBERT,
    "modernbert": MODERNBERT,
}
"""Families by the `model_type` of their config.json."""
