"""The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), readable in one sitting.

An encoder reads the source, a decoder writes the target one token after the other; both are stacks of layers, each
layer two or three sub-layers, each sub-layer wrapped in a residual connection and a layer normalisation:

    encoder layer:  x → LayerNorm(x + SelfAttention(x))
                      → LayerNorm(x + FeedForward(x))
    decoder layer:  x → LayerNorm(x + MaskedSelfAttention(x))
                      → LayerNorm(x + CrossAttention(x, encoder output))
                      → LayerNorm(x + FeedForward(x))

Axes: b batch · h heads · q query positions · k key positions · d width of one head · m model width · f feed-forward
width · v vocabulary. Every module hands the values that it names in `emits` to its tap, if it has one (see tap.py).
"""

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.attend import STAGES, attend, causal, neighbourhood
from glasshead.errors import GlassheadError, brief
from glasshead.tap import Tap

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
    """Width of the encoder, so of the key and value inputs of cross-attention. Departure: the paper's is d_model."""
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
    norm: Literal["post", "pre"] = "post"
    """Place of the norms. `pre` departs from the paper: x + f(LayerNorm(x)), and a LayerNorm after each stack."""
    residual: bool = True
    """False departs from the paper to show the effect: a layer is LayerNorm(sublayer(x)), without x itself."""
    positions: Literal["sinusoidal", "learned", "none"] = "sinusoidal"
    """`learned` departs from the base model: a table of parameters (table 3, row E). `none` departs from the paper to
    show the effect: the model does not know the positions of tokens."""
    window: int | None = None
    """Departure: self-attention sees only a neighbourhood of this many positions around the query q (section 4), from
    q − window // 2 to q + (window − 1) // 2; masked self-attention keeps those up to the query."""
    masked: bool = True
    """False departs from the paper to show the effect: a decoder that reads many tokens at once lets each see those
    after it."""
    scale: bool = True
    """False departs from the paper to show the effect: scores are q·k, not q·k / √d_k."""
    max_length: int = 512
    """Longest source or target, in tokens."""
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if field.type is bool:
                if not isinstance(value, bool):
                    raise GlassheadError(f"{name} is {brief(value)}; it is either True or False.")
            elif field.type is int or (field.type == int | None and value is not None):
                least = 0 if name.endswith("_id") else 1
                if not isinstance(value, int) or isinstance(value, bool):
                    raise GlassheadError(f"{name} is {brief(value)}; it must be a whole number.")
                if value < least:
                    raise GlassheadError(f"{name} is {brief(value)}; it must be at least {least}.")
                if value > LARGEST:
                    raise GlassheadError(f"{name} is {brief(value)}; it must be at most {LARGEST:,}.")
        if (self.d_k is None or self.d_v is None) and self.d_model % self.heads:
            raise GlassheadError(
                f"{self.heads} heads do not divide d_model {self.d_model}: choose another number, or give d_k and d_v."
            )
        if isinstance(self.dropout, str | bool | None) or not 0 <= self.dropout < 1:
            raise GlassheadError(f"dropout is {brief(self.dropout)}; it is a probability of at least 0 and below 1.")
        if self.norm not in ("post", "pre"):
            raise GlassheadError(f"norm is {brief(self.norm)}; it is 'post' (the paper) or 'pre'.")
        if self.positions not in ("sinusoidal", "learned", "none"):
            raise GlassheadError(
                f"positions is {brief(self.positions)}; it is 'sinusoidal' (the paper), 'learned' or 'none'."
            )
        if self.share_embeddings and (self.encoder_width, self.source_size) != (self.d_model, self.vocab_size):
            raise GlassheadError(
                "One shared embedding matrix needs one vocabulary and one width: "
                "say share_embeddings=False with source_vocab_size or d_encoder."
            )
        largest = max(self.pad_id, self.bos_id, self.eos_id)
        if largest >= min(self.vocab_size, self.source_size):
            raise GlassheadError(
                f"The special token {largest} is not among {self.vocab_size} tokens of the vocabulary."
            )

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
    def score_scale(self) -> float:
        """Factor of q·k: 1/√d_k, or 1 without scaling."""
        return self.key_width**-0.5 if self.scale else 1.0


