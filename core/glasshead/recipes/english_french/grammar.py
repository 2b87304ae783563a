"""The grammar proper: which sentences there are, and how often. Every choice is drawn from the generator given.

Each function here draws one kind of phrase or sentence; `generate` draws among the sentences. A choice among words is
even within its class, so that every word is met often enough to be learnt.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from . import english as en
from . import french as fr
from . import lexicon as lex
from .clause import (
    EVERYONE,
    HE,
    HER,
    HIM,
    I_SUBJECT,
    IT,
    IT_OBJECT,
    ME,
    NOBODY,
    SHE,
    SOMEONE,
    SOMETHING,
    THEM,
    THEY,
    US,
    WE,
    YOU,
    YOU_OBJECT,
    Clause,
    Negation,
    NounPhrase,
    Pronoun,
    Tense,
    english,
    english_after_subject,
    english_imperative,
    french,
    french_after_subject,
    french_imperative,
)
from .lexicon import Adjective, Noun, Verb
from .phrase import (
    A_FEW,
    A_LITTLE,
    A_LOT_OF,
    ALL_THE,
    ANOTHER,
    EVERY,
    GENERIC,
    HIS,
    MANY,
    MY,
    NO_DETERMINER,
    NUMERALS,
    POSSESSIVES,
    SEVERAL,
    SOME,
    SOME_MASS,
    THAT,
    THE,
    THE_OTHER,
    THE_SAME,
    THESE,
    THIS,
    THOSE,
    YOUR,
    A,
    Determiner,
    noun_phrase,
)
from .phrase import HER as HER_OWN

Words = tuple[str, str]
T = TypeVar("T")


def pick(rng: random.Random, options: Sequence[T]) -> T:
    """An even choice; `random.choice` at a third of the cost."""
    return options[int(rng.random() * len(options))]


def weighted(table: dict[T, int]) -> list[T]:
    """A table of weights as a list to `pick` from."""
    return [option for option, weight in table.items() for _ in range(weight)]


# ---------------------------------------------------------------------------------------------------------------
# Tables made ready once
# ---------------------------------------------------------------------------------------------------------------


def _nouns(names: str) -> list[Noun]:
    """All nouns of classes such as `human > portable, food`, each class opened to the bottom."""
    found: dict[str, Noun] = {}
    for name in names.split(", "):
        for part in lex.GROUPS.get(name, ()):
            found |= {noun.en[0]: noun for noun in _nouns(part)} if part != name else {}
        if name in lex.BY_KIND:
            found |= {noun.en[0]: noun for noun in lex.BY_KIND[name]}
    return list(found.values())


CLASSES: dict[str, list[Noun]] = {
    name: _nouns(name)
    for name in {part for verb in lex.ALL_VERBS for part in (verb.subject, verb.object) if part}
    | set(lex.GROUPS)
    | set(lex.BY_KIND)
}
HUMAN_KINDS = frozenset(lex.HUMAN)
BEING_KINDS = HUMAN_KINDS | frozenset(lex.ANIMALS)
# Nouns that few verbs go with are drawn more often where they can be.
OFTEN = {
    "body": 4,
    "ingredient": 9,
    "food": 2,
    "dish": 2,
    "game": 2,
    "sky": 3,
    "abstract": 4,
    "nature": 2,
    "waters": 3,
    "sound": 3,
    "conversation": 2,
    "drink": 2,
}
AMONG: dict[str, list[Noun]] = {
    names: [noun for name in names.split(", ") for noun in CLASSES[name] for _ in range(OFTEN.get(noun.kind, 1))]
    for names in {frame for verb in lex.ALL_VERBS for frame in (verb.subject, verb.object) if frame} | {"animal"}
}
ADJECTIVES = {kind: [lex.ADJECTIVE_LISTS[name] for name in names] for kind, names in lex.ADJECTIVES_OF.items()}
COMPARABLE = {
    kind: [
        [adjective for adjective in lex.ADJECTIVE_LISTS[name] if adjective.en not in ("good", "bad")]
        for name in names
        if name not in ("color", "nationality", "material", "cloth")
    ]
    for kind, names in lex.ADJECTIVES_OF.items()
}

SINGULAR = {
    "subject": weighted({THE: 40, A: 14, THIS: 5, THAT: 5, EVERY: 3, ANOTHER: 2, THE_SAME: 2, THE_OTHER: 2, MY: 0})
    + [*POSSESSIVES] * 3,
    "object": weighted({THE: 34, A: 24, THIS: 5, THAT: 5, EVERY: 2, ANOTHER: 3, THE_SAME: 2, THE_OTHER: 2})
    + [*POSSESSIVES] * 3,
    "negated": weighted({THE: 36, A: 16, THIS: 5, THAT: 5, THE_SAME: 1, THE_OTHER: 1}) + [*POSSESSIVES] * 3,
    "definite": weighted({THE: 40, THIS: 6, THAT: 6}) + [*POSSESSIVES] * 3,
    "described": weighted({THE: 40, THIS: 6, THAT: 6, EVERY: 2, THE_OTHER: 3}) + [*POSSESSIVES] * 3,
    "place": [*weighted({THE: 80, THIS: 4, THAT: 4}), *POSSESSIVES],
}
PLURAL = {
    "subject": weighted(
        {THE: 36, SOME: 10, THESE: 5, THOSE: 5, MANY: 4, SEVERAL: 3, A_FEW: 3, ALL_THE: 4, THE_OTHER: 2}
    )
    + [*POSSESSIVES] * 3
    + [*NUMERALS],
    "object": weighted({THE: 26, SOME: 20, THESE: 5, THOSE: 5, MANY: 4, SEVERAL: 3, A_FEW: 3, ALL_THE: 3, A_LOT_OF: 2})
    + [*POSSESSIVES] * 3
    + [*NUMERALS],
    "negated": weighted({THE: 36, SOME: 18, THESE: 5, THOSE: 5}) + [*POSSESSIVES] * 3,
    "definite": weighted({THE: 40, THESE: 6, THOSE: 6}) + [*POSSESSIVES] * 3,
    "described": weighted({THE: 40, THESE: 6, THOSE: 6, ALL_THE: 5, THE_OTHER: 3})
    + [*POSSESSIVES] * 3
    + [*NUMERALS[:4]],
    "place": [*weighted({THE: 80, THESE: 4, THOSE: 4}), *POSSESSIVES],
}
MASS = {
    "subject": weighted({THE: 12, THIS: 2, THAT: 1, MY: 1}),
    "object": weighted({THE: 10, SOME_MASS: 16, THIS: 2, A_LOT_OF: 3, A_LITTLE: 2}),
    "negated": weighted({THE: 8, SOME_MASS: 12, THIS: 2}),
    "definite": weighted({THE: 12, THIS: 2, MY: 1}),
    "described": weighted({THE: 12, THIS: 3, THAT: 1, MY: 1}),
}
RELATIVES = weighted({THE: 6}) + [*POSSESSIVES] * 3  # what goes before my mother, her brother
SPOUSES = (MY, MY, YOUR, HIS, HER_OWN)

OWNERS = frozenset(POSSESSIVES)
SUBJECT_PRONOUNS = (I_SUBJECT, YOU, HE, SHE, WE, THEY)
OBJECT_PRONOUNS = (ME, YOU_OBJECT, HIM, HER, US, THEM)
OBJECT_OF = {
    id(I_SUBJECT): (YOU_OBJECT, HIM, HER, THEM),
    id(YOU): (ME, HIM, HER, US, THEM),
    id(WE): (YOU_OBJECT, HIM, HER, THEM),
}
THIRD_PERSONS = (HE, SHE, THEY)
NAMES = [NounPhrase(name, name) for name in lex.MEN] + [NounPhrase(name, name, feminine=True) for name in lex.WOMEN]

MIDDLE = [(english, french) for english, (french, _) in lex.MIDDLE.items()]
MIDDLE_NEGATED = [(english, french) for english, (french, negated) in lex.MIDDLE.items() if negated]
MANNER = list(lex.MANNER.items())
WHERE = list(lex.WHERE.items())
PRESENT_TIME = [pair for pair in lex.PRESENT_TIME.items() if pair[0] not in ("now", "today")]
NOW = [("now", "maintenant"), ("today", "aujourd'hui")]
CITIES = list(lex.CITIES.items())
COUNTRIES = list(lex.COUNTRIES.items())
MONTHS = list(lex.MONTHS.items())
DAYS = list(lex.DAYS.items())
NUMBERS = list(lex.NUMBERS.items())
SPANS = list(lex.SPANS.items())
DEGREES = list(lex.DEGREE.items())
STATES = lex.ADJECTIVE_LISTS["state"]

VERBS = lex.ALL_VERBS
TRANSITIVE = [verb for verb in VERBS if verb.object and not verb.preposition and not verb.complement]
PERSONAL = [verb for verb in TRANSITIVE if {noun.kind for noun in AMONG[verb.object]} & HUMAN_KINDS]
ORDERS = [
    verb
    for verb in VERBS
    if (
        verb.subject == "human"
        and not verb.state
        and verb.en.base not in ("fail", "lie", "faint", "get", "snore", "blush")
    )
    or verb.en.lemma == "get up"
]
INNER = [verb for verb in VERBS if not verb.state and verb.subject in ("human", "being") and verb.en.base != "die"]
DEFINITE_ONLY = frozenset({"de", "à", "dans"})


def _verb(english_text: str, french_text: str) -> Verb:
    return Verb(en.verb(english_text), fr.conjugate(french_text), "", "", "", False, "", False, False)


BE = Verb(
    en.EnglishVerb("be", "is", "was", "being"), fr.conjugate("être"), "", "", "", False, "", state=True, imperfect=True
)
BE_WITH_AVOIR = replace(BE, fr=fr.conjugate("avoir"))
HAVE = Verb(
    en.EnglishVerb("have", "has", "had", "having"),
    fr.conjugate("avoir"),
    "",
    "",
    "",
    False,
    "",
    state=True,
    imperfect=True,
)
LIVE = replace(_verb("live", "habiter"), state=True, imperfect=True)
GO = _verb("go/went", "aller")
COME = _verb("come/came", "venir")
RETURN = _verb("return", "retourner")
STAY = _verb("stay", "rester")
BECOME = _verb("become/became", "devenir")
SEEM = replace(_verb("seem", "sembler"), state=True, imperfect=True)
COST = replace(_verb("cost", "coûter"), state=True)
THAT_VERBS = [replace(_verb(english_text, french_text), state=True) for english_text, french_text in lex.THAT.items()]
WEATHER = [_verb(english_text, french_text) for english_text, french_text in lex.WEATHER.items()]

ANY_TENSE: list[Tense] = weighted(
    {"present": 22, "progressive": 22, "past": 26, "was doing": 5, "future": 16, "going to": 4, "can": 5, "must": 5}
)
ANY_TENSE += ["would like"] * 2
STATE_TENSE: list[Tense] = weighted({"present": 55, "past": 25, "future": 20})
BE_TENSE: list[Tense] = weighted({"present": 62, "past": 20, "future": 12, "must": 1})
NEGATIONS: list[Negation] = weighted({"": 78, "not": 15, "never": 4, "no longer": 3})


# ---------------------------------------------------------------------------------------------------------------
# Noun phrases
# ---------------------------------------------------------------------------------------------------------------


def adjectives_for(rng: random.Random, noun: Noun) -> tuple[Adjective, ...]:
    """None, one, or two (one that French puts before the noun and one after)."""
    chance = rng.random()
    if chance < 0.54:
        return ()
    lists = ADJECTIVES[noun.kind]
    listed = pick(rng, lists)
    first = pick(rng, listed)
    if chance < 0.9:
        return (first,)
    other = pick(rng, lists)
    second = pick(rng, other)
    if other is listed or first.noun_first == second.noun_first or {first.en, second.en} & OPINIONS:
        return (first,)
    return (second, first) if first.noun_first else (first, second)


OPINIONS = frozenset({"magnificent", "ordinary", "ugly", "strange", "huge", "tiny", "excellent"})
# the door of the house, the book of the teacher: what may be whose, with `of`
PARTS = {
    "opening": "place",
    "fixture": "place",
    "text": "human",
    "idea": "human",
    "plant": "place",
    "family": "human",
    "animal": "human",
}
UNOWNED = frozenset({"nature", "waters", "at", "on"})
UNOWNED_PEOPLE = frozenset({"man", "woman", "lady", "gentleman", "boy", "girl", "stranger"})


def phrase(rng: random.Random, noun: Noun, mode: str = "object", depth: int = 0) -> NounPhrase:
    """A noun with what may go with it. `mode`: subject, object, negated (object of a negation), definite."""
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


def owner(rng: random.Random) -> NounPhrase:
    """Whose: a name, or a person in a few words."""
    if rng.random() < 0.4:
        return pick(rng, NAMES)
    return plain(rng, pick(rng, CLASSES["human"]))


def plain(rng: random.Random, noun: Noun) -> NounPhrase:
    """A short definite phrase, without owner and without relative clause. Places are mostly `the` and one."""
    kind = noun.kind
    place = kind in lex.PLACES
    plural = kind not in lex.NO_PLURAL and rng.random() < (0.12 if place else 0.3)
    if kind in ("parent", "family"):
        determiner = pick(rng, SPOUSES if noun.en[0] in ("husband", "wife") else RELATIVES)
    else:
        determiner = pick(rng, (PLURAL if plural else SINGULAR)["place" if place else "definite"])
        if determiner in OWNERS and noun.en[0] in UNOWNED_PEOPLE:
            determiner = THE
    return noun_phrase(
        noun, determiner, plural=plural, adjectives=adjectives_for(rng, noun) if rng.random() < 0.4 else ()
    )


def human(rng: random.Random, depth: int = 0, mode: str = "subject") -> NounPhrase:
    """Somebody as a subject."""
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
    """Somebody as an object or after a preposition, not a pronoun."""
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


def noun_among(rng: random.Random, names: str) -> Noun:
    """A noun of one of several classes; big classes weigh more, since each noun should come as often as another."""
    return pick(rng, AMONG[names])


def relative(rng: random.Random, noun: Noun, plural: bool, depth: int) -> Words:
    """A relative clause: who/that (qui), whom/that (que), where (où), whose (dont), with whom (avec qui)."""
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
        adjective = pick(rng, pick(rng, ADJECTIVES[thing.kind]))
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


def extracted(rng: random.Random, verb: Verb, preceding: tuple[bool, bool], depth: int) -> Clause:
    """A clause whose object stands elsewhere: the book *that paul reads*, which books *did paul read*."""
    subject = subject_for(rng, verb.subject, 2) if depth else subject_for(rng, verb.subject, 1)
    tense = tense_for(rng, verb, subject)
    negation = deniable(subject, "not" if rng.random() < 0.1 else "")
    return Clause(subject, verb, safe_past(tense, verb, subject, negation), negation, preceding=preceding)


TRANSITIVE_BY_NOUN: dict[str, list[Verb]] = {noun.en[0]: [] for noun in lex.ALL_NOUNS}
for _verb_with_object in TRANSITIVE:
    for _object in {id(noun): noun for noun in AMONG[_verb_with_object.object]}.values():
        TRANSITIVE_BY_NOUN[_object.en[0]].append(_verb_with_object)


# ---------------------------------------------------------------------------------------------------------------
# Clauses
# ---------------------------------------------------------------------------------------------------------------

HUMAN_INTRANSITIVE = [verb for verb in VERBS if verb.subject in ("human", "being") and not verb.object]
HUMAN_INTRANSITIVE = [verb for verb in HUMAN_INTRANSITIVE if verb.en.base not in ("die", "grow")]
PLACE_INTRANSITIVE = [
    verb
    for verb in HUMAN_INTRANSITIVE
    if verb.en.base in ("sleep", "work", "sing", "dance", "play", "rest", "stroll", "eat", "pray")
]
HUMAN_VERBS = [verb for verb in VERBS if verb.subject in ("human", "being")]
BEING_VERBS = [verb for verb in VERBS if verb.subject == "being"]


def deniable(subject: NounPhrase, negation: Negation) -> Negation:
    """`all the cats do not sleep` may mean two things, in both languages: nothing is denied of all or of everyone."""
    return "" if subject.en.startswith(("every", "all ", "some")) else negation


def tense_for(rng: random.Random, verb: Verb, subject: NounPhrase) -> Tense:
    return pick(rng, STATE_TENSE if verb.state else ANY_TENSE)


def safe_past(tense: Tense, verb: Verb, subject: NounPhrase, negation: str) -> Tense:
    """`they read`: present or past? Only what can be told apart is said (`he reads`, `he read`, `they are reading`)."""
    if verb.en.base in lex.AMBIGUOUS_PAST and tense in ("present", "past") and negation != "not":
        return "progressive" if subject.person != fr.IL else tense
    return tense


def simple(
    rng: random.Random, depth: int = 0, verbs: Sequence[Verb] = VERBS, subject: NounPhrase | None = None
) -> Clause:
    """A clause with a verb of the lexicon, its objects, and perhaps a place, a manner, a time."""
    verb = pick(rng, verbs)
    if subject is None:
        subject = subject_for(rng, verb.subject, depth)
    negation = deniable(subject, pick(rng, NEGATIONS))
    control = None
    tense = tense_for(rng, verb, subject)
    if not verb.state and verb.en.base != "die" and rng.random() < 0.1 and subject.fr not in ("il", "ils"):
        control = pick(rng, lex.ALL_CONTROL)
        tense = tense_for(rng, control, subject)
        if tense in ("can", "must", "would like"):
            tense = "future"
    if control is None:
        tense = safe_past(tense, verb, subject, negation)
    if tense in ("would like", "must", "can", "going to") and negation == "no longer" and tense != "can":
        negation = "not"
    if negation == "never" and tense == "past" and (control or verb).imperfect:
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
    return clause


def manner_for(rng: random.Random, clause: Clause) -> Words:
    while True:
        manner = pick(rng, MANNER)
        compound = clause.control or clause.tense in ("going to", "can", "must", "would like")
        if not (compound and manner[1] in ("bien", "mal")):
            return manner


def add_middle(rng: random.Random, clause: Clause) -> None:
    options = MIDDLE_NEGATED if clause.negation else MIDDLE
    middle = pick(rng, options)
    if clause.tense in ("can", "must", "would like"):
        return
    if clause.tense == "past" and middle[0] in ("still", "generally"):
        return
    clause.middle = middle


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


ONLY_TENSES = frozenset({"present", "past", "future"})


def measured(rng: random.Random, noun: Noun) -> NounPhrase:
    """a glass of water → un verre d'eau, two kilos of apples → deux kilos de pommes"""
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
    """give the book to the child, give the child the book, give him the book, give it to him, give it to the child"""
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
STRONG = (ME, YOU_OBJECT, HIM, HER, US, THEM)


