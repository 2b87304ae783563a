"""The difference of a site between two traces of the same tokens: with edits, and without."""

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.traces.trace import Trace


def difference(edited: Trace, original: Trace, site: str) -> Tensor:
    """Compute edited − original of a site, in its axes. Equal values, −∞ too, differ by 0; −∞ and a number by ∓∞.

    Raises GlassheadError where the shapes differ, as those of other tokens do, and like `trace[site]`.
    """
    one, other = edited[site], original[site]
    if one.shape != other.shape:
        raise GlassheadError(f"{site} has the shape {tuple(one.shape)}, and {tuple(other.shape)} without the edits.")
    return torch.where(one == other, 0.0, one - other)
