"""Stopping: whether a line stands at a breakpoint, and why, with the number; and how near one came that met none."""

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


@dataclass(frozen=True)
class Nearest:
    """The value of a line that came nearest to the bound of a breakpoint, or furthest beyond it."""

    stop: Measured
    value: float
    """Bits, or a probability."""
    step: int
    """Steps taken."""

    def __str__(self) -> str:
        which = "largest" if self.stop.sign == ">" else "smallest"
        value = f"{self.value:.4g}"
        what = f"entropy {value} bits" if self.stop.what == "entropy" else f"probability of a best token {value}"
        return f"{which} {what}, after step {self.step}"


@dataclass(frozen=True)
class Missed:
    """A line none of whose steps meets a breakpoint."""

    done: bool
    """Whether the line is at its end."""
    nearest: tuple[Nearest, ...]
    """Of each breakpoint that compares an entropy or a probability, if there was one to compare."""

    def __str__(self) -> str:
        told = "The line came to its end; no step met a breakpoint" if self.done else "No step met a breakpoint so far"
        return f"{told}{': ' if self.nearest else ''}{'; '.join(map(str, self.nearest))}."


def find_missed(stops: Sequence[Stop], line: Stepper, unedited: Stepper | None = None) -> Missed | None:
    """Say how near a line came to its breakpoints; None if there are none, no steps, or one of these meets one.

    unedited: as for `find_stop`. Nothing moves: the steps are looked at once more, which costs no run of the model.
    """
    if not stops or not line.step_number:
        return None
    one, other = line.branch(), None if unedited is None else unedited.branch()
    nearest: dict[Measured, Nearest] = {}
    for step in range(1, line.step_number + 1):
        one.goto(step)
        if other is not None:
            other.goto(step)
        if find_stop(stops, one, other) is not None:
            return None
        for stop in stops if one.looks_ahead else ():
            if isinstance(stop, Measured):
                found, best = Nearest(stop, _value(stop, one), step), nearest.get(stop)
                if best is None or _beyond(found.value, stop.sign, best.value):
                    nearest[stop] = found
    return Missed(line.done, tuple(nearest.values()))


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
    found = _value(stop, line)
    if not _beyond(found, stop.sign, stop.bound):
        return ""
    after = " after temperature and cuts" if isinstance(line.rule, Sample) else ""
    if stop.what == "entropy":
        return f"the entropy of the next token is {found:.4g} bits{after}"
    return f"the best next token has the probability {found:.4g}{after}"


def _value(stop: Measured, line: Stepper) -> float:
    if isinstance(line.rule, Sample):
        p = line.chances()
        return entropy(p) if stop.what == "entropy" else float(p.max())
    return line.entropy() if stop.what == "entropy" else line.candidates(1)[0].probability or 0.0


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
