"""Logit lens: what would be predicted if a stack stopped early (nostalgebraist 2020).

    pre-norm     logits of norm(stream)       the model's own last norm, with the statistics of the stream there
    post-norm    logits of the stream         the paper's model has no norm after its stacks: the stream as it stands
    BERT         logits of head(stream)       head(x) = norm(act(x W + b)), what the model does with its last vector

The output matrix, its bias, scale and cap, and the head are the model's own. At the end of the stack the lens is the
prediction; that is checked at the row that is looked at, and nothing is said where it does not hold.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.analysis.stream import Stream
from glasshead.anatomy import Norm
from glasshead.errors import GlassheadError
from glasshead.text import Token
from glasshead.traces.chances import most_probable
from glasshead.traces.reading import Gain, Learned, Reading, Unembedding
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Lens:
    """The way from a stream to logits."""

    unembedding: Unembedding
    norm: Norm | None
    """The norm after all layers, if there is one."""
    gain: Gain | None
    """What that norm learned."""
    reading: Reading
    forbidden: Tensor
    """Tokens that may not be chosen at the row that is looked at: boolean v. They are no candidates of the lens."""

    @property
    def how(self) -> str:
        """One line that says what is done."""
        head = self.unembedding.head is not None
        if self.bare:
            return "the output matrix applied to the stream as it stands: no norm follows it"
        parts = ("last norm" * (self.norm is not None), "head (linear map, activation, norm)" * head)
        return f"the model's own {', '.join(filter(None, parts))} and output matrix applied to the stream"

    @property
    def bare(self) -> bool:
        """Whether the output matrix is applied to the stream as it stands."""
        return self.norm is None and self.unembedding.head is None

    def logits(self, streams: Tensor) -> Tensor:
        """Compute the logits of streams: n m, float64 → n v, float32."""
        return self.unembedding.logits(self.normed(streams))

    def normed(self, streams: Tensor) -> Tensor:
        """Apply the last norm, if there is one: n m → n m."""
        if self.norm is None:
            return streams
        assert self.gain is not None
        return apply_norm(streams, self.norm, self.gain)

    def candidates(self, streams: Tensor, count: int) -> list[list[Token]]:
        """Find the most probable tokens of each stream, with their probabilities: n m → n lists, best first."""
        allowed = self.logits(streams).masked_fill(self.forbidden, -torch.inf)
        best = [most_probable(row, count) for row in allowed]
        return [self.reading.names(ids.tolist(), chances.tolist()) for ids, chances in best]


def apply_norm(x: Tensor, norm: Norm, learned: Gain) -> Tensor:
    """Normalise vectors with their own statistics, in float64: n m → n m."""
    x = x.to(torch.float64)
    if norm.form == "layer":
        x = x - x.mean(-1, keepdim=True)
    x = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + norm.eps)
    gain, bias = (None if each is None else each.to("cpu", torch.float64) for each in (learned.gain, learned.bias))
    x = x if gain is None else x * gain
    return x if bias is None else x + bias


def lens(trace: Trace, seen: Stream) -> Lens:
    """Return the lens of the stack of a stream. Raises GlassheadError, in one sentence, where there is none."""
    reading = trace.reading
    learned = None if reading is None else reading.learned
    if reading is None or learned is None:
        if trace.recorded:
            raise GlassheadError(f"{trace.recorded}, without the output matrix: open the model itself for the lens.")
        raise GlassheadError("This model does not say its output matrix: there is no lens.")
    own = own_logits(trace, seen, reading)
    found = _lens(learned, seen, reading)
    again = found.unembedding.logits(seen.end.unsqueeze(0))[0]
    if len(own) != len(again) or not _equal(own, again, trace.anatomy.tolerance):
        raise GlassheadError(
            "The output matrix alone does not give this model's logits, so there is no lens: an edit, or a part of the "
            "model that is not shown, comes between."
        )
    return found


def own_logits(trace: Trace, seen: Stream, reading: Reading) -> Tensor:
    """Return the model's own logits of the pass that is shown, or those by which the next token was chosen: v.

    The two differ where a token that came later changes an earlier row.
    """
    if seen.stack == "decoder" and "logits" in trace and "logits" not in trace.dropped:
        return trace.at("logits", seen.row)
    return reading.predicted(seen.stack, seen.row)


def _lens(learned: Learned, seen: Stream, reading: Reading) -> Lens:
    if learned.unembedding is None:
        raise GlassheadError("This model does not say its output matrix: there is no lens.")
    gain = None
    if seen.last is not None:
        gain = learned.norms.get(seen.last.prefix)
        if gain is None:
            raise GlassheadError("This model does not say its last norm: there is no lens.")
    forbidden = reading.predicted(seen.stack, seen.row) == -torch.inf
    return Lens(unembedding=learned.unembedding, norm=seen.last, gain=gain, reading=reading, forbidden=forbidden)


def _equal(own: Tensor, again: Tensor, tolerance: float) -> bool:
    """Compare logits where the first are finite: a forbidden token has −∞ there."""
    there = own.isfinite()
    size = max(1.0, float(own[there].abs().max())) if bool(there.any()) else 1.0
    return bool(((own - again)[there].abs() <= tolerance * size).all())