def prepositional(preposition: Words, noun: NounPhrase) -> Words:
    return f"{preposition[0]} {noun.en}", f"{preposition[1]} {noun.fr}"


def in_place(rng: random.Random) -> Words:
    noun = pick(rng, PLACE_NOUNS)
    return prepositional(PREPOSITION[noun.kind], plain(rng, noun))


def near(rng: random.Random) -> Words:
    return prepositional(pick(rng, AROUND), plain(rng, pick(rng, LANDMARKS)))


def with_someone(rng: random.Random, subject: NounPhrase | None = None) -> Words:
    preposition = pick(rng, WITH)
    if rng.random() < 0.35:
        pronoun = pick(rng, OBJECT_OF.get(id(subject), STRONG))
        return f"{preposition[0]} {pronoun.en}", f"{preposition[1]} {pronoun.strong}"
    return prepositional(
        preposition, plain(rng, pick(rng, CLASSES["human"])) if rng.random() < 0.6 else pick(rng, NAMES)
    )


def somewhere(rng: random.Random, subject: NounPhrase, verb: Verb) -> Words:
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


WHERE_ALONE = [pair for pair in WHERE if pair[0] != "together"]


def in_town(rng: random.Random) -> Words:
    if rng.random() < 0.5:
        city = pick(rng, CITIES)
        return f"in {city[0]}", f"à {city[1]}"
    country = pick(rng, COUNTRIES)
    return f"in {country[0]}", country[1][0]


