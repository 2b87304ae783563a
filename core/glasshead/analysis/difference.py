"""The difference between two traces of the same tokens: with edits, and without."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.traces.trace import Trace


def difference(edited: Trace, original: Trace, site: str) -> Tensor:
    """Compute edited − original of a site, in its axes. Equal values, −∞ too, differ by 0; −∞ and a number by ∓∞.

    Raises GlassheadError where the shapes differ, as those of other tokens do, and like `trace[site]`.
    """
    one, other = _alike(edited, original, site)
    return torch.where(one == other, 0.0, one - other)


def _alike(edited: Trace, original: Trace, site: str) -> tuple[Tensor, Tensor]:
    one, other = edited[site], original[site]
    if one.shape != other.shape:
        raise GlassheadError(f"{site} has the shape {tuple(one.shape)}, and {tuple(other.shape)} without the edits.")
    return one, other


Place = tuple[str, tuple[int, ...]]
"""A site, and where in it: the first numbers of an index, e.g. head and query; none for all of it."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What edits did to some values, and what they could have done."""

    changed: int
    """Numbers that differ."""
    of: int
    """Numbers that were compared."""
    reached: bool
    """Whether the edits could change any of them."""


def effect(edited: Trace, original: Trace, cone: Mapping[str, Tensor], places: Iterable[Place]) -> Effect:
    """Compare values with edits and without. cone: what the edits could change at each site, as `edits.cone` has it.

    A place that a trace lacks counts for nothing. Raises GlassheadError where the shapes differ.
    """
    changed = of = 0
    reached = False
    for site, at in places:
        if site not in edited or site not in original:
            continue
        one, other = _alike(edited, original, site)
        changed += int((one[at] != other[at]).sum())
        of += one[at].numel()
        reached = reached or bool(cone[site][at[: cone[site].dim()]].any())
    return Effect(changed=changed, of=of, reached=reached)
