"""Parts of a clause that do not go together are removed once the clause is whole, whatever drew them.

Tense, negation and adverb are drawn one by one, and a compound sentence changes them afterwards. The rules between them
are therefore kept here, and not where each is drawn.
"""

from __future__ import annotations

from ..clause import Clause
from .adverbs import FREQUENCY

GOING_ON = frozenset({"progressive", "was doing"})


def settle(clause: Clause) -> Clause:
    """Remove an adverb that does not fit the clause, and a `never` that French would not say."""
    first = clause.control or clause.verb
    tense = clause.tense
    if clause.negation == "never" and (tense in GOING_ON or (tense == "past" and first.imperfect)):
        clause.negation = "not"
    if clause.middle and not _fits(clause.middle[0], clause):
        clause.middle = None
    return clause


def _fits(adverb: str, clause: Clause) -> bool:
    if clause.negation in ("nothing", "nobody", "only"):
        return False
    if adverb == "still":
        return clause.tense in ("present", "progressive")
    if adverb == "generally" and clause.tense == "past":
        return False
    return adverb not in FREQUENCY or clause.tense not in (*GOING_ON, "going to")
