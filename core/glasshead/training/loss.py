"""Cross-entropy with label smoothing (section 5.4), in PyTorch's definition.

The target distribution is (1 − ε) on the right token plus ε/V on *every* class, the right one included; fairseq spreads
ε over the other V − 1, the Annotated Transformer over V − 2. Padding is ignored. With z the logits, y the label, p =
softmax(z):

    loss = −(1 − ε) log p(y) − ε/V Σ log p(c)   =   log Σ exp z − (1 − ε) z(y) − ε · mean(z)
    ∂loss/∂z = p − (1 − ε) · [c = y] − ε/V

A loss is a *sum* over target tokens; the engine divides by the tokens of the whole update.

The logits are by far the largest tensor of a step. Autograd passes over all of them in memory a dozen times in float32.
Here loss and gradient are computed in one go and a few rows at a time, in the processor's cache; only the gradient is
kept, in the precision of the logits.
"""

from typing import Any

import torch
from torch import Tensor

from glasshead.training.fast.products import linear, multiply, rounded, slope

AT_ONCE = {"cpu": 1 << 20}
"""Number of logits in one piece of work: on a processor as many as fit in its cache, elsewhere plenty."""
PLENTY = 1 << 27


def smoothed(logits: Tensor, labels: Tensor, *, smoothing: float, pad_id: int) -> tuple[Tensor, Tensor]:
    """Compute the summed loss, and the summed negative log-likelihood (without smoothing, for a perplexity), in nats.

    logits: … v · labels: … ids · smoothing: ε in 0–1. Computed at least in float32.
    """
    apply: Any = Smoothed.apply
    loss, likelihood = apply(logits.flatten(0, -2), labels.flatten(), smoothing, pad_id)
    return loss, likelihood.detach()


def projected(
    states: Tensor, weight: Tensor, labels: Tensor, *, bias: Tensor | None = None, smoothing: float, pad_id: int
) -> tuple[Tensor, Tensor]:
    """Compute `smoothed` of the logits states Wᵀ + b in the least memory: no logits for padding, one buffer for both.

    states: … m · weight: v m · labels: … ids · bias: v. Computed in the precision of the states, but in float32 for
    float16, in which small probabilities would be lost.
    """
    apply: Any = Projected.apply
    kind = states.device.type
    if torch.is_autocast_enabled(kind):
        states = states.to(torch.get_autocast_dtype(kind))
    with torch.autocast(kind, enabled=False):
        loss, likelihood = apply(states.flatten(0, -2), weight, bias, labels.flatten(), smoothing, pad_id)
    return loss, likelihood.detach()


class Smoothed(torch.autograd.Function):
    """The formulas above, for given logits."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, smoothing: float, pad_id: int) -> tuple[Tensor, Tensor]:
        """Compute the summed smoothed loss and the summed negative log-likelihood. logits: n v · labels: n"""
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        sums = _sums(logits, labels, smoothing, pad_id, gradient)
        if gradient is not None:
            ctx.save_for_backward(gradient)
        return sums[0], sums[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of the smoothed loss; the likelihood is only read and has none."""
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0], None, None, None


class Projected(torch.autograd.Function):
    """The formulas above with the product before them. Only the gradients of its operands are kept."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, smoothing: float, pad_id: int
    ) -> tuple[Tensor, Tensor]:
        """Compute the summed smoothed loss and negative log-likelihood. n m · v m · v · labels: n"""
        rows, real = states, None
        if states.device.type == "cpu":  # leave out padding, but not on a device that would have to wait for it
            real = (labels != pad_id).nonzero().squeeze(-1)
            rows, labels = rounded(states[real]), rounded(labels[real], pad_id)
        rows = rows.to(_kept(rows))
        matrix = weight.to(rows.dtype)
        logits = linear(rows, matrix, None if bias is None else bias.to(rows.dtype))
        wanted = any(ctx.needs_input_grad[:3])
        sums = _sums(logits, labels, smoothing, pad_id, logits if wanted else None)
        if wanted:  # the logits have become their gradient
            before = multiply(logits, matrix)
            if real is not None:
                before = torch.zeros_like(states, dtype=rows.dtype).index_copy_(0, real, before[: len(real)])
            ctx.save_for_backward(
                before, slope(logits, rows), None if bias is None else logits.sum(0, dtype=bias.dtype)
            )
        return sums[0], sums[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the smoothed loss; the likelihood is only read and has none."""
        kept = (None if each is None else each * gradients[0] for each in ctx.saved_tensors)
        return (*kept, None, None, None)


def _sums(logits: Tensor, labels: Tensor, smoothing: float, pad_id: int, gradient: Tensor | None) -> Tensor:
    """Compute both sums. The gradient of the first is written to `gradient`, which may be the logits themselves."""
    wide, size = torch.promote_types(logits.dtype, torch.float32), logits.shape[-1]
    sums = torch.zeros(2, dtype=wide, device=logits.device)
    rows = max(1, AT_ONCE.get(logits.device.type, PLENTY) // size)
    for start in range(0, len(logits), rows):
        z, y = logits[start : start + rows].to(wide), labels[start : start + rows].unsqueeze(-1)
        counts = (y != pad_id).to(wide)
        right, mean, peak = z.gather(-1, y), z.mean(-1, keepdim=True), z.amax(-1, keepdim=True)
        p = torch.softmax(z, -1)
        total = peak - p.amax(-1, keepdim=True).log()  # log Σ exp z, from softmax's own values
        loss = total - (1 - smoothing) * right - smoothing * mean
        sums += torch.stack([(loss * counts).sum(), ((total - right) * counts).sum()])
        if gradient is not None:
            p.sub_(smoothing / size).scatter_add_(-1, y, torch.full_like(right, smoothing - 1)).mul_(counts)
            gradient[start : start + rows] = p
    return sums


def _kept(x: Tensor) -> torch.dtype:
    return torch.float32 if x.dtype is torch.float16 else x.dtype
