"""What was worked out for a line of tokens or a cell is worked out once, however many panes ask for it.

A line may hold thousands of tokens: even to compare two of them costs more than a frame may. So what is remembered goes
by identity: the same object has the same answer.
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
    """Remember the last eight answers of a function of one immutable object."""
    known: dict[int, tuple[Given, Made]] = {}  # holding the object keeps its id from being given to another

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
    """The arithmetic of the cell that is looked at."""
    from glasshead.analysis.cell import cell

    global _last
    place = focus.prefix, focus.head, focus.query, focus.key
    if _last is None or _last[0]() is not trace or _last[1] != place:
        _last = ref(trace), place, cell(trace, *place)
    return _last[2]
