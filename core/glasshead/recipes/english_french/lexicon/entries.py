"""Entries of the dictionary, and the parsers of the tables (the head of the package describes them)."""

from __future__ import annotations

from dataclasses import dataclass

from .. import english, french

INVARIABLE = frozenset({"marron", "en bois", "en plastique", "en cuir", "en laine", "en retard"})


@dataclass(frozen=True, slots=True, eq=False)
class Noun:
    """A noun. `en` and `fr` hold singular and plural; `woman` is the feminine of a profession, if it differs."""

    en: tuple[str, str]
    fr: tuple[str, str]
    feminine: bool
    kind: str
    woman: Noun | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Adjective:
    """An adjective. `fr` holds the four agreements; `noun_first`: un chat noir, not un petit chat."""

    en: str
    fr: tuple[str, str, str, str]
    noun_first: bool = True
    more: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb and its companions: the classes of its subject and its object, and whether somebody may receive it.

    `preposition` stands before the object in French (téléphoner *à*), `complement` is the noun of avoir *besoin* de.
    """

    en: english.EnglishVerb
    fr: french.FrenchVerb
    preposition: str
    subject: str
    object: str
    receiver: bool
    complement: str
    state: bool
    imperfect: bool


def words(text: str) -> list[str]:
    """Split a list of single words."""
    return text.split()


def read_entries(text: str) -> list[tuple[str, str]]:
    """Parse a table into (English, French) pairs."""
    pairs = (entry.strip().partition(": ") for entry in text.replace("\n", " ").split(","))
    return [(en.strip(), fr.strip()) for en, _, fr in pairs if en]


def read_noun(en: str, fr: str, kind: str) -> Noun:
    """Parse `student`, `étudiant/étudiante`; `judge`, `juge mf`; `wife/wives`, `femme f`."""
    singular, _, irregular = en.partition("/")
    names = (singular, irregular or english.plural(singular))
    if fr.endswith(" mf"):
        fr = fr.removesuffix(" mf")
        man, woman = fr, fr
    else:
        is_feminine = fr.endswith(" f")
        man, _, woman = fr.removesuffix(" f").partition("/")
        if not woman:
            return Noun(names, (man, french.plural(man)), is_feminine, kind)
    twin = Noun(names, (woman, french.plural(woman)), True, kind)
    return Noun(names, (man, french.plural(man)), False, kind, twin)


def read_adjective(en: str, fr: str) -> Adjective:
    """Parse `^+small`, `petit`."""
    name = en.lstrip("^+")
    marks = en.removesuffix(name)
    forms = (fr,) * 4 if fr in INVARIABLE else french.agree(fr)
    return Adjective(name, forms, "^" not in marks, english.comparative(name) if "+" in marks else f"more {name}")


def read_verbs(text: str) -> list[Verb]:
    """Parse one verb a line: `give/gave: donner: human > portable => human`."""
    read = []
    for line in text.strip().splitlines():
        en, fr, frame = (part.strip() for part in (*line.split(":"), "")[:3])
        flags = en[: len(en) - len(en.lstrip("~="))]
        words = fr.split(" ")
        preposition = ""
        if len(words) > 1 and words[-1] in ("à", "de", "dans"):
            preposition = words.pop()
        complement = words.pop() if words[-1] == "besoin" else ""
        frame, _, receiver = frame.partition(" => ")
        subject, _, target = frame.partition(" > ")
        read.append(
            Verb(
                en=english.verb(en.lstrip("~=")),
                fr=french.conjugate(" ".join(words)),
                complement=complement,
                preposition=preposition,
                subject=subject,
                object=target,
                receiver=bool(receiver),
                state="~" in flags,
                imperfect="=" in flags,
            )
        )
    return read
