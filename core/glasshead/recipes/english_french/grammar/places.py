"""Places and company: the prepositions and their objects."""

from __future__ import annotations

import random

from .. import lexicon as lex
from ..clause import NounPhrase
from ..lexicon import Verb
from .chance import Words, pick
from .nouns import CLASSES
from .people import NAMES, OBJECT_OF, OBJECT_PRONOUNS
from .phrases import plain

AT, IN, ON = ("at", "à"), ("in", "dans"), ("on", "sur")
PREPOSITION = {"at": AT, "in": IN, "on": ON}
AROUND = (
    ("near", "près de"),
    ("behind", "derrière"),
    ("in front of", "devant"),
    ("next to", "à côté de"),
    ("far from", "loin de"),
    ("opposite", "en face de"),
)
BY = (*AROUND[:4], ("under", "sous"), ("on", "sur"))
WITH = (("with", "avec"), ("with", "avec"), ("without", "sans"), ("for", "pour"))
PLACE_NOUNS = CLASSES["place"]
LANDMARKS = [
    *CLASSES["vehicle"],
    *CLASSES["plant"],
    *CLASSES["waters"],
    *CLASSES["fixture"],
    *CLASSES["opening"],
    *CLASSES["place"],
]
INSIDE = CLASSES["container"]
WHERE = list(lex.WHERE.items())
WHERE_ALONE = [pair for pair in WHERE if pair[0] != "together"]
CITIES = list(lex.CITIES.items())
COUNTRIES = list(lex.COUNTRIES.items())


def prepositional(preposition: Words, noun: NounPhrase) -> Words:
    return f"{preposition[0]} {noun.en}", f"{preposition[1]} {noun.fr}"


def in_place(rng: random.Random) -> Words:
    noun = pick(rng, PLACE_NOUNS)
    return prepositional(PREPOSITION[noun.kind], plain(rng, noun))


def near(rng: random.Random) -> Words:
    return prepositional(pick(rng, AROUND), plain(rng, pick(rng, LANDMARKS)))


def on_furniture(rng: random.Random) -> Words:
    if rng.random() < 0.4:
        return prepositional(IN, plain(rng, pick(rng, INSIDE)))
    return prepositional(pick(rng, BY), plain(rng, pick(rng, CLASSES["furniture"])))


def in_town(rng: random.Random) -> Words:
    if rng.random() < 0.5:
        city = pick(rng, CITIES)
        return f"in {city[0]}", f"à {city[1]}"
    country = pick(rng, COUNTRIES)
    return f"in {country[0]}", country[1][0]


def with_someone(rng: random.Random, subject: NounPhrase | None = None) -> Words:
    preposition = pick(rng, WITH)
    if rng.random() < 0.35:
        pronoun = pick(rng, OBJECT_OF.get(id(subject), OBJECT_PRONOUNS))
        return f"{preposition[0]} {pronoun.en}", f"{preposition[1]} {pronoun.strong}"
    return prepositional(
        preposition, plain(rng, pick(rng, CLASSES["human"])) if rng.random() < 0.6 else pick(rng, NAMES)
    )


def to_place(rng: random.Random) -> Words:
    """Draw a place to come back to."""
    chance = rng.random()
    if chance < 0.6:
        noun = plain(rng, pick(rng, CLASSES["at"]))
        return f"to {noun.en}", f"à {noun.fr}"
    if chance < 0.8:
        city = pick(rng, CITIES)
        return f"to {city[0]}", f"à {city[1]}"
    country = pick(rng, COUNTRIES)
    return f"to {country[0]}", country[1][0]


def somewhere(rng: random.Random, subject: NounPhrase, verb: Verb) -> Words:
    if verb.en.lemma == "come back":
        return to_place(rng)
    chance = rng.random()
    if chance < 0.5:
        return in_place(rng)
    if chance < 0.66:
        return near(rng)
    if chance < 0.8 and verb.subject == "human" and not verb.preposition and verb.en.base not in ("get", "speak"):
        return with_someone(rng, subject)
    if chance < 0.9:
        return pick(rng, WHERE if subject.plural and not verb.object else WHERE_ALONE)
    return in_town(rng)