class Past(Protocol):
    """The memory of one attention between steps of decoding (see decoding/cache.py)."""

    def join(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values of new positions (b h k d); return all so far."""

    @property
    def fixed(self) -> tuple[Tensor, Tensor] | None:
        """Keys and values that need not be computed again, e.g. those of the source after the first step."""


class Watched(nn.Module):
    """A module whose values can be seen and replaced; its tap is None until `listen` sets one."""

    tap: Tap | None = None
    emits: tuple[str, ...] = ()

    def see(self, name: str, value: Tensor) -> Tensor:
        """Show a value to the tap; return it, or its replacement."""
        return value if self.tap is None else self.tap(name, value)


class Attention(Watched):
    """MultiHead(Q, K, V) = Concat(head_1 … head_h) W_O, head_i = Attention(Q W_Qi, K W_Ki, V W_Vi) (section 3.2.2).

    Queries come from x, keys and values from `source`, which may be of another width and length.
    """

    emits = (*STAGES, "out")

    def __init__(self, config: Config, width: int, source_width: int) -> None:
        super().__init__()
        self.heads, self.scale = config.heads, config.score_scale
        self.query = nn.Linear(width, config.heads * config.key_width, bias=False)
        self.key = nn.Linear(source_width, config.heads * config.key_width, bias=False)
        self.value = nn.Linear(source_width, config.heads * config.value_width, bias=False)
        self.output = nn.Linear(config.heads * config.value_width, width, bias=False)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None, past: Past | None = None) -> Tensor:
        """Attend from x to `source`: b q m. x: b q m · source: b k m · mask: to b h q k, True where x may look."""
        query = self.split(self.query(x))
        if past is not None and past.fixed is not None:
            key, value = past.fixed
        else:
            key, value = self.split(self.key(source)), self.split(self.value(source))
            if past is not None:
                key, value = past.join(key, value)
        heads = attend(query, key, value, mask, scale=self.scale, tap=self.tap)
        return self.see("out", self.output(heads.transpose(1, 2).flatten(2)))

    def split(self, x: Tensor) -> Tensor:
        """Split into heads: b q (h d) → b h q d."""
        batch, positions, width = x.shape
        return x.view(batch, positions, self.heads, width // self.heads).transpose(1, 2)


class FeedForward(Watched):
    """Position-wise: FFN(x) = max(0, x W_1 + b_1) W_2 + b_2 (section 3.3)."""

    emits = ("hidden", "active", "out")

    def __init__(self, config: Config, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, config.d_ff)
        self.outer = nn.Linear(config.d_ff, width)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both linear maps: b q m → b q m."""
        hidden = self.see("hidden", self.inner(x))
        active = self.see("active", torch.relu(hidden))
        return self.see("out", self.outer(active))


class LayerNorm(Watched):
    """Two steps: each token's vector to mean 0 and variance 1, then a gain and a bias for each of its m numbers.

    LayerNorm(x) = gain · (x − mean) / √(var + ε) + bias, with the population variance (Ba et al. 2016).
    """

    emits = ("mean", "var", "normed", "out")

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.gain, self.bias, self.eps = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token: b q m → b q m."""
        if self.tap is None:
            return F.layer_norm(x, x.shape[-1:], self.gain, self.bias, self.eps)
        if not torch.is_grad_enabled() and not self.tap.edits("mean", "var", "normed"):
            return self.watch(x)
        var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        mean, var = self.tap("mean", mean), self.tap("var", var)
        normed = self.tap("normed", (x - mean) * torch.rsqrt(var + self.eps))
        return self.tap("out", torch.addcmul(self.bias, normed, self.gain))

    def watch(self, x: Tensor) -> Tensor:
        """Do the same in one kernel, which gives 1 / √(var + ε) too: both steps follow from it when somebody looks."""
        assert self.tap is not None
        out, mean, inverse = torch.native_layer_norm(x, x.shape[-1:], self.gain, self.bias, self.eps)
        self.tap("mean", mean)
        self.tap.later("var", lambda: inverse.double().pow(-2).sub(self.eps).clamp_min(0.0).to(inverse))
        self.tap.later("normed", lambda: (x - mean) * inverse)
        return self.tap("out", out)


class Residual(Watched):
    """A sub-layer with its residual connection and normalisation: LayerNorm(x + sublayer(x)) (section 3.1)."""

    emits = ("resid",)

    def __init__(self, config: Config, width: int, sublayer: nn.Module) -> None:
        super().__init__()
        self.sublayer, self.norm = sublayer, LayerNorm(width)
        self.dropout, self.pre, self.kept = nn.Dropout(config.dropout), config.norm == "pre", config.residual

    def forward(self, x: Tensor, *source: Tensor, mask: Tensor | None = None, past: Past | None = None) -> Tensor:
        """Apply sub-layer, residual and norm: b q m → b q m. source: input of keys and values, x in self-attention."""
        if self.pre:
            return self.see("resid", self.join(x, self.apply_to(self.norm(x), *source, mask=mask, past=past)))
        return self.norm(self.see("resid", self.join(x, self.apply_to(x, *source, mask=mask, past=past))))

    def apply_to(self, x: Tensor, *source: Tensor, mask: Tensor | None, past: Past | None) -> Tensor:
        """Compute the output of the sub-layer."""
        if isinstance(self.sublayer, Attention):
            return self.sublayer(x, source[0] if source else x, mask, past)
        return self.sublayer(x)

    def join(self, x: Tensor, y: Tensor) -> Tensor:
        """Apply the residual connection: x + y, or only y without one."""
        return self.add(x, y) if self.kept else self.dropout(y)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Add y to x, with dropout on y in training."""
        return x + (self.dropout(y) if self.training else y)


class EncoderLayer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.encoder_width
        self.self = Residual(config, width, Attention(config, width, width))
        self.ffn = Residual(config, width, FeedForward(config, width))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Apply both sub-layers: b q m → b q m."""
        return self.ffn(self.self(x, mask=mask))


class DecoderLayer(nn.Module):
    """Masked self-attention, attention to the encoder's output, then feed-forward."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.d_model
        self.self = Residual(config, width, Attention(config, width, width))
        self.cross = Residual(config, width, Attention(config, width, config.encoder_width))
        self.ffn = Residual(config, width, FeedForward(config, width))

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Tensor | None,
        memory_mask: Tensor | None,
        past: tuple[Past | None, Past | None],
    ) -> Tensor:
        """Apply the three sub-layers: b q m. x: b q m · memory: b k m, the encoder's output."""
        x = self.self(x, mask=mask, past=past[0])
        x = self.cross(x, memory, mask=memory_mask, past=past[1])
        return self.ffn(x)


