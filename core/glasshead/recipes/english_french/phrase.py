"""Noun phrases: determiner, adjectives, noun, owner, and the relative clause, in the order of each language."""

from __future__ import annotations

from dataclasses import dataclass

from . import english as en
from . import french as fr
from .clause import NounPhrase
from .lexicon import NUMBERS, Adjective, Noun


@dataclass(frozen=True, slots=True, eq=False)
class Determiner:
    """`fr` holds the four agreements, `fr_before_adjective` those that change before an adjective: des chats, de petits
    chats.

    `en_negated` and `fr_negated` are its forms under a negated verb; empty if it does not change.
    """

    en: str
    fr: tuple[str, str, str, str]
    fr_before_adjective: tuple[str, str, str, str]
    en_negated: str = ""
    fr_negated: str = ""


def _determiner(english: str, french: str, *, before: str = "", negated: tuple[str, str] = ("", "")) -> Determiner:
    """Make a determiner. `french`: masculine/feminine/masculine plural/feminine plural, or one word for all."""
    forms = french.split("/")
    four = (forms * 4)[:4] if len(forms) == 1 else forms
    agreeing = (four[0], four[1], four[2], four[3])
    return Determiner(english, agreeing, (before,) * 4 if before else agreeing, *negated)


THE = _determiner("the", "Le/La/Les/Les")
A = _determiner("a", "un/une/un/une", negated=("a", "de"))
SOME = _determiner("some", "des", before="de", negated=("any", "de"))
SOME_MASS = _determiner("some", "de Le/de La/de Le/de La", negated=("any", "de"))
GENERIC = _determiner("", "Le/La/Les/Les")
NO_DETERMINER = _determiner("", "")
MY = _determiner("my", "mon/ma/mes/mes")
YOUR = _determiner("your", "votre/votre/vos/vos")
HIS = _determiner("his", "son/sa/ses/ses")
HER = _determiner("her", "son/sa/ses/ses")
OUR = _determiner("our", "notre/notre/nos/nos")
THEIR = _determiner("their", "leur/leur/leurs/leurs")
THIS = _determiner("this", "Ce/cette/ces/ces")
THAT = _determiner("that", "Ce/cette/ces/ces")
THESE = _determiner("these", "Ce/cette/ces/ces")
THOSE = _determiner("those", "Ce/cette/ces/ces")
EVERY = _determiner("every", "chaque")
ANOTHER = _determiner("another", "un autre/une autre/un autre/une autre")
THE_SAME = _determiner("the same", "Le même/La même/Les mêmes/Les mêmes")
THE_OTHER = _determiner("the other", "Le autre/La autre/Les autres/Les autres")
ALL_THE = _determiner("all the", "tous Les/toutes Les/tous Les/toutes Les")
MANY = _determiner("many", "beaucoup de")
SEVERAL = _determiner("several", "plusieurs")
A_FEW = _determiner("a few", "quelques")
A_LOT_OF = _determiner("a lot of", "beaucoup de")
A_LITTLE = _determiner("a little", "un peu de")
NUMERALS = tuple(_determiner(english, french) for english, french in NUMBERS.items())
POSSESSIVES = (MY, YOUR, HIS, HER, OUR, THEIR)

FOR_VOWEL = {"beau": "Beau", "vieux": "Vieux", "nouveau": "Nouveau"}  # the form that turns into bel, vieil, nouvel


def noun_phrase(
    noun: Noun,
    determiner: Determiner = THE,
    *,
    plural: bool = False,
    adjectives: tuple[Adjective, ...] = (),
    owner: NounPhrase | None = None,
    tail: tuple[str, str] | None = None,
) -> NounPhrase:
    """Write the phrase in both languages. English takes the adjectives in the given order; French places each of them.

    With an `owner`, English says `the teacher's old book` and French `le vieux livre du professeur`.
    `tail` is a relative clause or a complement, after the noun in both.
    """
    index = fr.form(noun.feminine, plural)
    before = after = english = ""
    for adjective in adjectives:
        english += adjective.en + " "
        form = adjective.fr[index]
        if adjective.noun_first:
            after += " " + form
        else:
            before += (FOR_VOWEL.get(form, form) if index == 0 else form) + " "
    english += noun.en[plural]
    rest = f"{before}{noun.fr[plural]}{after}"
    if owner:
        english_determiner = en.possessive(owner.en, owner.plural)
        rest += f" de {owner.fr}"
    else:
        english_determiner = determiner.en
        if determiner is A:
            english_determiner = en.article(english)
    french_determiner = (determiner.fr_before_adjective if before else determiner.fr)[index]
    if tail:
        tail_english, tail_french = " " + tail[0], " " + tail[1]
    else:
        tail_english = tail_french = ""
    en_negated = fr_negated = ""
    if determiner.fr_negated:
        negated = english_determiner if determiner is A else determiner.en_negated
        en_negated = f"{negated} {english}{tail_english}"
        fr_negated = f"{determiner.fr_negated} {rest}{tail_french}"
    return NounPhrase(
        f"{english_determiner} {english}{tail_english}" if english_determiner else english + tail_english,
        f"{french_determiner} {rest}{tail_french}",
        noun.feminine,
        fr.ILS if plural else fr.IL,
        en_negated,
        fr_negated,
    )
