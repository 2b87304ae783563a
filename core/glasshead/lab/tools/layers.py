"""The layers of the paper's table 1 as running code. Each maps n vectors of d numbers to n vectors of d numbers.

    self-attention        every position looks at every other
    restricted            every position looks at the r around it (section 4), and nothing else is computed
    recurrent             h_t = tanh(W x_t + U h_{t−1}), one position after the other
    convolution           y_t = Σ_i W_i x_{t−i}, i = 0 … k − 1: a kernel that looks back, as in a decoder

Attention is the project's own `attend` with q = k = v = x: the table does not count the projections W_Q, W_K, W_V, W_O.
Axes: n positions · d width · r neighbours · k kernel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.attend import attend, neighbourhood

Layer = Callable[[Tensor, int], Tensor]
"""x: n d, and the index of the layer in its stack, from 0 → n d."""
Tapped = Callable[[str, Tensor], Tensor]
NUMBERS = 2**17
"""Numbers of keys that restricted attention copies at a time."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes that a layer's complexity depends on."""

    n: int
    """Positions."""
    d: int
    """Width of a position's vector."""
    k: int
    """Positions under the kernel of a convolution."""
    r: int
    """Positions in the neighbourhood of restricted attention."""


def self_attention(shape: Shape, _seed: int, tap: Tapped | None = None) -> Layer:
    """Let every position look at every position: n × n scores."""

    def layer(x: Tensor, _number: int = 0) -> Tensor:
        return attend(x[None, None], x[None, None], x[None, None], scale=shape.d**-0.5, tap=tap)[0, 0]

    return layer


def masked_attention(shape: Shape, _seed: int, tap: Tapped | None = None) -> Layer:
    """Hide all but r keys of a row, as `Config.window` does: n × n scores are computed and then masked."""

    def layer(x: Tensor, _number: int = 0) -> Tensor:
        mask = neighbourhood(len(x), shape.r)
        return attend(x[None, None], x[None, None], x[None, None], mask, scale=shape.d**-0.5, tap=tap)[0, 0]

    return layer


def restricted_attention(shape: Shape, _seed: int, tap: Tapped | None = None) -> Layer:
    """Compute only the n × r scores of the same neighbourhood (see `attend.near`)."""
    before, after = shape.r // 2, (shape.r - 1) // 2
    # Every key is copied r times, once for each query that sees it. Work on a few positions at a time, so that the
    # copies stay in the processor's cache.
    at_once = max(1, NUMBERS // (shape.r * shape.d))

    def layer(x: Tensor, _number: int = 0) -> Tensor:
        # Each position is its own batch: one query, and r keys that begin r // 2 before it. n 1 r d
        near = F.pad(x, (0, 0, before, after)).unfold(0, shape.r, 1).transpose(1, 2).unsqueeze(1)
        where = torch.arange(len(x)).unsqueeze(-1) + torch.arange(-before, after + 1)
        inside = ((where >= 0) & (where < len(x)))[:, None, None, :]
        count = -(-len(x) // at_once)
        parts = [
            attend(q, kv, kv, mask, scale=shape.d**-0.5, tap=tap)[:, 0, 0]
            for q, kv, mask in zip(x[:, None, None].chunk(count), near.chunk(count), inside.chunk(count), strict=True)
        ]
        return torch.cat(parts)

    return layer


def recurrent(shape: Shape, seed: int, _tap: Tapped | None = None) -> Layer:
    """Run torch.nn.RNN: n steps that wait for each other."""
    net = rnn(shape.d, seed)

    def layer(x: Tensor, _number: int = 0) -> Tensor:
        return net(x)[0]

    return layer


def recurrence(shape: Shape, seed: int, _tap: Tapped | None = None) -> Layer:
    """Run one step of the same network for all positions at once: every state sees the one before it, x → h.

    `n − 1` such steps, from h = tanh(W x), give the result of `recurrent`: see `sweep`.
    """
    net = rnn(shape.d, seed)

    def layer(h: Tensor, _number: int = 0) -> Tensor:
        return sweep(net, torch.zeros_like(h), h)

    return layer


def sweep(net: nn.RNN, x: Tensor, h: Tensor) -> Tensor:
    """Compute tanh(W x_t + U h_{t−1}) at every position t, with h_0 = 0. x, h: n d → n d."""
    given, passed, given_bias, passed_bias = net.all_weights[0]
    return torch.tanh(F.linear(x, given, given_bias) + F.linear(F.pad(h, (0, 0, 1, -1)), passed, passed_bias))


def convolution(shape: Shape, seed: int, _tap: Tapped | None = None) -> Layer:
    """Convolve over the same k neighbouring positions in every layer."""
    return _convolution(shape, seed, lambda _number: 1)


def dilated_convolution(shape: Shape, seed: int, _tap: Tapped | None = None) -> Layer:
    """Convolve in layer l, counted from 0, over k positions that are k^l apart."""
    return _convolution(shape, seed, lambda number: shape.k**number)


def _convolution(shape: Shape, seed: int, apart: Callable[[int], int]) -> Layer:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape.d, shape.d, shape.k, generator=generator) * (shape.k * shape.d) ** -0.5
    weight.requires_grad_(True)

    def layer(x: Tensor, number: int = 0) -> Tensor:
        dilation = apart(number)
        padded = F.pad(x.t().unsqueeze(0), ((shape.k - 1) * dilation, 0))
        return F.conv1d(padded, weight, dilation=dilation)[0].t()

    return layer


def rnn(width: int, seed: int) -> nn.RNN:
    """Make a network of one layer, initialised by the seed, without touching the global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.RNN(width, width)
