"""Properties of thousands of generated pairs, among them mistakes that must never happen."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter

import pytest

from glasshead.recipes.english_french import RECIPE, lexicon

SAMPLES = 30_000


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    rng = random.Random(20_240_229)
    return [RECIPE.generate(rng) for _ in range(SAMPLES)]


def test_an_english_sentence_has_one_french_sentence(pairs: list[tuple[str, str]]) -> None:
    translations: dict[str, str] = {}
    for source, target in pairs:
        assert translations.setdefault(source, target) == target


def test_a_seed_decides_everything() -> None:
    first, second = random.Random(7), random.Random(7)
    assert [RECIPE.generate(first) for _ in range(200)] == [RECIPE.generate(second) for _ in range(200)]


H_ASPIRE = (
    "héros|hibou|hiboux|hérissons?|hamsters?|haricots?|homards?|haches?|harpes?|haine|haut|haute|hauts|hautes|hockey"
)


CLEAN = re.compile(r"[a-zàâçéèêëîïôûùœ]+(['-][a-zàâçéèêëîïôûùœ]+)*")


@pytest.mark.parametrize(
    "mistake",
    [
        r"(?<![-\w])(le|la|de|je|ne|que|me|se|ce) (?!y(aourt|aourts)\b|onze\b|huit\b)[aàâeéèêiîoôuyœ]",
        rf"\b(le|la|de|je|ne|que|me|se|ce|ma|sa) (?!({H_ASPIRE}|huit|hollandais|hollandaise|hollandaises)\b)h",
        rf"\b(l|d|qu|n)'({H_ASPIRE})\b",
        r"\bde (le|les) (?!lui\b|leur\b|\w+r\b|\w+re\b)",
        r"\bde des\b|\bde du\b|\bà des les\b",
        r"\bsi ils?\b",
        r"\b(ma|sa) [aàâeéèêiîoôuœ]",
        r"\b(le|un|ce|son) (beau|vieux|nouveau) (homme|arbre|hôtel|ami|avion|oiseau|enfant|autobus|oncle)\b",
        r"\bun (femme|maison|fille|voiture)\b|\bune (homme|chat|chien|livre)\b",
        r"  | $|^ | ,|[A-Z*]|[^ ]\?",
        r"\b(les|des|mes|ces) (cheval|œil|journal|bijou|gâteau)\b",
    ],
)
def test_french_mistakes_that_never_happen(pairs: list[tuple[str, str]], mistake: str) -> None:
    found = [target for _, target in pairs if re.search(mistake, target)]
    assert found == []


@pytest.mark.parametrize(
    "mistake",
    [
        r"\ba [aeio]\w+|\ban [bcdfgjklmnpqrstvwxyz]",
        r"  | $|^ | ,| \?|[A-Z*]",
        r"^(i|you|we|they) (is|does|has)\b",
        r"^(he|she|it) (are|am|were|do|have)\b",
        r"\bnot (any )?some\b",
        r"\b(the|a|an|my|his) (the|a|an|my|his|her)\b",
    ],
)
def test_english_mistakes_that_never_happen(pairs: list[tuple[str, str]], mistake: str) -> None:
    found = [source for source, _ in pairs if re.search(mistake, source)]
    assert found == []


PLURAL_WOMEN = "|".join(
    dict.fromkeys(
        woman.fr[1].lstrip("*")
        for noun in lexicon.ALL_NOUNS
        if noun.kind in lexicon.HUMAN
        for woman in (noun.woman or noun,)
        if woman.feminine and not (noun.woman and woman.fr[1] == noun.fr[1])
    )
)


PLACES_AT = "|".join(noun.en[1] for noun in lexicon.ALL_NOUNS if noun.kind == "at")


FREQUENTLY = "toujours|souvent|parfois|rarement|encore|aussi|vraiment|probablement|certainement|généralement"


SHE = "|".join(lexicon.WOMEN)


SIMPLE_WORD = r"(?:(?!(?:who|whom|whose|that|and|but|or|so|if|when|while|where|because)\b)\w+ )"


CLAUSE_START = r"(?:^|, |\b(?:and|but|or|so|if|when|while|because) )"


def test_they_never_takes_up_women_alone(pairs: list[tuple[str, str]]) -> None:
    before = rf"^((mes|vos|ses|nos|leurs|les|ces) ({PLURAL_WOMEN})|({SHE}) et ({SHE})) "
    after = r"\b(quand|et|mais|parce|donc|ou|pendant) (que |qu')?ils\b"
    assert [target for _, target in pairs if re.search(before, target) and re.search(after, target)] == []


@pytest.mark.parametrize(
    "mistake",
    [
        rf"\b(rien|personne) ({FREQUENTLY})\b",
        r"\bgrande?s? grands?-",
        r"\bjamais\b.*\b(ét|av)(ais|ait|ions|iez|aient)\b (faim|soif|raison|tort)",
        r"\bn'(ét|av|habit)(ais|ait|ions|iez|aient) jamais\b",
        r"\b(petit\w*|frère|sœur|père|mère|ami|amie|fille|garçon)s? (grand|gentil)(e|s|es|le|les)?$",
        r"\b(est|sont|était|étaient|sera|seront) (pas )?nou(veau|veaux|velle|velles)\b",
        r"\bdev(ien\w+|enu\w*|enait|enaient|enir) (fatigu|fâch|déç|occup|inqui)",
    ],
)
def test_french_that_a_proof_reader_would_mark(pairs: list[tuple[str, str]], mistake: str) -> None:
    assert [target for _, target in pairs if re.search(mistake, target)] == []


@pytest.mark.parametrize(
    "mistake",
    [
        r"\bonly (often|always|really|also|still|probably|certainly|sometimes|rarely|generally)\b",
        rf"{CLAUSE_START}i {SIMPLE_WORD}{{1,6}}(me|us)\b",
        rf"{CLAUSE_START}we {SIMPLE_WORD}{{1,6}}(us|me)\b",
        rf"{CLAUSE_START}you {SIMPLE_WORD}{{1,6}}you\b(?! \w+ )",
        r"\b(come|comes|came|coming) back (at|in|on|near|under|behind)\b(?! (the (morning|evening|afternoon)|night|"
        r"noon|midnight|winter|summer|autumn|spring|\w+ (o'clock|seconds?|minutes?|hours?|days?|weeks?|months?|years?)|"
        r"\w+day\b|\w+days\b|january|february|april|june|july|august|september|october|november|december))",
        r"\b(am|is|are|was|were) (not )?(often|always|never|sometimes|rarely|generally) "
        r"(?!going|boring|interesting)\w+ing\b",
        rf"(?<!look )(?<!looks )(?<!looked )(?<!looking )\bat (the|these|those) ({PLACES_AT})\b",
        r"\b(deciding|daring|agreeing|promising|refusing|forgetting|hesitating) to\b",
        r"\b(will|going to) (not )?still\b",
        r"^it (is|was|will be) (not )?(easy|difficult|possible|impossible|necessary|important|clear|strange)\b",
    ],
)
def test_english_that_a_proof_reader_would_mark(pairs: list[tuple[str, str]], mistake: str) -> None:
    assert [source for source, _ in pairs if re.search(mistake, source)] == []


def test_words_and_signs(pairs: list[tuple[str, str]]) -> None:
    for source, target in pairs:
        assert source.endswith("?") == target.endswith(" ?")
        assert source.endswith(".") == target.endswith(".")
        for word in re.split(r"[ ,.?]+", target):
            assert not word or CLEAN.fullmatch(word), (word, target)


def test_lengths(pairs: list[tuple[str, str]]) -> None:
    lengths = [len(source.split()) for source, _ in pairs]
    assert 7.5 <= sum(lengths) / len(lengths) <= 9.5
    assert max(lengths) <= 24
    assert sum(length <= 4 for length in lengths) > 0.1 * len(lengths)


def test_a_third_of_the_statements_end_in_a_stop(pairs: list[tuple[str, str]]) -> None:
    statements = [source for source, _ in pairs if not source.endswith("?")]
    assert 0.3 < sum(source.endswith(".") for source in statements) / len(statements) < 0.38


def test_every_word_comes_up(pairs: list[tuple[str, str]]) -> None:
    seen = Counter(word for source, _ in pairs for word in re.findall(r"[a-zé]+", source))
    rare = [
        entry.en[0]
        for entry in lexicon.ALL_NOUNS
        if " " not in entry.en[0] and sum(seen[form] for form in entry.en) < 3
    ]
    rare += [entry.en.lemma for entry in lexicon.ALL_VERBS if sum(seen[form] for form in verb_forms(entry)) < 15]
    rare += [entry.en for entry in lexicon.ADJECTIVE_BY_NAME.values() if seen[entry.en] + seen[entry.more] < 3]
    tables = (lexicon.NUMBERS, lexicon.MANNER, lexicon.DAYS, lexicon.MONTHS, lexicon.CITIES, lexicon.COUNTRIES)
    rare += [word for table in tables for word in table if seen[word] < 3]
    assert rare == []


def verb_forms(entry: lexicon.Verb) -> set[str]:
    return {entry.en.base, entry.en.third, entry.en.past, entry.en.ing}


def test_importing_it_needs_no_torch() -> None:
    code = "import sys, glasshead.recipes.english_french; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
