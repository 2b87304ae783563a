"""Questions: whether, why, where, who, what, which, how many."""

from __future__ import annotations

import random

from .. import french as fr
from .. import lexicon as lex
from ..clause import BE_PAST, BE_PRESENT, HE, I_SUBJECT, IT, SHE, THEY, WE, YOU, NounPhrase, english, french
from .being import being_such
from .chance import Words, pick
from .clauses import extracted, simple
from .mixture import any_clause
from .nouns import noun_among
from .people import NAMES
from .phrases import plain
from .verbs import HUMAN_VERBS, INANIMATE, PERSONAL, TRANSITIVE_BY_NOUN


def question(rng: random.Random) -> Words:
    chance = rng.random()
    if chance < 0.42:
        clause = any_clause(rng)
        return english(clause, "") + " ?", f"est-ce que {french(clause)} ?"
    if chance < 0.64:
        clause = simple(rng)
        word, french_word = pick(
            rng, (("why", "pourquoi"), ("why", "pourquoi"), ("where", "où"), ("when", "quand"), ("how", "comment"))
        )
        if word != "why":
            clause.negation = "" if clause.direct or clause.predicate or not clause.verb.object else clause.negation
            clause.middle = clause.manner = None
            clause.tail = clause.tail if word == "when" else None
            if clause.negation in ("nothing", "nobody"):
                word, french_word = "why", "pourquoi"
        clause.time = None
        return english(clause, word) + " ?", f"{french_word} est-ce que {french(clause)} ?"
    if chance < 0.72:
        clause = simple(rng, 0, HUMAN_VERBS, WHO)
        return english(clause) + " ?", french(clause) + " ?"
    if chance < 0.8:
        return asked_object(rng)
    if chance < 0.9:
        return which(rng)
    if chance < 0.96:
        return where_is(rng)
    clause = being_such(rng)
    return english(clause, "why") + " ?", f"pourquoi est-ce que {french(clause)} ?"


WHO = NounPhrase("who", "qui")


def asked_object(rng: random.Random) -> Words:
    """Ask for the object: what does paul see ? → qu'est-ce que paul voit ?"""
    person_asked = rng.random() < 0.4
    verb = pick(rng, PERSONAL if person_asked else INANIMATE)
    clause = extracted(rng, verb, (False, False), 1)
    if person_asked:
        return english(clause, "who") + " ?", f"qui est-ce que {french(clause)} ?"
    return english(clause, "what") + " ?", f"que est-ce que {french(clause)} ?"


def which(rng: random.Random) -> Words:
    """Ask which book, how many books: the object comes first, and the participle agrees with it."""
    verb = pick(rng, INANIMATE)
    noun = noun_among(rng, verb.object)
    mass = noun.kind in lex.MASS
    chance = rng.random()
    if noun.kind in ("sky", "family", "parent", "body", "abstract", "game"):
        noun, mass = lex.BY_NAME["book"], False
        verb = pick(rng, TRANSITIVE_BY_NOUN["book"])
    plural = not mass and (chance < 0.6 or rng.random() < 0.3)
    clause = extracted(rng, verb, (noun.feminine, plural), 1)
    if mass:
        how, combien = f"how much {noun.en[0]}", f"combien de {noun.fr[0]}"
    elif chance < 0.6:
        how, combien = f"how many {noun.en[1]}", f"combien de {noun.fr[1]}"
    else:
        how, combien = f"which {noun.en[plural]}", f"{QUEL[fr.form(noun.feminine, plural)]} {noun.fr[plural]}"
    return f"{english(clause, how)} ?", f"{combien} est-ce que {french(clause)} ?"


QUEL = ("quel", "quelle", "quels", "quelles")


def where_is(rng: random.Random) -> Words:
    """Ask for a place: where is the cat ? → où est le chat ?"""
    chance = rng.random()
    if chance < 0.2:
        subject = pick(rng, (HE, SHE, IT, THEY, WE, I_SUBJECT, YOU))
    elif chance < 0.4:
        subject = pick(rng, NAMES)
    else:
        subject = plain(rng, pick(rng, LOOKED_FOR))
    past = rng.random() < 0.2
    verb = (fr.ETRE.imperfect if past else fr.ETRE.present)[subject.person]
    be = (BE_PAST if past else BE_PRESENT)[subject.person]
    joint = "-" if chance < 0.2 else " "
    return f"where {be} {subject.en} ?", f"où {verb}{joint}{subject.fr} ?"


LOOKED_FOR = [noun for noun in lex.ALL_NOUNS if noun.kind in (*lex.HUMAN, *lex.ANIMALS, *lex.OBJECTS, *lex.PLACES)]
