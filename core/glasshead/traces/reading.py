"""What a view can know of a model besides captured values: learned maps, names of tokens, and predictions.

    sub-layer    out    = x W + b                    x: the heads side by side, or the units of a feed-forward layer
    norm         out    = gain · normed + bias
    head         out    = norm(act(x W + b))         before the output matrix, in models that fill in masked tokens
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
class Head:
    """What BERT and its relatives do with the last vector before the output matrix (Devlin et al. 2019)."""

    dense: Affine
    """m × n."""
    activation: Callable[[Tensor], Tensor]
    """Works number by number."""
    gain: Gain
    """What its norm learned: n."""
    eps: float
    rms: bool = False
    """Whether its norm takes no mean."""

    def __call__(self, x: Tensor) -> Tensor:
        """Compute what the output matrix is given, in the precision of the model: r m → r n, r being any rows."""
        with torch.no_grad():
            weight = self.dense.weight
            found = x.to(weight) @ weight
            found = self.activation(found if self.dense.bias is None else found + self.dense.bias)
            wide = found if found.dtype == torch.float64 else found.float()
            wide = self.centred(wide)
            wide = wide / self.spread(wide)
            wide = wide if self.gain.gain is None else wide * self.gain.gain
            return (wide if self.gain.bias is None else wide + self.gain.bias).to(weight)

    def centred(self, x: Tensor) -> Tensor:
        """Take the mean out of vectors, if the norm does: r n → r n."""
        return x if self.rms else x - x.mean(-1, keepdim=True)

    def spread(self, centred: Tensor) -> Tensor:
        """Compute what the norm divides centred vectors by: r n → r 1."""
        return (centred.square().mean(-1, keepdim=True) + self.eps).sqrt()


@dataclass(frozen=True, eq=False, kw_only=True)
class Unembedding:
    """The way from the last vector of a stack to the logits."""

    weight: Tensor
    """v m; v n after a head that gives n numbers."""
    bias: Tensor | None = None
    """v."""
    scale: float = 1.0
    cap: float | None = None
    head: Head | None = None
    """What comes before the matrix, if anything does."""

    def logits(self, x: Tensor) -> Tensor:
        """Compute logits in the precision of the model: n m → n v, float32 on the CPU."""
        return self.finish(self.linear(x))

    def linear(self, x: Tensor) -> Tensor:
        """Compute what is capped, or the logits themselves where there is no cap: n m → n v."""
        with torch.no_grad():
            given = x if self.head is None else self.head(x)
            found = (given.to(self.weight) * self.scale) @ self.weight.T
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
