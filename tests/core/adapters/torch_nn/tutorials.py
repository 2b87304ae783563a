"""Models as tutorials build them, with arbitrary weights: what people have when they look for a tool.

translation         nn.Transformer with embeddings and a generator, tokens first; the same with the batch first, and
                    with norms first
language model      nn.TransformerEncoder under a causal mask
classifier          nn.TransformerEncoder with a padding mask, and a mean over tokens
gpt                 blocks of one's own around a bare nn.MultiheadAttention, with a boolean mask
alibi               the same with a float mask that holds a bias by distance
two widths          a decoder whose attention reads an encoder of another width (kdim, vdim)
annotated           post-norm blocks of one's own that ask for averaged weights
alone               one line without a batch axis
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

import glasshead
from glasshead import Subject

WIDTH, HEADS, INNER = 16, 4, 24
UNK, PAD, BOS, EOS = 0, 1, 2, 3
WORDS = ("<unk>", "<pad>", "<bos>", "<eos>", "the", "black", "white", "cat", "dog", "sees", "a", "small", "house")
MOTS = ("<unk>", "<pad>", "<bos>", "<eos>", "le", "chat", "chien", "noir", "voit", "un", "petit")
SOURCE = [BOS, 4, 5, 7, 9, 10, 8, EOS]
TARGET = [BOS, 4, 5, 7, 8, 9]


class PositionalEncoding(nn.Module):
    """Sinusoids, tokens first: x is q b m."""

    pe: Tensor

    def __init__(self, width: int, longest: int = 64) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        turns = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        at = torch.arange(longest).unsqueeze(1) * turns
        self.register_buffer("pe", torch.stack([at.sin(), at.cos()], -1).flatten(1).unsqueeze(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[: x.size(0)])


class TokenEmbedding(nn.Module):
    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.embedding, self.width = nn.Embedding(size, width), width

    def forward(self, tokens: Tensor) -> Tensor:
        return self.embedding(tokens.long()) * math.sqrt(self.width)


class Translation(nn.Module):
    """The model of PyTorch's tutorial on translation."""

    def __init__(self, **more: Any) -> None:
        super().__init__()
        self.transformer = nn.Transformer(WIDTH, HEADS, 2, 3, INNER, 0.1, **more)
        self.generator = nn.Linear(WIDTH, len(MOTS))
        self.src_tok_emb, self.tgt_tok_emb = TokenEmbedding(len(WORDS), WIDTH), TokenEmbedding(len(MOTS), WIDTH)
        self.positional_encoding = PositionalEncoding(WIDTH)
        self.first = bool(more.get("batch_first"))

    def place(self, x: Tensor) -> Tensor:
        return (
            self.positional_encoding(x.transpose(0, 1)).transpose(0, 1) if self.first else self.positional_encoding(x)
        )

    def forward(
        self, src: Tensor, tgt: Tensor, tgt_mask: Tensor | None, src_padding: Tensor, tgt_padding: Tensor
    ) -> Tensor:
        x, y = self.place(self.src_tok_emb(src)), self.place(self.tgt_tok_emb(tgt))
        return self.generator(
            self.transformer(
                x,
                y,
                tgt_mask=tgt_mask,
                src_key_padding_mask=src_padding,
                tgt_key_padding_mask=tgt_padding,
                memory_key_padding_mask=src_padding,
            )
        )

    def run(self, source: Tensor, target: Tensor) -> Tensor:
        """Make the masks and run, as the tutorial's training does."""
        length = target.shape[1 if self.first else 0]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        padding = [(ids if self.first else ids.T) == PAD for ids in (source, target)]
        return self(source, target, mask, *padding)


