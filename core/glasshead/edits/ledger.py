"""Ledger: the edits of a line in their order, each switched on or off. A frozen value: every move makes another."""

from math import inf

from glasshead.anatomy import Anatomy
from glasshead.edits.edit import Copy, Edit, Hide, Narrow, Put, Reveal, Uniform, Weigh
from glasshead.edits.strokes import looks_ahead, strokes
from glasshead.site import Site
from glasshead.switches import Switches

SUMS, FUTURE, RECOMPUTED = "rows sum to 1", "nothing from the future", "captured = recomputed"
"""Labels of the checks that an edit can break on purpose (`truth.trace_checks`)."""
CACHED = "cached = full", "steps = full"
"""Labels of the comparison with one pass over all tokens: tokens chosen before others came do not fit such a pass."""


class Ledger(Switches[Edit]):
    """See the module. Those that are on are applied in their order."""

    NAME = "edit"


NO_EDITS = Ledger()


def apart(one: tuple[Edit, ...], other: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Return all edits from the first on in which two lists differ: each may change what the later ones are given."""
    same = next((number for number, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    same = min(len(one), len(other)) if same is None else same
    return (*one[same:], *other[same:])


def name_change(before: Ledger, after: Ledger) -> str:
    """Name the edits that are new in a ledger, and those that are gone."""
    new = [entry.item for entry in after.entries if entry not in before.entries and entry.on]
    gone = [entry.item for entry in before.entries if entry not in after.entries and entry.on]
    return ", ".join([*map(str, new), *(f"without {edit}" for edit in gone)]) or "the same edits"


def broken_checks(edits: tuple[Edit, ...], anatomy: Anatomy) -> frozenset[str]:
    """Name the checks of a trace that edits may break on purpose."""
    broken: set[str] = {*CACHED, FUTURE} if looks_ahead(edits, anatomy) else set()
    for edit in edits:
        for stroke in strokes(edit, anatomy):
            name = Site.parse(stroke.site).name
            if name == "weights":
                broken.add(RECOMPUTED)
                if not isinstance(stroke.action, (Weigh, Uniform)):
                    broken.update((SUMS, FUTURE))
                elif isinstance(stroke.action, Uniform) and stroke.where.key:
                    broken.add(SUMS)
            elif name == "masked":
                if isinstance(stroke.action, (Reveal, Copy, Put)):
                    broken.add(FUTURE)
                if not isinstance(stroke.action, (Reveal, Hide, Narrow)):
                    broken.add(RECOMPUTED)
            elif name in ("scores", "bias", "q", "k"):
                broken.add(RECOMPUTED)
                if isinstance(stroke.action, Put) and stroke.action.number == -inf:  # a row that may look at nothing
                    broken.add(SUMS)
    return frozenset(broken)
