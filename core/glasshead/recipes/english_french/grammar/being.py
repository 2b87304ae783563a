"""Clauses with to be and to have: qualities, places, ages, professions, comparisons; and going somewhere."""

from __future__ import annotations

import random

from .. import english as en
from .. import french as fr
from .. import lexicon as lex
from ..clause import HE, I_SUBJECT, IT, SHE, THEY, Clause, Negation, NounPhrase
from ..lexicon import Noun
from ..phrase import SOME, A, noun_phrase
from .adverbs import NUMBERS, add_middle, time_for
from .chance import Words, pick
from .clauses import human, phrase
from .nouns import CLASSES, COMPARABLE, HUMAN_KINDS, OFTEN, noun_among
from .people import NAMES, OBJECT_OF, OBJECT_PRONOUNS, SUBJECT_PRONOUNS
from .phrases import plain
from .places import CITIES, COUNTRIES, IN, in_place, in_town, near, on_furniture, prepositional
from .qualities import predicate
from .settling import settle
from .tenses import ANY_TENSE, BE_TENSE, NEGATIONS, STATE_TENSE, deniable
from .verbs import BE, BE_WITH_AVOIR, BECOME, COME, GO, HAVE, LIVE, RETURN, STAY

DESCRIBED = [
    noun for noun in lex.ALL_NOUNS for _ in range(OFTEN.get(noun.kind, 1)) if noun.kind not in ("game", "ingredient")
]
DESCRIBED_THINGS = [noun for noun in DESCRIBED if noun.kind in ("thing", "vehicle", "furniture")]


def describable(rng: random.Random) -> tuple[Noun, NounPhrase]:
    """Draw a subject for a quality, and the noun that decides which qualities fit."""
    chance = rng.random()
    if chance < 0.24:
        return lex.BY_NAME["man"], pick(rng, SUBJECT_PRONOUNS)
    if chance < 0.34:
        return lex.BY_NAME["man"], pick(rng, NAMES)
    if chance < 0.38:
        return pick(rng, DESCRIBED_THINGS), IT
    noun = pick(rng, DESCRIBED)
    return noun, phrase(rng, noun, "described", 0)


def being_such(rng: random.Random) -> Clause:
    noun, subject = describable(rng)
    return predicate(rng, noun, subject)


def comparison(rng: random.Random) -> Clause:
    """Draw a comparison: bigger than, less … than, as … as."""
    noun, subject = describable(rng)
    while noun.kind in ("sky", "body", "drink", "food"):
        noun, subject = describable(rng)
    adjective = pick(rng, pick(rng, COMPARABLE[noun.kind]))
    form = adjective.fr[fr.form(subject.feminine, subject.plural)]
    chance = rng.random()
    if noun.kind in HUMAN_KINDS and chance < 0.6:
        other = pick(rng, OBJECT_OF.get(id(subject), OBJECT_PRONOUNS))
        than: Words = (other.en, other.strong)
        if rng.random() < 0.5:
            name = pick(rng, NAMES)
            than = (name.en, name.fr)
    else:
        same_kind = pick(rng, lex.BY_KIND[noun.kind])
        than_phrase = plain(rng, same_kind)
        than = (than_phrase.en, than_phrase.fr)
    chance = rng.random()
    if chance < 0.6:
        said = (f"{adjective.more} than {than[0]}", f"plus {form} que {than[1]}")
    elif chance < 0.75:
        said = (f"less {adjective.en} than {than[0]}", f"moins {form} que {than[1]}")
    else:
        said = (f"as {adjective.en} as {than[0]}", f"aussi {form} que {than[1]}")
    negation = deniable(subject, "not" if rng.random() < 0.2 else "")
    return Clause(subject, BE, pick(rng, BE_TENSE[:-1]), negation, predicate=said)


PROFESSIONS = lex.BY_KIND["profession"]
PROFESSIONAL = [
    lex.ADJECTIVE_BY_NAME[name]
    for name in lex.words(
        "good bad old young famous excellent serious honest french english american italian german spanish russian "
        "japanese canadian belgian lazy careful brave"
    )
]


def profession(rng: random.Random) -> Clause:
    """Draw a profession: paul is a doctor → paul est médecin; a good singer → une bonne chanteuse."""
    subject = pick(rng, (HE, SHE, I_SUBJECT, *NAMES[:12], *NAMES[-12:]))
    chance = rng.random()
    if chance < 0.4:
        subject = plain(rng, pick(rng, CLASSES["family"] + CLASSES["parent"]))
    noun = pick(rng, PROFESSIONS)
    if subject.feminine and noun.woman:
        noun = noun.woman
    plural = subject.plural
    tense = pick(rng, BE_TENSE)
    negation: Negation = pick(rng, ("", "", "", "", "not", "no longer"))
    verb = BECOME if rng.random() < 0.2 else BE
    if verb is BECOME:
        tense, negation = pick(rng, ("past", "past", "future", "going to")), ""
    if rng.random() < 0.3 and not negation:
        adjective = pick(rng, PROFESSIONAL)
        said = noun_phrase(noun, SOME if plural else A, plural=plural, adjectives=(adjective,))
        return Clause(subject, verb, tense, negation, predicate=(said.en.removeprefix("some "), said.fr))
    english_noun = noun.en[plural] if plural else f"{en.article(noun.en[0])} {noun.en[0]}"
    return Clause(subject, verb, tense, negation, predicate=(english_noun, noun.fr[plural]))


