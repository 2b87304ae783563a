"""Anatomy: what a model is made of, as plain data. Screens, panes and commands ask this, never a configuration.

Strings and numbers only, no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from glasshead.errors import GlassheadError
from glasshead.site import Side, Site, attention

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Distance from 1 to the next number that each precision holds."""
LEAST_TOLERANCE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of attention, and how many layers and heads it has."""

    label: str
    stack: str
    kind: str
    """`self` or `cross`."""
    layers: int
    heads: int
    key_heads: int
    """Heads of keys and values: fewer than `heads` where query heads share them."""
    keys: Side
    """Whose tokens are looked at."""
    causal: bool
    """Whether a query may look at no key after it."""
    masked: bool = True
    """Whether a mask sees to that; without one a later key is not looked at only where it is not there yet."""

    def key_head(self, head: int) -> int:
        """The head of keys and values that a query head reads."""
        return head * self.key_heads // self.heads

    @property
    def queries(self) -> Side:
        """Whose tokens look."""
        return "source" if self.stack == "encoder" else "target"


@dataclass(frozen=True, kw_only=True)
class Attending:
    """The arithmetic of one attention: score = cap(q·k × scale + bias)."""

    scale: float
    cap: float | None = None
    """Scores s become cap · tanh(s / cap)."""
    window: tuple[int, int] | None = None
    """How many positions before and after its own a query may look at; None for all."""
    biased: bool = False
    """Whether a number is added to each score by its place: the site `bias`."""


@dataclass(frozen=True)
class Norm:
    """One normalisation."""

    site: str
    """Its place, e.g. `decoder.1.self`: its values are `decoder.1.self.norm.out` and so on."""
    form: Literal["layer", "rms"] = "layer"
    """`rms` takes no mean."""
    eps: float = 1e-5
    where: Literal["post", "pre", "last"] = "post"
    """After the residual connection, before the sub-layer, or after a whole stack."""

    @property
    def stack(self) -> str:
        """The stack it stands in."""
        return Site.parse(f"{self.site}.norm.out").stack

    @property
    def label(self) -> str:
        """Its place in the stack: `1.cross`, or `last` for the one after all layers."""
        place = Site.parse(f"{self.site}.norm.out")
        return "last" if place.layer is None else f"{place.layer}.{place.part}"


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The parts of a model, in the order in which a token meets them."""

    kinds: tuple[Kind, ...]
    attending: Mapping[str, Attending]
    """The arithmetic of each attention, by its prefix."""
    norms: tuple[Norm, ...]
    sites: tuple[str, ...]
    """Every value that can be watched."""
    width: int
    """Numbers in the residual stream, d_model."""
    parameters: int
    """Learnt numbers; a shared matrix counts once."""
    precision: str = "float32"
    device: str = "CPU"
    remarks: tuple[str, ...] = field(default=())
    """Departures worth a word in the header."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attending", MappingProxyType(dict(self.attending)))

    @property
    def layers(self) -> tuple[int, ...]:
        """Layers of each stack, the encoder's first."""
        stacks = {kind.stack: kind.layers for kind in self.kinds}
        return tuple(stacks.values())

    @property
    def heads(self) -> int:
        """Query heads of the kind that has most."""
        return max((kind.heads for kind in self.kinds), default=0)

    @property
    def facts(self) -> tuple[str, ...]:
        """What the header says, the most important first."""
        return (
            f"{'+'.join(map(str, self.layers))} layers",
            f"{self.heads} heads",
            f"d {self.width}",
            f"{self.parameters / 1e6:.1f} M parameters",
            *self.remarks,
            f"{self.precision} on the {self.device}",
        )

    @property
    def tolerance(self) -> float:
        """Largest relative difference that the model's precision may leave between two orders of arithmetic."""
        return max(LEAST_TOLERANCE, 4 * EPS.get(self.precision, EPS["bfloat16"]))

    def kind(self, stack: str, kind: str) -> Kind:
        """A kind of attention. Raises GlassheadError for one that the model has not."""
        for each in self.kinds:
            if (each.stack, each.kind) == (stack, kind):
                return each
        known = ", ".join(f"{each.stack} {each.kind}" for each in self.kinds) or "none"
        raise GlassheadError(f"This model has no {stack} {kind} attention; it has {known}.")

    def kind_at(self, prefix: str) -> Kind:
        """The kind of the attention at a prefix, e.g. `decoder.1.cross`. Raises GlassheadError where there is none."""
        site = Site.parse(f"{prefix}.weights")
        return self.kind(site.stack, site.part)

    def attentions(self, kind: Kind) -> tuple[str, ...]:
        """Prefixes of a kind of attention, layer by layer."""
        return tuple(attention(kind.stack, layer, kind.kind) for layer in range(kind.layers))
