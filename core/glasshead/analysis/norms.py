"""One token through every normalisation of its stack, in order.

normalised    n = (x − mean) / √(variance + ε)   its mean is 0, its variance 1        (Ba et al. 2016)
output        gain · n + bias                    the gain and bias were learned

An RMSNorm takes no mean away (Zhang and Sennrich 2019): its one statistic is rms = √(mean of x²), and n is
x / √(rms² + ε), whose own rms is 1.
"""

from dataclasses import dataclass

from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Normed:
    """One normalisation at one token."""

    name: str
    """Its place in the stack, e.g. `1.cross`; see `Norm.label`."""
    site: str
    """Its place in the model, e.g. `decoder.1.cross`."""
    before: tuple[float, float] | None
    """Mean and variance of its input; None for a norm that computes no mean."""
    after: tuple[float, float] | None
    """Mean and variance when normalised; None for a norm that computes no mean."""
    rms: tuple[float, float] | None
    """Root mean square of its input, and when normalised; None for a norm that computes the mean."""
    out: tuple[float, ...]
    """The output."""


def norms(trace: Trace, stack: str, row: int) -> tuple[Normed, ...]:
    """Return the captured normalisations of a stack at one of its rows."""
    found = []
    here = [norm for norm in trace.anatomy.norms if norm.stack == stack and f"{norm.prefix}.normed" in trace]
    names = ("normed", "mean", "var", "rms", "out")
    trace.prepare([site for norm in here for name in names if (site := f"{norm.prefix}.{name}") in trace], row)
    for norm in here:
        normed = trace.at(f"{norm.prefix}.normed", row)
        before = after = rms = None
        if norm.form == "layer":
            before = float(trace.at(f"{norm.prefix}.mean", row)), float(trace.at(f"{norm.prefix}.var", row))
            after = float(normed.mean()), float(normed.var(correction=0))
        else:
            rms = float(trace.at(f"{norm.prefix}.rms", row)), float(normed.square().mean().sqrt())
        found.append(
            Normed(
                name=norm.label,
                site=norm.site,
                before=before,
                after=after,
                rms=rms,
                out=tuple(trace.at(f"{norm.prefix}.out", row).tolist()),
            )
        )
    return tuple(found)
