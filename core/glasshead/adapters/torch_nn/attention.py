"""`nn.MultiheadAttention` computed by our `attend`, each stage handed to a tap.

    q, k, v = query · W_Q, key · W_K, value · W_V          one packed matrix, or three
    out     = heads · W_O                                   (Vaswani et al. 2017, section 3.2.2)

A module's own `forward` is replaced only while it is watched, and only in that one object.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.adapters.points import Point
from glasshead.adapters.torch_nn.layout import Layout
from glasshead.adapters.torch_nn.masks import Mask, merged
from glasshead.attend import attend


class Replaced:
    """A function in place of a module's `forward`, until it is removed."""

    def __init__(self, module: nn.Module, forward: Any) -> None:
        self.module = module
        self._before = module.__dict__.get("forward")
        module.__dict__["forward"] = forward

    def remove(self) -> None:
        """Give the module its own `forward` back."""
        if self._before is None:
            del self.module.__dict__["forward"]
        else:
            self.module.__dict__["forward"] = self._before


class Attention(Point):
    """One `nn.MultiheadAttention`."""

    module: nn.MultiheadAttention
    biased = False
    """Whether numbers are added to its scores: then they are seen at every pass, zeros too."""

    def hook(self) -> Replaced:
        """See `Point`."""
        return Replaced(self.module, self.forward)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Compute what the module computes. The arguments are those of `nn.MultiheadAttention.forward`."""
        module = self.module
        if is_causal and attn_mask is None:  # the module refuses that, in its own words
            return type(module).forward(module, query, key, value, is_causal=True)
        layout = Layout.ALONE if query.dim() == 2 else Layout.BATCH if module.batch_first else Layout.SEQUENCE
        q, k, v = (
            _split(F.linear(layout.ours(given), *part), module.num_heads)
            for given, part in zip((query, key, value), projections(module), strict=True)
        )
        mask = self._mask(q, k, key_padding_mask, attn_mask, hinted=is_causal and not need_weights)
        kept: list[Tensor] = []

        def see(name: str, found: Tensor) -> Tensor:
            found = self.see(name, found)
            if name == "weights":
                kept.append(found)
            return found

        heads = attend(q, k, v, mask.looks, scale=q.shape[-1] ** -0.5, bias=mask.bias, tap=see)
        out = F.linear(heads.transpose(1, 2).flatten(2), module.out_proj.weight, module.out_proj.bias)
        out = layout.theirs(self.see("out", out))
        if not need_weights:
            return out, None
        weights = kept[-1].mean(1) if average_attn_weights else kept[-1]
        return out, weights.squeeze(0) if layout is Layout.ALONE else weights

    def _mask(
        self, q: Tensor, k: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None, *, hinted: bool
    ) -> Mask:
        """Merge the masks of one call. hinted: take the word of `is_causal` for the mask, as torch's kernels do."""
        batch, heads, queries, _ = q.shape
        if hinted and key_padding_mask is None:
            mask = Mask(torch.ones(queries, k.shape[2], dtype=torch.bool, device=q.device).tril(), None)
        else:
            if key_padding_mask is not None and key_padding_mask.dim() == 1:
                key_padding_mask = key_padding_mask.unsqueeze(0)
            mask = merged(attn_mask, key_padding_mask, batch=batch, heads=heads, dtype=q.dtype)
        if self.biased and mask.bias is None:
            return Mask(mask.looks, q.new_zeros(1, 1, 1, 1))
        return mask


def projections(module: nn.MultiheadAttention) -> tuple[tuple[Tensor, Tensor | None], ...]:
    """Return weight and bias of the projections to q, k and v."""
    if module.in_proj_weight is not None:
        weights = module.in_proj_weight.chunk(3)
    else:
        weights = module.q_proj_weight, module.k_proj_weight, module.v_proj_weight
    biases = (None,) * 3 if module.in_proj_bias is None else module.in_proj_bias.chunk(3)
    return tuple(zip(weights, biases, strict=True))


def _split(x: Tensor, heads: int) -> Tensor:
    """Split vectors into heads: b n m → b h n d."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
