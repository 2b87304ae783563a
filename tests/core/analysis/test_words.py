"""Words of tokens: pieces are joined as the vocabulary cut them."""

import pytest
from tests.conftest import LINES

from glasshead.analysis.words import is_special, text_of, word_at, words, written
from glasshead.recipes.links import words as spans
from glasshead.text import Codec, Token


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(Token(number, text) for number, text in enumerate(texts))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("<s>", "▁chi", "en", "</s>"), [(1, 2)]),
        (("▁l'", "hom", "me", ",", "et"), [(0,), (1, 2), (3,), (4,)]),
        (("▁2", "0", "▁-", "a", "b"), [(0,), (1,), (2,), (3, 4)]),
        (("[CLS]", "em", "##bed", "[MASK]", "##s", "[SEP]"), [(1, 2), (3, 4)]),
        (("▁black", "[MASK]", "s", "▁is", "<mask>"), [(0,), (1,), (2,), (3,), (4,)]),
        (("Ġthe", "re", "fore"), [(0, 1, 2)]),
        ((">>fra<<", "▁a", "<pad>", "b"), [(1,), (3,)]),
        (("a", "b"), [(0,), (1,)]),
        (("▁", "<0xE7>", "a", "<unk>"), [(0, 1, 2, 3)]),
        (("▁a", "▁", "2", "1"), [(0,), (1, 2), (3,)]),
        ((), []),
    ],
)  # fmt: skip
def test_pieces_are_joined(texts: tuple[str, ...], expected: list[tuple[int, ...]]) -> None:
    given = tokens(*texts)
    assert list(words(given)) == expected
    assert list(words(given, whole=False)) == [(at,) for at, each in enumerate(given) if not is_special(each)]
    for number, word in enumerate(words(given)):
        assert all(word_at(words(given), at) == number for at in word)
    assert word_at(words(given), 99) is None


def test_bytes_stand_where_their_character_does() -> None:
    given = tokens("▁gar", "<0xC3>", "<0xA7>", "on", "</s>", "<0xFF>")
    assert written(given) == ("garçon�", ((0, 3), (3, 4), (3, 4), (4, 6), None, (6, 7)))
    assert text_of(given, (0, 1, 2, 3)) == "garçon"


def test_a_mask_is_a_word_of_the_text() -> None:
    given = tokens("[CLS]", "▁the", "[MASK]", "▁sleeps")
    assert written(given) == ("the [MASK] sleeps", (None, (0, 3), (4, 10), (11, 17)))


@pytest.mark.parametrize("text", ["l'homme n'a pas 25 chats, dit-il.", "le 03/04/21 ?", *LINES])
def test_the_words_of_tokens_are_those_of_the_text(text: str) -> None:
    """Cut and joined again, a text falls into the words that the recipes' gold counts in."""
    codec = Codec.train(LINES * 3 + ["l'homme n'a pas 25 chats, dit-il. 03/41 ?"] * 2, vocab_size=330)
    given = codec.tokens(codec.encode(text))
    found, places = written(given)
    assert found == text == codec.decode([token.id for token in given])
    assert [text_of(given, word) for word in words(given)] == [text[first:last] for first, last in spans(text)]
    for token, place in zip(given, places, strict=True):
        assert place is not None and text[slice(*place)] == token.text.lstrip("▁")
