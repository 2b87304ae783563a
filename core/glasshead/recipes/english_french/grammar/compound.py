"""Compound sentences, of two clauses: and, but, because, when, while, if, that."""

from __future__ import annotations

import random

from .. import french as fr
from .. import lexicon as lex
from ..clause import HE, IT, SHE, THEY, Clause, NounPhrase, english, french
from .chance import Words, pick, weighted
from .clauses import human, simple
from .mixture import any_clause
from .settling import settle
from .tenses import ONLY_TENSES, safe_past, stative
from .verbs import HUMAN_VERBS, THAT_VERBS, WEATHER


def joined(rng: random.Random) -> Words:
    """Join two clauses: and, but, because, when, while, if, so, that."""
    chance = rng.random()
    if chance < 0.2:
        verb = pick(rng, THAT_VERBS)
        inner = any_clause(rng)
        matrix = Clause(human(rng, 2), verb, "present")
        while misleading(matrix.subject, inner.subject):
            inner = any_clause(rng)
        if verb.en.base == "hope":
            inner.tense = "future" if inner.tense in ("past", "present", "progressive", "was doing") else inner.tense
            inner.time = None
            settle(inner)
        return f"{english(matrix)} that {english(inner)}", f"{french(matrix)} que {french(inner)}"
    first = any_clause(rng)
    first.time = None
    if chance < 0.3:
        return conditional(rng, first)
    second = following(rng, first.subject)
    second.time = None
    conjunction = pick(rng, CONJUNCTIONS)
    if rng.random() < 0.6 and first.tense in ONLY_TENSES:
        second.tense = first.tense
    if conjunction[0] in ("when", "while"):
        first.tense = second.tense = pick(
            rng, ("present", "was doing", "past" if conjunction[0] == "when" else "present")
        )
        first.negation = "" if first.negation not in ("nothing", "nobody", "only") else first.negation
        second.negation = "" if second.negation not in ("nothing", "nobody", "only") else second.negation
        for clause in (first, second):
            clause.middle = None
            stative(clause)
        first.tense = safe_past(first.tense, first.control or first.verb, first.subject, "")
        second.tense = safe_past(second.tense, second.control or second.verb, second.subject, "")
    else:
        second.tense = safe_past(second.tense, second.control or second.verb, second.subject, second.negation)
    settle(first)
    settle(second)
    return (
        f"{english(first)} {conjunction[0]} {english(second)}",
        f"{french(first)} {conjunction[1]} {french(second)}",
    )


CONJUNCTIONS = weighted(
    {
        ("and", "et"): 4,
        ("but", "mais"): 4,
        ("because", "parce que"): 4,
        ("while", "pendant que"): 2,
        ("when", "quand"): 2,
        ("so", "donc"): 1,
        ("or", "ou"): 1,
    }
)


def following(rng: random.Random, before: NounPhrase) -> Clause:
    """Draw a clause after one about `before`; half of them take it up.

    The subject is settled before the objects are drawn, because they depend on it (nobody scolds himself).
    """
    if rng.random() < 0.5 and not women(before):
        return simple(rng, 1, HUMAN_VERBS, anaphor(before))
    clause = simple(rng, 1)
    while misleading(before, clause.subject):
        clause = simple(rng, 1)
    return clause


def women(subject: NounPhrase) -> bool:
    """Tell whether `they` would be elles. English does not show it, so `they` is ils, and never refers to these."""
    return subject.plural and subject.feminine


def misleading(before: NounPhrase, subject: NounPhrase) -> bool:
    return subject is THEY and women(before)


def anaphor(subject: NounPhrase) -> NounPhrase:
    """Return the pronoun that refers to a subject."""
    if subject.person in (fr.JE, fr.NOUS, fr.VOUS):
        return subject
    if subject.plural:
        return THEY
    return SHE if subject.feminine else HE


def conditional(rng: random.Random, main: Clause) -> Words:
    """Make a condition: if it rains, paul will stay at the hotel → s'il pleut, paul restera à l'hôtel."""
    main.tense = "future"
    main.time = None
    if rng.random() < 0.3:
        condition = Clause(IT, pick(rng, WEATHER), "present")
    else:
        condition = simple(rng, 1)
        while misleading(main.subject, condition.subject) or misleading(condition.subject, main.subject):
            condition = simple(rng, 1)
        condition.tense, condition.time = "present", None
        if condition.verb.en.base in lex.AMBIGUOUS_PAST and not condition.control and condition.negation != "not":
            condition.tense = "progressive"
        settle(condition)
    settle(main)
    if rng.random() < 0.5:
        return f"if {english(condition)} , {english(main)}", f"si {french(condition)} , {french(main)}"
    return f"{english(main)} if {english(condition)}", f"{french(main)} si {french(condition)}"