def time_for(rng: random.Random, clause: Clause) -> Words | None:
    """A time that agrees with the tense."""
    tense, chance = clause.tense, rng.random()
    if clause.negation in ("never", "no longer") or (clause.middle and clause.middle[0] in FREQUENCY):
        return None
    if tense == "present":
        return pick(rng, PRESENT_TIME) if not clause.middle and chance < 0.9 else None
    if tense == "progressive":
        return pick(rng, NOW)
    if tense in ("past", "was doing"):
        if (clause.control or clause.verb).imperfect:
            return pick(rng, PAST_TIME[:-1])
        if chance < 0.5:
            return pick(rng, PAST_TIME)
        if chance < 0.58:
            return pick(rng, NOW[1:])
        if chance < 0.74 and tense == "past":
            number, span, many = span_of(rng)
            return f"{number[0]} {span[0][many]} ago", f"il y a {number[1]} {span[1][many]}"
        if chance < 0.84 and tense == "past" and not clause.verb.object and not clause.negation:
            number, span, many = span_of(rng)
            return f"for {number[0]} {span[0][many]}", f"pendant {number[1]} {span[1][many]}"
        return clock(rng)
    if chance < 0.5:
        return pick(rng, FUTURE_TIME)
    if chance < 0.62:
        day = pick(rng, DAYS)
        return f"on {day[0]}", day[1]
    if chance < 0.78:
        month = pick(rng, MONTHS)
        return f"in {month[0]}", f"en {month[1]}"
    if chance < 0.88:
        number, span, many = span_of(rng)
        return f"in {number[0]} {span[0][many]}", f"dans {number[1]} {span[1][many]}"
    return clock(rng)


