"""The frequency of each kind of clause."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..clause import Clause
from .being import aged, avoir_state, being_such, comparison, having, located, moving, profession
from .chance import pick, weighted
from .clauses import simple

CLAUSES: list[Callable[[random.Random], Clause]] = weighted(
    {
        simple: 62,
        being_such: 15,
        located: 6,
        moving: 7,
        having: 4,
        profession: 3,
        avoir_state: 2,
        aged: 1,
        comparison: 4,
    }
)


def any_clause(rng: random.Random) -> Clause:
    return pick(rng, CLAUSES)(rng)
