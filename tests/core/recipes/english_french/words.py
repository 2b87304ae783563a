"""Words and phrases by their names, and what a clause says in both languages."""

from __future__ import annotations

from glasshead.recipes.english_french import grammar, lexicon, phrase
from glasshead.recipes.english_french.clause import NounPhrase


def noun(name: str, determiner: phrase.Determiner = phrase.THE, *adjectives: str, many: bool = False) -> NounPhrase:
    chosen = tuple(lexicon.ADJECTIVE_BY_NAME[adjective] for adjective in adjectives)
    return phrase.noun_phrase(lexicon.BY_NAME[name], determiner, plural=many, adjectives=chosen)


def name(text: str) -> NounPhrase:
    return next(person for person in grammar.NAMES if person.en == text)
