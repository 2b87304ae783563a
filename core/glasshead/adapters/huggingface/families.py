"""Where the parts of each family of models lie in its modules. Strings only, no torch.

Paths are those of the whole model, as `named_modules` has them; in a Block they begin at the layer. A part that a model
of the family lacks (a size without positions, a layer without norm) simply has no site.
"""

from dataclasses import dataclass
from typing import Literal

from glasshead.site import Side

Where = Literal["pre", "post"]
Joint = Literal["", "parts", "heads"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One sub-layer of a layer."""

    part: Literal["self", "cross", "ffn"]
    output: str
    """Its last linear map, whose result is added to the residual stream; empty if there is no such map."""
    norm: str
    attention: str = ""
    """The module that calls the attention function."""
    after: str = ""
    """A second norm, of the sub-layer's output before it is added."""
    query: str = ""
    """Of an attention that rotates: the module that gives q before the rotation."""
    key: str = ""
    """The same of k; empty if `query` gives both."""
    joint: Joint = ""
    """How one module gives q, k and v: all heads of q, then of k, then of v; or for each head its q, k and v."""
    heads_first: bool = False
    """Whether q and k before the rotation come as b h q d, not as b q h d."""
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
    segment: str = ""
    """The embedding of the segment that a token belongs to."""
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
    remarks: tuple[str, ...] = ()


PARALLEL = "parallel sub-layers"
"""Remark on a model whose attention and feed-forward layer read the same stream, and are added at once."""
UNSEEN = "encoder not shown"
ROTARY = "rotary positions"
"""Remark on a model that rotates q and k: they are shown so, and before it as q_unrotated and k_unrotated."""


def _fairseq(path: str, where: Where, *, cross: bool = False, last: str = "", first: str = "") -> Stack:
    """One stack as fairseq built them. last, first: the norms after all layers, and of the embeddings."""
    own = Block(part="self", attention="self_attn", output="self_attn.out_proj", norm="self_attn_layer_norm")
    other = Block(
        part="cross", attention="encoder_attn", output="encoder_attn.out_proj", norm="encoder_attn_layer_norm"
    )
    ffn = Block(part="ffn", inner="fc1", output="fc2", norm="final_layer_norm")
    return Stack(
        name="encoder" if path.endswith("encoder") else "decoder", layers=f"{path}.layers", where=where,
        blocks=(own, other, ffn) if cross else (own, ffn), embed=f"{path}.embed_tokens",
        position=f"{path}.embed_positions", first=first and f"{path}.{first}", last=last and f"{path}.{last}",
    )  # fmt: skip


def _bart(where: Where, *, last: str = "", first: str = "") -> Family:
    encoder = _fairseq("model.encoder", where, last=last, first=first)
    return Family(stacks=(encoder, _fairseq("model.decoder", where, cross=True, last=last, first=first)))


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


def _alone(stack: Stack, *remarks: str) -> Family:
    """A model of one stack."""
    return Family(stacks=(stack,), remarks=remarks)


def _llama(*, between: bool = False, fused: bool = False, heads_first: bool = False) -> Family:
    """A decoder with rotated queries and keys and a gated feed-forward layer.

    between: norms after sub-layers too · fused: one map for q, k and v, and one for both halves of the gate.
    """
    own = Block(
        part="self", attention="self_attn", output="self_attn.o_proj", norm="input_layernorm",
        after="post_attention_layernorm" if between else "",
        query="self_attn.qkv_proj" if fused else "self_attn.q_norm|self_attn.q_proj",
        key="" if fused else "self_attn.k_norm|self_attn.k_proj",
        joint="parts" if fused else "", heads_first=heads_first,
    )  # fmt: skip
    ffn = Block(
        part="ffn", inner="" if fused else "mlp.up_proj", gate="" if fused else "mlp.gate_proj",
        output="mlp.down_proj", norm="pre_feedforward_layernorm" if between else "post_attention_layernorm",
        after="post_feedforward_layernorm" if between else "",
    )  # fmt: skip
    stack = Stack(
        name="decoder", layers="model.layers", where="pre", embed="model.embed_tokens", last="model.norm",
        blocks=(own, ffn),
    )  # fmt: skip
    return _alone(stack, ROTARY)


def _bert(layers: str, own: Block, ffn: Block) -> Family:
    """An encoder whose embeddings have a norm of their own. layers: path of the layers."""
    home = f"{layers.split('.')[0]}.embeddings"
    stack = Stack(
        name="encoder", layers=layers, where="post", embed=f"{home}.word_embeddings",
        position=f"{home}.position_embeddings", segment=f"{home}.token_type_embeddings",
        first=f"{home}.LayerNorm", blocks=(own, ffn),
    )  # fmt: skip
    return _alone(stack)


BERT = (
    Block(part="self", attention="attention.self", output="attention.output.dense", norm="attention.output.LayerNorm"),
    Block(part="ffn", inner="intermediate.dense", output="output.dense", norm="output.LayerNorm"),
)
DISTILBERT = (
    Block(part="self", attention="attention", output="attention.out_lin", norm="sa_layer_norm"),
    Block(part="ffn", inner="ffn.lin1", output="ffn.lin2", norm="output_layer_norm"),
)
MODERNBERT = Stack(
    name="encoder", layers="model.layers", where="pre", embed="model.embeddings.tok_embeddings",
    first="model.embeddings.norm", last="model.final_norm",
    blocks=(
        Block(
            part="self", attention="attn", output="attn.Wo", norm="attn_norm", query="attn.Wqkv", joint="parts",
        ),
        Block(part="ffn", output="mlp.Wo", norm="mlp_norm"),
    ),
)  # fmt: skip
GPT2 = Stack(
    name="decoder", layers="transformer.h", where="pre", embed="transformer.wte", position="transformer.wpe",
    last="transformer.ln_f",
    blocks=(
        Block(part="self", attention="attn", output="attn.c_proj", norm="ln_1"),
        Block(part="ffn", inner="mlp.c_fc", output="mlp.c_proj", norm="ln_2"),
    ),
)  # fmt: skip
NEOX = Stack(
    name="decoder", layers="gpt_neox.layers", where="pre", embed="gpt_neox.embed_in",
    last="gpt_neox.final_layer_norm", parallel=True,
    blocks=(
        Block(
            part="self", attention="attention", output="attention.dense", norm="input_layernorm",
            query="attention.query_key_value", joint="heads",
        ),
        Block(part="ffn", inner="mlp.dense_h_to_4h", output="mlp.dense_4h_to_h", norm="post_attention_layernorm"),
    ),
)  # fmt: skip

FAMILIES: dict[str, Family] = {
    "marian": _bart("post"),
    "bart": _bart("post", first="layernorm_embedding"),
    "mbart": _bart("pre", last="layer_norm", first="layernorm_embedding"),
    **dict.fromkeys(("pegasus", "m2m_100"), _bart("pre", last="layer_norm")),
    # What the encoder does over 1,500 frames of sound is not shown: its weights alone would fill gigabytes.
    "whisper": _alone(
        _fairseq("model.decoder", "pre", cross=True, last="layer_norm"),
        UNSEEN, "q holds the scale",
    ),
    **dict.fromkeys(("t5", "mt5"), _t5()),
    "gpt2": _alone(GPT2),
    "opt": _alone(_fairseq("model.decoder", "pre", last="final_layer_norm")),
    "gpt_neox": _alone(NEOX, PARALLEL, ROTARY),
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), _llama()),
    "phi3": _llama(fused=True),
    "gemma2": _llama(between=True),
    "gemma3_text": _llama(between=True, heads_first=True),
    **{name: _bert(f"{name}.encoder.layer", *BERT) for name in ("bert", "roberta", "electra")},
    "distilbert": _bert("distilbert.transformer.layer", *DISTILBERT),
    "modernbert": _alone(MODERNBERT, ROTARY),
}  # fmt: skip
"""Families by the `model_type` of their config.json."""

HEARING = frozenset({"whisper"})
"""Types of models that hear sound."""
ALONE = "computes its attention by itself, where it cannot be watched: it is not on Hugging Face's attention registry"
NONE = "has no attention: its layers bring the tokens together in another way, which no view shows"
UNSHOWN = {
    **dict.fromkeys(
        (
            "bloom", "deberta", "deberta-v2", "falcon", "fsmt", "gpt_neo", "gptj", "led", "longformer", "mpt",
            "prophetnet", "xglm", "xlnet",
        ),
        ALONE,
    ),
    **dict.fromkeys(("rwkv", "xlstm"), NONE),
    "gpt_oss": "has attention sinks, weights that look at no token, which no view can show yet",
}  # fmt: skip
"""Reason why models of a type are refused. Of any other type that is in no table, loading tells."""
