"""The shape of a Transformer as plain data, without torch. A departure from the paper is a field that names it."""

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin

from glasshead.errors import GlassheadError, brief

LARGEST = 2**31 - 1
"""Largest value of every size: the product of two still fits into 64 bits."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The shape of a Transformer. The defaults are the base model of the paper (table 3); departures from it are named.

    Raises GlassheadError for an impossible shape.
    """

    vocab_size: int = 37_000
    """Subwords of the target; also of the source, unless `source_vocab_size` is given."""
    source_vocab_size: int | None = None
    """Subwords of the source if it has a separate vocabulary."""
    share_embeddings: bool = True
    """One matrix for source embedding, target embedding and output projection (section 3.4)."""
    d_model: int = 512
    """Width m of the residual stream."""
    d_encoder: int | None = None
    """Width of the encoder, so of the key and value inputs of encoder–decoder attention. Departure: the paper's is
    d_model."""
    heads: int = 8
    d_k: int | None = None
    """Width of one query or key. Departure if it is not d_model / heads."""
    d_v: int | None = None
    """Width of one value. Departure if it is not d_model / heads."""
    d_ff: int = 2048
    encoder_layers: int = 6
    decoder_layers: int = 6
    dropout: float = 0.1
    """Dropout on the output of every sub-layer and on embedding + position (section 5.4), nowhere else."""
    attention_bias: bool = False
    """True departs from the paper: the four projections of an attention have biases (torch.nn, fairseq, Marian)."""
    activation: Literal["relu", "gelu", "silu"] = "relu"
    """Activation of the feed-forward sub-layer. `gelu` and `silu` (swish) depart from the paper."""
    norm: Literal["post", "pre"] = "post"
    """Place of the norms. `pre` departs from the paper: x + f(LayerNorm(x)), and a LayerNorm after each stack."""
    final_norm: bool = False
    """True departs from the paper: in a post-norm model too, a LayerNorm after each stack (torch.nn.Transformer)."""
    norm_eps: float = 1e-5
    """ε of every LayerNorm; the paper does not say."""
    residual: bool = True
    """False departs from the paper to show the effect: a layer is LayerNorm(sublayer(x)), without x itself."""
    embedding_scale: float | None = None
    """Factor of the embeddings. Departure if it is not √d_model."""
    positions: Literal["sinusoidal", "halves", "tensor2tensor", "learned", "none"] = "sinusoidal"
    """`halves` departs from the paper: all sines stand before all cosines (Marian in Hugging Face). `tensor2tensor`
    too, and the slowest rate is exactly 1/10,000 (also fairseq). `learned` departs from the base model: a table of
    parameters (table 3, row E). `none` departs to show the effect: the model does not know the positions of tokens."""
    first_position: int = 0
    """Number of the first token's sinusoid. Departure: fairseq counts from `pad_id` + 1."""
    window: int | None = None
    """Departure: self-attention sees only a neighbourhood of this many positions around the query q (section 4), from
    q − window // 2 to q + (window − 1) // 2; masked self-attention keeps those up to the query."""
    masked: bool = True
    """False departs from the paper to show the effect: a decoder that reads many tokens at once lets each see those
    after it."""
    scale: bool = True
    """False departs from the paper to show the effect: scores are q·k, not q·k / √d_k."""
    output_bias: bool = False
    """True departs from the paper: a bias is added to the logits (Marian)."""
    max_length: int = 512
    """Longest source or target, in tokens."""
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int | None = 2
    """End of a source and of a target. None departs from the paper: a target ends by its length alone."""
    prefix: tuple[int, ...] = ()
    """Departure: ids that follow `bos_id` at the beginning of every target, e.g. that of a language."""
    source_end: bool = True
    """False departs from the usual: a source is read without `eos_id` at its end."""

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value, choices = field.name, getattr(self, field.name), get_args(field.type)
            if field.type is bool:
                if not isinstance(value, bool):
                    raise GlassheadError(f"{name} is {brief(value)}; it is either True or False.")
            elif get_origin(field.type) is Literal:
                if value not in choices:
                    first, *others, last = map(repr, choices)
                    listed = ", ".join((f"{first} (the paper)", *others))
                    raise GlassheadError(f"{name} is {brief(value)}; it is {listed} or {last}.")
            elif name == "prefix":
                if not isinstance(value, tuple | list):
                    raise GlassheadError(f"{name} is {brief(value)}; it must be a list of ids.")
                for each in value:
                    _check_whole("prefix has an id that", each, least=0)
                object.__setattr__(self, name, tuple(value))  # JSON has lists
            elif value is not None or type(None) not in choices:
                if field.type is int or int in choices:
                    _check_whole(name, value, least=0 if name.endswith("_id") or name == "first_position" else 1)
                elif name != "dropout":
                    _check_positive(name, value)
        if (self.d_k is None or self.d_v is None) and self.d_model % self.heads:
            raise GlassheadError(
                f"{self.heads} heads do not divide d_model {self.d_model}: choose another number, or give d_k and d_v."
            )
        if isinstance(self.dropout, str | bool | None) or not 0 <= self.dropout < 1:
            raise GlassheadError(f"dropout is {brief(self.dropout)}; it is a probability of at least 0 and below 1.")
        if self.share_embeddings and (self.encoder_width, self.source_size) != (self.d_model, self.vocab_size):
            raise GlassheadError(
                "One shared embedding matrix needs one vocabulary and one width: "
                "say share_embeddings=False with source_vocab_size or d_encoder."
            )
        if self.eos_id == self.pad_id:
            raise GlassheadError(f"pad_id and eos_id are both {self.pad_id}: padding would hide the end of a sentence.")
        for size, ids in ((self.source_size, self.source_ends), (self.vocab_size, (*self.start, *self.ends))):
            if (largest := max((self.pad_id, *ids))) >= size:
                raise GlassheadError(f"The special token {largest} is not among {size} tokens of the vocabulary.")

    @property
    def key_width(self) -> int:
        """d_k, the width of one query or key."""
        return self.d_k or self.d_model // self.heads

    @property
    def value_width(self) -> int:
        """d_v, the width of one value."""
        return self.d_v or self.d_model // self.heads

    @property
    def encoder_width(self) -> int:
        """Width of the encoder's residual stream."""
        return self.d_encoder or self.d_model

    @property
    def source_size(self) -> int:
        """Size of the source's vocabulary."""
        return self.source_vocab_size or self.vocab_size

    @property
    def start(self) -> tuple[int, ...]:
        """Ids that every target begins with."""
        return (self.bos_id, *self.prefix)

    @property
    def ends(self) -> tuple[int, ...]:
        """Ids that end a target: one, or none."""
        return () if self.eos_id is None else (self.eos_id,)

    @property
    def source_ends(self) -> tuple[int, ...]:
        """Ids at the end of every source: one, or none."""
        return self.ends if self.source_end else ()

    @property
    def score_scale(self) -> float:
        """Factor of q·k: 1/√d_k, or 1 without scaling."""
        return self.key_width**-0.5 if self.scale else 1.0

    @property
    def departures(self) -> tuple[str, ...]:
        """Departures from the paper in a few words each, those of the arithmetic first."""
        positions = {"halves": "sinusoids in halves", "tensor2tensor": "tensor2tensor's sinusoids"}
        said = {
            "pre-norm": self.norm == "pre",
            "norms after the stacks": self.final_norm and self.norm == "post",
            f"ε {self.norm_eps:g}": self.norm_eps != Config.norm_eps,
            "no residual connections": not self.residual,
            "scores not scaled": not self.scale,
            f"window {self.window}": self.window is not None,
            "biases in attention": self.attention_bias,
            {"gelu": "GELU", "silu": "SiLU"}.get(self.activation, ""): self.activation != "relu",
            f"embeddings × {self.embedding_scale or 1:g}": self.embedding_scale is not None,
            positions.get(self.positions, f"{self.positions} positions"): self.positions != "sinusoidal",
            f"positions from {self.first_position}": self.first_position > 0,
            "a bias on the logits": self.output_bias,
            "no end token": self.eos_id is None,
            "sources without an end token": self.eos_id is not None and not self.source_end,
            f"{len(self.start)} start tokens": bool(self.prefix),
        }
        return tuple(words for words, departs in said.items() if departs)


HUGE = 1e18
"""Largest number of a field that is no count: whole ones beyond it do not fit into 64 bits."""


def _check_whole(name: str, value: Any, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise GlassheadError(f"{name} is {brief(value)}; it must be a whole number.")
    if value < least:
        raise GlassheadError(f"{name} is {brief(value)}; it must be at least {least}.")
    if value > LARGEST:
        raise GlassheadError(f"{name} is {brief(value)}; it must be at most {LARGEST:,}.")


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise GlassheadError(f"{name} is {brief(value)}; it must be a number above 0.")
    if value > HUGE:
        raise GlassheadError(f"{name} is {brief(value)}; it must be at most {HUGE:g}.")
