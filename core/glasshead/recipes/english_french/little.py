"""Little words: prepositions, forms of to be, and ne. Each is linked by the words around it that are linked already.

A preposition stands before the same noun in both languages, a form of to be before the same adjective or preposition,
and ne goes with the word that closes the negation, which is the one that not has become.
"""

from collections.abc import Iterator, Mapping, Sequence

from . import lexicon as lex

PREPOSITIONS = {
    "in": "dans en à au aux", "at": "à au aux", "on": "sur", "to": "à au aux en", "from": "de d du des",
    "of": "de d du des",
}  # fmt: skip
BEING = {
    "am": "suis", "is": "est", "are": "sont sommes êtes", "was": "était étais", "were": "étaient étions étiez",
    "be": "être sera serai serons serez seront",
}  # fmt: skip
CLOSING = frozenset({"pas", "jamais", "plus", "rien", "personne"})
"""Words that close a negation, as the translations of not, never, no longer, nothing and nobody."""
HERE, THERE = frozenset({"the"}), frozenset({"le", "la", "l", "les"})
"""Articles that may stand between a preposition and its noun; of contracted ones the preposition is a part."""
DEGREES = frozenset(lex.DEGREE) | frozenset(lex.MIDDLE) | frozenset({"not", "t", "never"})
DEGRES = frozenset({*lex.DEGREE.values(), *(meant for meant, _ in lex.MIDDLE.values()), *CLOSING})


def prepositions(english: Sequence[str], french: Sequence[str], known: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the places of prepositions before words that are linked. known: place in English → place in French."""
    for one, other in known.items():
        here = one - 1 - (one > 0 and english[one - 1] in HERE)
        there = other - 1 - (other > 0 and french[other - 1] in THERE)
        if here >= 0 and there >= 0 and french[there] in PREPOSITIONS.get(english[here], "").split():
            yield here, there


def being(english: Sequence[str], french: Sequence[str], known: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the places of forms of to be before words that are linked, with only degrees and negations between."""
    for one, other in known.items():
        here, there = one - 1, other - 1
        while here > 0 and english[here] in DEGREES:
            here -= 1
        while there > 0 and french[there] in DEGRES:
            there -= 1
        if here >= 0 and there >= 0 and french[there] in BEING.get(english[here], "").split():
            yield here, there


def negations(french: Sequence[str], known: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the places of what became the end of a negation, each with the place of its ne."""
    closing = {other: one for one, other in known.items() if french[other] in CLOSING}
    for at, word in enumerate(french):
        if word not in ("ne", "n"):
            continue
        nearest = at - 1 if at and french[at - 1] in ("personne", "rien") else None
        if nearest is None:
            behind = (place for place in range(at + 1, min(at + 5, len(french))) if french[place] in CLOSING)
            nearest = next(behind, None)
        if nearest in closing:
            yield closing[nearest], at
