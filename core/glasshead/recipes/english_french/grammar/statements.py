"""Sentences of one clause that are no questions: statements, existence, orders, weather, presentation."""

from __future__ import annotations

import random

from .. import lexicon as lex
from ..clause import IT, NOBODY, SOMETHING, YOU, Clause, Tense, english, english_imperative, french, french_imperative
from ..phrase import (
    A_FEW,
    A_LOT_OF,
    ANOTHER,
    MANY,
    NO_DETERMINER,
    NUMERALS,
    POSSESSIVES,
    SEVERAL,
    SOME,
    SOME_MASS,
    THE,
    A,
    Determiner,
    noun_phrase,
)
from .adverbs import MANNER, MIDDLE, time_for
from .being import SMALL_THINGS
from .chance import Words, pick
from .clauses import add_objects
from .mixture import any_clause
from .nouns import CLASSES, adjectives_for
from .people import NAMES
from .phrases import owner
from .places import in_place, in_town, near, on_furniture
from .verbs import HUMAN_INTRANSITIVE, ORDERS
from .verbs import WEATHER as WEATHER_VERBS

OPENINGS = list(lex.SENTENCE.items())


def statement(rng: random.Random) -> Words:
    clause = any_clause(rng)
    time = clause.time
    if time and rng.random() < 0.35 and not time[0].startswith("for "):
        clause.time = None
        return opened(rng, time, (english(clause), french(clause)))
    if rng.random() < 0.04:
        opening, french_opening = pick(rng, OPENINGS)
        if french_opening.endswith("que"):
            return f"{opening} {english(clause)}", f"{french_opening} {french(clause)}"
        return opened(rng, (opening, french_opening), (english(clause), french(clause)))
    if clause.direct is None and clause.verb in HUMAN_INTRANSITIVE and clause.negation == "" and rng.random() < 0.04:
        clause.subject, clause.negation, clause.middle = NOBODY, "subject", None
    return english(clause), french(clause)


def opened(rng: random.Random, opening: Words, sentence: Words) -> Words:
    """Put a phrase before the sentence: yesterday, paul slept; the comma is drawn, for both languages alike."""
    comma = "," if rng.random() < 0.5 else ""
    return f"{opening[0]}{comma} {sentence[0]}", f"{opening[1]}{comma} {sentence[1]}"


def answer(rng: random.Random) -> Words:
    said = statement(rng)
    word = pick(rng, (("yes", "oui"), ("no", "non")))
    return f"{word[0]} , {said[0]}", f"{word[1]} , {said[1]}"


EXISTING = [*SMALL_THINGS, *CLASSES["food"], *CLASSES["drink"]]


def existence(rng: random.Random) -> Words:
    """Say that something exists: there is a cat in the garden → il y a un chat dans le jardin."""
    chance = rng.random()
    if chance < 0.4:
        noun, where = pick(rng, CLASSES["being"]), in_place(rng) if rng.random() < 0.7 else near(rng)
    elif chance < 0.8:
        noun, where = pick(rng, EXISTING), on_furniture(rng)
    else:
        noun, where = pick(rng, CLASSES["place"]), near(rng)
    if noun.kind in ("parent", "family"):
        noun = pick(rng, lex.BY_KIND["people"])
    mass = noun.kind in lex.MASS
    plural = not mass and rng.random() < 0.5
    adjectives = adjectives_for(rng, noun)
    tense = pick(rng, ("present", "present", "present", "past", "future"))
    verb = {"present": "are" if plural else "is", "past": "were" if plural else "was", "future": "will be"}[tense]
    french_verb = {"present": "a", "past": "avait", "future": "aura"}[tense]
    kind = rng.random()
    if kind < 0.2:
        bare = noun_phrase(noun, NO_DETERMINER, plural=plural, adjectives=adjectives)
        return f"there {verb} no {bare.en} {where[0]}", f"il ne y {french_verb} pas de {bare.fr} {where[1]}"
    if mass:
        determiner: Determiner = pick(rng, (SOME_MASS, SOME_MASS, A_LOT_OF))
    elif plural:
        determiner = pick(rng, (SOME, SOME, SOME, SEVERAL, MANY, A_FEW, *NUMERALS[:6], pick(rng, NUMERALS)))
    else:
        determiner = pick(rng, (A, A, A, ANOTHER))
    said = noun_phrase(noun, determiner, plural=plural, adjectives=adjectives)
    if kind < 0.32:
        if tense == "future":
            return f"will there be {said.en} {where[0]} ?", f"est-ce que il y aura {said.fr} {where[1]} ?"
        return f"{verb} there {said.en} {where[0]} ?", f"est-ce que il y {french_verb} {said.fr} {where[1]} ?"
    return f"there {verb} {said.en} {where[0]}", f"il y {french_verb} {said.fr} {where[1]}"


def order(rng: random.Random) -> Words:
    """Give an order: close the door → fermez la porte."""
    verb = pick(rng, ORDERS)
    clause = Clause(YOU, verb, "present", "not" if rng.random() < 0.25 else "")
    clause.contracted = rng.random() < 0.3
    if verb.object:
        add_objects(rng, clause, 1)
        if clause.negation in ("nothing", "nobody", "only"):
            clause.negation = ""
            clause.direct = clause.direct or SOMETHING
    elif rng.random() < 0.3 and not clause.negation:
        clause.manner = pick(rng, MANNER)
    if rng.random() < 0.25:
        clause.tail = in_place(rng)
    said = english_imperative(clause), french_imperative(clause)
    chance = rng.random()
    if chance < 0.2:
        return f"{said[0]} please", f"{said[1]} s'il vous plaît"
    if chance < 0.3:
        name = pick(rng, NAMES)
        return f"{name.en} , {said[0]}", f"{name.fr} , {said[1]}"
    return said


def weather(rng: random.Random) -> Words:
    """Describe the weather: it is raining → il pleut."""
    tense: Tense = pick(rng, ("progressive", "progressive", "present", "past", "future", "going to"))
    clause = Clause(IT, pick(rng, WEATHER_VERBS), tense, "not" if rng.random() < 0.2 else "")
    if rng.random() < 0.4:
        clause.tail = in_town(rng)
    if rng.random() < 0.5:
        clause.time = time_for(rng, clause)
    if clause.tense == "present" and not clause.time:
        clause.middle = pick(rng, MIDDLE[:1])
    return english(clause), french(clause)


POINTED_AT = [noun for noun in lex.ALL_NOUNS if noun.kind not in lex.MASS | {"sky", "body"}]


def this_is(rng: random.Random) -> Words:
    """Present something: this is a cat → c'est un chat; these are my books → ce sont mes livres."""
    noun = pick(rng, POINTED_AT)
    plural = noun.kind not in lex.NO_PLURAL and rng.random() < 0.35
    possessed = noun.kind in ("parent", "family")
    determiner = (
        pick(rng, POSSESSIVES) if possessed or rng.random() < 0.3 else SOME if plural else pick(rng, (A, A, THE))
    )
    owned = owner(rng) if rng.random() < 0.2 and determiner is THE else None
    said = noun_phrase(noun, determiner, plural=plural, adjectives=adjectives_for(rng, noun), owner=owned)
    english_said = said.en.removeprefix("some ") if determiner is SOME else said.en
    demonstrative = pick(rng, ("these", "those") if plural else ("this", "that"))
    negated = rng.random() < 0.2
    be = ("are not" if negated else "are") if plural else ("is not" if negated else "is")
    french_be = (("ce est", "ce ne est pas"), ("ce sont", "ce ne sont pas"))[plural][negated]
    return f"{demonstrative} {be} {english_said}", f"{french_be} {said.fr}"
