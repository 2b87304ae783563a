"""The vocabularies of a corpus: learned, given, or of another run."""

from pathlib import Path

import pytest
from tests.core.training.data.corpora import numbers, own, prepared, texts, told, tsv

from glasshead.checkpoints import format as checkpoint
from glasshead.errors import GlassheadError
from glasshead.text import Codec
from glasshead.training.data import ids
from glasshead.training.data.prepare import prepare


def test_separate_vocabularies_and_whole_words(tmp_path: Path, plain: Path) -> None:
    corpus = prepared(tmp_path / "one", own(plain, vocabulary="separate", vocab_size=290))
    assert not corpus.vocabulary.joint and corpus.vocabulary.source.size == 290
    assert sorted(texts(corpus) + texts(corpus, "valid")) == sorted(numbers(200))
    assert "290 subwords of the source" in told(corpus) and "290 subwords of the target" in told(corpus)
    words = prepared(tmp_path / "two", own(plain, level="word", vocab_size=None))
    assert words.vocabulary.target.level == "word"
    assert "words, learned from 198 pairs (it gives no more, the default is 8,000)" in told(words)
    assert sorted(texts(words) + texts(words, "valid")) == sorted(numbers(200))


def test_sentences_held_back_teach_the_vocabulary_nothing(tmp_path: Path) -> None:
    pairs = [(f"{source} {chr(0x4E00 + number)}", target) for number, (source, target) in enumerate(numbers(60))]
    corpus = prepared(tmp_path / "data", own(tsv(tmp_path / "it.tsv", pairs), vocab_size=0))
    known = {corpus.vocabulary.target.name(number) for number in range(corpus.vocabulary.target.size)}
    for split, wanted in (("train", True), ("valid", False)):
        assert {source[-1] in known for source, _ in texts(corpus, split)} == {wanted}


def test_a_word_of_very_many_letters_is_learned_from_in_part(tmp_path: Path) -> None:
    giants = [("ab" * 30_000 + str(number), "x") for number in range(3)]
    corpus = prepared(tmp_path / "data", own(tsv(tmp_path / "it.tsv", [*numbers(50), *giants])))
    assert "3 longer than 40 tokens (first: line 51)" in corpus.lines[0]


def test_the_vocabulary_of_a_checkpoint_or_of_another_run_is_used(tmp_path: Path, plain: Path, tiny: Path) -> None:
    first = prepared(tmp_path / "run" / "data", own(plain, vocabulary="separate", vocab_size=290))
    second = prepared(tmp_path / "two", own(plain, vocab_size=None, tokenizer=str(tmp_path / "run")))
    for mine, other in (
        (first.vocabulary.source, second.vocabulary.source),
        (first.vocabulary.target, second.vocabulary.target),
    ):
        assert [mine.name(number) for number in range(mine.size)] == [
            other.name(number) for number in range(other.size)
        ]
    third = prepared(tmp_path / "three", own(plain, vocab_size=None, tokenizer=str(tiny)))
    assert third.vocabulary.joint
    assert third.vocabulary.target.size == checkpoint.vocabulary(tiny).target.size
    assert f"The vocabulary of {tiny}: {third.vocabulary.target.size:,} subwords." in third.lines
    (tmp_path / "run").rename(tmp_path / "gone")
    again = prepared(tmp_path / "two", own(plain, vocab_size=None, tokenizer=str(tmp_path / "run")))
    assert again.fingerprint == second.fingerprint  # what it was made of may go
    with pytest.raises(GlassheadError, match="There is no folder"):
        prepare(tmp_path / "four", own(plain, vocab_size=None, tokenizer=str(tmp_path / "nowhere")))


def test_large_vocabularies_have_wider_numbers() -> None:
    assert ids.number_type(65_536).itemsize == 2 and ids.number_type(65_537).itemsize == 4
    assert Codec.PAD == 0  # what numpy fills with
