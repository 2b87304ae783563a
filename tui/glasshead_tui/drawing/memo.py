"""Results about a line of tokens or a cell are computed once, however many panes need them.

A line may hold thousands of tokens: even comparing two of them costs more than a frame may. The memory therefore goes
by identity: the same object has the same result.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import ref

from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from glasshead.analysis.cell import Cell
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


_last: "tuple[ref[Trace], tuple[str, int, int, int], Cell] | None" = None


def chosen_cell(trace: "Trace", focus: Focus) -> "Cell":
    """Compute the arithmetic of the current cell."""
    from glasshead.analysis.cell import cell

    global _last
    place = focus.prefix, focus.head, focus.query, focus.key
    if _last is None or _last[0]() is not trace or _last[1] != place:
        _last = ref(trace), place, cell(trace, *place)
    return _last[2]
