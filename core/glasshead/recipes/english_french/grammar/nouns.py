"""The nouns that fit a verb, and the adjectives that fit a noun."""

from __future__ import annotations

import random

from .. import lexicon as lex
from ..lexicon import Adjective, Noun
from .chance import pick


def _nouns(names: str) -> list[Noun]:
    """Collect all nouns of classes such as `human > portable, food`, with every subclass."""
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
# Nouns with few verbs are drawn more often where they can be.
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


def noun_among(rng: random.Random, names: str) -> Noun:
    """Draw a noun of one of several classes; big classes weigh more, so that all nouns are equally frequent."""
    return pick(rng, AMONG[names])


ADJECTIVES = {kind: [lex.ADJECTIVE_LISTS[name] for name in names] for kind, names in lex.ADJECTIVES_OF.items()}
# As predicates: `this harp is new` would want neuf, not nouveau.
PREDICATIVE = {
    kind: [[adjective for adjective in listed if adjective.en != "new"] for listed in lists]
    for kind, lists in ADJECTIVES.items()
}
COMPARABLE = {
    kind: [
        [adjective for adjective in lex.ADJECTIVE_LISTS[name] if adjective.en not in ("good", "bad", "new")]
        for name in names
        if name not in ("color", "nationality", "material", "cloth")
    ]
    for kind, names in lex.ADJECTIVES_OF.items()
}
OPINIONS = frozenset({"magnificent", "ordinary", "ugly", "strange", "huge", "tiny", "excellent"})


def adjectives_for(rng: random.Random, noun: Noun) -> tuple[Adjective, ...]:
    """Draw no adjective, one, or two (one before the noun in French and one after)."""
    chance = rng.random()
    if chance < 0.54:
        return ()
    lists = ADJECTIVES[noun.kind]
    listed = pick(rng, lists)
    first = pick(rng, listed)
    if first.en == "tall" and noun.fr[0].startswith("grand"):  # un grand grand-père
        return ()
    if chance < 0.9:
        return (first,)
    other = pick(rng, lists)
    second = pick(rng, other)
    if second.en == "tall" and noun.fr[0].startswith("grand"):
        return (first,)
    if other is listed or first.noun_first == second.noun_first or {first.en, second.en} & OPINIONS:
        return (first,)
    return (second, first) if first.noun_first else (first, second)
