"""Scaled dot-product attention, fused or in stages.

    Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V                        (Vaswani et al. 2017, section 3.2.1, equation 1)

Without a tap, or with one that wants only `heads`, it is one fused kernel. With another it is the same arithmetic in
named stages, each handed to the tap: `q k v` → `scores` (Q Kᵀ × scale, + `bias` if there is one) → `masked` (−∞ at keys
that may not be looked at) → `weights` (softmax) → `heads` (weights · V).

Axes: b batch · h heads · q query positions · k key positions · d width of one head.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

STAGES = ("q", "k", "v", "scores", "masked", "weights", "heads")


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    scale: float,
    bias: Tensor | None = None,
    cap: float | None = None,
    dropout: float = 0.0,
    tap: Callable[[str, Tensor], Tensor] | None = None,
) -> Tensor:
    """Compute the weighted sum of the values, for every query and head: b h q d.

    query: b h q d · key: b h k d · value: b h k d, where d may differ from that of the keys; keys and values may have
    fewer heads, each of which several query heads, one after the other, share.
    mask: boolean, broadcast to b h q k, True where a query *may look* (torch.nn masks say the opposite).
    scale: factor of q·k, 1/√d_k in the paper. bias: added to the scores, broadcast to b h q k.
    cap: scores s become cap · tanh(s / cap). dropout: probability, on the weights (the paper has none there).
    tap: called as `tap(name, tensor)` at each of `STAGES`, and with `bias` if there is one; its result replaces the
    tensor. A tap of `listen` is spared what it does not want, and what follows from other values until somebody looks.

    A row that may look at nothing has weights of exactly 0, and so a head output of 0, never NaN.
    """
    staged = tap is not None and getattr(tap, "wants", _wants)(*STAGES[:-1], "bias")
    if not staged and cap is None:
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, -torch.inf)
        shared = key.shape[1] < query.shape[1]
        heads = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=dropout, scale=scale, enable_gqa=shared
        )
        return heads if tap is None else tap("heads", heads)

    if mask is not None and mask.all():  # it hides nothing
        mask = None
    see = tap or _pass
    query, key, value = see("q", query), see("k", key), see("v", value)
    scores = _shared_product(query, key.transpose(-2, -1), scale)
    if bias is not None:
        scores = scores + see("bias", bias.expand_as(scores))
    if cap is not None:
        scores = cap * torch.tanh(scores / cap)
    scores, computed = see("scores", scores), scores
    hidden = hide(scores, mask)
    later = None if torch.is_grad_enabled() else getattr(tap, "later", None)
    spared = later is not None and later("masked", partial(hide, scores, mask), scores.nbytes)
    masked = hidden if spared else see("masked", hidden)
    # Only a mask, a bias of −∞ or a tap can make a row blank: without one, skip the search.
    untouched = scores is computed and masked is hidden and bias is None
    some = mask is None or bool(mask.any(-1).all())
    weights = torch.softmax(masked, -1) if untouched and some else softmax(masked)
    weights = see("weights", weights)
    if dropout:
        weights = F.dropout(weights, dropout)
    return see("heads", _shared_product(weights, value))


def _wants(*_names: str) -> bool:
    """Tell that any value is wanted: of a tap that does not say."""
    return True


def softmax(masked: Tensor) -> Tensor:
    """Compute softmax over the last axis; a row of only −∞ becomes zeros, also in the gradient (… k → … k)."""
    blank = masked.isneginf().all(-1, keepdim=True)
    return torch.softmax(masked.masked_fill(blank, 0.0), -1).masked_fill(blank, 0.0)


def hide(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Put −∞ at the keys that may not be looked at: b h q k. mask: boolean, True at those that may; None for all."""
    return scores if mask is None else torch.where(mask, scores, -torch.inf)


def _shared_product(one: Tensor, other: Tensor, scale: float = 1.0) -> Tensor:
    """Compute one @ other × scale, where several heads of `one` share a head of `other`: b h q n, b g n k → b h q k."""
    batch, heads, rows, width = one.shape
    shared = other.shape[1]
    left, right = one.reshape(batch * shared, heads // shared * rows, width), other.flatten(0, 1)
    found = torch.baddbmm(one.new_empty(()), left, right, beta=0, alpha=scale)  # β = 0: what is added is not read
    return found.view(batch, heads, rows, other.shape[-1])


def causal(queries: int, keys: int, *, window: int | None = None, device: torch.device | None = None) -> Tensor:
    """Make the causal mask: boolean q k, True on and below the diagonal that ends in the last query and last key.

    With fewer queries than keys the queries are the last ones, as when earlier keys come from a cache.
    window: keep only the neighbourhood of that many positions (see `near`), up to the query.
    """
    q = torch.arange(keys - queries, keys, device=device).unsqueeze(-1)
    k = torch.arange(keys, device=device)
    mask = k <= q
    return mask if window is None else mask & near(q, k, window)


def neighbourhood(positions: int, window: int, *, device: torch.device | None = None) -> Tensor:
    """Make the mask of restricted self-attention in both directions, by the rule of `near`: boolean q k."""
    k = torch.arange(positions, device=device)
    return near(k.unsqueeze(-1), k, window)


def near(q: Tensor, k: Tensor, window: int) -> Tensor:
    """Tell which positions k lie in the neighbourhood of `window` positions around q (section 4: r around the query).

    That is q − window // 2 ≤ k ≤ q + (window − 1) // 2: centred if `window` is odd; an even one has one position more
    before the query than after it. Masked self-attention keeps those up to the query.
    """
    return (q - window // 2 <= k) & (k <= q + (window - 1) // 2)


def _pass(_name: str, value: Tensor) -> Tensor:
    return value
