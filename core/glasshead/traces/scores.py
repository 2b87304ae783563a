"""The scores of an attention, from its queries and keys: cap(q·k × scale + bias)."""

import torch
from torch import Tensor

from glasshead.anatomy import Attending


def scores(q: Tensor, k: Tensor, how: Attending, bias: Tensor | None = None) -> Tensor:
    """q: h q d · k: h k d, of fewer heads where query heads share them · bias: broadcast to h q k → h q k."""
    found = q @ heads_of(k, len(q)).transpose(-2, -1) * how.scale
    if bias is not None:
        found = found + bias
    return found if how.cap is None else how.cap * torch.tanh(found / how.cap)


def heads_of(keys: Tensor, heads: int) -> Tensor:
    """Keys or values as each of `heads` query heads reads them: h k d → heads k d."""
    return keys if len(keys) == heads else keys.repeat_interleave(heads // len(keys), 0)
