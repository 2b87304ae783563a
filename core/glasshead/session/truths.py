"""The checks of an edited line: which ones its edits break on purpose, and whether all change stays in their cone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from glasshead.edits.cone import reduced
from glasshead.edits.ledger import broken_checks
from glasshead.session.beside import Beside
from glasshead.site import SQUARE, Site
from glasshead.traces.trace import Trace
from glasshead.truth.trace_checks import Check

IN_CONE = "inside the cone"


def edited_checks(found: Iterable[Check], beside: Beside) -> tuple[Check, ...]:
    """Mark the checks that edits break on purpose, and add that nothing changed outside their causal cone."""
    broken = broken_checks(beside.edits, beside.trace.anatomy)
    marked = [
        replace(check, meant=True, detail=f"{check.detail} The edits break this on purpose.")
        if not check.ok and check.label in broken
        else check
        for check in found
    ]
    outside, first = leaks(beside.cone, beside.edited, beside.trace)
    where = f" The first is at {first}." if first else ""
    how = "up to the order of sums" if _partly(beside.edited, beside.trace) else "bit for bit"
    statement = f"What the edits cannot reach, by position, layer, head and mask, is {how} as it was without them."
    return (*marked, Check(IN_CONE, not outside, float(outside), statement + where))


def leaks(could: Mapping[str, Tensor], edited: Trace, twin: Trace) -> tuple[int, str | None]:
    """Count the values outside a cone that differ between two traces of the same tokens; name the first site."""
    outside, first = 0, None
    tolerance = edited.anatomy.tolerance if _partly(edited, twin) else 0.0
    for site, reached in could.items():
        if site not in edited or site not in twin or site in edited.dropped or site in twin.dropped:
            continue
        one, other = edited.captured(site), twin.captured(site)
        if one.shape != other.shape or torch.equal(one, other):
            continue
        changed = reduced(site, _differ(one, other, tolerance)) & ~reached
        parsed = Site.parse(site)
        if parsed.attention and parsed.name in SQUARE:  # beyond the mask the twin may have computed nothing
            changed = changed & twin.may_look(parsed.prefix)
        count = int(changed.sum())
        if count and first is None:
            first = site
        outside += count
    return outside, first


def _partly(*traces: Trace) -> bool:
    """Tell whether not all layers were captured: then two lines run some of them in two ways, staged and fused."""
    return any(trace.aside for trace in traces)


def _differ(one: Tensor, other: Tensor, tolerance: float) -> Tensor:
    """Mark what differs, by more than a tolerance relative to the largest number if there is one."""
    if not tolerance:
        return (one != other) & ~(one.isnan() & other.isnan())
    seen = other[other.isfinite()].abs()
    largest = max(1.0, float(seen.max())) if seen.numel() else 1.0
    return ~torch.isclose(one, other, rtol=0.0, atol=tolerance * largest, equal_nan=True)
