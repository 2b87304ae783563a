"""Clauses with a verb of the lexicon, and their full noun phrases.

They share a file because each holds the other: a clause has phrases for subject and object, and a phrase may hold a
relative clause. `depth` counts the nesting and ends it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from .. import french as fr
from .. import lexicon as lex
from ..clause import (
    EVERYONE,
    IT_OBJECT,
    SOMEONE,
    SOMETHING,
    THEM,
    Clause,
    NounPhrase,
    Pronoun,
    english,
    english_after_subject,
    french,
    french_after_subject,
)
from ..lexicon import Noun, Verb
from ..phrase import GENERIC, THE, noun_phrase
from .adverbs import add_middle, manner_for, time_for
from .chance import Words, pick
from .determiners import MASS, OWNERS, PLURAL, RELATIVES, SINGULAR, SPOUSES, UNOWNED, UNOWNED_PEOPLE
from .nouns import BEING_KINDS, CLASSES, HUMAN_KINDS, PREDICATIVE, adjectives_for, noun_among
from .people import NAMES, OBJECT_OF, OBJECT_PRONOUNS, SUBJECT_PRONOUNS
from .phrases import measured, owner, plain
from .places import somewhere
from .qualities import predicate
from .settling import settle
from .tenses import NEGATIONS, ONLY_TENSES, deniable, safe_past, tense_for
from .verbs import BEING_VERBS, HUMAN_INTRANSITIVE, HUMAN_VERBS, PLACE_INTRANSITIVE, TRANSITIVE_BY_NOUN, VERBS

INTENDING = frozenset({"human", "being", "dog", "cat", "bird", "animal"})  # verbs that may follow want, hope or dare


def simple(
    rng: random.Random, depth: int = 0, verbs: Sequence[Verb] = VERBS, subject: NounPhrase | None = None
) -> Clause:
    """Draw a clause with a verb of the lexicon, its objects, and perhaps a place, a manner, a time."""
    verb = pick(rng, verbs)
    if subject is None:
        subject = subject_for(rng, verb.subject, depth)
    negation = deniable(subject, pick(rng, NEGATIONS))
    control = None
    tense = tense_for(rng, verb)
    may_intend = verb.subject in INTENDING and not verb.state and verb.en.base != "die"
    if may_intend and rng.random() < 0.1 and subject.fr not in ("il", "ils"):
        control = pick(rng, lex.ALL_CONTROL)
        tense = tense_for(rng, control)
        if tense in ("can", "must", "would like"):
            tense = "future"
    if control is None:
        tense = safe_past(tense, verb, subject, negation)
    if tense in ("would like", "must", "can", "going to") and negation == "no longer" and tense != "can":
        negation = "not"
    clause = Clause(subject, verb, tense, negation, control=control)
    clause.contracted = rng.random() < 0.2
    if verb.object:
        add_objects(rng, clause, depth)
    elif depth == 0 and rng.random() < 0.3 and not negation:
        clause.manner = manner_for(rng, clause)
    if negation in ("", "not") and rng.random() < 0.1 and tense != "was doing" and control is None:
        add_middle(rng, clause)
    if depth < 2:
        chance = rng.random()
        if chance < (0.5 if not verb.object else 0.22):
            clause.tail = somewhere(rng, subject, verb)
        if depth == 0 and rng.random() < 0.32:
            clause.time = time_for(rng, clause)
    return settle(clause)


def add_objects(rng: random.Random, clause: Clause, depth: int) -> None:
    verb, negation = clause.verb, clause.negation
    noun = noun_among(rng, verb.object)
    is_human = noun.kind in HUMAN_KINDS
    mode = "negated" if negation else "object"
    if verb.preposition or verb.complement or (verb.receiver and negation):
        mode = "definite"
    if noun.kind == "instrument" and verb.preposition == "de":
        clause.direct = noun_phrase(noun, THE)
        return
    if noun.kind == "game" and verb.preposition == "à":
        clause.direct = noun_phrase(noun, GENERIC)
        return
    if verb.receiver:
        add_receiver(rng, clause, noun, mode)
        return
    chance = rng.random()
    if verb.state and verb.imperfect and verb.object == "loved":
        if (
            noun.kind == "game"
            or (noun.kind in lex.MASS and chance < 0.75)
            or (not is_human and noun.kind not in ("in",) and chance < 0.4)
        ):
            clause.direct = noun_phrase(
                noun, GENERIC, plural=noun.kind not in lex.MASS, adjectives=adjectives_for(rng, noun)
            )
            return
        mode = "definite"
    if chance < 0.16:
        pronoun = object_pronoun(rng, clause, noun)
        if pronoun:
            clause.direct = pronoun
            return
    if chance > 0.97 and not (negation or verb.preposition or verb.complement or clause.control):
        clause.negation = "nobody" if is_human else "nothing"
        return
    if (
        chance > 0.94
        and not negation
        and not verb.preposition
        and clause.control is None
        and clause.tense in ONLY_TENSES
    ):
        clause.negation = "only"
    elif (
        chance > 0.92
        and verb.en.base in ("see", "find", "hear", "look", "draw", "buy", "eat", "hide", "prepare")
        and not negation
    ):
        clause.direct = SOMETHING
        return
    if is_human:
        clause.direct = person(rng, mode, depth + 1)
    elif noun.kind in ("drink", "food", "fruit") and chance > 0.78 and mode == "object" and clause.negation == "":
        clause.direct = measured(rng, noun)
    else:
        clause.direct = phrase(rng, noun, mode, depth + (1 if clause.tail else 0))


def object_pronoun(rng: random.Random, clause: Clause, noun: Noun) -> Pronoun | None:
    verb = clause.verb
    if verb.preposition in ("dans",) or (verb.preposition == "à" and verb.fr.infinitive == "jouer"):
        return None
    if noun.kind in HUMAN_KINDS:
        options = OBJECT_OF.get(id(clause.subject), OBJECT_PRONOUNS)
        return pick(rng, options)
    if verb.preposition or verb.complement:
        return None
    return pick(rng, (IT_OBJECT, IT_OBJECT, THEM))


def add_receiver(rng: random.Random, clause: Clause, noun: Noun, mode: str) -> None:
    """Add a receiver: give the book to the child, give the child the book, give him the book, give it to him …"""
    chance = rng.random()
    receiver = pick(rng, OBJECT_OF.get(id(clause.subject), OBJECT_PRONOUNS))
    if chance < 0.22:
        clause.dative = receiver
        clause.direct = phrase(rng, noun, mode, 2)
    elif chance < 0.42:
        clause.dative = receiver
        clause.direct = pick(rng, (IT_OBJECT, IT_OBJECT, THEM))
    elif chance < 0.52:
        clause.dative = person(rng, "definite", 2)
        clause.direct = pick(rng, (IT_OBJECT, THEM))
    else:
        clause.dative = person(rng, "definite", 2)
        clause.direct = phrase(rng, noun, mode, 2)
        clause.receiver_first = rng.random() < 0.25 and clause.verb.en.base in (
            "give",
            "send",
            "show",
            "lend",
            "tell",
            "bring",
        )
    if (
        isinstance(clause.dative, Pronoun)
        and clause.verb.en.base in ("explain", "propose")
        and not isinstance(clause.direct, Pronoun)
    ):
        clause.dative = person(rng, "definite", 2)


def extracted(rng: random.Random, verb: Verb, preceding: tuple[bool, bool], depth: int) -> Clause:
    """Draw a clause with its object elsewhere: the book *that paul reads*, which books *did paul read*."""
    subject = subject_for(rng, verb.subject, 2) if depth else subject_for(rng, verb.subject, 1)
    tense = tense_for(rng, verb)
    negation = deniable(subject, "not" if rng.random() < 0.1 else "")
    return Clause(subject, verb, safe_past(tense, verb, subject, negation), negation, preceding=preceding)


# the door of the house, the book of the teacher: possible owners, with `of`
PARTS = {
    "opening": "place",
    "fixture": "place",
    "text": "human",
    "idea": "human",
    "plant": "place",
    "family": "human",
    "animal": "human",
}


def phrase(rng: random.Random, noun: Noun, mode: str = "object", depth: int = 0) -> NounPhrase:
    """Draw a phrase around a noun. `mode`: its role, a key of the tables in `determiners`."""
    kind = noun.kind
    if kind in lex.MASS:
        determiner = THE if kind in ("abstract", "game") else pick(rng, MASS[mode])
        return noun_phrase(noun, determiner, adjectives=adjectives_for(rng, noun))
    plural = kind not in lex.NO_PLURAL and rng.random() < 0.36
    if kind == "sky":
        return noun_phrase(noun, THE, adjectives=adjectives_for(rng, noun) if rng.random() < 0.4 else ())
    if kind in ("parent", "family", "body"):
        determiner = pick(rng, SPOUSES if noun.en[0] in ("husband", "wife") else RELATIVES)
    else:
        determiner = pick(rng, (PLURAL if plural else SINGULAR)[mode])
        if determiner in OWNERS and (kind in UNOWNED or noun.en[0] in UNOWNED_PEOPLE):
            determiner = THE
    adjectives = adjectives_for(rng, noun)
    if depth < 2 and determiner is THE:
        chance = rng.random()
        if chance < 0.14 or kind == "body":
            return noun_phrase(noun, THE, plural=plural, adjectives=adjectives, owner=owner(rng))
        if chance < 0.24 and kind not in ("family", "parent"):
            tail = relative(rng, noun, plural, depth + 1)
            return noun_phrase(noun, THE, plural=plural, adjectives=adjectives[:1], tail=tail)
        if chance < 0.3 and kind in PARTS:
            whole = plain(rng, pick(rng, CLASSES[PARTS[kind]]))
            tail = (f"of {whole.en}", f"de {whole.fr}")
            return noun_phrase(noun, THE, plural=plural, adjectives=adjectives, tail=tail)
    return noun_phrase(noun, determiner, plural=plural, adjectives=adjectives)


def relative(rng: random.Random, noun: Noun, plural: bool, depth: int) -> Words:
    """Draw a relative clause: who/that (qui), whom/that (que), where (où), whose (dont), with whom (avec qui)."""
    is_human = noun.kind in HUMAN_KINDS
    bare = NounPhrase("", "", noun.feminine, fr.ILS if plural else fr.IL)
    chance = rng.random()
    if is_human and chance < 0.12:
        clause = replace(simple(rng, depth, HUMAN_INTRANSITIVE), tail=None, time=None)
        if clause.subject not in (EVERYONE, SOMEONE):
            return f"with whom {english(clause)}", f"avec qui {french(clause)}"
    if is_human and chance < 0.2:
        thing = pick(rng, lex.BY_KIND[pick(rng, ("vehicle", "clothes", "in", "animal"))])
        possessed = NounPhrase("", "", thing.feminine)
        adjective = pick(rng, pick(rng, PREDICATIVE[thing.kind]))
        form = adjective.fr[fr.form(possessed.feminine, False)]
        article = "La" if thing.feminine else "Le"
        return f"whose {thing.en[0]} is {adjective.en}", f"dont {article} {thing.fr[0]} est {form}"
    if noun.kind in ("in", "at") and chance < 0.4:
        clause = simple(rng, depth, PLACE_INTRANSITIVE)
        clause.tail = None
        return f"where {english(clause)}", f"où {french(clause)}"
    if (noun.kind in BEING_KINDS and chance < 0.65) or chance < 0.1:
        if noun.kind in BEING_KINDS:
            clause = simple(rng, depth, HUMAN_VERBS if is_human else BEING_VERBS, bare)
        else:
            clause = predicate(rng, noun, bare, short=True)
        return f"{'who' if is_human else 'that'} {english_after_subject(clause)}", f"qui {french_after_subject(clause)}"
    verbs = TRANSITIVE_BY_NOUN[noun.en[0]]
    if not verbs:
        clause = predicate(rng, noun, bare, short=True)
        return f"{'who' if is_human else 'that'} {english_after_subject(clause)}", f"qui {french_after_subject(clause)}"
    clause = extracted(rng, pick(rng, verbs), (noun.feminine, plural), depth)
    return f"{'whom' if is_human else 'that'} {english(clause)}", f"que {french(clause)}"


def human(rng: random.Random, depth: int = 0, mode: str = "subject") -> NounPhrase:
    """Draw a person as a subject."""
    chance = rng.random()
    if chance < 0.3:
        return pick(rng, SUBJECT_PRONOUNS)
    if chance < 0.46:
        return pick(rng, NAMES)
    if chance < 0.49:
        first, second = pick(rng, NAMES), pick(rng, NAMES)
        if first is not second:
            return NounPhrase(
                f"{first.en} and {second.en}", f"{first.fr} et {second.fr}", first.feminine and second.feminine, fr.ILS
            )
    if chance < 0.51:
        return pick(rng, (SOMEONE, EVERYONE))
    return phrase(rng, pick(rng, CLASSES["human"]), mode, depth)


def person(rng: random.Random, mode: str = "object", depth: int = 0) -> NounPhrase:
    """Draw a person as an object or after a preposition, not a pronoun."""
    if rng.random() < 0.3:
        return pick(rng, NAMES)
    return phrase(rng, pick(rng, CLASSES["human"]), mode, depth)


def subject_for(rng: random.Random, names: str, depth: int = 0) -> NounPhrase:
    if names == "human" or (names == "being" and rng.random() < 0.6):
        return human(rng, depth)
    noun = noun_among(rng, names)
    if noun.kind in HUMAN_KINDS:
        return human(rng, depth)
    return phrase(rng, noun, "subject", depth)
