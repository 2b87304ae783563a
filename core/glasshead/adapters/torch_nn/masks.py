"""Torch's masks of attention as ours.

`nn.MultiheadAttention` takes two masks. In both True means *blocked*, and a number is added to the score; −∞ blocks.
Ours is True where a query may look. A finite number is a position bias, unless it is so low that nothing is left.
"""

from typing import NamedTuple

import torch
from torch import Tensor

LOW = -1e4
"""Numbers that are added in place of −∞: beside any other key, a weight below e^−10,000 is exactly 0."""


class Mask(NamedTuple):
    """What an attention may look at, and what is added to its scores; None where there is nothing of it."""

    looks: Tensor | None
    """Boolean, True where a query may look: broadcast to b h q k."""
    bias: Tensor | None
    """Broadcast to b h q k; 0 where a query may not look."""


def merged(
    attn_mask: Tensor | None, key_padding_mask: Tensor | None, *, batch: int, heads: int, dtype: torch.dtype
) -> Mask:
    """Merge the two masks of one call.

    attn_mask: q k or (b h) q k · key_padding_mask: b k · dtype: of the scores.
    """
    added: Tensor | None = None
    if attn_mask is not None:
        added = _added(attn_mask, dtype)
        added = added[None, None] if added.dim() == 2 else added.view(batch, heads, *added.shape[-2:])
    if key_padding_mask is not None:
        padding = _added(key_padding_mask, dtype)[:, None, None, :]
        added = padding if added is None else added + padding
    if added is None:
        return Mask(None, None)
    hidden = added.isneginf()
    low = added <= LOW
    hidden = hidden | (low & ~low.all(-1, keepdim=True))
    bias = added.masked_fill(hidden, 0.0)
    return Mask(~hidden, bias if bool(bias.any()) else None)


def _added(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the numbers that a mask adds to scores."""
    if mask.dtype is torch.bool:
        return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -torch.inf)
    return mask.to(dtype)
