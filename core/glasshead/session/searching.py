"""Searching: a beam search from where a line stands; each finished line becomes a branch, with its score."""

from collections.abc import Callable, Sequence
from math import inf

from glasshead.adapters.edited import Edited
from glasshead.decoding.beam import Pruned, beam_search
from glasshead.decoding.stepper import Stepper
from glasshead.edits.changes import Changes
from glasshead.errors import GlassheadError, StoppedError
from glasshead.session.session import Session
from glasshead.session.tree import GivenUp


def search(session: Session, width: int, *, stop: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Search on from the present step under the present edits, and stand at the best line that is found.

    The score of a line is log P of its tokens after this step ÷ length penalty; see `decoding.beam`. Returns how many
    lines were found, and how many were given up on the way. Raises StoppedError once `stop` returns True, and
    GlassheadError for a recording and where there is no next token.
    """
    line, branch = session.line, session.standing.branch
    if line.recorded:
        raise GlassheadError(f"{line.recorded}, and nothing can be searched in it. Open the model itself for that.")
    if line.done:
        raise GlassheadError("The line is done: there is nothing to search. Go back, or start another.")
    changes = line.rows.watch.edit
    model = Edited(line.rows.model, changes) if isinstance(changes, Changes) else line.rows.model
    pruned: list[Pruned] = []
    found = beam_search(model, line.prompt.source, start=line.ids, width=width, stop=stop, pruned=pruned.append)
    ways = []
    for rank, each in enumerate(found, 1):
        end = () if each.end is None else (each.end,)
        ways.append(((*each.ids, *end), f"beam {width}: {rank} of {len(found)}, score {_number(each.score)}"))
    given_up = tuple(_tell(line, each) for each in pruned)
    _grow(session, ways, stop)
    session.give_up(branch, given_up)
    return len(found), len(given_up)


def _grow(session: Session, ways: Sequence[tuple[tuple[int, ...], str]], stop: Callable[[], bool]) -> None:
    """Add a branch for each way to go on, tokens and cause, and stand at the end of the first. Adds none if stopped."""
    at = session.standing
    grown = [_follow(at.line, at.base, ids, stop) for ids, _ in ways]
    for number, ((line, base), (_, cause)) in enumerate(zip(grown, ways, strict=True)):
        fork = at.line.step_number
        session.branch_off(line, base, cause=cause, fork=fork, parent=at.branch, stand=number == 0)


def _follow(
    line: Stepper, base: Stepper | None, ids: Sequence[int], stop: Callable[[], bool]
) -> tuple[Stepper, Stepper | None]:
    """Lead a branch of a line along tokens; the original takes the same ones where it has come to the same place."""
    made, other = line.branch(), None if base is None else base.branch()
    if other is not None:
        other.goto(line.step_number)
    for token in ids:
        if stop():
            raise StoppedError
        if other is not None and other.ids == made.ids:
            other.choose(token)
        made.choose(token)
    return made, other


def _tell(line: Stepper, pruned: Pruned) -> GivenUp:
    """Put the comparison that a line lost into words."""
    value, bound = _number(pruned.value), _number(pruned.bound)
    why = {
        "crowded out": f"log P {value} at best in the next step, and {bound} was needed to stay"
        if pruned.value > -inf
        else f"no way on was among those looked at, and log P {bound} was needed to stay",
        "outscored": f"finished with the score {value}, below {bound}",
        "overtaken": f"open at the end of the search; it could reach the score {value} at most, and {bound} was found",
    }[pruned.reason]
    text = line.names.decode([*line.ids, *pruned.ids])
    return GivenUp(text, line.step_number + len(pruned.ids), why)


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
