"""Positions: how the place of a token comes into a model.

paper       embedding · √m + PE(pos)      PE(pos, 2i) = sin(pos / 10000^(2i/m)), PE(pos, 2i+1) = cos(…)
learned     embedding + table[pos]
rotary      q and k turned by an angle that grows with the position (Su et al. 2021): no vector is added
bias        a number for each distance added to the scores (T5, ALiBi): no vector is added
"""

from dataclasses import dataclass

from torch import Tensor

from glasshead.analysis.stream import cosine
from glasshead.errors import GlassheadError
from glasshead.site import Site
from glasshead.traces.trace import Trace

NAMES = ("embed", "position", "segment", "sum")


@dataclass(frozen=True, kw_only=True)
class Added:
    """One of the vectors that meet before the first layer, at one row."""

    name: str
    """`embed`, `position`, `segment` or `sum`."""
    vector: tuple[float, ...]
    size: float
    """Euclidean length."""
    cosine: float
    """Cosine of the angle to the sum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Positions:
    """The positions of one side."""

    side: str
    added: tuple[Added, ...]
    """What the model shows of the chosen row."""
    picture: Tensor | None
    """The encoding of each position: q m; None for a model that adds none, or does not show it."""
    how: str
    """How the position comes in, in a few words."""
    scaled: bool
    """Whether the embedding is multiplied, after it is shown and before it is added."""


def positions(trace: Trace, stack: str, row: int) -> Positions:
    """Look at the embeddings of a stack at one of its rows.

    Raises GlassheadError for a recording that holds none of them.
    """
    side = "source" if stack == "encoder" else "target"
    trace.prepare([f"{side}.{name}" for name in NAMES], row)
    there = {name: trace.at(f"{side}.{name}", row).double() for name in NAMES if f"{side}.{name}" in trace}
    known = [name for name in NAMES if f"{side}.{name}" in trace.anatomy.sites]
    if trace.recorded and known and not there:
        raise GlassheadError(f"{trace.recorded}: no embeddings were recorded. Open the model itself to see them.")
    total = there.get("sum")
    added = tuple(
        Added(
            name=name, vector=tuple(value.tolist()), size=float(value.norm()),
            cosine=cosine(value, total) if total is not None and total.shape == value.shape else 0.0,
        )
        for name, value in there.items()
    )  # fmt: skip
    picture = trace[f"{side}.position"] if "position" in there else None
    return Positions(
        side=side, added=added, picture=picture, how=how(trace, stack),
        scaled=_scaled(there, trace.anatomy.tolerance),
    )  # fmt: skip


def how(trace: Trace, stack: str) -> str:
    """Say how the position of a token comes into a stack."""
    side = "source" if stack == "encoder" else "target"
    sites = trace.anatomy.sites
    ways: list[str] = []
    if f"{side}.position" in sites:
        ways.append("a vector for each position is added to the embedding")
    own = [site for site in sites if site.startswith(f"{stack}.") and Site.parse(site).part == "self"]
    if any(site.endswith(".q_unrotated") for site in own):
        ways.append("q and k are rotated by an angle that grows with the position")
    if any(site.endswith(".bias") for site in own):
        ways.append("a number for each distance is added to the scores (key s; sum pane: + bias)")
    return "; ".join(ways) or "this model does not show how: no vector is added that can be seen"


def _scaled(there: dict[str, Tensor], tolerance: float) -> bool:
    if not {"embed", "position", "sum"} <= there.keys():
        return False
    rest, embed = there["sum"] - there["position"] - there.get("segment", 0.0), there["embed"]
    return bool(abs(rest @ embed / (embed @ embed) - 1) > max(1e-3, tolerance))  # of rounding, little lies along it