class LanguageModel(nn.Module):
    """The model of PyTorch's tutorial on language modelling."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_encoder = PositionalEncoding(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, 0.2)
        self.transformer_encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.embedding, self.linear = nn.Embedding(len(WORDS), WIDTH), nn.Linear(WIDTH, len(WORDS))

    def forward(self, src: Tensor, src_mask: Tensor) -> Tensor:
        x = self.pos_encoder(self.embedding(src) * math.sqrt(WIDTH))
        return self.linear(self.transformer_encoder(x, src_mask))

    def run(self, target: Tensor) -> Tensor:
        return self(target, nn.Transformer.generate_square_subsequent_mask(len(target)))


class Classifier(nn.Module):
    """Two classes from the mean over the tokens that are not padding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.place = nn.Embedding(len(WORDS), WIDTH, padding_idx=PAD), nn.Embedding(32, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, source: Tensor) -> Tensor:
        there = source != PAD
        x = self.embedding(source) + self.place(torch.arange(source.shape[1]))
        x = self.encoder(x, src_key_padding_mask=~there) * there.unsqueeze(-1)
        return self.head(x.sum(1) / there.sum(1, keepdim=True))


class Block(nn.Module):
    """A block of one's own, pre-norm."""

    def __init__(self) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, bias=False)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, INNER), nn.GELU(), nn.Linear(INNER, WIDTH), nn.Dropout(0.1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.ln1(x)
        y, _ = self.attn(y, y, y, attn_mask=mask, need_weights=False)
        x = x + y
        return x + self.mlp(self.ln2(x))


class Gpt(nn.Module):
    """Token and position tables, blocks, a last norm, a head."""

    def __init__(self, block: Callable[[], nn.Module] = Block, last: bool = True) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(len(WORDS), WIDTH), nn.Embedding(24, WIDTH)
        self.blocks = nn.ModuleList(block() for _ in range(3))
        self.ln_f = nn.LayerNorm(WIDTH) if last else nn.Identity()
        self.head = nn.Linear(WIDTH, len(WORDS), bias=False)

    def mask(self, length: int) -> Tensor:
        return torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)

    def forward(self, ids: Tensor) -> tuple[Tensor, None]:
        length = ids.shape[-1]
        x = self.wte(ids) + self.wpe(torch.arange(length))
        for block in self.blocks:
            x = block(x, self.mask(length))
        return self.head(self.ln_f(x)), None


class Alibi(Gpt):
    """Causal by −∞ in a float mask, with a slope for each head beside it (Press et al. 2022)."""

    def mask(self, length: int) -> Tensor:
        at = torch.arange(length)
        far = (at - at.unsqueeze(-1)).float()
        slopes = torch.tensor([2.0**-head for head in range(1, HEADS + 1)]).view(-1, 1, 1)
        return (slopes * far).masked_fill(far > 0, -torch.inf)


class TwoWidths(nn.Module):
    """One layer of each: the decoder's second attention reads keys and values of another width."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(len(WORDS), 12), nn.Embedding(len(MOTS), WIDTH)
        self.reader = nn.MultiheadAttention(12, 2, batch_first=True)
        self.writer = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.looker = nn.MultiheadAttention(WIDTH, HEADS, kdim=12, vdim=12, batch_first=True)
        self.norms = nn.ModuleList([nn.LayerNorm(12), nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])
        self.head = nn.Linear(WIDTH, len(MOTS))

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x, y = self.source(source), self.target(target)
        x = self.norms[0](x + self.reader(x, x, x)[0])
        hidden = torch.full((y.shape[1],) * 2, -1e9).triu(1)
        y = self.norms[1](y + self.writer(y, y, y, attn_mask=hidden)[0])
        y = self.norms[2](y + self.looker(y, x, x)[0])
        return self.head(y)


class Annotated(nn.Module):
    """A post-norm block of one's own, which keeps the averaged weights."""

    def __init__(self, first: bool = True) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=first)
        self.one, self.two = nn.LayerNorm(WIDTH, eps=1e-6), nn.LayerNorm(WIDTH, eps=1e-6)
        self.w1, self.w2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.weights: Tensor | None = None

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y, self.weights = self.attention(x, x, x, attn_mask=mask)
        x = self.one(x + y)
        return self.two(x + self.w2(torch.relu(self.w1(x))))


