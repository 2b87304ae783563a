"""English morphology: plurals, verb forms, a/an, comparatives, contractions.

Only forms by the regular rules of spelling are computed; irregular forms are in the lexicon.
"""

from __future__ import annotations

from dataclasses import dataclass

VOWELS = frozenset("aeiou")

# Words with a misleading first letter: a/an depends on the first sound.
CONSONANT_SOUND = ("uni", "use", "euro", "one")
SILENT_H = ("hour", "honest", "heir")


def plural(noun: str) -> str:
    """Form the regular plural: cat → cats, box → boxes, baby → babies."""
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return noun[:-1] + "ies"
    return noun + "s"


def article(following: str) -> str:
    """Return `a` or `an`, by the sound that follows: a cat, an apple, an honest man, a useful tool."""
    vowel = following[0] in VOWELS and not following.startswith(CONSONANT_SOUND)
    return "an" if vowel or following.startswith(SILENT_H) else "a"


def possessive(owner: str, many: bool) -> str:
    """Form the possessive: the teacher → the teacher's; a plural in -s takes only the apostrophe: the teachers'."""
    return owner + "'" if many and owner.endswith("s") else owner + "'s"


def comparative(adjective: str) -> str:
    """Form the one-word comparative of a short adjective: small → smaller, big → bigger, happy → happier."""
    if adjective.endswith("e"):
        return adjective + "r"
    if adjective.endswith("y") and adjective[-2] not in VOWELS:
        return adjective[:-1] + "ier"
    if adjective[-1] not in "wxy" and adjective[-1] not in VOWELS and adjective[-2] in VOWELS:
        return adjective + ("er" if adjective[-3] in VOWELS else adjective[-1] + "er")
    return adjective + "er"


@dataclass(frozen=True, slots=True)
class EnglishVerb:
    """The forms of a verb in sentences. `particle` follows the verb at once: look *for*, get *up*."""

    base: str
    third: str
    past: str
    ing: str
    particle: str = ""

    @property
    def lemma(self) -> str:
        return f"{self.base} {self.particle}".strip()


def verb(text: str) -> EnglishVerb:
    """Parse `eat/ate`, `swim/swam/swimming`, `look for`, `get/got/getting up`: base/past/-ing, then the particle."""
    forms, _, particle = text.partition(" ")
    base, *irregular = forms.split("/")
    if base.endswith(("s", "x", "ch", "sh", "z", "o")):
        third = base + "es"
    elif base.endswith("y") and base[-2] not in VOWELS:
        third = base[:-1] + "ies"
    else:
        third = base + "s"
    if irregular:
        past = irregular[0]
    elif base.endswith("e"):
        past = base + "d"
    elif base.endswith("y") and base[-2] not in VOWELS:
        past = base[:-1] + "ied"
    else:
        past = base + "ed"
    ing = irregular[1] if len(irregular) > 1 else (base[:-1] if base.endswith("e") else base) + "ing"
    return EnglishVerb(base, third, past, ing, particle)


CONTRACTED = {
    "is": "isn't",
    "are": "aren't",
    "was": "wasn't",
    "were": "weren't",
    "does": "doesn't",
    "do": "don't",
    "did": "didn't",
    "will": "won't",
    "can": "can't",
    "must": "mustn't",
}
