"""The whole distribution that a row leads to: every token with its logit and probability, the most probable first.

p = softmax(logits)        log-probability = ln p, in nats
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.text import Token
from glasshead.traces.chances import entropy
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Distribution:
    """The tokens that may come after a row."""

    ids: Tensor
    """v, the most probable first."""
    logits: Tensor
    """Logits of all tokens by their ids: v, −∞ where one is forbidden."""
    probabilities: Tensor
    """Probabilities of all tokens by their ids: v, float64."""
    bits: float
    """Entropy in bits."""
    trace: Trace

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return len(self.ids)

    def best(self, first: int, count: int) -> list[Token]:
        """Return tokens of these ranks, counted from 0, with their probabilities."""
        ids = self.ids[max(0, first) : max(0, first) + count]
        assert self.trace.reading is not None
        return self.trace.reading.names(ids.tolist(), self.probabilities[ids].tolist())

    def rank(self, token: int) -> int:
        """Return the rank of a token, counted from 0. Tokens of equal probability come in the order of their ids."""
        return int((self.ids == token).nonzero()[0])

    def beyond(self, count: int) -> float:
        """Return the probability of all tokens after the first `count` ranks together."""
        return max(1.0 - float(self.probabilities[self.ids[:count]].sum()), 0.0)  # in this order NaN stays NaN

    def find(self, part: str, after: int = -1) -> int | None:
        """Find the rank of the next token after a rank whose text holds a part, from the first again at the end."""
        tokens = self.best(0, self.size)
        order = (*range(after + 1, self.size), *range(after + 1))
        return next((rank for rank in order if part.lower() in tokens[rank].text.lower()), None)


def distribution(trace: Trace, stack: str, row: int) -> Distribution:
    """Return the distribution at a row of a stack.

    Raises GlassheadError for a stack that predicts nothing, and where a recording lacks the logits.
    """
    if trace.reading is None:
        raise GlassheadError("This trace does not say what was predicted.")
    logits = trace.reading.predicted(stack, row)
    chances = torch.softmax(logits.double(), -1)
    ids = logits.argsort(descending=True, stable=True)
    return Distribution(ids=ids, logits=logits, probabilities=chances, bits=entropy(logits), trace=trace)


def log_probability(tokens: Sequence[Token]) -> float:
    """Compute the log-probability of a line in nats: the sum of ln p of the tokens that have a probability."""
    chances = [token.probability for token in tokens if token.probability is not None]
    return sum(log(chance) if chance > 0 else -inf for chance in chances)
