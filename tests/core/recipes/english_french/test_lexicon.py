"""The lexicon: large, and without a word that could be mistaken for another."""

from __future__ import annotations

from collections import Counter

from glasshead.recipes.english_french import lexicon


def lemmas() -> list[str]:
    verbs = {entry.en.lemma for entry in (*lexicon.ALL_VERBS, *lexicon.ALL_CONTROL)}
    others = (lexicon.NUMBERS, lexicon.MANNER, lexicon.MIDDLE, lexicon.WHERE, lexicon.DEGREE, lexicon.SENTENCE)
    return [
        *(entry.en[0] for entry in lexicon.ALL_NOUNS),
        *verbs,
        *lexicon.ADJECTIVE_BY_NAME,
        *(word for table in others for word in table),
    ]


def test_the_lexicon_is_large_and_names_each_word_once() -> None:
    assert len(lemmas()) >= 900
    assert [word for word, times in Counter(lemmas()).items() if times > 1] == []


def test_no_form_of_a_verb_is_also_a_noun_or_an_adjective() -> None:
    nouns = {form for entry in lexicon.ALL_NOUNS for form in entry.en}
    verbs = {
        form for entry in lexicon.ALL_VERBS for form in (entry.en.base, entry.en.third, entry.en.past, entry.en.ing)
    }
    adjectives = {form for entry in lexicon.ADJECTIVE_BY_NAME.values() for form in (entry.en, entry.more)}
    assert nouns & verbs == nouns & adjectives == verbs & adjectives == set()


def test_a_past_is_never_a_present() -> None:
    alike = {entry.en.base for entry in lexicon.ALL_VERBS if entry.en.past in (entry.en.base, entry.en.third)}
    assert alike == lexicon.AMBIGUOUS_PAST


def test_one_english_verb_has_one_french_verb() -> None:
    translations: dict[str, set[str]] = {}
    for entry in lexicon.ALL_VERBS:
        translations.setdefault(entry.en.lemma, set()).add(entry.fr.infinitive)
    assert {lemma: verbs for lemma, verbs in translations.items() if len(verbs) > 1} == {}
