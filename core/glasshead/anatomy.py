"""Anatomy: the parts of a model, as plain data. Screens, panes and commands read this, never a configuration.

Strings and numbers only, no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from glasshead.errors import GlassheadError
from glasshead.named import name_kind
from glasshead.site import NORMS, Side, Site, attention

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Distance from 1 to the next larger number of each precision."""
LEAST_TOLERANCE = 1e-4


def tolerance_of(precision: str) -> float:
    """Return the largest relative difference that a precision may leave between two orders of arithmetic."""
    return max(LEAST_TOLERANCE, 4 * EPS.get(precision, EPS["bfloat16"]))


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
    """Heads of keys and values: fewer than `heads` if query heads share them."""
    keys: Side
    """Side of the tokens that are looked at."""
    causal: bool
    """Whether a query may look only at keys up to its own position."""
    masked: bool = True
    """Whether a mask ensures that. Without one a query misses later keys only while they do not exist, and looks at
    them where every step runs all of them."""

    def key_head(self, head: int) -> int:
        """Return the head of keys and values that a query head reads."""
        return head * self.key_heads // self.heads

    @property
    def queries(self) -> Side:
        """Side of the tokens that look."""
        return "source" if self.stack == "encoder" else "target"


@dataclass(frozen=True, kw_only=True)
class Attending:
    """The arithmetic of one attention: score = cap(q·k × scale + bias)."""

    scale: float
    cap: float | None = None
    """Cap of the scores: s becomes cap · tanh(s / cap)."""
    window: tuple[int, int] | None = None
    """Positions before and after its own that a query may look at; None for all."""
    biased: bool = False
    """Whether a number that depends on the positions is added to each score: the site `bias`."""
    patterned: bool = False
    """Whether its mask may hide more than the kind and the window say, such as padding: then `masked` tells what."""


@dataclass(frozen=True)
class Norm:
    """One normalisation."""

    site: str
    """Prefix of its place, e.g. `decoder.1.self`: its values are `decoder.1.self.norm.out` and so on."""
    form: Literal["layer", "rms"] = "layer"
    """Kind of norm; `rms` computes no mean."""
    eps: float = 1e-5
    where: Literal["post", "pre", "after", "last"] = "post"
    """Place: after the residual connection, before the sub-layer, after it but before the residual connection, or after
    a whole stack."""

    @cached_property
    def prefix(self) -> str:
        """Prefix of its values, e.g. `decoder.1.self.norm`."""
        return f"{self.site}.{NORMS[self.where == 'after']}"

    @cached_property
    def stack(self) -> str:
        """Stack that it belongs to; of the embeddings' norm that of their side."""
        stack = Site.parse(f"{self.site}.norm.out").stack
        return {"source": "encoder", "target": "decoder"}.get(stack, stack)

    @cached_property
    def label(self) -> str:
        """Name of its place in the stack: `1.cross`, `1.cross.after`, `embed` before all layers, `last` after them."""
        place = Site.parse(f"{self.site}.norm.out")
        if place.layer is None:
            return "embed" if place.stack in ("source", "target") else "last"
        return f"{place.layer}.{place.part}{'.after' * (self.where == 'after')}"


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The parts of a model, in the order in which a token meets them."""

    kinds: tuple[Kind, ...]
    attending: Mapping[str, Attending]
    """Arithmetic of each attention, by its prefix."""
    norms: tuple[Norm, ...]
    sites: tuple[str, ...]
    """Names of all values that can be watched."""
    width: int
    """Numbers in the residual stream, d_model."""
    parameters: int
    """Number of learned parameters; a shared matrix counts once."""
    precision: str = "float32"
    device: str = "CPU"
    cached: bool = True
    """Whether earlier positions are remembered between steps; if not, every step runs the whole target again."""
    lasting: bool = True
    """Whether the values of a position stay as they are when the target grows: not if it can look at later ones."""
    remarks: tuple[str, ...] = field(default=())
    """What is not shown and why, and departures from the paper: what the header has to say besides the numbers."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Layers of each stack, the encoder's first."""
        stacks = {kind.stack: kind.layers for kind in self.kinds}
        return tuple(stacks.values())

    @property
    def heads(self) -> int:
        """Largest number of query heads of any kind."""
        return max((kind.heads for kind in self.kinds), default=0)

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts for the header, the most important first."""
        return (
            f"{'+'.join(map(str, self.layers))} layers",
            f"{self.heads} heads",
            *self.remarks,
            f"d {self.width}",
            f"{self.parameters / 1e6:.1f} M parameters"
            if self.parameters >= 50_000
            else f"{self.parameters:,} parameters",
            f"{self.precision} on the {self.device}",
        )

    @property
    def tolerance(self) -> float:
        """Largest relative difference that the model's precision may leave between two orders of arithmetic."""
        return tolerance_of(self.precision)

    def kind(self, stack: str, kind: str) -> Kind:
        """Find a kind of attention. Raises GlassheadError if the model does not have it."""
        for each in self.kinds:
            if (each.stack, each.kind) == (stack, kind):
                return each
        known = ", ".join(name_kind(each.stack, each.kind, masked=False) for each in self.kinds) or "none"
        raise GlassheadError(f"This model has no {name_kind(stack, kind, masked=False)}; it has {known}.")

    def kind_at(self, prefix: str) -> Kind:
        """Find the kind of attention at a prefix, e.g. `decoder.1.cross`. Raises GlassheadError if there is none."""
        site = Site.parse(f"{prefix}.weights")
        return self.kind(site.stack, site.part)

    def attentions(self, kind: Kind) -> tuple[str, ...]:
        """List the prefixes of a kind of attention, layer by layer."""
        return tuple(attention(kind.stack, layer, kind.kind) for layer in range(kind.layers))