FREQUENCY = frozenset({"often", "always", "sometimes", "rarely", "still", "generally"})
PAST_TIME = list(lex.PAST_TIME.items())
FUTURE_TIME = list(lex.FUTURE_TIME.items())
HOURS = NUMBERS[:10]


def clock(rng: random.Random) -> Words:
    chance = rng.random()
    if chance < 0.15:
        return "at noon", "à midi"
    if chance < 0.3:
        return "at midnight", "à minuit"
    hour = pick(rng, HOURS)
    return f"at {hour[0]} o'clock", f"à {hour[1]} heures"


def span_of(rng: random.Random) -> tuple[Words, tuple[Words, Words], int]:
    """A number and a span of time: `(two, deux), (hour/hours, heure/heures), 1`."""
    names, (one, many, is_feminine) = pick(rng, SPANS)
    if rng.random() < 0.2:
        return (en.article(names[0]), "une" if is_feminine else "un"), (names, (one, many)), 0
    return pick(rng, NUMBERS), (names, (one, many)), 1


# ---------------------------------------------------------------------------------------------------------------
# To be
# ---------------------------------------------------------------------------------------------------------------


def describable(rng: random.Random) -> tuple[Noun, NounPhrase]:
    """Something to say a quality of, and the noun that decides which qualities."""
    chance = rng.random()
    if chance < 0.24:
        return lex.BY_NAME["man"], pick(rng, SUBJECT_PRONOUNS)
    if chance < 0.34:
        return lex.BY_NAME["man"], pick(rng, NAMES)
    if chance < 0.38:
        return pick(rng, DESCRIBED_THINGS), IT
    noun = pick(rng, DESCRIBED)
    return noun, phrase(rng, noun, "described", 0)


