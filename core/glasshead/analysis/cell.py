"""One cell of an attention, followed from its query and key to its weight and on to the head's output.

Everything is computed in float64 from the captured q, k and v. The score and the weight that the model itself used
stand beside it, so that one can be checked against the other.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.attend import softmax
from glasshead.errors import GlassheadError
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The arithmetic of one attention weight. Vectors are of the width of one head."""

    site: str
    """The attention, e.g. `decoder.1.self`."""
    head: int
    query: int
    key: int
    q: tuple[float, ...]
    k: tuple[float, ...]
    v: tuple[float, ...]
    products: tuple[float, ...]
    """q_i · k_i, number by number; they add up to `dot`."""
    dot: float
    """q·k."""
    scale: float
    bias: float | None
    """Number added to the score by the positions of query and key; None if nothing is added."""
    cap: float | None
    """Cap of the score: s becomes cap · tanh(s / cap); None if it is not capped."""
    key_head: int
    """Head of keys and values that this head reads."""
    score: float
    """cap(q·k × scale + bias)."""
    may_look: bool
    """False if the mask has put −∞."""
    exp: float
    """e^score; 0 for a masked cell."""
    total: float
    """Sum of e^score over all keys of the row that are not masked."""
    weight: float
    """exp ÷ total."""
    captured_score: float
    """The score that the model used."""
    captured_masked: float
    """The same after the mask: −∞ for a masked cell."""
    captured_weight: float
    """The weight that the model used."""
    weights: tuple[float, ...]
    """The weights of the whole row, captured."""
    mixed: tuple[float, ...]
    """Σ weight · v over the row, computed from the captured weights and values."""
    output: tuple[float, ...]
    """The head's output for the query, captured: what `mixed` must equal."""
    size: float
    """Largest sum of |weight · v| over the keys: the rounding of `output` is relative to it, however many they are."""
    tolerance: float
    """Largest difference that the model's precision may leave between two orders of arithmetic."""

    @property
    def agrees(self) -> bool:
        """Whether the weight computed here is the one that the model used."""
        return abs(self.weight - self.captured_weight) <= self.tolerance

    @property
    def output_agrees(self) -> bool:
        """Whether the sum computed here is the output of the head."""
        most = self.tolerance * self.size
        return all(abs(mixed - output) <= most for mixed, output in zip(self.mixed, self.output, strict=True))


def cell(trace: Trace, site: str, head: int, query: int, key: int) -> Cell:
    """Follow one cell of the attention `site`. Raises GlassheadError if the trace does not have the cell."""
    if f"{site}.weights" not in trace:
        trace[f"{site}.weights"]  # raises, and says why
    queries, keyed = trace.axes(site)
    shape = trace.anatomy.kind_at(site).heads, len(queries), len(keyed)
    for what, number, count in zip(("head", "query", "key"), (head, query, key), shape, strict=True):
        if not 0 <= number < count:
            raise GlassheadError(f"{site} has no {what} {number}: it has {count}, counted from 0.")
    how, key_head = trace.attending(site), trace.anatomy.kind_at(site).key_head(head)
    if not trace.aside:
        trace.prepare([f"{site}.{name}" for name in ("q", "scores", "masked", "weights", "heads")], query)
    q = trace.row(f"{site}.q", query)[head].double()
    keys, values = (trace[f"{site}.{name}"][key_head].double() for name in "kv")
    bias = trace.captured(f"{site}.bias")[head, query].double() if how.biased else None
    if bias is not None and not trace.may_look(site)[query, key]:  # nothing was captured there: run the model for it
        bias = trace[f"{site}.bias"][head, query].double()
    masked = trace.row(f"{site}.masked", query)[head].double()
    scores = keys @ q * how.scale
    if bias is not None:
        scores = scores + bias
    if how.cap is not None:
        scores = how.cap * torch.tanh(scores / how.cap)
    # e^score is shown as it is, not relative to the row's maximum: in float64 it holds up to a score of 709.
    exps = scores.clamp(max=700).exp().masked_fill(masked.isneginf(), 0.0)
    # The weight itself is computed relative to the maximum, so that it is right beyond those scores too.
    again = softmax(scores.masked_fill(masked.isneginf(), -math.inf))
    products = q * keys[key]
    may_look = bool(masked[key] > -math.inf)
    row = trace.row(f"{site}.weights", query)[head].double()
    scored = f"{site}.scores"
    complete = not may_look or scored in trace.dropped
    captured_score = float((trace.row(scored, query) if complete else trace.captured(scored)[:, query])[head, key])
    return Cell(
        site=site,
        head=head,
        query=query,
        key=key,
        q=_numbers(q),
        k=_numbers(keys[key]),
        v=_numbers(values[key]),
        products=_numbers(products),
        dot=float(products.sum()),
        scale=how.scale,
        bias=None if bias is None else float(bias[key]),
        cap=how.cap,
        key_head=key_head,
        score=float(scores[key]),
        may_look=may_look,
        exp=float(exps[key]),
        total=float(exps.sum()),
        weight=float(again[key]),
        captured_score=captured_score,
        captured_masked=float(masked[key]),
        captured_weight=float(row[key]),
        weights=_numbers(row),
        mixed=_numbers(row @ values),
        output=_numbers(trace.row(f"{site}.heads", query)[head]),
        size=float((row.abs() @ values.abs()).max()),
        tolerance=trace.anatomy.tolerance,
    )


def _numbers(vector: Tensor) -> tuple[float, ...]:
    return tuple(vector.tolist())
