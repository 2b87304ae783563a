"""A Recipe: a corpus that the project makes itself, endless and reproducible, with a suitable model and training.

Training and evaluation draw from the same generator, so the splits are made by the *sentence*: a hash of the source
decides its split, whatever seed drew it. A test sentence can therefore never have been trained on.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from glasshead.recipes.links import Gold

Split = Literal["train", "valid", "test"]
Pair = tuple[str, str]

PER_MILLE = {"valid": 20, "test": 20}
"""Source sentences of a thousand that are held back for each purpose; the rest is for training."""


def split_of(source: str) -> Split:
    """Return the split of a source sentence.

    Case and spacing are ignored, because a lower-casing vocabulary does not see them: "March 3" and "march 3" are the
    same sentence to the model, so they must be in the same split.
    """
    plain = " ".join(source.lower().split())
    number = int.from_bytes(blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % 1000
    if number < PER_MILLE["valid"]:
        return "valid"
    if number < PER_MILLE["valid"] + PER_MILLE["test"]:
        return "test"
    return "train"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A task: its sentences, and the model and training that suit it.

    `generate` draws one pair and must be a pure function of its generator. `model` and `training` hold fields of
    `glasshead.training.settings.Settings` that differ from the defaults there.
    """

    name: str
    summary: str
    generate: Callable[[random.Random], Pair]
    examples: tuple[str, ...]
    vocab_size: int
    lowercase: bool = True
    gold: Gold | None = None
    """What it knows about the alignment of its pairs."""
    size: int = 1_000_000
    """Number of pairs made for a training; a longer training repeats them."""
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def chance(self, split: Split, seed: int) -> random.Random:
        """Make the random generator of `pairs`. Its state after a pair is enough to continue behind that pair."""
        if split not in ("train", "valid", "test"):
            raise ValueError(f"the splits are train, valid and test, not {split!r}")
        return random.Random(f"{self.name}/{split}/{seed}")

    def pairs(self, split: Split, seed: int, draw: random.Random | None = None) -> Iterator[Pair]:
        """Draw pairs of one split, without end. The same split and seed always give the same pairs.

        draw: a `chance` of the caller's, at the beginning or in the state it had behind some pair.
        """
        draw = draw or self.chance(split, seed)
        while True:
            pair = self.generate(draw)
            if split_of(pair[0]) == split:
                yield pair

    def sample(self, split: Split, count: int, seed: int = 0) -> list[Pair]:
        """Draw the first `count` pairs of a split with distinct sources; fewer if there are no more.

        Evaluations use this, so that no sentence counts twice.
        """
        seen: dict[str, str] = {}
        stale = 0
        for source, target in self.pairs(split, seed):
            if source in seen:
                stale += 1
                if stale > 1000 + 10 * count:  # a small corpus is exhausted
                    break
                continue
            seen[source] = target
            if len(seen) >= count:
                break
        return list(seen.items())
