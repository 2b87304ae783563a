"""Models as people write them, with attention of their own: healthy ones, and each with one fault planted.

Translator   reads a source and writes a target: model(source, target) → logits, padding 0
Gpt          writes: model(target) → logits; step(target, past) → logits, past
Tagger       reads: model(source) → a row for each token

A fault is a subclass that changes one method, as one slips in. All have the same weights from the same seed.
"""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, HEADS, SIZE, PAD = 16, 4, 19, 0


def sinusoids(positions: int, width: int) -> Tensor:
    turns = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    at = torch.arange(positions).unsqueeze(1) * turns
    return torch.stack([at.sin(), at.cos()], -1).flatten(1)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.drop = nn.Dropout(0.1)

    def split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], HEADS, -1).transpose(1, 2)

    def scale(self, scores: Tensor) -> Tensor:
        return scores / math.sqrt(WIDTH // HEADS)

    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return scores.masked_fill(hidden, -1e9).softmax(-1)

    def forward(self, x: Tensor, y: Tensor, hidden: Tensor, past: Any = None) -> Tensor:
        q, k, v = self.split(self.wq(x)), self.split(self.wk(y)), self.split(self.wv(y))
        if past is not None:
            k, v = past.join(self, k, v)
        weights = self.drop(self.weigh(self.scale(q @ k.transpose(-2, -1)), hidden))
        return self.wo((weights @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, attention: type[Attention], cross: bool) -> None:
        super().__init__()
        self.own, self.norm1, self.norm3 = attention(), nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        if cross:
            self.cross, self.norm2 = attention(), nn.LayerNorm(WIDTH)
        self.ffn = nn.Sequential(nn.Linear(WIDTH, 24), nn.ReLU(), nn.Linear(24, WIDTH), nn.Dropout(0.1))

    def forward(self, x: Tensor, hidden: Tensor, memory: Any = None, blind: Any = None, past: Any = None) -> Tensor:
        x = self.norm1(x + self.own(x, x, hidden, past))
        if memory is not None:
            x = self.norm2(x + self.cross(x, memory, blind))
        return self.norm3(x + self.ffn(x))


class Base(nn.Module):
    attention: type[Attention] = Attention
    pe: Tensor

    def __init__(self, encoder: int, decoder: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(SIZE, WIDTH)
        self.encoder = nn.ModuleList(Layer(self.attention, False) for _ in range(encoder))
        self.decoder = nn.ModuleList(Layer(self.attention, encoder > 0) for _ in range(decoder))
        self.head = nn.Linear(WIDTH, SIZE, bias=False)
        self.register_buffer("pe", self.table())
        self.tie()

    def tie(self) -> None:
        self.head.weight = self.embed.weight

    def table(self) -> Tensor:
        return sinusoids(64, WIDTH)

    def place(self, ids: Tensor, start: int = 0) -> Tensor:
        return self.embed(ids) * math.sqrt(WIDTH) + self.pe[start : start + ids.shape[1]]

    def causal(self, queries: int, keys: int) -> Tensor:
        """True where a query may not look."""
        return torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries + 1)

    def pads(self, ids: Tensor) -> Tensor:
        return (ids == PAD)[:, None, None, :]


class Translator(Base):
    def __init__(self) -> None:
        super().__init__(2, 2)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x, y = self.place(source), self.place(target)
        for layer in self.encoder:
            x = layer(x, self.pads(source))
        for layer in self.decoder:
            y = layer(y, self.causal(target.shape[1], target.shape[1]) | self.pads(target), x, self.pads(source))
        return self.head(y)


class ByHalves(Translator):
    """In a batch its last product is the sum of two halves: the same, but for where it is rounded."""

    def __init__(self) -> None:
        super().__init__()
        self.head.register_forward_hook(self.halved)

    def halved(self, head: nn.Module, given: tuple[Tensor], logits: Tensor) -> Tensor:
        assert isinstance(head, nn.Linear)
        halves = zip(given[0].chunk(2, -1), head.weight.chunk(2, -1), strict=True)
        return sum((x @ w.T for x, w in halves), torch.zeros_like(logits)) if len(logits) > 1 else logits


class Tagger(Base):
    def __init__(self) -> None:
        super().__init__(2, 0)

    def forward(self, source: Tensor) -> Tensor:
        x = self.place(source)
        for layer in self.encoder:
            x = layer(x, self.pads(source))
        return self.head(x)


class Past:
    """Keys and values of every attention."""

    def __init__(self) -> None:
        self.kept: dict[Any, tuple[Tensor, Tensor]] = {}
        self.length = 0

    def join(self, which: Any, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        if which in self.kept:
            key, value = (torch.cat([old, new], 2) for old, new in zip(self.kept[which], (key, value), strict=True))
        self.kept[which] = key, value
        return key, value

    def crop(self, length: int) -> None:
        self.kept = {which: (k[:, :, :length], v[:, :, :length]) for which, (k, v) in self.kept.items()}
        self.length = length


class Gpt(Base):
    past: type[Past] = Past

    def __init__(self) -> None:
        super().__init__(0, 2)

    def positions(self, target: Tensor) -> Tensor:
        """Counted from the first token that is no pad."""
        return ((target != PAD).cumsum(1) - 1).clamp_min(0)

    def forward(self, target: Tensor) -> Tensor:
        x = self.embed(target) * math.sqrt(WIDTH) + self.pe[self.positions(target)]
        for layer in self.decoder:
            x = layer(x, self.causal(target.shape[1], target.shape[1]) | self.pads(target))
        return self.head(x)

    def step(self, target: Tensor, past: Any) -> tuple[Tensor, Any]:
        past = self.past() if past is None else past
        x = self.place(target, past.length)
        hidden = self.hidden(target.shape[1], past.length + target.shape[1])
        for layer in self.decoder:
            x = layer(x, hidden, past=past)
        past.length += target.shape[1]
        return self.head(x), past

    def hidden(self, queries: int, keys: int) -> Tensor:
        return self.causal(queries, keys)


def made(kind: Any) -> Any:
    """A model in evaluation mode; every kind has the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model = kind()
        with torch.no_grad():
            for name, each in model.named_parameters():
                if name.endswith(("wq.weight", "wk.weight")):
                    each.mul_(3)
    return model.eval()


# The faults


class OffByOne(Translator):
    def causal(self, queries: int, keys: int) -> Tensor:
        return torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries + 2)


class NoMask(Translator):
    def causal(self, queries: int, keys: int) -> Tensor:
        return torch.zeros(queries, keys, dtype=torch.bool)


class Turned(Translator):
    def causal(self, queries: int, keys: int) -> Tensor:
        return torch.ones(queries, keys, dtype=torch.bool).tril(-1)


class AfterSoftmax(Attention):
    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return scores.softmax(-1).masked_fill(hidden, 0.0)


class MaskedAfterSoftmax(Translator):
    attention = AfterSoftmax


class Unscaled(Attention):
    def scale(self, scores: Tensor) -> Tensor:
        return scores


class NoScale(Translator):
    attention = Unscaled


class ByTheModel(Attention):
    def scale(self, scores: Tensor) -> Tensor:
        return scores / math.sqrt(WIDTH)


class ScaledByTheModel(Translator):
    attention = ByTheModel


class OtherAxis(Attention):
    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return scores.masked_fill(hidden, -1e9).softmax(-2)


class SoftmaxOverQueries(Translator):
    attention = OtherAxis


class Faint(Attention):
    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return scores.masked_fill(hidden, -9.0).softmax(-1)


class FaintMask(Translator):
    attention = Faint


class NoPads(Translator):
    def pads(self, ids: Tensor) -> Tensor:
        return torch.zeros(len(ids), 1, 1, ids.shape[1], dtype=torch.bool)


class EncoderAlonePadded(Translator):
    """The decoder looks at the pads of the source."""

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        x, y = self.place(source), self.place(target)
        for layer in self.encoder:
            x = layer(x, self.pads(source))
        for layer in self.decoder:
            y = layer(y, self.causal(target.shape[1], target.shape[1]), x, torch.zeros(1, dtype=torch.bool))
        return self.head(y)


class AcrossTheBatch(Translator):
    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        found = super().forward(source, target)
        return found + 0.1 * found.mean(0, keepdim=True)


class FromTheEnd(Translator):
    def place(self, ids: Tensor, start: int = 0) -> Tensor:
        return self.embed(ids) * math.sqrt(WIDTH) + self.pe[: ids.shape[1]].flip(0)


class AllHidden(Attention):
    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return scores.masked_fill(hidden, -math.inf).softmax(-1)


class NaNs(Translator):
    attention = AllHidden

    def causal(self, queries: int, keys: int) -> Tensor:
        return torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries)


class NeverOff(Attention):
    def weigh(self, scores: Tensor, hidden: Tensor) -> Tensor:
        return F.dropout(super().weigh(scores, hidden), 0.3)


class FunctionalDropout(Translator):
    attention = NeverOff


class OddTable(Translator):
    """Exponents of a width that is one too large."""

    def table(self) -> Tensor:
        return sinusoids(64, WIDTH + 2)[:, :WIDTH]


class NoPositions(Translator):
    def place(self, ids: Tensor, start: int = 0) -> Tensor:
        return self.embed(ids) * math.sqrt(WIDTH)


class AbsolutePositions(Gpt):
    def positions(self, target: Tensor) -> Tensor:
        return torch.arange(target.shape[1]).expand_as(target)


class Newest(Past):
    """Keeps the newest in place of the first."""

    def crop(self, length: int) -> None:
        self.kept = {which: (k[:, :, -length:], v[:, :, -length:]) for which, (k, v) in self.kept.items()}
        self.length = length


class CropsTheFirst(Gpt):
    past = Newest


class Uncounted(Past):
    def crop(self, length: int) -> None:
        kept = self.length
        super().crop(length)
        self.length = kept


class CountsOn(Gpt):
    """The keys are cropped; the position goes on, and the mask no longer fits the keys."""

    past = Uncounted


class AlignedAtTheFirst(Gpt):
    def hidden(self, queries: int, keys: int) -> Tensor:
        return torch.ones(queries, keys, dtype=torch.bool).triu(1)


class StartsAgain(Gpt):
    def place(self, ids: Tensor, start: int = 0) -> Tensor:
        return super().place(ids, 0)


class SeesLater(Tagger):
    """An encoder whose pads are not hidden."""

    def pads(self, ids: Tensor) -> Tensor:
        return torch.zeros(len(ids), 1, 1, ids.shape[1], dtype=torch.bool)


# Changes that change nothing


class WrittenOtherwise(Attention):
    """The same attention by einsum, with queries that are scaled before."""

    def forward(self, x: Tensor, y: Tensor, hidden: Tensor, past: Any = None) -> Tensor:
        q, k, v = self.split(self.wq(x) * (WIDTH // HEADS) ** -0.5), self.split(self.wk(y)), self.split(self.wv(y))
        if past is not None:
            k, v = past.join(self, k, v)
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k).masked_fill(hidden, -1e9)
        weights = torch.softmax(scores, dim=-1)
        return self.wo(torch.einsum("bhqk,bhkd->bhqd", self.drop(weights), v).transpose(1, 2).flatten(2))


class Fused(Attention):
    """The same attention by the fused kernel."""

    def forward(self, x: Tensor, y: Tensor, hidden: Tensor, past: Any = None) -> Tensor:
        q, k, v = self.split(self.wq(x)), self.split(self.wk(y)), self.split(self.wv(y))
        if past is not None:
            k, v = past.join(self, k, v)
        return self.wo(F.scaled_dot_product_attention(q, k, v, ~hidden).transpose(1, 2).flatten(2))


class ByEinsum(Translator):
    attention = WrittenOtherwise


class ByKernel(Translator):
    attention = Fused


class OtherMask(Translator):
    """The same mask, made in another way."""

    def causal(self, queries: int, keys: int) -> Tensor:
        at = torch.arange(keys)
        return at > at[keys - queries :].unsqueeze(-1)


def parted(model: Any, by: float) -> Any:
    """A copy whose head is a matrix of its own, as after a load that parts what was tied."""
    found = copy.deepcopy(model)
    signs = torch.randn(found.embed.weight.shape, generator=torch.Generator().manual_seed(0)).sign()
    found.head.weight = nn.Parameter(found.embed.weight.detach().clone() + by * signs)
    return found
