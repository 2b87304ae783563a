"""Which English word made which French one: the dictionary read backwards, as far as that is exact.

An English word of the grammar has one French word, in one of its forms. Where a form of the one stands in the source,
and a form of the other in the target, each only once, they belong together: nothing else could have brought it there.
Where both stand several times, equally often, they belong together in their order: both languages have the same one,
but for what belongs to somebody. The article of a noun that is linked so is linked too, and the words of `little.py`;
the auxiliaries of a verb are possible links.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from glasshead.recipes.links import Link, Span, words

from . import lexicon as lex
from . import little
from .grammar import verbs
from .lexicon import Adjective, Noun, Verb

LACKS = (
    "words that stand more often in one language, prepositions and forms of to be that are not next to a linked word, "
    "it, to have, the auxiliaries of French, and the little words that French alone has (est-ce que, se, qu')"
)

Phrase = tuple[str, ...]
"""Words of a form, without their apostrophes."""

PLAIN = {
    "he": "il", "she": "elle", "we": "nous", "they": "ils", "who": "qui", "why": "pourquoi",
    "how": "comment", "when": "quand", "and": "et", "but": "mais", "or": "ou", "because": "parce", "so": "donc",
    "if": "si", "with": "avec", "without": "sans", "behind": "derrière", "under": "sous", "near": "près",
    "not": "pas", "cannot": "pas", "t": "pas", "never": "jamais", "no longer": "plus", "nothing": "rien",
    "nobody": "personne", "someone": "quelqu'un", "something": "quelque chose", "please": "plaît", "yes": "oui",
    "no": "non", "now": "maintenant", "today": "aujourd'hui", "yesterday": "hier", "tomorrow": "demain",
    "soon": "bientôt", ".": ".", ",": ",", "?": "?",
}  # fmt: skip
"""Words that are written in one way; `so` is donc and, of a degree, si."""
FORMS = {
    "i": "je j", "you": "vous", "me": "me m moi", "him": "le l lui", "us": "nous", "them": "les leur eux elles",
    "must": "dois doit devons devez doivent", "mustn": "dois doit devons devez doivent",
    "can": "peux peut pouvons pouvez peuvent", "going": "vais va allons allez vont", "where": "où",
    "which": "quel quelle quels quelles", "many": "beaucoup", "how many": "combien", "few": "quelques",
    "another": "autre", "other": "autre autres", "same": "même mêmes", "less": "moins", "front": "devant",
    "next to": "côté", "far from": "loin", "opposite": "face", "while": "pendant", "noon": "midi",
    "midnight": "minuit", "o'clock": "heures heure", "morning": "matin", "evening": "soir", "night": "nuit",
    "winter": "hiver", "summer": "été", "autumn": "automne", "spring": "printemps",
    "last": "dernier dernière derniers dernières", "next": "prochain prochaine prochains prochaines",
}  # fmt: skip
"""Words that are written in several ways, each of one word; of a pronoun those before a verb and those after."""
PHRASES = {
    "everyone": ("tout le monde",), "what": ("qu'est-ce que", "qu'est-ce qu'", "qu'est-ce qui"),
    "there is": ("il y a",), "there are": ("il y a",), "there was": ("il y avait",), "there were": ("il y avait",),
    "there will be": ("il y aura",), "suddenly": ("soudain",), "fortunately": ("heureusement",),
    "unfortunately": ("malheureusement",), "obviously": ("évidemment",),
}  # fmt: skip
ARTICLES = {
    "the": "le la l les", "a": "un une", "an": "un une", "this": "ce cet cette", "that": "ce cet cette", "these": "ces",
    "those": "ces", "my": "mon ma mes", "your": "votre vos", "his": "son sa ses", "her": "son sa ses",
    "our": "notre nos", "their": "leur leurs", "every": "chaque", "several": "plusieurs",
}  # fmt: skip
CONTRACTED = {"the": "du des au aux"}
"""Articles that hold a preposition too: possible links."""
AUXILIARIES = frozenset(
    lex.words(
        "am is are was were isn aren wasn weren do does did don doesn didn will won can cannot must mustn would like "
        "to going be"
    )
)
BETWEEN = frozenset({"not", "t", "never", "no", "longer", "only"}) | frozenset(lex.MIDDLE)
"""Words that may stand between an auxiliary and its verb."""
UNSAID = frozenset({"be", "have", "go"})
"""Verbs that are auxiliaries as well: their forms are not linked."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A form of an English word, with the forms of its French word."""

    forms: frozenset[Phrase]
    kind: str
    """`noun`, `verb`, `adjective` or nothing."""
    head: int
    """Which word of the English form is the one that counts: 0 or −1."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A place in the source and one in the target that may belong together, each as a span of words."""

    source: Span
    target: Span
    kind: str
    head: int
    forms: frozenset[Phrase]