DESCRIBED = [
    noun for noun in lex.ALL_NOUNS for _ in range(OFTEN.get(noun.kind, 1)) if noun.kind not in ("game", "ingredient")
]
DESCRIBED_THINGS = [
    noun for noun in DESCRIBED if noun.kind in ("thing", "vehicle", "in", "at", "furniture", "text", "idea")
]


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


def being_such(rng: random.Random) -> Clause:
    noun, subject = describable(rng)
    return predicate(rng, noun, subject)


def profession(rng: random.Random) -> Clause:
    """paul is a doctor → paul est médecin; marie is a good singer → marie est une bonne chanteuse"""
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


PROFESSIONS = lex.BY_KIND["profession"]
PROFESSIONAL = [
    lex.ADJECTIVE_BY_NAME[name]
    for name in lex.words(
        "good bad old young famous excellent serious honest french english american italian german spanish russian "
        "japanese canadian belgian lazy careful brave"
    )
]


def located(rng: random.Random) -> Clause:
    """Something or somebody is somewhere."""
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
    return clause


SMALL_THINGS = [*CLASSES["portable"], *CLASSES["machine"], *CLASSES["instrument"]]
INSIDE = CLASSES["container"]


def on_furniture(rng: random.Random) -> Words:
    if rng.random() < 0.4:
        return prepositional(IN, plain(rng, pick(rng, INSIDE)))
    return prepositional(pick(rng, BY), plain(rng, pick(rng, CLASSES["furniture"])))


