"""Ways to pick the next token from the logits of a position."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor

from glasshead.errors import GlassheadError

Pick = Callable[[Tensor, int], int]
"""Function from the logits (v) of a position, and that position, to a token. A seeded draw depends on the position."""


NOT_FINITE = (
    "The model's logits are not finite numbers, so that no line can be found: are its weights damaged, or does an edit "
    "make them so?"
)
"""Sentence about logits from which no token can be taken."""


def greedy(logits: Tensor, _position: int) -> int:
    """Return the most probable token."""
    return int(logits.argmax())


@dataclass(frozen=True)
class Forced:
    """Follows given tokens, then takes the most probable ones. A line that takes another token leaves it (Stepper)."""

    ids: tuple[int, ...]

    def __call__(self, logits: Tensor, position: int) -> int:
        return self.ids[position] if position < len(self.ids) else greedy(logits, position)


@dataclass(frozen=True)
class Turned:
    """Picks by one rule up to a position, and by another from there on: a line whose rule was changed on its way."""

    before: Pick
    at: int
    """First position of the second rule."""
    after: Pick

    def __call__(self, logits: Tensor, position: int) -> int:
        return rule_at(self, position)(logits, position)


def turn(pick: Pick, at: int, rule: Pick) -> Pick:
    """Return the pick that goes by another rule from a position on."""
    while isinstance(pick, Turned) and pick.at >= at:
        pick = pick.before
    if at == 0:
        return rule
    return pick if rule_at(pick, at) == rule else Turned(pick, at, rule)


def rule_at(pick: Pick, position: int) -> Pick:
    """Return the one rule by which a position is picked."""
    while isinstance(pick, Turned):
        pick = pick.before if position < pick.at else pick.after
    return pick


def list_rules(pick: Pick) -> tuple[tuple[int, Pick], ...]:
    """List the rules of a pick in their order, each with its first position."""
    if not isinstance(pick, Turned):
        return ((0, pick),)
    return (*list_rules(pick.before), (pick.at, pick.after))


def unforced(pick: Pick, at: int) -> Pick:
    """Return a pick that follows no given tokens from a position on, but takes the most probable ones there."""
    if isinstance(pick, Turned):
        return Turned(unforced(pick.before, at), pick.at, pick.after)
    return turn(pick, at, greedy) if isinstance(pick, Forced) else pick


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Draws a token: softmax(logits / temperature), cut to the `top_k` best and to the fewest that reach `top_p`.

    The draw at a position depends only on that position and on `seed`, `line` and `take`, so going back and forth
    changes nothing.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0
    line: int = 0
    """Number of the text among several: each has its own draws."""
    take: int = 0
    """Number of the draw among several for one text."""

    def __str__(self) -> str:
        cuts = [("top-k", self.top_k), ("top-p", self.top_p)]
        said = [f"{name} {value:g}" for name, value in cuts if value is not None]
        return " ".join([f"sample T {self.temperature:g}", *said, f"seed {self.seed}"])

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise GlassheadError(
                f"The temperature is {self.temperature}; it must be above 0. Greedy decoding needs none."
            )
        if self.top_k is not None and self.top_k < 1:
            raise GlassheadError(f"top_k is {self.top_k}; at least 1 token must remain.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise GlassheadError(f"top_p is {self.top_p}; it is a probability above 0, and at most 1.")

    def probabilities(self, logits: Tensor) -> Tensor:
        """Compute the probabilities to draw from: v → v. Raises GlassheadError if the logits give none."""
        if not logits.max().isfinite():  # NaN if one of them is; −∞ alone is a probability of 0
            raise GlassheadError(
                "The model's logits are not finite (NaN, or infinite), so there are no probabilities to draw from: "
                "its weights are damaged, its training went astray, or an edit makes them so."
            )
        p, order = torch.softmax((logits - logits.max()).double() / self.temperature, -1).sort(
            descending=True, stable=True
        )
        keep = torch.ones_like(p, dtype=torch.bool)
        if self.top_k is not None:
            keep[self.top_k :] = False
        if self.top_p is not None:
            keep &= p.cumsum(-1) - p < self.top_p
        p = p * keep
        return torch.zeros_like(p).scatter(-1, order, p / p.sum())

    def __call__(self, logits: Tensor, position: int) -> int:
        place = f"{self.seed} {self.line} {self.take} {position}".encode()
        # Hashed, so that all four numbers decide the 32 bits of a seed that torch uses.
        generator = torch.Generator().manual_seed(int.from_bytes(blake2b(place, digest_size=7).digest()))
        return int(torch.multinomial(self.probabilities(logits.cpu()), 1, generator=generator))
