"""What a view can know of a model besides captured values: learned maps, names of tokens, and predictions.

    sub-layer    out    = x W + b                    x: the heads side by side, or the units of a feed-forward layer
    norm         out    = gain · normed + bias
    logits       logits = cap(scale · x Wᵀ + bias)   cap(z) = c · tanh(z / c), where a model has one

The tensors are the model's own, not copies. To read them runs no model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.text import Token


@dataclass(frozen=True, eq=False)
class Affine:
    """The last linear map of a sub-layer."""

    weight: Tensor
    """in × m."""
    bias: Tensor | None = None
    """m."""


@dataclass(frozen=True, eq=False)
class Gain:
    """What a norm learned; None where it learned nothing."""

    gain: Tensor | None
    bias: Tensor | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Unembedding:
    """The way from the last vector of a stack to the logits."""

    weight: Tensor
    """v m."""
    bias: Tensor | None = None
    """v."""
    scale: float = 1.0
    cap: float | None = None

    def logits(self, x: Tensor) -> Tensor:
        """Compute logits in the precision of the model: n m → n v, float32 on the CPU."""
        return self.finish(self.linear(x))

    def linear(self, x: Tensor) -> Tensor:
        """Compute what is capped, or the logits themselves where there is no cap: n m → n v."""
        with torch.no_grad():
            found = (x.to(self.weight) * self.scale) @ self.weight.T
            return (found if self.bias is None else found + self.bias).float().cpu()

    def finish(self, linear: Tensor) -> Tensor:
        """Apply the cap."""
        return linear if self.cap is None else self.cap * torch.tanh(linear / self.cap)


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """Learned maps by their places. What a model cannot say is left out."""

    outputs: Mapping[str, Affine] = field(default_factory=dict)
    """Last map of each sub-layer, e.g. of `decoder.1.cross`."""
    norms: Mapping[str, Gain] = field(default_factory=dict)
    """By the prefix of their values, e.g. `decoder.1.cross.norm`."""
    unembedding: Unembedding | None = None
    """From the stack that predicts."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What a trace can say of its model."""

    learned: Learned | None
    """None if the model does not say it."""
    names: Callable[[Sequence[int], Sequence[float] | None], list[Token]]
    """Makes tokens of ids of the target, with probabilities if they are given."""
    target: Callable[[int], Tensor]
    """Logits by which the token after a row of the target was chosen: v, −∞ where it is forbidden."""
    source: Tensor | None = None
    """What an encoder alone predicts at each row of the source: q v; None of any other model."""

    def predicted(self, stack: str, row: int) -> Tensor:
        """Return the logits that a row of a stack leads to: v, float32 on the CPU.

        Raises GlassheadError for a stack that predicts nothing, and where a recording lacks them.
        """
        if stack == "decoder":
            return self.target(row).float().cpu()
        if self.source is None:
            raise GlassheadError("The rows of this encoder predict no token: the decoder reads them.")
        return self.source[row].float().cpu()