Norms = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tutorial:
    """One of them, and what is known of it without looking."""

    maker: Callable[[], Any]
    attentions: dict[str, str]
    """Prefix of each attention → path of its module."""
    norms: Norms
    """Prefix and place of each norm, in order."""
    inner: str = "relu"
    """Activation of its feed-forward layers; empty if it has none."""
    run: str = "run"
    """Method that runs it, or `forward`."""
    source: list[int] | None = None
    target: list[int] | None = None
    tokens: Any = WORDS
    more: dict[str, Any] = field(default_factory=dict)

    def module(self, seed: int = 0) -> Any:
        """Make the module with random weights, large enough that no attention is even."""
        torch.manual_seed(seed)
        module = self.maker().eval()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if parameter.dim() > 1:
                    parameter.mul_(0.5 if "emb" in name else 2)
                elif "norm" in name or "ln" in name:
                    parameter.add_(0.3 * torch.randn_like(parameter))
        return module

    def subject(self, module: Any, **more: Any) -> Subject:
        """Make a subject as its owner would."""
        return glasshead.subject(
            module, self.source, target=self.target, logits=getattr(module, self.run), tokens=self.tokens,
            **{**self.more, **more},
        )  # fmt: skip

    @property
    def writes(self) -> bool:
        return self.more.get("name") != "classifier"


def _norms(stack: str, layers: int, parts: tuple[str, ...], where: str, last: bool) -> Norms:
    each = tuple((f"{stack}.{layer}.{part}", where) for layer in range(layers) for part in parts)
    return each + (((stack, "last"),) if last else ())


def _translation(where: str, **more: Any) -> Tutorial:
    paths = {f"encoder.{n}.self": f"transformer.encoder.layers.{n}.self_attn" for n in range(2)}
    for n in range(3):
        paths[f"decoder.{n}.self"] = f"transformer.decoder.layers.{n}.self_attn"
        paths[f"decoder.{n}.cross"] = f"transformer.decoder.layers.{n}.multihead_attn"
    norms = _norms("encoder", 2, ("self", "ffn"), where, True)
    norms += _norms("decoder", 3, ("self", "cross", "ffn"), where, True)
    inner = more.get("activation", "relu")
    return Tutorial(lambda: Translation(**more), paths, norms, inner, source=SOURCE, tokens=(WORDS, MOTS))


def _blocks(maker: Callable[[], Any], path: str, norms: Norms, **more: Any) -> Tutorial:
    return Tutorial(maker, {f"decoder.{n}.self": path.format(n) for n in range(3)}, norms, **more)


GPT: dict[str, Any] = {"run": "forward", "target": TARGET}
PRE = _norms("decoder", 3, ("self", "ffn"), "pre", True)
TUTORIALS = {
    "translation": _translation("post"),
    "translation, batch first": _translation("post", batch_first=True),
    "translation, norms first": _translation("pre", norm_first=True, batch_first=True, activation="gelu"),
    "language model": Tutorial(
        LanguageModel, {f"decoder.{n}.self": f"transformer_encoder.layers.{n}.self_attn" for n in range(2)},
        _norms("decoder", 2, ("self", "ffn"), "post", False), target=TARGET,
    ),
    "classifier": Tutorial(
        Classifier, {f"encoder.{n}.self": f"encoder.layers.{n}.self_attn" for n in range(2)},
        _norms("encoder", 2, ("self", "ffn"), "post", False), inner="gelu", run="forward",
        source=[4, 5, 7, 9, 10, 8], more={"name": "classifier"},
    ),
    "gpt": _blocks(Gpt, "blocks.{}.attn", PRE, inner="gelu", **GPT),
    "alibi": _blocks(Alibi, "blocks.{}.attn", PRE, inner="gelu", **GPT),
    "annotated": _blocks(
        lambda: Gpt(Annotated, last=False), "blocks.{}.attention", _norms("decoder", 3, ("self", "ffn"), "post", False),
        **GPT,
    ),
    "alone": _blocks(
        lambda: Gpt(lambda: Annotated(first=False)), "blocks.{}.attention",
        _norms("decoder", 3, ("self", "ffn"), "post", True), **GPT,
    ),
    "two widths": Tutorial(
        TwoWidths, {"encoder.0.self": "reader", "decoder.0.self": "writer", "decoder.0.cross": "looker"},
        (("encoder.0.self", "post"), ("decoder.0.self", "post"), ("decoder.0.cross", "post")), inner="", run="forward",
        source=SOURCE, tokens=(WORDS, MOTS),
    ),
}  # fmt: skip
