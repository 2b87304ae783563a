"""Short noun phrases without a clause: owners, places, amounts. (For the others see `clauses`.)"""

from __future__ import annotations

import random

from .. import lexicon as lex
from ..clause import NounPhrase
from ..lexicon import Noun
from ..phrase import A_FEW, NUMERALS, SEVERAL, THE, THIS, A, noun_phrase
from .chance import pick
from .determiners import OWNERS, PLURAL, RELATIVES, SINGULAR, SPOUSES, UNOWNED_PEOPLE
from .nouns import CLASSES, adjectives_for
from .people import NAMES


def owner(rng: random.Random) -> NounPhrase:
    """Draw an owner: a name, or a person in a few words."""
    if rng.random() < 0.4:
        return pick(rng, NAMES)
    return plain(rng, pick(rng, CLASSES["human"]))


def plain(rng: random.Random, noun: Noun) -> NounPhrase:
    """Draw a short definite phrase, without owner and relative clause.

    Places are mostly `the` and singular; a place with `at` always is (`aux hôpitaux` means little).
    """
    kind = noun.kind
    place = kind in lex.PLACES
    plural = kind not in lex.NO_PLURAL and kind != "at" and rng.random() < (0.12 if place else 0.3)
    if kind in ("parent", "family"):
        determiner = pick(rng, SPOUSES if noun.en[0] in ("husband", "wife") else RELATIVES)
    else:
        determiner = pick(rng, (PLURAL if plural else SINGULAR)["place" if place else "definite"])
        if determiner in OWNERS and noun.en[0] in UNOWNED_PEOPLE:
            determiner = THE
    return noun_phrase(
        noun, determiner, plural=plural, adjectives=adjectives_for(rng, noun) if rng.random() < 0.4 else ()
    )


def measured(rng: random.Random, noun: Noun) -> NounPhrase:
    """Draw an amount: a glass of water → un verre d'eau, two kilos of apples → deux kilos de pommes."""
    if noun.kind == "drink":
        measure, what, french_what = pick(rng, DRINK_MEASURES), noun.en[0], noun.fr[0]
    elif noun.kind == "food":
        measure, what, french_what = pick(rng, FOOD_MEASURES), noun.en[0], noun.fr[0]
    else:
        measure, what, french_what = pick(rng, FRUIT_MEASURES), noun.en[1], noun.fr[1]
    plural = rng.random() < 0.35
    determiner = pick(rng, (*NUMERALS, SEVERAL, A_FEW)) if plural else pick(rng, (A, A, A, THIS, THE))
    return noun_phrase(measure, determiner, plural=plural, tail=(f"of {what}", f"de {french_what}"))


def _measures(kind: str) -> list[Noun]:
    return [
        Noun(english, (one, many), is_feminine, "measure")
        for english, (one, many, is_feminine) in lex.MEASURES[kind].items()
    ]


DRINK_MEASURES, FOOD_MEASURES = _measures("drink"), _measures("food")
FRUIT_MEASURES = [noun for noun in FOOD_MEASURES if noun.en[0] == "kilo"] + [lex.BY_NAME["basket"], lex.BY_NAME["box"]]
