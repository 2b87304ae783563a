"""Four models that are not the project's own, each a few lines of torch: what the protocols must be wide enough for.

    gpt         a decoder alone whose query heads share heads of keys; begins with a prompt
    t5          encoder and decoder with a position bias and scale 1; the start token is that of padding
    gemma       a decoder alone with a soft cap and alternating windows
    bert        an encoder alone: reads, and writes nothing

Numbers are arbitrary. Nothing here comes from `glasshead.model`: a module offers its values by `emits` and `tap`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.adapters.native import pad_lines
from glasshead.anatomy import Anatomy, Attending, Kind, Norm
from glasshead.attend import STAGES, attend, causal
from glasshead.decoding.cache import Cache
from glasshead.decoding.protocols import Limits, Memory, Past, Prompt
from glasshead.site import Side
from glasshead.subjects import Subject
from glasshead.tap import Change, Listening, Tap, listen, sites
from glasshead.text import Token, Vocabulary

WIDTH, HEADS, LAYERS, SIZE = 16, 4, 3, 29
PAD, END = 0, 2
NAMES = ("gpt", "t5", "gemma", "bert")


@dataclass(frozen=True)
class Traits:
    """How a model differs from the paper's."""

    encoder: bool = True
    decoder: bool = True
    key_heads: int = HEADS
    scale: float = (WIDTH // HEADS) ** -0.5
    cap: float | None = None
    biased: bool = False
    windows: tuple[int | None, ...] = (None,) * LAYERS
    """Positions of the past that each layer of a decoder sees, its own included."""


TRAITS = {
    "gpt": Traits(encoder=False, key_heads=2),
    "t5": Traits(scale=1.0, biased=True),
    "gemma": Traits(encoder=False, cap=2.0, windows=(3, None, 3)),
    "bert": Traits(decoder=False),
}


class Watched(nn.Module):
    """A module whose values can be watched."""

    tap: Tap | None = None
    emits: tuple[str, ...] = ()

    def see(self, name: str, value: Tensor) -> Tensor:
        return value if self.tap is None else self.tap(name, value)


class Attention(Watched):
    """Grouped heads of keys, a bias by distance, a cap and a window, as the traits say."""

    emits: tuple[str, ...] = (*STAGES, "out")

    def __init__(self, traits: Traits, own: bool, window: int | None) -> None:
        super().__init__()
        self.traits, self.window = traits, window
        if traits.biased and own:
            self.emits = (*STAGES[:3], "bias", *STAGES[3:], "out")
            self.bias = nn.Parameter(torch.randn(HEADS, 8))
        each = WIDTH // HEADS
        self.q, self.output = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.k, self.v = (nn.Linear(WIDTH, traits.key_heads * each) for _ in range(2))

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None, past: Any) -> Tensor:
        q, k, v = (self.split(each) for each in (self.q(x), self.k(source), self.v(source)))
        if past is not None:
            k, v = past.fixed or past.join(k, v)
        group = HEADS // self.traits.key_heads
        tap = self.tap
        if tap is not None:  # keys and values are seen as they are, and shared out after that
            k, v = tap("k", k), tap("v", v)

            def shared(name: str, value: Tensor) -> Tensor:
                return value if name in ("k", "v") else tap(name, value)

        bias = None
        if hasattr(self, "bias"):
            rows = torch.arange(k.shape[2] - q.shape[2], k.shape[2])
            far = (rows.unsqueeze(-1) - torch.arange(k.shape[2])).abs().clamp(max=7)
            bias = self.bias[:, far].unsqueeze(0)
        if self.window is not None:
            rows = torch.arange(k.shape[2] - q.shape[2], k.shape[2]).unsqueeze(-1)
            near = (torch.arange(k.shape[2]) <= rows) & (torch.arange(k.shape[2]) > rows - self.window)
            mask = near if mask is None else mask & near
        heads = attend(
            q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), mask,
            scale=self.traits.scale, bias=bias, cap=self.traits.cap, tap=None if tap is None else shared,
        )  # fmt: skip
        return self.see("out", self.output(heads.transpose(1, 2).flatten(2)))

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, WIDTH // HEADS)).transpose(1, 2)


class RMS(Watched):
    """x / √(mean of x² + ε) · (1 + w): no mean is taken."""

    emits = ("rms", "normed", "out")

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        rms = self.see("rms", x.square().mean(-1, keepdim=True).sqrt())
        normed = self.see("normed", x * torch.rsqrt(rms.square() + 1e-6))
        return self.see("out", normed * (1 + self.gain))


class Block(Watched):
    """x + attention(norm(x)), and its own norm: pre-norm, as most models since the paper."""

    emits = ("resid",)

    def __init__(self, traits: Traits, own: bool, window: int | None = None) -> None:
        super().__init__()
        self.norm, self.sublayer = RMS(), Attention(traits, own, window)

    def forward(self, x: Tensor, source: Tensor | None, mask: Tensor | None, past: Any = None) -> Tensor:
        y = self.norm(x)
        return self.see("resid", x + self.sublayer(y, y if source is None else source, mask, past))