SMALL_THINGS = [*CLASSES["portable"], *CLASSES["machine"], *CLASSES["instrument"]]


def located(rng: random.Random) -> Clause:
    """Draw a place: something or somebody is somewhere."""
    chance = rng.random()
    negation = pick(rng, NEGATIONS)
    if chance < 0.4:
        subject = human(rng)
        where = in_place(rng) if rng.random() < 0.6 else in_town(rng) if rng.random() < 0.5 else near(rng)
    elif chance < 0.5:
        subject, where = (IT if rng.random() < 0.5 else THEY), on_furniture(rng)
    elif chance < 0.6:
        subject, where = phrase(rng, noun_among(rng, "animal"), "subject"), in_place(rng)
    elif chance < 0.75:
        noun = pick(rng, CLASSES["place"])
        subject = plain(rng, noun)
        where = near(rng)
    else:
        subject, where = phrase(rng, pick(rng, SMALL_THINGS), "subject", 1), on_furniture(rng)
    negation = deniable(subject, negation)
    clause = Clause(subject, BE, pick(rng, BE_TENSE), negation, predicate=where)
    clause.contracted = rng.random() < 0.2
    if negation == "" and rng.random() < 0.1 and clause.tense != "must":
        add_middle(rng, clause)
    return settle(clause)


AVOIR_STATES = list(lex.AVOIR_STATES.items())


def avoir_state(rng: random.Random) -> Clause:
    """Draw a state with avoir: paul is hungry → paul a faim."""
    english_word, french_word = pick(rng, AVOIR_STATES)
    words = (english_word, french_word)
    negation = pick(rng, NEGATIONS)
    if english_word not in lex.NO_DEGREE and not negation and rng.random() < 0.3:
        words = (f"very {english_word}", f"très {french_word}")
    if english_word == "afraid" and rng.random() < 0.5:
        feared = plain(rng, pick(rng, CLASSES["animal"] + CLASSES["human"]))
        words = (f"{words[0]} of {feared.en}", f"{words[1]} de {feared.fr}")
    subject = (
        human(rng)
        if english_word in lex.NO_DEGREE or rng.random() < 0.7
        else phrase(rng, noun_among(rng, "animal"), "subject")
    )
    return settle(
        Clause(subject, BE_WITH_AVOIR, pick(rng, BE_TENSE[:-1]), deniable(subject, negation), predicate=words)
    )


def aged(rng: random.Random) -> Clause:
    """Draw an age: paul is twenty years old → paul a vingt ans."""
    number = pick(rng, NUMBERS)
    words = (f"{number[0]} years old", f"{number[1]} ans")
    subject = human(rng, 1)
    negation = deniable(subject, "not" if rng.random() < 0.15 else "")
    return Clause(subject, BE_WITH_AVOIR, pick(rng, BE_TENSE[:-1]), negation, predicate=words)


HAD = [noun for kind in (*lex.OBJECTS, "dog", "cat", "animal", "idea", "food", "drink") for noun in CLASSES[kind]]


def having(rng: random.Random) -> Clause:
    """Draw a possession: paul has a dog, paul does not have a dog (n'a pas de chien)."""
    noun = pick(rng, HAD)
    subject = human(rng)
    negation: Negation = pick(rng, ("", "", "", "", "not", "not", "no longer", "never"))
    negation = deniable(subject, negation)
    had = phrase(rng, noun, "negated" if negation else "object", 1)
    return settle(Clause(subject, HAVE, pick(rng, STATE_TENSE), negation, direct=had))


HOMES = [lex.BY_NAME[name] for name in lex.words("house apartment palace cabin tower village city cave country tent")]


def moving(rng: random.Random) -> Clause:
    """Draw a motion: going, coming, returning, staying, living somewhere."""
    subject = human(rng)
    verb = pick(rng, (GO, GO, COME, RETURN, STAY, LIVE))
    if verb is LIVE:
        tense = pick(rng, STATE_TENSE)
    else:
        tense = pick(rng, [tense for tense in ANY_TENSE if not (verb is GO and tense == "going to")])
    negation = deniable(subject, pick(rng, NEGATIONS))
    if tense in ("must", "going to", "would like") and negation == "no longer":
        negation = ""
    clause = settle(Clause(subject, verb, tense, negation))
    clause.contracted = rng.random() < 0.2
    if verb in (STAY, LIVE):
        if verb is LIVE:
            clause.tail = in_town(rng) if rng.random() < 0.5 else prepositional(IN, plain(rng, pick(rng, HOMES)))
        else:
            clause.tail = in_place(rng) if rng.random() < 0.6 else in_town(rng)
    elif rng.random() < 0.4:
        if rng.random() < 0.5:
            city = pick(rng, CITIES)
            goal = ("to " + city[0], "à " + city[1])
            origin = ("from " + city[0], "de " + city[1])
        else:
            country = pick(rng, COUNTRIES)
            goal = ("to " + country[0], country[1][0])
            origin = ("from " + country[0], country[1][1])
        clause.tail = origin if verb is COME else goal
    else:
        noun = plain(rng, pick(rng, CLASSES["at"]))
        clause.tail = (
            (f"from {noun.en}", f"de {noun.fr}")
            if verb is COME and rng.random() < 0.5
            else (f"to {noun.en}", f"à {noun.fr}")
        )
    if rng.random() < 0.3:
        clause.time = time_for(rng, clause)
        if clause.time and clause.time[0].startswith("for ") and verb is not STAY:
            clause.time = None
    return clause
