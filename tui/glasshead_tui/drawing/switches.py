"""Edits and breakpoints as rows: which checks an edit breaks, and what all do to the next token."""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.drawing.names import next_labels
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.rows import Rows

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy
    from glasshead.edits.edit import Edit
    from glasshead.session.moment import Moment
    from glasshead.session.own_effects import Gap, OwnEffect


def breaks(edit: "Edit", anatomy: "Anatomy") -> tuple[str, ...]:
    """Name the checks that an edit may break on purpose."""
    from glasshead.edits.ledger import broken_checks

    return tuple(sorted(broken_checks((edit,), anatomy)))


def own_effect(moment: "Moment | None", edit: "Edit") -> "OwnEffect | None":
    """Return what an edit does by itself; None if it is off, or was not measured at this moment."""
    found = () if moment is None else moment.own_effects
    return next((each for each in found if each.edit == edit), None)


def gap_cells(gap: "Gap | None") -> tuple[str, str]:
    """Write how many tokens are changed, and the KL a token, for two columns; a dash for what is not there."""
    if gap is None:
        return "—", "—"
    return str(gap.tokens), "—" if gap.bits is None else real(gap.bits, 5)


def own_effect_said(moment: "Moment", edit: "Edit") -> str:
    """Say what an edit does by itself, in sentences; empty if that was not measured."""
    found = own_effect(moment, edit)
    if found is None:
        return ""
    gaps = ("This edit alone", found.alone), (ADDED.capitalize(), found.added)
    told = [f"{name}: {_gap_said(gap)}" for name, gap in gaps if gap]
    told += [found.why.removesuffix(".")] * bool(found.why)
    return f"{'. '.join(told)}."


def _gap_said(gap: "Gap") -> str:
    tokens = f"{gap.tokens or 'no'} token{'s' * (gap.tokens > 1)} changed"
    bits = "" if gap.bits is None else f", KL {real(gap.bits, 6)} bits a token"
    return tokens + bits + ("" if gap.next_bits is None else f", {real(gap.next_bits, 6)} on the next")


ALONE, ADDED = "alone", "added to the rest"
"""What one edit does next to no edit, and what all do next to all but this one."""
OWN_HEADS = tuple(f"{which}: {what}" for which in (ALONE, ADDED) for what in ("tokens changed", "KL bits a token"))


TOGETHER = "all together"


def together(moment: "Moment | None") -> "Gap | None":
    """Return what all edits do; None if that was not measured at this moment, or if there is one alone."""
    found = () if moment is None else moment.own_effects
    return found[0].together if len(found) > 1 else None


def edits_rows(moment: "Moment") -> Rows:
    """Make a row for each edit of the line: its number, whether it is on, and the checks that it may break.

    Once they were measured, also what each does by itself, and a last row for all together.
    """
    measured = bool(moment.own_effects)
    rows: Rows = [("edit", "on", "what, where, value", "breaks", *(OWN_HEADS if measured else ()))]
    for number, entry in enumerate(moment.edits.entries):
        found = own_effect(moment, entry.item)
        gaps = (None, None) if found is None else (found.alone, found.added)
        own = [cell for gap in gaps for cell in ((None, None) if gap is None else (gap.tokens, gap.bits))]
        checks = ", ".join(breaks(entry.item, moment.anatomy)) or None
        rows.append((number, entry.on, str(entry.item), checks, *(own if measured else ())))
    gap = together(moment)
    return rows if gap is None else [*rows, (None, None, TOGETHER, None, gap.tokens, gap.bits, None, None)]


@by_identity
def own_effects_said(moment: "Moment") -> str:
    """Say what the columns of the own effects are; empty where they were not measured."""
    if not moment.own_effects:
        return ""
    missing = [each.why for each in moment.own_effects if each.why]
    return " ".join((OWN_SAID, *dict.fromkeys(missing)))


OWN_SAID = (
    f"{ALONE.capitalize()}: this edit and no other, next to the model without edits. {ADDED.capitalize()}: all edits, "
    f"next to all but this one. {TOGETHER.capitalize()}: next to the model without edits. Tokens changed: where the "
    "line would have others by now. KL: mean over the tokens of this line and the next."
)


def breakpoints_rows(moment: "Moment") -> Rows:
    """Make a row for each breakpoint: its number, whether it is on, and whether the line stands at it."""
    here = None if moment.stopped is None else moment.stopped.stop
    rows: Rows = [("breakpoint", "on", "stops where", "here")]
    rows += [
        (number, entry.on, str(entry.item), entry.item == here) for number, entry in enumerate(moment.stops.entries)
    ]
    return rows


@by_identity
def edits_effect(moment: "Moment") -> str:
    """Say what all edits together do to the next token; empty where none is on."""
    effect = moment.effect
    if effect is None or not moment.edits.active:
        return ""
    told = []
    if effect.next_divergence is not None and moment.candidates and effect.candidates:
        now, was = moment.candidates[0], effect.candidates[0]
        names = next_labels(moment.tokens, (now, was))
        told.append(f"KL {real(effect.next_divergence, 6)} bits on the next token")
        chances = f"{weight(now.probability or 0)}"
        told.append(
            f"the best is {names[0]} {chances}, and was {names[1]} {weight(was.probability or 0)}"
            if now.id != was.id
            else f"the best stays {names[0]}, {weight(was.probability or 0)} → {chances}"
        )
    first = effect.first
    told.append("no token differs so far" if first is None else f"the line differs from step {first + 1} on")
    count = len(moment.edits.active)
    return f"{'This edit' if count == 1 else f'These {count} edits together'}: {'; '.join(told)}."
