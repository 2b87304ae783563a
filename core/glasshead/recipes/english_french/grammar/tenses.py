"""Frequencies of tenses and negations, and the forms that a reader can tell apart."""

from __future__ import annotations

import random

from .. import french as fr
from .. import lexicon as lex
from ..clause import Clause, Negation, NounPhrase, Tense
from ..lexicon import Verb
from .chance import pick, weighted

ANY_TENSE: list[Tense] = weighted(
    {"present": 22, "progressive": 22, "past": 26, "was doing": 5, "future": 16, "going to": 4, "can": 5, "must": 5}
)
ANY_TENSE += ["would like"] * 2
STATE_TENSE: list[Tense] = weighted({"present": 55, "past": 25, "future": 20})
BE_TENSE: list[Tense] = weighted({"present": 62, "past": 20, "future": 12, "must": 1})
ONLY_TENSES = frozenset({"present", "past", "future"})
NEGATIONS: list[Negation] = weighted({"": 78, "not": 15, "never": 4, "no longer": 3})


def deniable(subject: NounPhrase, negation: Negation) -> Negation:
    """Drop an ambiguous negation: `all the cats do not sleep` has two meanings in both languages."""
    return "" if subject.en.startswith(("every", "all ", "some")) else negation


def tense_for(rng: random.Random, verb: Verb) -> Tense:
    return pick(rng, STATE_TENSE if verb.state else ANY_TENSE)


def safe_past(tense: Tense, verb: Verb, subject: NounPhrase, negation: str) -> Tense:
    """Replace an ambiguous tense: `they read` may be present or past; `he reads` and `they are reading` are clear."""
    if verb.en.base in lex.AMBIGUOUS_PAST and tense in ("present", "past") and negation != "not":
        return "progressive" if subject.person != fr.IL else tense
    return tense


def stative(clause: Clause) -> None:
    """Take states out of the progressive."""
    first = clause.control or clause.verb
    if first.state and clause.tense == "was doing":
        clause.tense = "past"