def comparison(rng: random.Random) -> Clause:
    """bigger than, less … than, as … as"""
    noun, subject = describable(rng)
    while noun.kind in ("sky", "body", "drink", "food"):
        noun, subject = describable(rng)
    adjective = pick(rng, pick(rng, COMPARABLE[noun.kind]))
    form = adjective.fr[fr.form(subject.feminine, subject.plural)]
    chance = rng.random()
    if noun.kind in HUMAN_KINDS and chance < 0.6:
        other = pick(rng, OBJECT_OF.get(id(subject), STRONG))
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


def avoir_state(rng: random.Random) -> Clause:
    """paul is hungry → paul a faim"""
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
    return Clause(subject, BE_WITH_AVOIR, pick(rng, BE_TENSE[:-1]), deniable(subject, negation), predicate=words)


AVOIR_STATES = list(lex.AVOIR_STATES.items())


def aged(rng: random.Random) -> Clause:
    """paul is twenty years old → paul a vingt ans"""
    number = pick(rng, NUMBERS)
    words = (f"{number[0]} years old", f"{number[1]} ans")
    subject = human(rng, 1)
    negation = deniable(subject, "not" if rng.random() < 0.15 else "")
    return Clause(subject, BE_WITH_AVOIR, pick(rng, BE_TENSE[:-1]), negation, predicate=words)