class Layer(nn.Module):
    """A block for each attention."""

    def __init__(self, traits: Traits, cross: bool, window: int | None) -> None:
        super().__init__()
        self.self = Block(traits, True, window)
        if cross:
            self.cross = Block(traits, False)


class Stack(nn.Module):
    """Layers; `layers` is left out of the names of sites."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)


class Net(Watched):
    """Embedding, stacks, logits."""

    emits: tuple[str, ...] = ("logits",)

    def __init__(self, traits: Traits) -> None:
        super().__init__()
        self.embed = nn.Embedding(SIZE, WIDTH)
        if traits.encoder:
            self.encoder = Stack([Layer(traits, False, None) for _ in range(LAYERS)])
        if traits.decoder:
            self.decoder = Stack([Layer(traits, traits.encoder, window) for window in traits.windows])
        else:
            self.emits = ()


class Stranger:
    """Such a model as decoding asks for it."""

    def __init__(self, name: str) -> None:
        torch.manual_seed(NAMES.index(name))
        self.traits = TRAITS[name]
        self.net = Net(self.traits).eval().requires_grad_(False)
        self.limits = Limits(text=20, target=24 if self.traits.decoder else 0)
        self.ends, self.size, self.training = frozenset({END, 28}), SIZE, False
        self.device = torch.device("cpu")
        self.anatomy = self._anatomy()

    def prompt(self, ids: Sequence[int]) -> Prompt:
        if not self.traits.encoder:
            return Prompt((), (1, *ids))
        return Prompt((*ids, END), (PAD,) if self.traits.decoder else ())

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        if not self.traits.encoder:
            return None
        ids, mask = pad_lines(sources, PAD, self.device)
        self._begin(0)
        x = self.net.embed(ids)
        for layer in self.net.encoder:
            x = layer.self(x, None, mask)
        return Memory(x, mask)

    def past(self) -> Cache:
        return Cache(LAYERS)

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        kept: Any = past
        start = 0 if past is None else past.length
        self._begin(start)
        x = self.net.embed(ids)
        mask = causal(ids.shape[1], start + ids.shape[1])
        for number, layer in enumerate(self.net.decoder):
            own, other = (None, None) if past is None else kept[number]
            x = layer.self(x, None, mask, own)
            if memory is not None:
                x = layer.cross(x, memory.states, memory.mask, other)
        return self.net.see("logits", x @ self.net.embed.weight.T)

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> Listening:
        return listen(self.net, keep, edit)

    def _begin(self, start: int) -> None:
        if self.net.tap is not None:
            self.net.tap.begin(start)

    def _anatomy(self) -> Anatomy:
        traits = self.traits

        def kind(stack: str, name: str, keys: Side, is_causal: bool) -> Kind:
            return Kind(
                label=f"{stack} {name}", stack=stack, kind=name, layers=LAYERS, heads=HEADS,
                key_heads=traits.key_heads, keys=keys, causal=is_causal,
            )  # fmt: skip

        kinds = [kind("encoder", "self", "source", False)] if traits.encoder else []
        kinds += [kind("decoder", "self", "target", True)] if traits.decoder else []
        kinds += [kind("decoder", "cross", "source", False)] if traits.encoder and traits.decoder else []
        return Anatomy(
            kinds=tuple(kinds),
            attending={
                f"{each.stack}.{layer}.{each.kind}": Attending(
                    scale=traits.scale,
                    cap=traits.cap,
                    biased=traits.biased and each.kind == "self",
                    window=(window - 1, 0) if each.causal and (window := traits.windows[layer]) else None,
                )
                for each in kinds
                for layer in range(LAYERS)
            },
            norms=tuple(
                Norm(f"{each.stack}.{layer}.{each.kind}", "rms", 1e-6, "pre")
                for layer in range(LAYERS)
                for each in kinds
            ),
            sites=tuple(sites(self.net)),
            width=WIDTH,
            parameters=sum(parameter.numel() for parameter in self.net.parameters()),
        )


class Letters:
    """Names of letters: 0 … 2 are special, "a" is 3."""

    size = SIZE

    def encode(self, text: str) -> list[int]:
        return [ord(letter) - ord("a") + 3 for letter in text if letter.isalpha()]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(chr(number + ord("a") - 3) for number in ids if number > 2)

    def cut(self, text: str, limit: int) -> str:
        return text[:limit]

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(n, self.decode([n]) or f"<{n}>", p) for n, p in zip(ids, given, strict=True)]


def subject(name: str) -> Subject:
    """One of the four, ready to decode."""
    letters: Any = Letters()
    return Subject(name, Stranger(name), Vocabulary.shared(letters), None, {"examples": ["abcabd"]})


@dataclass(frozen=True)
class Opens:
    """One of the four, before it is opened."""

    title: str
    limit: int | None = 20
    folder: Path | None = None
    light: bool = True

    @property
    def source(self) -> Letters:
        return Letters()

    def check(self) -> None:
        return

    def open(self) -> Subject:
        return subject(self.title)
