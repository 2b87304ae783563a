"""Saying a quality: somebody or something is, becomes or seems such and such."""

from __future__ import annotations

import random

from .. import french as fr
from .. import lexicon as lex
from ..clause import Clause, NounPhrase
from ..lexicon import Noun
from .adverbs import FUTURE_TIME, PAST_TIME, add_middle
from .chance import pick
from .nouns import ADJECTIVES, HUMAN_KINDS
from .tenses import BE_TENSE, NEGATIONS, deniable
from .verbs import BE, BECOME, SEEM

ABSOLUTE = lex.words(
    "magnificent ordinary huge tiny excellent delicious leather woolen raw rotten public private royal medieval "
    "possible impossible false terrible necessary absurd original late alone asleep awake absent ready furious "
    "blind deaf bald blond black white red green blue yellow gray brown pink purple broken useless modern "
    "precious empty icy polluted"
)
# What is not said of in degrees: nobody is very dutch, nothing too wooden.
NO_DEGREE = frozenset(ABSOLUTE) | {
    adjective.en for kind in ("nationality", "material") for adjective in lex.ADJECTIVE_LISTS[kind]
}
NATIONALITIES = lex.ADJECTIVE_LISTS["nationality"]
DEGREES = list(lex.DEGREE.items())
STATES = lex.ADJECTIVE_LISTS["state"]


def predicate(rng: random.Random, noun: Noun, subject: NounPhrase, *, short: bool = False) -> Clause:
    """The subject is, becomes or seems such and such."""
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
    if negation == "never" and tense == "past":
        negation = "not"
    index = fr.form(subject.feminine, subject.plural)
    adjective = pick(rng, pick(rng, ADJECTIVES[noun.kind]))
    if is_human and rng.random() < 0.15 and verb is BE:
        adjective = pick(rng, STATES)
    words = (adjective.en, adjective.fr[index])
    chance = rng.random()
    if chance < 0.3 and adjective.en not in NO_DEGREE and (negation != "not" or chance < 0.12):
        degree = pick(rng, DEGREES[:2] if negation else DEGREES)
        words = (f"{degree[0]} {words[0]}", f"{degree[1]} {words[1]}")
    elif chance < 0.4 and not short and not negation:
        listed = pick(rng, ADJECTIVES[noun.kind])
        second = pick(rng, listed)
        if adjective not in listed and second not in NATIONALITIES and adjective not in NATIONALITIES:
            words = (f"{words[0]} and {second.en}", f"{words[1]} et {second.fr[index]}")
    clause = Clause(subject, verb, tense, negation, predicate=words)
    clause.contracted = rng.random() < 0.2
    if verb is BE and negation in ("", "not") and rng.random() < 0.1 and tense != "must":
        add_middle(rng, clause)
    if (
        not short
        and not clause.middle
        and rng.random() < 0.12
        and tense in ("past", "future")
        and noun.kind not in ("sky",)
    ):
        clause.time = pick(rng, PAST_TIME if tense == "past" else FUTURE_TIME)
    return clause
