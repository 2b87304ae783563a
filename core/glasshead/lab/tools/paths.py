"""What waits for what: lengths of paths, counted on the real dependency graph of a computation, not by a formula.

`hops` asks gradients: how many layers must stand on each other until the last output depends on the first input?
`chain` asks the graph that autograd keeps: how many matrix products must follow each other, none before the last?
"""

from typing import Any

import torch
from torch import Tensor

from glasshead.lab.tools.layers import Layer
from glasshead.lab.tools.telling import Told, silent

PRODUCTS = ("MmBackward", "BmmBackward", "AddmmBackward", "ConvolutionBackward")
"""How autograd's nodes of matrix products and convolutions begin."""


def hops(layer: Layer, *, n: int, width: int, most: int, told: Told = silent) -> int | None:
    """Fewest layers through which the last of n positions depends on the first; None where `most` do not reach it.

    The gradient of the last output goes down layer by layer. Only where it is zero matters: what is not zero is drawn
    anew at every layer, so that a long path does not fade to zero in a float.
    """
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(n, width, generator=draw).requires_grad_(True)
    gradient = torch.zeros(n, width)
    gradient[-1] = torch.rand(width, generator=draw) + 0.5
    for number in range(most):
        told(number / most, f"n {n}, path of {number}")
        (below,) = torch.autograd.grad(layer(x, number), x, gradient)
        reached = (below != 0).any(-1, keepdim=True)
        if reached[0]:
            return number + 1
        gradient = (torch.rand(n, width, generator=draw) + 0.5) * reached
    return None


def chain(output: Tensor) -> int:
    """The longest chain of matrix products in the computation of a tensor, each of which needs the one before it."""
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
