"""Cross-entropy with label smoothing (section 5.4), in PyTorch's definition.

The target distribution is (1 − ε) on the right token plus ε/V on *every* class, the right one included; fairseq spreads
ε over the other V − 1, the Annotated Transformer over V − 2. Padding counts nothing. With z the logits, y the label:

    loss = −(1 − ε) log p(y) − ε/V Σ log p(c)   =   log Σ exp z − (1 − ε) z(y) − ε · mean(z)
    ∂loss/∂z = p − (1 − ε) · [c = y] − ε/V

A loss is a *sum* over target tokens; who updates divides by the tokens of the whole update.
"""

from typing import Any

import torch
from torch import Tensor

AT_ONCE = 1 << 18
"""Logits worked on together: what fits in a processor's cache."""


class Smoothed(torch.autograd.Function):
    """The formulas above, loss and gradient in one go and a few rows at a time.

    The logits are by far the largest tensor of a step. Autograd's own way passes over all of them in memory a dozen
    times in float32; this way does it in the cache, and keeps only the gradient, as narrow as the logits came.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, smoothing: float, pad_id: int) -> tuple[Tensor, Tensor]:
        """logits: n v · labels: n → the summed smoothed loss and the summed negative log-likelihood."""
        size = logits.shape[-1]
        wide = torch.promote_types(logits.dtype, torch.float32)
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        sums = torch.zeros(2, dtype=wide, device=logits.device)
        rows = max(1, AT_ONCE // size)
        for start in range(0, len(logits), rows):
            z, y = logits[start : start + rows].to(wide), labels[start : start + rows].unsqueeze(-1)
            counts = (y != pad_id).to(wide)
            right, mean, peak = z.gather(-1, y), z.mean(-1, keepdim=True), z.amax(-1, keepdim=True)
            exp = (z - peak).exp_()
            total = exp.sum(-1, keepdim=True)
            log_total = total.log() + peak
            loss = log_total - (1 - smoothing) * right - smoothing * mean
            sums += torch.stack([(loss * counts).sum(), ((log_total - right) * counts).sum()])
            if gradient is not None:
                part = exp.mul_(counts / total).sub_(counts * (smoothing / size))
                part.scatter_add_(-1, y, counts * (smoothing - 1))
                gradient[start : start + rows] = part
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return sums[0], sums[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient of the smoothed loss; the likelihood is there to be read, and has none."""
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0], None, None, None


def smoothed(logits: Tensor, labels: Tensor, *, smoothing: float, pad_id: int) -> tuple[Tensor, Tensor]:
    """The summed loss, and the summed negative log-likelihood (without smoothing, for a perplexity), in nats.

    logits: … v · labels: … ids · smoothing: ε in 0–1. Computed in float32 at least, whatever the logits came in.
    """
    apply: Any = Smoothed.apply
    loss, likelihood = apply(logits.flatten(0, -2), labels.flatten(), smoothing, pad_id)
    return loss, likelihood.detach()
