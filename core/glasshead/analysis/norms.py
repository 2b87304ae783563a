"""One token through every normalisation of its stack, in order.

step 1    n = (x − mean) / √(variance + ε)       its mean is 0, its variance 1        (Ba et al. 2016)
step 2    gain · n + bias                        the gain and bias were learned

An RMSNorm computes no mean: step 1 is x / √(mean of x² + ε), and no statistics of its input are shown.
"""

from dataclasses import dataclass

from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Normed:
    """One normalisation at one token."""

    name: str
    """Its place in the stack, e.g. `1.cross`; `last` for the one after a whole stack."""
    site: str
    """Its place in the model, e.g. `decoder.1.cross`."""
    before: tuple[float, float] | None
    """Mean and variance of its input; None for a norm that computes no mean."""
    after: tuple[float, float]
    """Mean and variance after step 1."""
    out: tuple[float, ...]
    """The vector after step 2."""


def norms(trace: Trace, stack: str, row: int) -> tuple[Normed, ...]:
    """Return the captured normalisations of a stack at one of its rows."""
    found = []
    for norm in trace.anatomy.norms:
        if norm.stack != stack or f"{norm.site}.norm.normed" not in trace:
            continue
        normed = trace[f"{norm.site}.norm.normed"][row]
        before = None
        if norm.form == "layer":
            before = float(trace[f"{norm.site}.norm.mean"][row]), float(trace[f"{norm.site}.norm.var"][row])
        found.append(
            Normed(
                name=norm.label,
                site=norm.site,
                before=before,
                after=(float(normed.mean()), float(normed.var(correction=0))),
                out=tuple(trace[f"{norm.site}.norm.out"][row].tolist()),
            )
        )
    return tuple(found)
