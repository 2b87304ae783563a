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
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.attend import STAGES, attend, causal, neighbourhood
from glasshead.config import Config as Config
from glasshead.errors import GlassheadError
from glasshead.tap import Tap

ACTIVATIONS = {"relu": torch.relu, "gelu": F.gelu, "silu": F.silu}
"""Functions between the two maps of the feed-forward sub-layer. GELU is the exact one."""


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
        keys, values, bias = config.heads * config.key_width, config.heads * config.value_width, config.attention_bias
        self.query = nn.Linear(width, keys, bias)
        self.key = nn.Linear(source_width, keys, bias)
        self.value = nn.Linear(source_width, values, bias)
        self.output = nn.Linear(values, width, bias)

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
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor) -> Tensor:
        """Apply both linear maps: b q m → b q m."""
        hidden = self.see("hidden", self.inner(x))
        active = self.see("active", self.activation(hidden))
        return self.see("out", self.outer(active))


class LayerNorm(Watched):
    """Two steps: each token's vector to mean 0 and variance 1, then a gain and a bias for each of its m numbers.

    LayerNorm(x) = gain · (x − mean) / √(var + ε) + bias, with the population variance (Ba et al. 2016).
    """

    emits = ("mean", "var", "normed", "out")

    def __init__(self, width: int, eps: float = Config.norm_eps) -> None:
        super().__init__()
        self.gain, self.bias, self.eps = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token: b q m → b q m."""
        if self.tap is None:
            return F.layer_norm(x, x.shape[-1:], self.gain, self.bias, self.eps)
        if not torch.is_grad_enabled():
            return self.watch(x)
        var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        mean, var = self.tap("mean", mean), self.tap("var", var)
        normed = self.tap("normed", (x - mean) * torch.rsqrt(var + self.eps))
        return self.tap("out", torch.addcmul(self.bias, normed, self.gain))

    def watch(self, x: Tensor) -> Tensor:
        """Do the same in one kernel, which gives 1 / √(var + ε) too: both steps follow from it when somebody looks."""
        assert self.tap is not None
        out, mean, inverse = torch.native_layer_norm(x, x.shape[-1:], self.gain, self.bias, self.eps)
        if self.tap.edits("mean", "var", "normed"):
            return self.tap("out", self.edited(x, out, mean, inverse))
        self.tap("mean", mean)
        self.tap.later("var", lambda: self.variance(inverse), mean.nbytes)
        self.tap.later("normed", lambda: (x - mean) * inverse, x.nbytes)
        return self.tap("out", out)

    def variance(self, inverse: Tensor) -> Tensor:
        """Return the variance of which this is 1 / √(var + ε)."""
        return inverse.double().pow(-2).sub(self.eps).clamp_min(0.0).to(inverse)

    def edited(self, x: Tensor, out: Tensor, mean: Tensor, inverse: Tensor) -> Tensor:
        """Compute the vectors whose steps are edited once more; the others stay as they are, bit for bit."""
        assert self.tap is not None
        var = self.variance(inverse)
        new_mean, new_var = self.tap("mean", mean), self.tap("var", var)
        same = (new_mean == mean) & (new_var == var)
        normed = torch.where(same, (x - mean) * inverse, (x - new_mean) * torch.rsqrt(new_var + self.eps))
        new = self.tap("normed", normed)
        same &= (new == normed).all(-1, keepdim=True)
        return torch.where(same, out, torch.addcmul(self.bias, new, self.gain))


class Residual(Watched):
    """A sub-layer with its residual connection and normalisation: LayerNorm(x + sublayer(x)) (section 3.1)."""

    emits = ("resid",)

    def __init__(self, config: Config, width: int, sublayer: nn.Module) -> None:
        super().__init__()
        self.sublayer, self.norm = sublayer, LayerNorm(width, config.norm_eps)
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
    """Layers one above the other; a last LayerNorm after them in a pre-norm model, and where the shape asks for it."""

    def __init__(self, config: Config, width: int, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = LayerNorm(width, config.norm_eps) if config.norm == "pre" or config.final_norm else None

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
        self.max_length, self.scale = config.max_length, config.embedding_scale or math.sqrt(width)
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
        embed = self.see("embed", F.embedding(ids, self.weight) * self.scale)
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
        self.bias = nn.Parameter(torch.zeros(config.vocab_size)) if config.output_bias else None
        self.initialise()

    def initialise(self) -> None:
        """Draw embeddings from N(0, 1/√m), so variance 1 after × √m, and matrices Xavier-uniform; set biases to 0.

        The matrices of queries, keys and values are drawn 1/√2 as large, as if the three were one m × 3m matrix, like
        in torch.nn.MultiheadAttention and fairseq: the first scores then have a variance of 1/4, and attention begins
        nearly even. The paper does not say. With the full size, a post-norm model learns a corpus far more slowly.
        """
        if self.source.weight.is_meta:  # nothing to draw
            return
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
        return self.see("logits", F.linear(self.states(target, memory, memory_mask, past), self.projection, self.bias))

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
    """Return the positions that are not learned: max_length × width; zeros if there are none.

    On the device "meta", where numbers have no values, none are computed; `arange` would import TorchDynamo there.
    """
    if torch.empty(0).is_meta:
        return torch.empty(config.max_length, width)
    if config.positions == "none":
        return torch.zeros(config.max_length, width)
    return sinusoids(config.max_length, width, first=config.first_position, form=config.positions)


def sinusoids(positions: int, width: int, *, first: int = 0, form: str = "sinusoidal") -> Tensor:
    """Compute PE(pos, 2i) = sin(pos / 10000^(2i/m)), PE(pos, 2i+1) = cos(…): positions × width (section 3.5).

    form: as for `Config.positions`. In `tensor2tensor` the exponent is i / (⌊m/2⌋ − 1), and the last number of an odd
    width is 0.
    """
    position = torch.arange(first, first + positions, dtype=torch.float64).unsqueeze(-1)
    half = width // 2
    if form == "tensor2tensor":
        exponent = torch.arange(half, dtype=torch.float64) / max(half - 1, 1)
    else:
        exponent = torch.arange(0, width, 2, dtype=torch.float64) / width
    rate = torch.exp(exponent * -math.log(10_000.0))
    sines, cosines = torch.sin(position * rate), torch.cos(position * rate[:half])
    table = torch.zeros(positions, width, dtype=torch.float64)
    if form == "sinusoidal":
        table[:, 0::2], table[:, 1::2] = sines, cosines
    else:
        table[:, : len(rate) + half] = torch.cat([sines, cosines], -1)
    return table.float()
