"""Path lengths, counted on the real dependency graph of a computation, not by a formula.

`hops` uses gradients: how many stacked layers does it take until the last output depends on the first input?
`chain` uses autograd's graph: how many matrix products must run one after another?
"""

from typing import Any

import torch
from torch import Tensor

from glasshead.lab.tools.layers import Layer
from glasshead.lab.tools.progress import Progress, silent

PRODUCTS = ("MmBackward", "BmmBackward", "AddmmBackward", "BaddbmmBackward", "ConvolutionBackward")
"""Prefixes of autograd's node names for matrix products and convolutions."""


def hops(layer: Layer, *, n: int, width: int, most: int, progress: Progress = silent) -> int | None:
    """Return the fewest layers through which the last of n positions depends on the first; None if `most` are not
    enough.

    The gradient of the last output is passed down layer by layer. Only zero or non-zero matters: non-zero entries are
    replaced by new random numbers at every layer, so that a long path does not underflow.
    """
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(n, width, generator=draw).requires_grad_(True)
    gradient = torch.zeros(n, width)
    gradient[-1] = torch.rand(width, generator=draw) + 0.5
    for number in range(most):
        progress(number / most, f"n {n}, path of {number}")
        (below,) = torch.autograd.grad(layer(x, number), x, gradient)
        reached = (below != 0).any(-1, keepdim=True)
        if reached[0]:
            return number + 1
        gradient = (torch.rand(n, width, generator=draw) + 0.5) * reached
    return None


def chain(output: Tensor) -> int:
    """Return the length of the longest chain of dependent matrix products in a tensor's computation."""
    longest: dict[Any, int] = {}
    todo: list[Any] = [output.grad_fn]
    while todo:
        node = todo[-1]
        before = [each for each, _ in node.next_functions if each is not None]
        missing = [each for each in before if each not in longest]
        if missing:
            todo += missing
            continue
        todo.pop()
        longest[node] = max((longest[each] for each in before), default=0) + node.name().startswith(PRODUCTS)
    return longest[output.grad_fn]
