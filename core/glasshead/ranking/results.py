"""What a ranking finds, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, pstdev
from typing import Literal

from glasshead.analysis.alignment import Counts, Rows
from glasshead.analysis.measures import Trait, strongest
from glasshead.ranking.parts import Of, Part

Method = Literal["knockout", "keep-only", "patch"]
METHODS: tuple[Method, ...] = ("knockout", "keep-only", "patch")
Instead = Literal["zero", "mean"]


@dataclass(frozen=True)
class Asked:
    """Ask about one token of the target alone."""

    step: int
    """Step that writes it, counted from 1."""
    id: int | None = None
    """Token that is asked about; by default the one that is written there."""


@dataclass(frozen=True)
class Placebo:
    """The effect of the same, done to other parts of the same kind, or to random sets of as many."""

    mean: float
    spread: float | None
    """Standard deviation over the parts, or the sets; None for a single one."""
    count: int
    """How many there are."""

    @classmethod
    def of(cls, effects: Sequence[float]) -> "Placebo | None":
        """Sum up effects; None if there are none."""
        if not effects:
            return None
        return cls(mean(effects), pstdev(effects) if len(effects) > 1 else None, len(effects))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What became of the output without one part."""

    part: Part
    effect: float
    """Rise of the loss, in nats a token; fall of the token's log-probability; or share that a patch recovers."""
    placebo: Placebo | None
    """None for a part without one like it."""
    kl: float
    """KL divergence from the whole model's distributions, in nats, mean of the tokens."""
    move: float
    """Largest move of a logit."""
    moved: bool
    """Whether that is more than the model's precision alone may make."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    """What was measured of a head, by name."""

    @property
    def does(self) -> tuple[Trait, ...]:
        """What stands out in what a head looks at; see `measures.strongest`."""
        return strongest(self.traits)


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Effects, the largest first."""

    effects: tuple[Effect, ...]
    method: Method
    of: Of
    by: Asked | None
    """None if it is by the loss."""
    loss: float
    """Loss of the whole model, in nats a token; with a patch that of the corrupted text."""
    texts: int
    tokens: int
    """Tokens that were asked about."""
    passes: int
    """Passes that it took."""


@dataclass(frozen=True, kw_only=True)
class Why:
    """A small set of parts without which a choice turns."""

    chosen: int
    """Token A."""
    rival: int
    """Token B."""
    margin: float
    """Logit of A, less that of B, in the whole model."""
    parts: tuple[Part, ...]
    """The set, in the order of the single effects; empty if none was found."""
    without: float
    """The margin without them: below 0 if the choice has turned."""
    pick: int
    """Token that is the most probable without them: it may be a third one."""
    placebo: Placebo | None
    """The margin without random sets of as many parts of the same layers; None if there is no other set."""
    random_flips: int
    """Random sets that turned the choice, too."""
    tried: int
    """Removals that were run."""

    @property
    def found(self) -> bool:
        """Whether there is a set."""
        return bool(self.parts)


@dataclass(frozen=True)
class Measured:
    """One head, and what it does over the texts."""

    part: Part
    traits: Mapping[str, Trait]


@dataclass(frozen=True)
class Aligned:
    """How well one head aligns words, or the mean of the heads of its layer."""

    part: Part
    """Its `head` is None for the mean."""
    counts: Mapping[Rows, Counts]
    """What it has in common with gold, by the rows that are taken for those of a word."""
    linked: int
    """Target words with a sure link, of all pairs."""
    written: int
    """All target words."""

    @property
    def coverage(self) -> float:
        """Share of the target words that the gold knows, 0 to 1."""
        return self.linked / self.written if self.written else 0.0
