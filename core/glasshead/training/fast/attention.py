"""Attention for training on a CPU: the arithmetic of attend.py and its gradient, written out for short sentences.

PyTorch's fused kernel is made for long sequences; with 20 tokens its backward pass alone takes a third of a step. Its
unfused one copies every operand more often than it multiplies it. Here, with P the weights and G the gradient of P V:

    P = softmax(s · Q Kᵀ + bias)    dV = Pᵀ G    dS = P ∘ (G Vᵀ − rowsum(P ∘ G Vᵀ))    dQ = s · dS K    dK = s · dSᵀ Q

Q is multiplied by s as it is copied head by head, which costs nothing. kernels.py has the measured gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class View:
    """The layout of a batch: its sizes b q and b k, and the mask.

    mask: boolean, to b h q k, True where a query may look; None: everywhere.
    """

    queries: tuple[int, int]
    keys: tuple[int, int]
    mask: Tensor | None


def attention(query: Tensor, key: Tensor, value: Tensor, view: View, *, heads: int, scale: float) -> Tensor:
    """Compute the weighted sums of the values, as long as `query`: … (h d). All hold b · q (or b · k) rows, heads side
    by side.

    There may be more, empty rows: their result is 0. A position that may look at nothing has weights of 0.
    """
    apply: Any = _Attention.apply
    result: Tensor = apply(query, key, value, view, heads, scale)
    return result


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, view: View, heads: int, scale: float) -> Tensor:
        q = _apart(query, view.queries, heads, scale)
        k, v = _apart(key, view.keys, heads), _apart(value, view.keys, heads)
        scores = torch.bmm(q, k.transpose(1, 2))
        by_head = (view.queries[0], heads, *scores.shape[1:])
        bias, blank = _bias(view.mask, scores)
        if bias is not None:
            scores.view(by_head).add_(bias)
        p = torch.softmax(scores, -1)
        if blank is not None:
            p.view(by_head).masked_fill_(blank, 0.0)
        ctx.save_for_backward(q, k, v, p)
        ctx.view, ctx.heads, ctx.scale = view, heads, scale
        ctx.shapes = query.shape, key.shape, value.shape
        return _together(torch.bmm(p, v), (*query.shape[:-1], value.shape[-1]), heads)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, p = ctx.saved_tensors
        output = _apart(gradients[0], ctx.view.queries, ctx.heads)
        scores = torch.bmm(output, v.transpose(1, 2))
        scores = torch.ops.aten._softmax_backward_data(scores, p, -1, p.dtype)
        query, key, value = ctx.shapes
        return (
            _together(torch.bmm(scores, k), query, ctx.heads, ctx.scale),
            _together(torch.bmm(scores.transpose(1, 2), q), key, ctx.heads),
            _together(torch.bmm(p.transpose(1, 2), output), value, ctx.heads),
            None, None, None,
        )  # fmt: skip


def _apart(x: Tensor, shape: tuple[int, int], heads: int, scale: float = 1.0) -> Tensor:
    """Split into heads and scale: … (h d) → (b h) q d."""
    x = _rows(x, shape).view(*shape, heads, x.shape[-1] // heads).transpose(1, 2)
    return _copied(x, x.new_empty(x.shape), scale).flatten(0, 1)


def _together(x: Tensor, shape: Sequence[int], heads: int, scale: float = 1.0) -> Tensor:
    """Join heads and scale: (b h) q d → … (h d), with zeros in additional rows."""
    x = x.view(-1, heads, *x.shape[1:]).transpose(1, 2)
    result = x.new_empty(shape)
    result.flatten(0, -2)[x.shape[0] * x.shape[1] :].zero_()
    _copied(x, _rows(result, x.shape[:2]).view(x.shape), scale)
    return result


def _rows(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the first b · q rows as b q …"""
    batch, length = shape
    return x.flatten(0, -2)[: batch * length].view(batch, length, x.shape[-1])


def _copied(x: Tensor, place: Tensor, scale: float) -> Tensor:
    if scale == 1:  # copying alone takes less than half as long
        return place.copy_(x)
    return torch.mul(x, scale, out=place)


def _bias(mask: Tensor | None, scores: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Make the bias of the scores, −∞ where masked, and find the rows that are masked entirely; None if none."""
    if mask is None or mask.all():
        return None, None
    bias = torch.zeros_like(mask, dtype=scores.dtype).masked_fill_(~mask, -torch.inf)
    blank = ~mask.any(-1, keepdim=True)
    return bias, blank if blank.any() else None
