"""Predicates of quality: something is, becomes or seems such and such."""

from __future__ import annotations

import random

from .. import french as fr
from .. import lexicon as lex
from ..clause import IT, Clause, NounPhrase
from ..lexicon import Noun
from .adverbs import FREQUENCY, FUTURE_TIME, PAST_TIME, add_middle
from .chance import pick
from .nouns import HUMAN_KINDS, PREDICATIVE
from .settling import settle
from .tenses import BE_TENSE, NEGATIONS, deniable
from .verbs import BE, BECOME, SEEM

ABSOLUTE = lex.words(
    "magnificent ordinary huge tiny excellent delicious leather woolen raw rotten public private royal medieval "
    "possible impossible false terrible necessary absurd original late alone asleep awake absent ready furious "
    "blind deaf bald blond black white red green blue yellow gray brown pink purple broken useless modern "
    "precious empty icy polluted"
)
# Qualities without degrees: nobody is very dutch, nothing too wooden.
NO_DEGREE = frozenset(ABSOLUTE) | {
    adjective.en for kind in ("nationality", "material") for adjective in lex.ADJECTIVE_LISTS[kind]
}
NATIONALITIES = lex.ADJECTIVE_LISTS["nationality"]
DEGREES = list(lex.DEGREE.items())
STATES = lex.ADJECTIVE_LISTS["state"]
# Qualities that French expresses with se or être, not with devenir: il s'est fâché, elle est déçue.
NEVER_BECOME = frozenset(
    lex.words("tired angry worried busy disappointed satisfied broken wet golden wooden plastic leather woolen ripe")
)
# `it is strange` is c'est étrange as well as il est étrange: `it` takes only qualities of a thing.
IMPERSONAL = frozenset(
    lex.words("good bad strange magnificent beautiful useful useless rare dangerous expensive hard ordinary")
)


def predicate(rng: random.Random, noun: Noun, subject: NounPhrase, *, short: bool = False) -> Clause:
    """Draw a clause: the subject is, becomes or seems such and such."""
    is_human = noun.kind in HUMAN_KINDS
    verb = BE
    chance = rng.random()
    if chance < 0.06:
        verb = SEEM
    elif chance < 0.12 and not short:
        verb = BECOME
    tense = pick(rng, BE_TENSE)
    if verb is BECOME and tense == "present":
        tense = "progressive"
    negation = deniable(subject, pick(rng, NEGATIONS))
    index = fr.form(subject.feminine, subject.plural)
    adjective = pick(rng, pick(rng, PREDICATIVE[noun.kind]))
    while (verb is BECOME and adjective.en in NEVER_BECOME) or (subject is IT and adjective.en in IMPERSONAL):
        adjective = pick(rng, pick(rng, PREDICATIVE[noun.kind]))
    if is_human and rng.random() < 0.15 and verb is BE:
        adjective = pick(rng, STATES)
    words = (adjective.en, adjective.fr[index])
    chance = rng.random()
    if chance < 0.3 and adjective.en not in NO_DEGREE and (negation != "not" or chance < 0.12):
        degree = pick(rng, DEGREES[:2] if negation else DEGREES)
        words = (f"{degree[0]} {words[0]}", f"{degree[1]} {words[1]}")
    elif chance < 0.4 and not short and not negation:
        listed = pick(rng, PREDICATIVE[noun.kind])
        second = pick(rng, listed)
        if verb is BECOME and second.en in NEVER_BECOME:
            second = adjective
        if (
            second is not adjective
            and adjective not in listed
            and second not in NATIONALITIES
            and adjective not in NATIONALITIES
        ):
            words = (f"{words[0]} and {second.en}", f"{words[1]} et {second.fr[index]}")
    clause = Clause(subject, verb, tense, negation, predicate=words)
    clause.contracted = rng.random() < 0.2
    if verb is BE and negation in ("", "not") and rng.random() < 0.1 and tense != "must":
        add_middle(rng, clause)
        if adjective in NATIONALITIES and clause.middle and clause.middle[0] in FREQUENCY:
            clause.middle = None
    if (
        not short
        and not clause.middle
        and rng.random() < 0.12
        and tense in ("past", "future")
        and noun.kind not in ("sky",)
    ):
        clause.time = pick(rng, PAST_TIME if tense == "past" else FUTURE_TIME)
    return settle(clause)