def links(source: str, target: str) -> tuple[Link, ...]:
    """Link the words of a pair, as far as the dictionary tells: a word with several is linked at its head."""
    here, there = words(source), words(target)
    english, french = _plain(source, here), _plain(target, there)
    found: set[Link] = set()
    nouns: list[_Pair] = []
    for pair in _settled(_pairs(english, french), owned="s" in english):
        for one in range(*pair.source):
            for other in range(*pair.target):
                head = (pair.source[0] if pair.head == 0 else pair.source[1] - 1), pair.target[0]
                found.add(Link(here[one], there[other], (one, other) == head))
        if pair.kind == "verb":
            found |= {Link(here[at], there[pair.target[0]], False) for at in _auxiliaries(english, pair.source[0])}
        if pair.kind == "noun":
            nouns.append(pair)
    for one, other, sure in _articles(english, french, nouns):
        found.add(Link(here[one], there[other], sure))
    found |= {Link(here[one], there[other]) for one, other in _little(english, french, here, there, found)}
    certain = {(link.source, link.target) for link in found if link.sure}
    return tuple(sorted(link for link in found if link.sure or (link.source, link.target) not in certain))


def _little(
    english: Sequence[str], french: Sequence[str], here: Sequence[Span], there: Sequence[Span], found: Iterable[Link]
) -> Iterator[tuple[int, int]]:
    """Yield the places of little words, by the words that are linked. here, there: the words of both sides."""
    one, other = ({span: at for at, span in enumerate(spans)} for spans in (here, there))
    known = {one[link.source]: other[link.target] for link in found if link.sure}
    before = list(little.prepositions(english, french, known))
    yield from before
    yield from little.being(english, french, known | dict(before))
    yield from little.negations(french, known)


def _plain(text: str, spans: Sequence[Span]) -> list[str]:
    return [text[first:last].rstrip("'") or "'" for first, last in spans]


def _phrase(text: str) -> Phrase:
    text = text.replace("*", "")
    return tuple(_plain(text, words(text)))


def _pairs(english: Sequence[str], french: Sequence[str]) -> list[_Pair]:
    """Find all places that may belong together; of places that hold each other the longer ones."""
    found = [
        _Pair(here, (at, at + len(form)), reading.kind, reading.head, reading.forms)
        for here, readings in _forms(english)
        for reading in readings
        for form in reading.forms
        for at in range(len(french) - len(form) + 1)
        if tuple(french[at : at + len(form)]) == form
    ]
    longest = [
        pair
        for pair in found
        if not any(_inside(pair.source, each.source) or _inside(pair.target, each.target) for each in found)
    ]
    return list({(pair.source, pair.target): pair for pair in longest}.values())


def _forms(english: Sequence[str]) -> Iterator[tuple[Span, tuple[_Reading, ...]]]:
    """Yield the places in an English text that the dictionary knows, with what they may become."""
    readings = _readings()
    for first in range(len(english)):
        for last in range(first + 1, min(first + 4, len(english)) + 1):
            if known := readings.get(tuple(english[first:last])):
                yield (first, last), known


def _inside(one: Span, other: Span) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and one != other


def _settled(pairs: Sequence[_Pair], *, owned: bool) -> Iterator[_Pair]:
    """Yield the pairs neither of whose places could belong to another, or that stand equally often, in their order.

    owned: whether something belongs to somebody: French turns that around.
    """
    for sources, targets, each in _groups(pairs):
        turned = owned and each.kind in ("noun", "adjective") and len(sources) > 1
        if len(sources) == len(targets) and not turned:
            for source, target in zip(sorted(sources), sorted(targets), strict=True):
                yield _Pair(source, target, each.kind, each.head, each.forms)


def _groups(pairs: Sequence[_Pair]) -> Iterator[tuple[set[Span], set[Span], _Pair]]:
    """Yield sources and targets that may all belong together, and to nothing else, with one pair of them."""
    sources, targets = defaultdict[Span, set[Span]](set), defaultdict[Span, set[Span]](set)
    of: dict[Span, set[tuple[str, frozenset[Phrase]]]] = defaultdict(set)
    for pair in pairs:
        sources[pair.source].add(pair.target)
        targets[pair.target].add(pair.source)
        of[pair.source].add((pair.kind, pair.forms))
    seen: set[Span] = set()
    for pair in pairs:
        here, there = targets[pair.target], sources[pair.source]
        alike = len({frozenset(of[one]) for one in here}) == 1 and all(len(of[one]) == 1 for one in here)
        closed = all(sources[one] == there for one in here) and all(targets[other] == here for other in there)
        if pair.source not in seen and closed and (alike or len(here) == 1):
            seen |= here
            yield here, there, pair


def _auxiliaries(english: Sequence[str], verb: int) -> Iterator[int]:
    """Yield the places of the auxiliaries before a verb."""
    for at in range(verb - 1, -1, -1):
        if english[at] in AUXILIARIES:
            yield at
        elif english[at] not in BETWEEN:
            return


