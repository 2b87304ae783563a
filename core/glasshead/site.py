"""Site: the one grammar of the names of a model's values. Strings only, no torch.

    encoder.0.self.weights          stack, layer, part, name: a value of one attention
    decoder.2.ffn.hidden            a value of one feed-forward sub-layer
    decoder.1.cross.norm.mean       a value of the normalisation beside that sub-layer
    encoder.norm.out, encoder.out   values of a whole stack: no layer, no part
    source.embed, target.sum        values of the embeddings
    logits                          a value of the model: no stack

Axes are single letters: h heads · q query positions · k key positions · d width of one head · m model width ·
f feed-forward width · v vocabulary.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from glasshead.errors import GlassheadError

Side = Literal["source", "target"]
"""Side of the tokens at the rows of a value."""

ATTENTIONS = ("self", "cross")
STAGES = ("scores", "masked", "weights")
"""The three stages of one matrix: before the mask, after it, after softmax."""
SQUARE = ("bias", *STAGES)
"""Values of an attention with a number for every query and key."""
KEYED = ("k", "v", "k_unrotated")
"""Values of an attention whose rows are keys. Unrotated: before the rotation of rotary positions (Su et al. 2021)."""
NORMS = ("norm", "after_norm")
"""Beginnings of the local names of a normalisation: `norm.mean`, `norm.out`; the second is of a sub-layer's output."""
STATISTICS = tuple(f"{norm}.{name}" for norm in NORMS for name in ("mean", "var", "rms"))
"""Values with one number for each token."""

_OWN = {
    **dict.fromkeys(("q", "q_unrotated", "heads"), "h q d"),
    **dict.fromkeys(KEYED, "h k d"),
    **dict.fromkeys(SQUARE, "h q k"),
}
_FFN = dict.fromkeys(("hidden", "active", "gate", "up"), "q f")


@dataclass(frozen=True, slots=True)
class Site:
    """One named place in a model where a value appears."""

    stack: str
    """`encoder` or `decoder`, `source` or `target` for embeddings, empty for the logits."""
    layer: int | None
    part: str
    """Sub-layer: `self`, `cross` or `ffn`; empty for a value of a whole stack."""
    name: str
    """Local name, with `norm.` before those of a normalisation."""

    def __str__(self) -> str:
        layer = None if self.layer is None else str(self.layer)
        return ".".join(part for part in (self.stack, layer, self.part, self.name) if part)

    @classmethod
    def parse(cls, text: str) -> "Site":
        """Parse the name of a site. Raises GlassheadError for any other text."""
        return _parse(text)

    @property
    def attention(self) -> str | None:
        """Prefix of the attention that the value belongs to, e.g. `decoder.1.cross`; None for any other value."""
        return self.prefix if self.part in ATTENTIONS and self.name in _OWN else None

    @property
    def prefix(self) -> str:
        """Name without its local part, e.g. `decoder.1.ffn`."""
        layer = None if self.layer is None else str(self.layer)
        return ".".join(part for part in (self.stack, layer, self.part) if part)

    @property
    def side(self) -> Side:
        """Side of the tokens at the query rows."""
        return "source" if self.stack in ("encoder", "source") else "target"

    @property
    def axes(self) -> str:
        """Axes of the value, without the batch: `h q k`, `q m`."""
        if self.part in ATTENTIONS and self.name in _OWN:
            return _OWN[self.name]
        if self.name in STATISTICS:
            return "q"
        if self.part == "ffn" and self.name in _FFN:
            return _FFN[self.name]
        return "q v" if not self.stack and self.name == "logits" else "q m"

    def beside(self, name: str) -> str:
        """Name another value at the same place: `scores` beside `decoder.1.self.q`."""
        return f"{self.prefix}.{name}" if self.prefix else name


def attention(stack: str, layer: int, kind: str) -> str:
    """Write the prefix of one attention: `decoder.1.cross`."""
    return f"{stack}.{layer}.{kind}"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Site:
    first, *rest = text.split(".")
    if not all((first, *rest)):
        raise GlassheadError(f"{text!r} is not the name of a site; one is named like decoder.0.cross.weights.")
    if not rest:
        return Site("", None, "", first)
    if not rest[0].isdecimal():
        return Site(first, None, "", ".".join(rest))
    if len(rest) < 3:
        raise GlassheadError(f"{text!r} is not the name of a site; one is named like decoder.0.cross.weights.")
    return Site(first, int(rest[0]), rest[1], ".".join(rest[2:]))
