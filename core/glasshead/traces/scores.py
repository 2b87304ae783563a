"""The scores of an attention, from its queries and keys: cap(q·k × scale + bias)."""

import torch
from torch import Tensor

from glasshead.anatomy import Attending


def scores(q: Tensor, k: Tensor, how: Attending, bias: Tensor | None = None) -> Tensor:
    """Compute scores: h q k. q: h q d · k: h k d, with fewer heads if query heads share them · bias: to h q k."""
    found = q @ heads_of(k, len(q)).transpose(-2, -1) * how.scale
    if bias is not None:
        found = found + bias
    return found if how.cap is None else how.cap * torch.tanh(found / how.cap)


def heads_of(keys: Tensor, heads: int) -> Tensor:
    """Repeat keys or values for each of `heads` query heads: h k d → heads k d."""
    return keys if len(keys) == heads else keys.repeat_interleave(heads // len(keys), 0)
