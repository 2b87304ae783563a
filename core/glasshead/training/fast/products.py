"""Matrix products for training, each by PyTorch's fastest kernel here.

In bfloat16 PyTorch uses oneDNN by itself. In float32 it uses MKL, which leaves AVX-512 unused on a processor that is
not Intel's: there oneDNN multiplied the same matrices 2.2 times as fast (230 against 100 GFLOP/s on a core of an EPYC),
and a whole float32 step took 0.55 of the time.
"""

from typing import Any

import torch
from torch import Tensor


def _asks() -> bool:
    """Tell whether oneDNN offers a float32 product. Its operator has no public name; a new version may lack it."""
    onednn: Any = torch.backends.mkldnn
    return (
        onednn.is_available()
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


ASKS = _asks()


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute x Wᵀ + b in the precision of x: … i, j i, j → … j. The gradients of W and b are at least float32."""
    apply: Any = _Product.apply
    result: Tensor = apply(x, weight, bias)
    return result


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows, weight = x.flatten(0, -2), weight.to(x.dtype)
        ctx.save_for_backward(rows, weight)
        ctx.biased = bias is not None
        return linear(rows, weight, None if bias is None else bias.to(x.dtype)).view(*x.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        output = gradients[0].reshape(len(rows), len(weight))
        x = multiply(output, weight).view(*gradients[0].shape[:-1], weight.shape[1])
        return x, slope(output, rows), output.sum(0).to(_wide(output)) if ctx.biased else None


def rounded(rows: Tensor, fill: float = 0.0) -> Tensor:
    """Add rows of `fill`, so that n has at most five significant bits: n … → n' …

    oneDNN makes and keeps a program for every size of a product: a millisecond and a megabyte or more for each, and
    batches of real lengths differ. This keeps the number of sizes small; it wastes one row in 16 at most, one in 60 on
    average.
    """
    more = -len(rows) % (1 << max(0, len(rows).bit_length() - 5))
    return torch.cat([rows, rows.new_full((more, *rows.shape[1:]), fill)]) if more else rows


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute x Wᵀ + b without a gradient: i k, k j, j → i j."""
    if _asking(x):
        operator: Any = torch.ops.mkldnn._linear_pointwise
        return operator(x, weight, bias, "none", [], "")
    return x @ weight.t() if bias is None else torch.addmm(bias, x, weight.t())


def multiply(left: Tensor, right: Tensor) -> Tensor:
    """Compute left @ right without a gradient: i k, k j → i j."""
    return linear(left, right.t())


def slope(output: Tensor, x: Tensor) -> Tensor:
    """Compute the gradient of W in x Wᵀ from that of the product, `output`: outputᵀ x, in float32. r i, r j → i j"""
    if _asking(x) and output.shape[1] > x.shape[1]:
        # oneDNN copies a first matrix that is transposed: better the narrower of the two.
        found = multiply(x.t(), output).t().contiguous()
    else:
        found = multiply(output.t(), x)
    return found.to(_wide(found))


def _asking(x: Tensor) -> bool:
    return ASKS and x.dtype is torch.float32 and x.device.type == "cpu"


def _wide(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)
