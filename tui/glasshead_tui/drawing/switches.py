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


def breaks(edit: "Edit", anatomy: "Anatomy") -> tuple[str, ...]:
    """Name the checks that an edit may break on purpose."""
    from glasshead.edits.ledger import broken_checks

    return tuple(sorted(broken_checks((edit,), anatomy)))


def edits_rows(moment: "Moment") -> Rows:
    """Make a row for each edit of the line: its number, whether it is on, and the checks that it may break."""
    rows: Rows = [("edit", "on", "what, where, value", "breaks")]
    rows += [
        (number, entry.on, str(entry.item), ", ".join(breaks(entry.item, moment.anatomy)) or None)
        for number, entry in enumerate(moment.edits.entries)
    ]
    return rows


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
