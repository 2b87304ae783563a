"""The probabilities of the next token, from its logits.

    p = softmax(logits), in float32 at least: half of that would leave two or three digits, and a sum that is not 1

Of a model in half precision several tokens often share the largest logit; they come in the order of their ids, so that
the first of the most probable is the one that greedy decoding takes.
"""

import torch
from torch import Tensor


def chances(logits: Tensor) -> Tensor:
    """Compute the probabilities of all tokens: … v → … v, float32 or float64."""
    return torch.softmax(logits, -1, dtype=torch.promote_types(logits.dtype, torch.float32))


def most_probable(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the most probable tokens, best first: v → ids and probabilities of so many of them, or of all there are."""
    count = min(max(count, 0), len(logits))
    values, ids = logits.topk(min(count + 1, len(logits)))
    if bool((values[1:] == values[:-1]).any()):  # topk leaves open in which order they come, and which of them do
        last = values[: max(1, count)][-1]
        ids = (logits >= last).nonzero().flatten()
        ids = ids[logits[ids].argsort(descending=True, stable=True)]
    return ids[:count], chances(logits)[ids[:count]]


def entropy(logits: Tensor) -> float:
    """Compute the entropy of the next token, in bits. logits: v"""
    p = chances(logits).double()
    return float(-(p * p.clamp_min(1e-300).log2()).sum())
