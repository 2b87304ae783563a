"""subwords: what vocabularies leave unknown, counted anew; nothing is unknown where all words are there."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.lab import subwords as lab
from glasshead.lab.bpe import CLASSIC
from glasshead.lab.pages.subwords import PAGE
from glasshead.lab.subwords import subwords
from glasshead.lab.telling import StoppedError, silent
from glasshead.recipes import Pair
from glasshead.text import Codec

small = partial(subwords, vocab_size=320, pairs=200, steps=3)


@pytest.fixture(scope="module")
def train() -> list[Pair]:
    return lab.short("train", 200, 0, silent)


@pytest.fixture(scope="module")
def unseen() -> list[Pair]:
    return lab.short("test", 40, 0, silent)


@pytest.fixture(scope="module")
def result() -> lab.Subwords:
    return small()


def test_sentences_to_learn_from_and_to_translate_are_short_and_others(train: list[Pair], unseen: list[Pair]) -> None:
    assert len(train) == len({source for source, _ in train}) == 200
    assert not {source for source, _ in train} & {source for source, _ in unseen}
    assert all(len(source.split()) <= lab.WORDS for source, _ in (*train, *unseen))


def test_lengths_and_unknowns_are_what_counting_words_gives(train: list[Pair], unseen: list[Pair]) -> None:
    """Of sentences whose words stand between spaces, so that a word-level vocabulary needs no more than `split`."""
    plain = [pair for pair in train if all(each.isalpha() for side in pair for each in side.split())]
    others = [pair for pair in unseen if all(each.isalpha() for side in pair for each in side.split())]
    assert len(plain) > 10 < len(others)
    known = {each for pair in plain for side in pair for each in side.split()}
    tokens = [each for pair in others for side in pair for each in side.split()]
    last = lab.compared(plain, others, silent)[-1]
    assert last.word_length == pytest.approx(len(tokens) / (2 * len(others)))
    assert last.word_unknown == pytest.approx(sum(each not in known for each in tokens) / len(tokens))
    assert last.word_unknown > 0
    assert last.subword_unknown == 0


def test_sentences_get_shorter_as_vocabularies_grow_and_never_shorter_than_in_words(
    train: list[Pair], unseen: list[Pair]
) -> None:
    sizes = lab.compared(train, unseen, silent)
    lengths = [each.subword_length for each in sizes]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 2 * lengths[-1] >= 2 * sizes[-1].word_length
    shares = [each.word_unknown for each in sizes]
    assert shares == sorted(shares, reverse=True)
    assert sizes[0].whole is None or sizes[0].whole <= 1


def test_with_every_word_in_the_vocabulary_words_leave_nothing_unknown(train: list[Pair]) -> None:
    """The cause taken away: on the sentences that it was made from, a vocabulary of all words has no <unk>."""
    texts = [side for pair in train for side in pair]
    assert lab.unknown(lab.lexicon(texts), texts) == 0
    assert lab.unknown(Codec.train(texts, vocab_size=320, level="word"), texts) > 0.05
    assert lab.unknown(Codec.train(texts, vocab_size=320), texts) == 0


CODEC = Codec.train(["low lower newest widest", "the black cat is sleeping"] * 3, vocab_size=320)
"""Of subwords; it lacks most characters that there are."""


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_under_subwords_any_text_comes_back_as_it_was(text: str) -> None:
    ids = CODEC.encode(text)
    assert Codec.UNK not in ids
    assert CODEC.decode(ids) == CODEC.normalize(text)


def test_the_models_have_the_same_shape_and_the_counts_of_their_vocabularies(result: lab.Subwords) -> None:
    words, pieces, every = result.models
    assert words.vocabulary == pieces.vocabulary == 320 < every.vocabulary
    assert words.parameters == pieces.parameters
    assert every.parameters - words.parameters == (every.vocabulary - words.vocabulary) * lab.WIDTH
    assert words.reads > every.reads
    assert pieces.reads == pieces.unknown == 0 == words.invented
    assert pieces.length > words.length
    train = lab.short("train", 200, 0, silent)
    known = {each for _, target in train for each in target.split()}
    for each in pieces.inventions:
        assert each not in known


def test_the_classic_example_stands_in_the_result(result: lab.Subwords) -> None:
    assert [(each.left, each.right, each.count) for each in result.merges[:3]] == [
        ("e", "s", 9), ("es", "t", 9), ("est", "</w>", 9),
    ]  # fmt: skip
    assert result.tokens == len(CLASSIC.replace(" ", "")) + len(CLASSIC.split())
    assert result.merges[0].tokens == result.tokens - 9
    assert (result.word, result.word_seen, result.word_known) == ("lowest", False, True)
    assert "".join(result.word_symbols) == "lowest</w>"


def test_without_merges_nothing_is_joined_and_other_scripts_are_as_good() -> None:
    found = small(text="猫 猫は 猫", merges=0, word="犬", steps=1)
    assert found.merges == ()
    assert found.before == ("猫 </w>", "猫 は </w>")
    assert found.word_symbols == ("犬", "</w>")
    assert not found.word_known
    assert PAGE.exhibits(found)


def test_the_same_arguments_give_the_same_result(result: lab.Subwords) -> None:
    before = torch.random.get_rng_state()
    assert small() == result
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": ""}, "text has no words"),
        ({"text": " \t\n　"}, "text has no words"),
        ({"text": "a" * 10_001}, "text has 10,001 characters; at most 10,000 are read"),
        ({"text": 3}, "text is 3; it must be a text"),
        ({"merges": -1}, "merges is -1"),
        ({"merges": 301}, "merges is 301"),
        ({"word": ""}, "word is ''; it must be one word"),
        ({"word": "two words"}, "it must be one word"),
        ({"vocab_size": 299}, "vocab_size is 299; it must be at least 300"),
        ({"pairs": 99}, "pairs is 99"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": 0.5}, "seed is 0.5"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        subwords(**wrong)  # type: ignore[arg-type]


def test_it_stops_when_nobody_waits() -> None:
    def told(share: float, words: str) -> None:
        if share > 0.14:
            raise StoppedError

    with pytest.raises(StoppedError):
        small(told=told)


@pytest.mark.parametrize(("words", "pieces", "answer"), [(50.0, 40.0, 0), (40.0, 50.0, 1), (40.0, 42.0, 2)])
def test_the_verdict_goes_by_the_scores(result: lab.Subwords, words: float, pieces: float, answer: int) -> None:
    first, second, every = result.models
    models = (replace(first, chrf=words, exact=0.3), replace(second, chrf=pieces, exact=0.3), every)
    verdict = PAGE.judge(replace(result, models=models))
    assert verdict.answer == answer
    assert "learned" not in verdict.sentence
    assert "Neither has learned" in PAGE.judge(result).sentence
