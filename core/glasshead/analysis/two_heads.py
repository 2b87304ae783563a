"""The difference between two heads at the same tokens: of one kind of attention, or of two that look at the same side.

head_difference(trace, ("decoder.2.cross", 6), ("decoder.1.cross", 3), "weights")     q k
"""

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.traces.trace import Trace

Head = tuple[str, int]
"""The attention of a head, e.g. `decoder.2.cross`, and its number."""


def check_heads(trace: Trace, one: Head, other: Head) -> None:
    """Raise GlassheadError for two heads whose rows or keys are not the same tokens."""
    kinds = [trace.anatomy.kind_at(prefix) for prefix, _ in (one, other)]
    axes = [(kind.queries, kind.keys) for kind in kinds]
    if axes[0] != axes[1]:
        here, there = (f"from the {queries} at the {keys}" for queries, keys in axes)
        raise GlassheadError(
            f"There is no difference: {one[0]} looks {here}, {other[0]} {there}. Only weights on the same tokens are "
            "subtracted: look at one head, then at the other."
        )


def head_difference(trace: Trace, one: Head, other: Head, stage: str = "weights") -> Tensor:
    """Compute one − other of two heads in a stage: q k. Equal values, −∞ too, differ by 0; −∞ and a number by ∓∞.

    Raises GlassheadError like `check_heads`, and like `trace[site]`.
    """
    check_heads(trace, one, other)
    here, there = (trace[f"{prefix}.{stage}"][head] for prefix, head in (one, other))
    return torch.where(here == there, 0.0, here - there)
