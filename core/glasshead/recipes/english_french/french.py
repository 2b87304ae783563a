"""French morphology: conjugation, agreement, and the joining of words (elision, contraction, bel/vieil/nouvel).

A sentence is first written as separate words in which the article is capitalised (`Le`, `La`, `Les`, to tell it from
the pronoun `le` that never contracts) and an aspirated h wears the asterisk of the dictionaries (`*héros`).
`spell` then joins them as they are written: `de Le chat` → `du chat`, `je ne le ai pas` → `je ne l'ai pas`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VOWELS = frozenset("aàâeéèêëiîïoôuûyhœæ")

# ---------------------------------------------------------------------------------------------------------------
# Nouns and adjectives
# ---------------------------------------------------------------------------------------------------------------

IRREGULAR_PLURALS = {
    "œil": "yeux",
    "monsieur": "messieurs",
    "travail": "travaux",
    "vitrail": "vitraux",
    "bijou": "bijoux",
    "caillou": "cailloux",
    "chou": "choux",
    "genou": "genoux",
    "*hibou": "*hiboux",
    "bal": "bals",
    "festival": "festivals",
    "carnaval": "carnavals",
    "pneu": "pneus",
    "bleu": "bleus",
    "grand-père": "grands-pères",
    "grand-mère": "grands-mères",
    "petit-fils": "petits-fils",
    "petite-fille": "petites-filles",
    "belle-mère": "belles-mères",
    "cerf-volant": "cerfs-volants",
    "arc-en-ciel": "arcs-en-ciel",
}


def plural(word: str) -> str:
    """Form the plural: chat → chats, cheval → chevaux, pomme de terre → pommes de terre."""
    head, space, rest = word.partition(" ")
    if space:
        complement = rest.startswith(("de ", "d'", "à ", "photo"))
        return plural(head) + " " + (rest if complement else plural(rest))
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("au", "eu")):
        return word + "x"
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + "s"


IRREGULAR_FEMININES = {
    "beau": "belle",
    "nouveau": "nouvelle",
    "vieux": "vieille",
    "blanc": "blanche",
    "long": "longue",
    "gros": "grosse",
    "gras": "grasse",
    "bas": "basse",
    "épais": "épaisse",
    "doux": "douce",
    "faux": "fausse",
    "jaloux": "jalouse",
    "sec": "sèche",
    "frais": "fraîche",
    "public": "publique",
    "grec": "grecque",
    "gentil": "gentille",
    "fou": "folle",
    "mou": "molle",
    "inquiet": "inquiète",
    "complet": "complète",
    "secret": "secrète",
    "violet": "violette",
}


def feminine(adjective: str) -> str:
    """Form the feminine: petit → petite, heureux → heureuse, cher → chère, vif → vive, bon → bonne."""
    if adjective in IRREGULAR_FEMININES:
        return IRREGULAR_FEMININES[adjective]
    if adjective.endswith("e"):
        return adjective
    for ending, replacement in (("eux", "euse"), ("er", "ère"), ("f", "ve"), ("on", "onne"), ("en", "enne")):
        if adjective.endswith(ending):
            return adjective.removesuffix(ending) + replacement
    return adjective + ("le" if adjective.endswith("el") else "e")


def agree(adjective: str) -> tuple[str, str, str, str]:
    """Form the four agreements, in the order of `form`: masculine, feminine, masculine plural, feminine plural."""
    woman = feminine(adjective)
    return adjective, woman, plural(adjective), plural(woman)


def form(is_feminine: bool, is_plural: bool) -> int:
    """Return the index of an agreement in the tuples of this module."""
    return is_feminine + 2 * is_plural


# ---------------------------------------------------------------------------------------------------------------
# Verbs
# ---------------------------------------------------------------------------------------------------------------

JE, TU, IL, NOUS, VOUS, ILS = range(6)
REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
WITH_ETRE = frozenset(
    (
        "aller",
        "venir",
        "revenir",
        "devenir",
        "arriver",
        "partir",
        "sortir",
        "entrer",
        "rentrer",
        "retourner",
        "tomber",
        "rester",
        "mourir",
    )
)

# Ending of the infinitive → the same ending in the present (je tu il nous vous ils), the future stem, the participle.
FAMILIES = {
    "être": ("suis es est sommes êtes sont", "ser", "été"),
    "avoir": ("ai as a avons avez ont", "aur", "eu"),
    "aller": ("vais vas va allons allez vont", "ir", "allé"),
    "faire": ("fais fais fait faisons faites font", "fer", "fait"),
    "pouvoir": ("peux peux peut pouvons pouvez peuvent", "pourr", "pu"),
    "vouloir": ("veux veux veut voulons voulez veulent", "voudr", "voulu"),
    "devoir": ("dois dois doit devons devez doivent", "devr", "dû"),
    "savoir": ("sais sais sait savons savez savent", "saur", "su"),
    "pleuvoir": ("pleus pleus pleut pleuvons pleuvez pleuvent", "pleuvr", "plu"),
    "recevoir": ("reçois reçois reçoit recevons recevez reçoivent", "recevr", "reçu"),
    "voir": ("vois vois voit voyons voyez voient", "verr", "vu"),
    "prendre": ("prends prends prend prenons prenez prennent", "prendr", "pris"),
    "mettre": ("mets mets met mettons mettez mettent", "mettr", "mis"),
    "lire": ("lis lis lit lisons lisez lisent", "lir", "lu"),
    "dire": ("dis dis dit disons dites disent", "dir", "dit"),
    "écrire": ("écris écris écrit écrivons écrivez écrivent", "écrir", "écrit"),
    "décrire": ("décris décris décrit décrivons décrivez décrivent", "décrir", "décrit"),
    "rire": ("ris ris rit rions riez rient", "rir", "ri"),
    "boire": ("bois bois boit buvons buvez boivent", "boir", "bu"),
    "croire": ("crois crois croit croyons croyez croient", "croir", "cru"),
    "uire": ("uis uis uit uisons uisez uisent", "uir", "uit"),
    "connaître": ("connais connais connaît connaissons connaissez connaissent", "connaîtr", "connu"),
    "paraître": ("parais parais paraît paraissons paraissez paraissent", "paraîtr", "paru"),
    "eindre": ("eins eins eint eignons eignez eignent", "eindr", "eint"),
    "aindre": ("ains ains aint aignons aignez aignent", "aindr", "aint"),
    "suivre": ("suis suis suit suivons suivez suivent", "suivr", "suivi"),
    "vivre": ("vis vis vit vivons vivez vivent", "vivr", "vécu"),
    "résoudre": ("résous résous résout résolvons résolvez résolvent", "résoudr", "résolu"),
    "rompre": ("romps romps rompt rompons rompez rompent", "rompr", "rompu"),
    "dormir": ("dors dors dort dormons dormez dorment", "dormir", "dormi"),
    "mentir": ("mens mens ment mentons mentez mentent", "mentir", "menti"),
    "partir": ("pars pars part partons partez partent", "partir", "parti"),
    "sortir": ("sors sors sort sortons sortez sortent", "sortir", "sorti"),
    "servir": ("sers sers sert servons servez servent", "servir", "servi"),
    "courir": ("cours cours court courons courez courent", "courr", "couru"),
    "mourir": ("meurs meurs meurt mourons mourez meurent", "mourr", "mort"),
    "venir": ("viens viens vient venons venez viennent", "viendr", "venu"),
    "tenir": ("tiens tiens tient tenons tenez tiennent", "tiendr", "tenu"),
    "ouvrir": ("ouvre ouvres ouvre ouvrons ouvrez ouvrent", "ouvrir", "ouvert"),
    "offrir": ("offre offres offre offrons offrez offrent", "offrir", "offert"),
    "cueillir": ("cueille cueilles cueille cueillons cueillez cueillent", "cueiller", "cueilli"),
    "envoyer": ("envoie envoies envoie envoyons envoyez envoient", "enverr", "envoyé"),
}
DOUBLING = ("appeler", "jeter", "épeler")


@dataclass(frozen=True, slots=True)
class FrenchVerb:
    """One verb, conjugated. Each tense holds je, tu, il, nous, vous, ils; the participle holds the four agreements."""

    infinitive: str
    reflexive: bool
    with_etre: bool
    present: tuple[str, ...]
    imperfect: tuple[str, ...]
    future: tuple[str, ...]
    conditional: tuple[str, ...]
    participle: tuple[str, str, str, str]


def conjugate(infinitive: str) -> FrenchVerb:
    """Conjugate a verb given in the dictionary's spelling: `manger`, `se lever`, `s'habiller`."""
    name = re.sub(r"^(se |s')", "", infinitive)
    reflexive = name != infinitive
    family = max((ending for ending in FAMILIES if name.endswith(ending)), key=len, default="")
    if family:
        prefix = name.removesuffix(family)
        endings, future_stem, participle = FAMILIES[family]
        present = tuple(prefix + ending for ending in endings.split())
        future_stem, participle = prefix + future_stem, prefix + participle
    elif name.endswith("er"):
        present, future_stem, participle = _first_group(name)
    elif name.endswith("ir"):
        stem = name[:-1]
        present = tuple(stem + ending for ending in ("s", "s", "t", "ssons", "ssez", "ssent"))
        future_stem, participle = name, stem
    elif name.endswith("dre"):
        stem = name[:-2]
        present = tuple(stem + ending for ending in ("s", "s", "", "ons", "ez", "ent"))
        future_stem, participle = name[:-1], stem + "u"
    else:
        raise ValueError(f"no conjugation is known for {infinitive!r}: add its family to FAMILIES")
    past_stem = "ét" if name == "être" else present[NOUS].removesuffix("ons")
    return FrenchVerb(
        infinitive=name,
        reflexive=reflexive,
        with_etre=reflexive or name in WITH_ETRE,
        present=present,
        imperfect=_imperfect(past_stem),
        future=tuple(future_stem + ending for ending in ("ai", "as", "a", "ons", "ez", "ont")),
        conditional=tuple(future_stem + ending for ending in ("ais", "ais", "ait", "ions", "iez", "aient")),
        participle=("dû", "due", "dus", "dues") if participle == "dû" else agree(participle),
    )


def _first_group(name: str) -> tuple[tuple[str, ...], str, str]:
    """Form present, future stem and participle of a verb in -er, with the spelling changes of its stem."""
    stem = name[:-2]
    strong = future = stem  # the stem before a mute ending, and in the future
    if name.endswith(DOUBLING):
        strong = future = stem + stem[-1]
    elif name.endswith("yer"):
        strong = future = stem[:-1] + "i"
    elif match := re.search(r"e([bcdfglmnprstv])$", stem):
        strong = future = stem[: match.start()] + "è" + match[1]
    elif match := re.search(r"é([bcdfglmnprstv]+)$", stem):
        strong = stem[: match.start()] + "è" + match[1]
    soft = stem  # the stem before a and o
    if stem.endswith("g"):
        soft = stem + "e"
    elif stem.endswith("c"):
        soft = stem[:-1] + "ç"
    present = (strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent")
    return present, future + "er", stem + "é"


def _imperfect(stem: str) -> tuple[str, ...]:
    before_i = stem[:-1] if stem.endswith("ge") else stem.removesuffix("ç") + "c" if stem.endswith("ç") else stem
    return stem + "ais", stem + "ais", stem + "ait", before_i + "ions", before_i + "iez", stem + "aient"


ETRE = conjugate("être")
AVOIR = conjugate("avoir")


# ---------------------------------------------------------------------------------------------------------------
# Joining words
# ---------------------------------------------------------------------------------------------------------------

BEFORE_VOWEL = {
    "Le": "l'",
    "La": "l'",
    "le": "l'",
    "la": "l'",
    "de": "d'",
    "je": "j'",
    "ne": "n'",
    "que": "qu'",
    "me": "m'",
    "te": "t'",
    "se": "s'",
    "ce": "c'",
    "Ce": "cet ",
    "ma": "mon ",
    "ta": "ton ",
    "sa": "son ",
    "Beau": "bel ",
    "Vieux": "vieil ",
    "Nouveau": "nouvel ",
    "Fou": "fol ",
}
CONTRACTIONS = {("de", "Le"): "du", ("de", "Les"): "des", ("à", "Le"): "au", ("à", "Les"): "aux"}


def spell(words: str) -> str:
    """Join separate words in their written form; the head of this file explains capitals and asterisks.

    From right to left, so that a word sees its neighbour's written form (`ne le ai` → `ne l'ai`, not `n'`).
    """
    written: list[str] = []
    following = ""
    for word in reversed(words.split()):
        if following and following[0] in VOWELS and word in BEFORE_VOWEL:
            written[-1] = following = BEFORE_VOWEL[word] + following
        elif (word, following) in CONTRACTIONS:
            written[-1] = following = CONTRACTIONS[word, following]
        elif word == "si" and following in ("il", "ils"):
            written[-1] = following = "s'" + following
        else:
            written.append(word)
            following = word
    written.reverse()
    return " ".join(written).replace("*", "").lower()