def _articles(english: Sequence[str], french: Sequence[str], nouns: Iterable[_Pair]) -> Iterator[tuple[int, int, bool]]:
    """Yield the places of the articles of linked nouns: before them, with only their adjectives between."""
    before, after = _adjectives()
    for pair in nouns:
        one, other = pair.source[0] - 1, pair.target[0] - 1
        while one > 0 and english[one] in before:
            one -= 1
        while other > 0 and french[other] in after:
            other -= 1
        if one < 0 or other < 0:
            continue
        if french[other] in ARTICLES.get(english[one], "").split():
            yield one, other, True
        elif french[other] in CONTRACTED.get(english[one], "").split():
            yield one, other, False


@cache
def _adjectives() -> tuple[frozenset[str], frozenset[str]]:
    """Return all words of English adjectives and of the French ones that may stand before a noun."""
    listed = [each for adjectives in lex.ADJECTIVE_LISTS.values() for each in adjectives]
    short = frozenset({"bel", "vieil", "nouvel", "fol"})
    french = {form for each in listed if not each.noun_first for form in each.fr}
    return frozenset(each.en for each in listed), frozenset(french) | short


@cache
def _readings() -> dict[Phrase, tuple[_Reading, ...]]:
    """Read the dictionary: each English form with the French forms that it can become."""
    found: dict[Phrase, dict[tuple[str, int], set[Phrase]]] = defaultdict(lambda: defaultdict(set))
    for form, french, kind, head in _entries():
        found[_phrase(form)][kind, head] |= {_phrase(each) for each in french if each}
    return {
        form: tuple(_Reading(frozenset(each), kind, head) for (kind, head), each in kinds.items())
        for form, kinds in found.items()
    }


def _entries() -> Iterator[tuple[str, Iterable[str], str, int]]:
    """Yield English form, French forms, kind and head of all that is linked."""
    for noun in lex.ALL_NOUNS:
        yield from _noun(noun)
    for table in (*lex.MEASURES.values(), lex.SPANS):
        for english, french in table.items():
            for one, other in zip(english, french[:2], strict=True):
                yield one, (str(other),), "noun", -1
    for adjective in {id(each): each for listed in lex.ADJECTIVE_LISTS.values() for each in listed}.values():
        yield from _adjective(adjective)
    own = (verbs.LIVE, verbs.COME, verbs.RETURN, verbs.STAY, verbs.BECOME, verbs.SEEM)
    for verb in (*lex.ALL_VERBS, *lex.ALL_CONTROL, *own, *verbs.THAT_VERBS, *verbs.WEATHER):
        yield from _verb(verb)
    for name in (*lex.MEN, *lex.WOMEN):
        yield name, (name,), "", 0
    tables: tuple[dict[str, str], ...] = (
        lex.CITIES,
        lex.NUMBERS,
        lex.MANNER,
        lex.WHERE,
        lex.DEGREE,
        lex.MONTHS,
        lex.DAYS,
        PLAIN,
    )
    for plain in tables:
        for word, meant in plain.items():
            yield word, (meant,), "", 0
    for word, forms in FORMS.items():
        yield word, forms.split(), "", 0
    for word, phrases in PHRASES.items():
        yield word, phrases, "", 0
    for adverb, (meant, _) in lex.MIDDLE.items():
        yield adverb, (meant,), "", 0
    for country, (inside, _) in lex.COUNTRIES.items():
        yield country, (inside.split()[-1],), "", 0


def _noun(noun: Noun) -> Iterator[tuple[str, Iterable[str], str, int]]:
    twins = (noun, noun.woman) if noun.woman else (noun,)
    for number in (0, 1):
        yield noun.en[number], [each.fr[number] for each in twins], "noun", -1


def _adjective(adjective: Adjective) -> Iterator[tuple[str, Iterable[str], str, int]]:
    forms = {*adjective.fr, *{"beau": ["bel"], "vieux": ["vieil"], "nouveau": ["nouvel"], "fou": ["fol"]}.get(
        adjective.fr[0], []
    )}  # fmt: skip
    yield adjective.en, forms, "adjective", -1
    if not adjective.more.startswith("more "):
        yield adjective.more, forms, "adjective", -1


def _verb(verb: Verb) -> Iterator[tuple[str, Iterable[str], str, int]]:
    if verb.en.base in UNSAID:
        return
    tenses = (verb.fr.present, verb.fr.imperfect, verb.fr.future, verb.fr.conditional, verb.fr.participle)
    french = [verb.complement] if verb.complement else [verb.fr.infinitive, *(form for each in tenses for form in each)]
    for form in dict.fromkeys((verb.en.base, verb.en.third, verb.en.past, verb.en.ing)):
        yield f"{form} {verb.en.particle}".strip(), french, "verb", 0