def having(rng: random.Random) -> Clause:
    """paul has a dog, paul does not have a dog (n'a pas de chien)"""
    noun = pick(rng, HAD)
    subject = human(rng)
    negation: Negation = pick(rng, ("", "", "", "", "not", "not", "no longer", "never"))
    negation = deniable(subject, negation)
    return Clause(
        subject,
        HAVE,
        pick(rng, STATE_TENSE),
        negation,
        direct=phrase(rng, noun, "negated" if negation else "object", 1),
    )


HAD = [noun for kind in (*lex.OBJECTS, "dog", "cat", "animal", "idea", "food", "drink") for noun in CLASSES[kind]]


def moving(rng: random.Random) -> Clause:
    """Going, coming, returning, staying, living somewhere."""
    subject = human(rng)
    verb = pick(rng, (GO, GO, COME, RETURN, STAY, LIVE))
    if verb is LIVE:
        tense = pick(rng, STATE_TENSE)
    else:
        tense = pick(rng, [tense for tense in ANY_TENSE if not (verb is GO and tense == "going to")])
    negation = deniable(subject, pick(rng, NEGATIONS))
    if tense in ("must", "going to", "would like") and negation == "no longer":
        negation = ""
    clause = Clause(subject, verb, tense, negation)
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


HOMES = [lex.BY_NAME[name] for name in lex.words("house apartment palace cabin tower village city cave country tent")]


# ---------------------------------------------------------------------------------------------------------------
# Sentences
# ---------------------------------------------------------------------------------------------------------------

CLAUSES: list[Callable[[random.Random], Clause]] = weighted(
    {
        simple: 62,
        being_such: 15,
        located: 6,
        moving: 7,
        having: 4,
        profession: 3,
        avoir_state: 2,
        aged: 1,
        comparison: 4,
    }
)


def any_clause(rng: random.Random) -> Clause:
    return pick(rng, CLAUSES)(rng)


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


OPENINGS = list(lex.SENTENCE.items())


def opened(rng: random.Random, opening: Words, sentence: Words) -> Words:
    """yesterday, paul slept; the comma is free, and the same in both languages."""
    comma = "," if rng.random() < 0.5 else ""
    return f"{opening[0]}{comma} {sentence[0]}", f"{opening[1]}{comma} {sentence[1]}"


def existence(rng: random.Random) -> Words:
    """there is a cat in the garden → il y a un chat dans le jardin"""
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


EXISTING = [*SMALL_THINGS, *CLASSES["food"], *CLASSES["drink"]]


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
    """what does paul see ? → qu'est-ce que paul voit ?; who does he see ? → qui est-ce qu'il voit ?"""
    person_asked = rng.random() < 0.4
    verb = pick(rng, PERSONAL if person_asked else INANIMATE)
    clause = extracted(rng, verb, (False, False), 1)
    if person_asked:
        return english(clause, "who") + " ?", f"qui est-ce que {french(clause)} ?"
    return english(clause, "what") + " ?", f"que est-ce que {french(clause)} ?"


INANIMATE = [verb for verb in TRANSITIVE if not {noun.kind for noun in AMONG[verb.object]} <= BEING_KINDS]


def which(rng: random.Random) -> Words:
    """which book, how many books: the object comes first, and the participle agrees with it"""
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
    """where is the cat ? → où est le chat ?"""
    chance = rng.random()
    if chance < 0.2:
        subject = pick(rng, (HE, SHE, IT, THEY, WE, I_SUBJECT, YOU))
    elif chance < 0.4:
        subject = pick(rng, NAMES)
    else:
        subject = plain(rng, pick(rng, LOOKED_FOR))
    past = rng.random() < 0.2
    verb = (fr.ETRE.imperfect if past else fr.ETRE.present)[subject.person]
    be = (BE_WAS if past else BE_IS)[subject.person]
    joint = "-" if chance < 0.2 else " "
    return f"where {be} {subject.en} ?", f"où {verb}{joint}{subject.fr} ?"


BE_IS = ("am", "", "is", "are", "are", "are")
BE_WAS = ("was", "", "was", "were", "were", "were")
LOOKED_FOR = [noun for noun in lex.ALL_NOUNS if noun.kind in (*lex.HUMAN, *lex.ANIMALS, *lex.OBJECTS, *lex.PLACES)]


