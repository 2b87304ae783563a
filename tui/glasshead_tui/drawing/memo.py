"""Results about a line of tokens or a cell are computed once, however many panes need them.

A line may hold thousands of tokens: even comparing two of them costs more than a frame may. The memory therefore goes
by identity: the same object has the same result.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import ref

from glasshead.errors import GlassheadError
from glasshead_tui.state.focus import Focus, within

if TYPE_CHECKING:
    from glasshead.analysis.account import Account
    from glasshead.analysis.cell import Cell
    from glasshead.analysis.distribution import Distribution
    from glasshead.analysis.feed_forward import Units
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace

Given = TypeVar("Given")
Made = TypeVar("Made")


def by_identity(function: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Remember the last eight results of a function of one immutable object."""
    known: dict[int, tuple[Given, Made]] = {}  # holding the object keeps its id from being reused

    @wraps(function)
    def remembered(given: Given) -> Made:
        found = known.get(id(given))
        if found is None:
            if len(known) >= 8:
                del known[next(iter(known))]
            found = known[id(given)] = given, function(given)
        return found[1]

    return remembered


_cells: "list[tuple[ref[Trace], tuple[str, int, int, int], Cell]]" = []
"""The last two: the current cell, and the one that it is compared with."""


def chosen_cell(trace: "Trace", focus: Focus) -> "Cell":
    """Compute the arithmetic of the current cell."""
    from glasshead.analysis.cell import cell

    place = focus.prefix, focus.head, focus.query, focus.key
    found = next((made for of, at, made in _cells if of() is trace and at == place), None)
    if found is None:
        found = cell(trace, *place)
        _cells[:] = [*_cells[-1:], (ref(trace), place, found)]
    return found


_accounts: "list[tuple[ref[Trace], tuple[str, int, int | None, int | None, bool], Account]]" = []
"""The last two, like those that follow: of the present line, and of the one that it is compared with."""


def taken_id(moment: "Moment", focus: Focus) -> int | None:
    """Return the id of the token that was taken after the current row; None if none was."""
    after = focus.query + 1
    return moment.tokens[after].id if focus.stack == "decoder" and after < len(moment.tokens) else None


def chosen_account(moment: "Moment", focus: Focus) -> "Account":
    """Gather what is said of the residual stream at the current row."""
    from glasshead.analysis.account import account

    known = known_account(moment, focus)
    if known is None:
        trace, (stack, query, candidate, taken, against) = moment.trace, _asked(moment, focus)
        known = account(trace, stack, query, candidate, taken=taken, against=against)
        _accounts[:] = [*_accounts[-1:], (ref(trace), _asked(moment, focus), known)]
    return known


def known_account(moment: "Moment", focus: Focus) -> "Account | None":
    """Return that if it is there already."""
    asked = _asked(moment, focus)
    return next((made for of, at, made in _accounts if of() is moment.trace and at == asked), None)


def _asked(moment: "Moment", focus: Focus) -> tuple[str, int, int | None, int | None, bool]:
    return focus.stack, focus.query, focus.candidate, taken_id(moment, focus), focus.against


UNITS, WRITTEN = 24, 6
"""Strongest units of a feed-forward layer that are looked at, and tokens of what each writes."""
_units: "list[tuple[ref[Trace], tuple[str, int], Units]]" = []


def chosen_units(trace: "Trace", focus: Focus) -> "Units":
    """Find the strongest units of the feed-forward layer of the current layer, at the current row."""
    from glasshead.analysis.feed_forward import units

    place = f"{focus.stack}.{focus.layer}.ffn", focus.query
    found = next((made for of, at, made in _units if of() is trace and at == place), None)
    if found is None:
        found = units(trace, *place, UNITS, tokens=WRITTEN)
        _units[:] = [*_units[-1:], (ref(trace), place, found)]
    return found


_distributions: "list[tuple[ref[Trace], tuple[str, int], Distribution]]" = []


def chosen_distribution(trace: "Trace", focus: Focus) -> "Distribution":
    """Sort the distribution at the current row."""
    from glasshead.analysis.distribution import distribution

    place = focus.stack, focus.query
    found = next((made for of, at, made in _distributions if of() is trace and at == place), None)
    if found is None:
        found = distribution(trace, *place)
        _distributions[:] = [*_distributions[-1:], (ref(trace), place, found)]
    return found


def chosen_rank(moment: "Moment", focus: Focus) -> int:
    """Return the rank of the candidate that is looked at: the chosen one, the token that was taken, or the best."""
    found = chosen_distribution(moment.trace, focus)
    taken = taken_id(moment, focus)
    rank = focus.candidate if focus.candidate is not None else 0 if taken is None else found.rank(taken)
    return within(rank, found.size)


def move_candidate(moment: "Moment", focus: Focus, by: int) -> int:
    """Return the rank of another candidate of the row. Raises GlassheadError for a row without candidates."""
    return within(chosen_rank(moment, focus) + by, chosen_distribution(moment.trace, focus).size)


def find_candidate(moment: "Moment", focus: Focus, part: str) -> int | None:
    """Find the rank of the next candidate of the row whose text holds a part; None if there is none."""
    try:
        return chosen_distribution(moment.trace, focus).find(part, after=chosen_rank(moment, focus))
    except GlassheadError:  # a row without candidates
        return None
