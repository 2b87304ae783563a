"""Looking words up gives the ids that the vocabulary itself gives."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.recipes import recipe
from glasshead.text import Codec
from glasshead.training.data import encoder as words
from glasshead.training.data.encoder import Encoder

LINES = [text for pair in islice(recipe("english-french").pairs("train", 0), 300) for text in pair]
CODECS = [
    Codec.train(LINES, vocab_size=600, lowercase=True),
    Codec.train(LINES, vocab_size=0, lowercase=False),
    Codec.train(LINES, vocab_size=200, lowercase=True, level="word"),
]
SPACES = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
pieces = st.one_of(
    st.sampled_from(
        [*" ".join(LINES[:40]).split(" "), *SPACES, "▁", "'", "’", "Σ", "ΑΣ", "İ", "e\u0301", "\u0301", "ᄀ", "ᅡ"]
    ),
    st.text(st.characters(), max_size=4),
)


@pytest.mark.parametrize("codec", CODECS, ids=["subwords", "characters", "words"])
@given(st.lists(st.lists(pieces, max_size=12).map("".join), max_size=5))
def test_the_same_ids(codec: Codec, texts: list[str]) -> None:
    encoder = Encoder(codec)
    wanted = [codec.encode(text) for text in texts]
    assert encoder.encode(texts) == wanted
    assert encoder.encode([*texts, *texts]) == wanted * 2


@pytest.mark.parametrize("codec", CODECS, ids=["subwords", "characters", "words"])
@given(st.lists(pieces, max_size=40).map("".join), st.integers(1, 30))
def test_what_surely_exceeds_a_limit_does(codec: Codec, text: str, limit: int) -> None:
    encoder = Encoder(codec)
    if encoder.exceeds(text, limit):
        assert len(codec.encode(text)) >= limit
    if len(text.split()) >= limit:
        assert encoder.exceeds(" ".join(text.split()), limit) or len(text) < limit


def test_a_word_without_end_surely_exceeds() -> None:
    letters = "e\u0301" * 60_000
    assert CODECS[0].encode(letters)[100:]
    assert Encoder(CODECS[0]).exceeds(letters, 100)
    assert not Encoder(CODECS[2]).exceeds(letters, 100)  # one unknown word


def test_real_sentences_and_a_small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "KEPT", 40)
    monkeypatch.setattr(words, "LONGEST", 6)
    encoder = Encoder(CODECS[0])
    for at in range(0, len(LINES), 50):
        assert encoder.encode(LINES[at : at + 50]) == CODECS[0].encode_batch(LINES[at : at + 50])


def test_words_that_come_again_are_not_taken_apart_again(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(CODECS[0])
    encoder.encode(LINES)
    asked: list[str] = []
    monkeypatch.setattr(encoder.codec, "encode_batch", lambda texts: asked.extend(texts))
    encoder.encode(LINES)
    assert not [word for word in asked if len(word) <= words.LONGEST]