class Stack(Watched):
    """Layers one above the other; a last LayerNorm after them only in a pre-norm model."""

    def __init__(self, config: Config, width: int, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = LayerNorm(width) if config.norm == "pre" else None

    def end(self, x: Tensor) -> Tensor:
        """Compute the output of the stack: b q m."""
        return x if self.norm is None else self.norm(x)


class Encoder(Stack):
    """The stack that reads the source."""

    emits = ("out",)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Apply all layers: b q m → b q m."""
        for layer in self.layers:
            x = layer(x, mask)
        return self.see("out", self.end(x))


class Decoder(Stack):
    """The stack that writes the target."""

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, memory_mask: Tensor | None, past: Any = None
    ) -> Tensor:
        """Apply all layers: b q m. x: b q m · memory: b k m."""
        for number, layer in enumerate(self.layers):
            x = layer(x, memory, mask, memory_mask, (None, None) if past is None else past[number])
        return self.end(x)


class Embedding(Watched):
    """Token embeddings × √d_model, plus positions (sections 3.4 and 3.5)."""

    emits = ("embed", "position", "sum")

    def __init__(self, config: Config, size: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size, width))
        self.dropout = nn.Dropout(config.dropout)
        self.max_length = config.max_length
        self.positions: Tensor
        if config.positions == "learned":
            self.positions = nn.Parameter(torch.empty(config.max_length, width))
        else:
            self.register_buffer("positions", fixed_positions(config, width), persistent=False)

    def forward(self, ids: Tensor, start: int = 0) -> Tensor:
        """Embed ids (b q) from position `start` on: b q m. Raises GlassheadError beyond the longest length."""
        end = start + ids.shape[-1]
        if end > self.max_length:
            raise GlassheadError(f"{end} tokens are more than the {self.max_length} that this model can take.")
        embed = self.see("embed", F.embedding(ids, self.weight) * math.sqrt(self.weight.shape[-1]))
        position = self.see("position", self.positions[start:end].unsqueeze(0))
        return self.dropout(self.see("sum", embed + position))


class Transformer(Watched):
    """The whole model. `model(source, target)` computes the logits of the token that follows each target token."""

    emits = ("logits",)

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.source = Embedding(config, config.source_size, config.encoder_width)
        self.encoder = Encoder(
            config, config.encoder_width, [EncoderLayer(config) for _ in range(config.encoder_layers)]
        )
        self.target = Embedding(config, config.vocab_size, config.d_model)
        self.decoder = Decoder(config, config.d_model, [DecoderLayer(config) for _ in range(config.decoder_layers)])
        self.project: nn.Linear | None = None
        if config.share_embeddings:
            self.target.weight = self.source.weight
        else:
            self.project = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.initialise()

    def initialise(self) -> None:
        """Draw embeddings from N(0, 1/√m), so variance 1 after × √m, and matrices Xavier-uniform; set biases to 0.

        The matrices of queries, keys and values are drawn 1/√2 as large, as if the three were one m × 3m matrix, like
        in torch.nn.MultiheadAttention and fairseq: the first scores then have a variance of 1/4, and attention begins
        nearly even. The paper does not say. With the full size, a post-norm model learns a corpus far more slowly.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, Embedding):
                nn.init.normal_(module.weight, std=module.weight.shape[-1] ** -0.5)
                if isinstance(module.positions, nn.Parameter):
                    nn.init.normal_(module.positions, std=module.weight.shape[-1] ** -0.5)
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, Attention):
                    for each in (module.query, module.key, module.value):
                        each.weight.mul_(2**-0.5)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Compute logits: b q v. source: b k ids · target: b q ids; both padded at the end with `pad_id`.

        Padding of the target needs no mask: it stands after every real token, where the causal mask hides it.
        Raises GlassheadError for anything but a batch of ids.
        """
        for name, ids in (("source", source), ("target", target)):
            if not isinstance(ids, Tensor) or ids.dim() != 2 or ids.dtype not in (torch.int32, torch.int64):
                given = f"{ids.dtype} {tuple(ids.shape)}" if isinstance(ids, Tensor) else type(ids).__name__
                raise GlassheadError(
                    f"The {name} is {given}; give ids, a torch.int64 tensor with a row for each sentence."
                )
        memory_mask = self.padding_mask(source)
        return self.decode(target, self.encode(source, memory_mask), memory_mask)

    def padding_mask(self, source: Tensor) -> Tensor:
        """Make the padding mask of a source: b 1 1 k, True at tokens, False at padding."""
        return (source != self.config.pad_id)[:, None, None, :]

    def encode(self, source: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the encoder's output: b k m. source: b k ids · mask: b 1 1 k, None if nothing is padded."""
        if self.tap is not None:
            self.tap.begin(0)
        if self.config.window is not None:
            local = neighbourhood(source.shape[-1], self.config.window, device=source.device)
            mask = local if mask is None else mask & local
        return self.encoder(self.source(source), mask)

    def decode(self, target: Tensor, memory: Tensor, memory_mask: Tensor | None = None, past: Any = None) -> Tensor:
        """Compute logits: b q v. target: b q ids · memory: b k m · past: the cache of earlier steps, if any.

        With a past, `target` holds only the new tokens, and the logits are theirs.
        """
        return self.see("logits", F.linear(self.states(target, memory, memory_mask, past), self.projection))

    def states(self, target: Tensor, memory: Tensor, memory_mask: Tensor | None = None, past: Any = None) -> Tensor:
        """Compute the decoder's output, of which `decode` makes logits: b q m."""
        start = 0 if past is None else past.length
        if self.tap is not None:
            self.tap.begin(start)
        new, window = target.shape[-1], self.config.window
        # A single new token is the last: it may look at all tokens before it, and needs a mask only with a window.
        mask = None
        if self.config.masked and (new > 1 or window is not None):
            mask = causal(new, start + new, window=window, device=target.device)
        return self.decoder(self.target(target, start), memory, mask, memory_mask, past)

    @property
    def projection(self) -> Tensor:
        """Matrix that makes logits of the decoder's output: v m."""
        return self.target.weight if self.project is None else self.project.weight


def fixed_positions(config: Config, width: int) -> Tensor:
    """Return the positions that are not learned: max_length × width; zeros if there are none."""
    return sinusoids(config.max_length, width) if config.positions != "none" else torch.zeros(config.max_length, width)


def sinusoids(positions: int, width: int) -> Tensor:
    """Compute PE(pos, 2i) = sin(pos / 10000^(2i/m)), PE(pos, 2i+1) = cos(…): positions × width (section 3.5)."""
    position = torch.arange(positions, dtype=torch.float64).unsqueeze(-1)
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10_000.0) / width))
    table = torch.empty(positions, width, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate[: width // 2])
    return table.float()
