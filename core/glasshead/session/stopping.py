"""Stopping: whether a line stands at a breakpoint, and why, with the number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glasshead.decoding.pick import Sample
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.named import means, name_tokens
from glasshead.session.picking import entropy
from glasshead.session.stops import Differs, Looks, Measured, Sign, Stop, Written
from glasshead.text import Token


@dataclass(frozen=True)
class Stopped:
    """A breakpoint at which a line stands."""

    stop: Stop
    step: int
    """Steps taken."""
    why: str

    def __str__(self) -> str:
        return f"Stopped after step {self.step} by the breakpoint {self.stop}: {self.why}."


def find_stop(stops: Iterable[Stop], line: Stepper, unedited: Stepper | None = None) -> Stopped | None:
    """Return the first breakpoint at which a line stands; None if it stands at none.

    unedited: the same line without the edits, as far along. A breakpoint that cannot be looked at, because a value was
    not captured, counts as met: the reason says what is missing.
    """
    for stop in stops:
        try:
            why = _why(stop, line, unedited)
        except GlassheadError as error:
            why = f"it cannot be looked at. {error}".removesuffix(".")
        if why:
            return Stopped(stop, line.step_number, why)
    return None


def walk_to_stop(
    line: Stepper, stops: Sequence[Stop], *, steps: int | None = None, unedited: Stepper | None = None
) -> Stopped | None:
    """Take steps up to a number of them, to the end by default, or to a breakpoint; return that one, or None.

    unedited: the same line without the edits, which is led along.
    """
    while not line.done and line.step_number != steps:
        line.step()
        if unedited is not None:
            unedited.goto(line.step_number)
        if (found := find_stop(stops, line, unedited)) is not None:
            return found
    return None


def _why(stop: Stop, line: Stepper, unedited: Stepper | None) -> str:
    """Say why a line stands at a breakpoint; empty if it does not."""
    if isinstance(stop, Written):
        newest = line.produced[-1] if line.step_number else None
        return f"the newest token is {_newest(line)}" if newest is not None and means(stop.text, newest.text) else ""
    if isinstance(stop, Differs):
        return "" if unedited is None else _differs(line, unedited)
    if not line.looks_ahead:  # the line is done: there is neither a next token nor a newest row
        return ""
    return _measured(stop, line) if isinstance(stop, Measured) else _looks(stop, line)


def _measured(stop: Measured, line: Stepper) -> str:
    """Compare the entropy, or the largest probability, of the distribution that the next token is picked from."""
    drawn = isinstance(line.rule, Sample)
    if drawn:
        p = line.chances()
        found = entropy(p) if stop.what == "entropy" else float(p.max())
    else:
        found = line.entropy() if stop.what == "entropy" else line.candidates(1)[0].probability or 0.0
    if not _beyond(found, stop.sign, stop.bound):
        return ""
    after = " after temperature and cuts" if drawn else ""
    if stop.what == "entropy":
        return f"the entropy of the next token is {found:.4g} bits{after}"
    return f"the best next token has the probability {found:.4g}{after}"


def _looks(stop: Looks, line: Stepper) -> str:
    """Find the weight of the newest row on the named tokens that is furthest beyond the bound."""
    kind = line.rows.record.anatomy.kind_at(stop.prefix)
    keys = line.source if kind.keys == "source" else line.tokens
    places = [place for place, token in enumerate(keys) if means(stop.text, token.text)]
    if not places:
        return ""
    line.rows.reach(line.ids)
    row = line.rows.record.rows[len(line.ids) - 1].get(stop.site) if line.rows.captures else None
    weights = (line.outlook[stop.site] if row is None else row[0])[:, -1].cpu().double()
    places = [place for place in places if place < weights.shape[-1]]
    heads = range(len(weights)) if stop.head is None else [stop.head]
    cells = [(float(weights[head, place]), head, place) for head in heads for place in places]
    found = [cell for cell in cells if _beyond(cell[0], stop.sign, stop.bound)]
    if not found:
        return ""
    weight, head, place = max(found) if stop.sign == ">" else min(found)
    return f"head {head} has the weight {weight:.4g} on token {place}, {_names(keys)[place]}"


def _differs(line: Stepper, unedited: Stepper) -> str:
    """Name both tokens where a line leaves the unedited one."""
    one, other = line.ids, unedited.ids
    if not line.step_number or one[:-1] != other[:-1] or one[-1:] == other[-1:]:
        return ""
    return f"it took {_newest(line)}, and the unedited line {_newest(unedited)}"


def _newest(line: Stepper) -> str:
    """Name the newest token of a line."""
    return _names(line.tokens)[-1]


def _names(tokens: Sequence[Token]) -> tuple[str, ...]:
    return name_tokens([token.text for token in tokens])


def _beyond(value: float, sign: Sign, bound: float) -> bool:
    return value > bound if sign == ">" else value < bound
