"""Checks that a trace must pass, computed from captured values."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.attend import softmax
from glasshead.site import Site
from glasshead.traces.trace import Trace

LARGEST = 4_000_000
"""Most cells of attention that are checked at once; of a longer trace only the newest rows are checked."""


@dataclass(frozen=True)
class Check:
    """One statement about a trace."""

    label: str
    ok: bool
    value: float | None
    """Result of the measurement: the largest error, or the number of cells that break the rule."""
    detail: str
    """Full statement, with the values that were compared."""
    meant: bool = False
    """Whether an edit breaks the rule on purpose."""


def checks(trace: Trace, cache_error: float | None = None, peeking: int | None = None) -> tuple[Check, ...]:
    """Check a trace as far as its captured values allow.

    cache_error, peeking: results of `Stepper.verify`, if it ran: a pass over all tokens at once. Only there does causal
    attention have future keys to look at; in a step from the past there are none. The allowed difference between two
    orders of arithmetic depends on the model's precision: `Anatomy.tolerance`.
    """
    worst_sum = worst_weight = 0.0
    full, peeking = peeking is not None, peeking or 0
    newest = compared = False
    tolerance = trace.anatomy.tolerance
    there = [site for site in trace.find("*.weights") if site not in trace.aside or trace.at_hand(site)]
    names = [prefix for site in there if (prefix := Site.parse(site).attention)]
    cells = sum(trace[f"{name}.weights"].numel() for name in names)
    for name in names:
        weights, may_look, hidden = trace[f"{name}.weights"], trace.may_look(name), trace.hidden(name)
        if hidden is None:
            hidden = ~may_look.expand_as(weights)
        rows = slice(None)
        if cells > LARGEST:
            newest, rows = True, slice(-1, None)
            weights, may_look, hidden = weights[:, rows], may_look[rows], hidden[:, rows]
        sees = ~hidden.all(-1)
        worst_sum = max(worst_sum, _largest(weights.sum(-1) - sees.float()))
        peeking += int((weights[:, ~may_look] != 0).sum())
        scores = trace.scores(name, rows)
        if scores is None:
            continue
        compared = True
        again = softmax(scores.masked_fill(hidden, -torch.inf))
        worst_weight = max(worst_weight, _largest(weights - again))
    then = " when the recording was made" if trace.recorded else ""
    rows_seen = "the newest row of every attention" if newest else "every row of every attention"
    rows_seen += " in the layers that are shown" if trace.aside else ""
    found = [
        Check("rows sum to 1", worst_sum <= tolerance, worst_sum, f"The weights of {rows_seen} sum to 1."),
        Check(
            "nothing from the future", not peeking, float(peeking),
            f"In {rows_seen}{f', and in a pass over all tokens at once{then},' if full else ''} "
            "what the mask hides has a weight of exactly 0.",
        ),
    ]  # fmt: skip
    if compared:
        found.append(
            Check(
                "captured = recomputed", worst_weight <= tolerance, worst_weight,
                f"The weights of {rows_seen} equal the softmax of the scores that follow from the captured q "
                "and k, computed in float64.",
            )
        )  # fmt: skip
    if cache_error is not None:
        cached = trace.anatomy.cached
        found.append(
            Check(
                f"{'cached' if cached else 'steps'} = full{' (recorded)' if then else ''}", cache_error <= tolerance,
                cache_error,
                f"The logits of the steps, {'taken from a cache' if cached else 'each of a pass of its own'}, "
                f"equal{'ed' if then else ''} those of one pass over all tokens{' without it' if cached else ''}"
                f"{then}, relative to the largest; tokens that are as good as impossible do not count.",
            )
        )  # fmt: skip
    return tuple(found)


def _largest(errors: Tensor) -> float:
    """Return the largest error; infinity if one is NaN, which no comparison would find."""
    return float(errors.abs().nan_to_num(nan=math.inf).max())