def order(rng: random.Random) -> Words:
    """close the door → fermez la porte"""
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
    """it is raining → il pleut"""
    tense: Tense = pick(rng, ("progressive", "progressive", "present", "past", "future", "going to"))
    clause = Clause(IT, pick(rng, WEATHER), tense, "not" if rng.random() < 0.2 else "")
    if rng.random() < 0.4:
        clause.tail = in_town(rng)
    if rng.random() < 0.5:
        clause.time = time_for(rng, clause)
    if clause.tense == "present" and not clause.time:
        clause.middle = pick(rng, MIDDLE[:1])
    return english(clause), french(clause)


def this_is(rng: random.Random) -> Words:
    """this is a cat → c'est un chat; these are my books → ce sont mes livres"""
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


POINTED_AT = [noun for noun in lex.ALL_NOUNS if noun.kind not in lex.MASS | {"sky", "body"}]


def joined(rng: random.Random) -> Words:
    """Two clauses: and, but, because, when, while, if, so, that."""
    chance = rng.random()
    if chance < 0.2:
        verb = pick(rng, THAT_VERBS)
        inner = any_clause(rng)
        matrix = Clause(human(rng, 2), verb, "present")
        if verb.en.base == "hope":
            inner.tense = "future" if inner.tense in ("past", "present", "progressive", "was doing") else inner.tense
            inner.time = None
        return f"{english(matrix)} that {english(inner)}", f"{french(matrix)} que {french(inner)}"
    first = any_clause(rng)
    first.time = None
    if chance < 0.3:
        return conditional(rng, first)
    second = simple(rng, 1)
    second.time = None
    if rng.random() < 0.5:
        second.subject = anaphor(rng, first.subject, second)
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
        first.tense = safe_past(first.tense, first.verb, first.subject, "")
        second.tense = safe_past(second.tense, second.verb, second.subject, "")
    else:
        second.tense = safe_past(second.tense, second.verb, second.subject, second.negation)
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


def stative(clause: Clause) -> None:
    """States are not said in the progressive."""
    first = clause.control or clause.verb
    if first.state and clause.tense == "was doing":
        clause.tense = "past"


def anaphor(rng: random.Random, subject: NounPhrase, clause: Clause) -> NounPhrase:
    """The pronoun that takes up a subject; a clause about animals or things keeps its own."""
    if clause.verb.subject not in ("human", "being"):
        return clause.subject
    if clause.tail and clause.tail[0] == "together":
        clause.tail = None
    if subject.person in (fr.JE, fr.NOUS, fr.VOUS):
        return subject
    if subject.plural:
        return THEY
    return SHE if subject.feminine else HE


def conditional(rng: random.Random, main: Clause) -> Words:
    """if it rains, paul will stay at the hotel → s'il pleut, paul restera à l'hôtel"""
    main.tense = "future"
    main.time = None
    if rng.random() < 0.3:
        condition = Clause(IT, pick(rng, WEATHER), "present")
    else:
        condition = simple(rng, 1)
        condition.tense, condition.time = "present", None
        if condition.verb.en.base in lex.AMBIGUOUS_PAST and not condition.control and condition.negation != "not":
            condition.tense = "progressive"
    if rng.random() < 0.5:
        return f"if {english(condition)} , {english(main)}", f"si {french(condition)} , {french(main)}"
    return f"{english(main)} if {english(condition)}", f"{french(main)} si {french(condition)}"


def answer(rng: random.Random) -> Words:
    said = statement(rng)
    word = pick(rng, (("yes", "oui"), ("no", "non")))
    return f"{word[0]} , {said[0]}", f"{word[1]} , {said[1]}"


SENTENCES: list[Callable[[random.Random], Words]] = weighted(
    {statement: 56, question: 14, joined: 19, existence: 4, order: 3, this_is: 2, weather: 1, answer: 1}
)


LONGEST = 24  # words of a source sentence


def generate(rng: random.Random) -> Words:
    """One pair, (English, French): lower case; a final stop in a third of the statements, the same in both."""
    source = target = ""
    while not source or source.count(" ") >= LONGEST:
        source, target = pick(rng, SENTENCES)(rng)
    target = fr.spell(target)
    if source.endswith("?"):
        source = source[:-2] + "?"
    elif rng.random() < 0.34:
        source += "."
        target += "."
    return source.replace(" ,", ","), target.replace(" ,", ",")
