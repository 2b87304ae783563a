"""What people have as a vocabulary, as Names."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.adapters.torch_nn.tutorials import WORDS

from glasshead import Codec, GlassheadError
from glasshead.adapters.torch_nn.names import Begun, names_of

SAME: dict[str, Any] = {
    "a list": list(WORDS),
    "names to ids": {name: number for number, name in enumerate(WORDS)},
    "ids to names": dict(enumerate(WORDS)),
    "torchtext": SimpleNamespace(get_itos=lambda: list(WORDS)),
    "an attribute": SimpleNamespace(idx2word=list(WORDS), word2idx={}),
    "stoi": SimpleNamespace(stoi={name: number for number, name in enumerate(WORDS)}),
}


@pytest.mark.parametrize("tokens", SAME.values(), ids=SAME.keys())
def test_every_vocabulary_of_words_says_the_same(tokens: Any) -> None:
    names = names_of(tokens, len(WORDS))
    ids = names.encode("the black cat <eos>")
    assert ids == [4, 5, 7, 3] and names.decode(ids) == "the black cat <eos>" and names.size == len(WORDS)
    assert [token.text for token in names.tokens(ids, [0.1, 0.2, 0.3, 0.4])] == ["the", "black", "cat", "<eos>"]
    assert names.encode("The zebra") == [4, 0], "words are lower-case there, and an unknown one is <unk>"
    assert names.cut("the black cat", 2) == "the black " and names.cut("the", 2) == "the"


@given(st.text("abc ", min_size=1, max_size=9))
def test_characters_are_tokens_of_their_own(text: str) -> None:
    names = names_of(["<bos>", *"abc "], 5)
    assert names.decode(names.encode(text)) == text
    assert names.encode(f"<bos>{text}")[0] == 0 and len(names.encode(f"<bos>{text}")) == len(text) + 1
    assert names_of("abc ", 4).decode(names_of("abc ", 4).encode(text)) == text


@given(st.lists(st.integers(0, 40), min_size=1, max_size=9))
def test_without_names_tokens_are_numbers(ids: list[int]) -> None:
    names = names_of(None, 41)
    assert names.encode(names.decode(ids)) == ids == [int(token.text.strip("▁")) for token in names.tokens(ids)]
    assert names.encode(", ".join(map(str, ids))) == ids
    assert names.encode(names.cut(names.decode(ids), 3)) == ids[:3]


@pytest.mark.parametrize(
    ("tokens", "text", "sentence"),
    [
        (None, "the", "'the' is not an id"),
        (None, "41", "There is no token 41; the vocabulary has 41"),
        (["the", "cat"], "the catt", r"'catt' is none of the tokens. Near it: cat"),
        (["the", 3], "the", "holds 3: give names"),
        ([], "the", "is empty"),
        ({"the": 1, "cat": 99_999}, "the", "2 names, and one has the id 99,999"),
        ({"the": "cat"}, "the", "pairs something else"),
        (3.5, "the", "tokens= is a float, which names no tokens"),
    ],
)
def test_what_is_no_vocabulary_or_no_token_is_named(tokens: Any, text: str, sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        names_of(tokens, 41).encode(text)


def test_tokenizers_of_libraries_are_asked() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"the": 0, "cat": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    names = names_of(tokenizer, 3)
    assert names.encode("the cat zebra") == [0, 1, 2]
    assert [token.text for token in names.tokens([0, 1, 9])] == ["the", "cat", "<9>"]
    assert names.cut("the cat the", 2).split() == ["the", "cat"]
    codec = Codec.train(["the black cat"] * 3, vocab_size=280)
    assert names_of(codec, 3) is codec
    plain = SimpleNamespace(
        encode=lambda text: [ord(letter) for letter in text], decode=lambda ids: "".join(map(chr, ids))
    )
    assert names_of(plain, 256).encode("ab") == [97, 98] and names_of(plain, 256).tokens([97])[0].text == "a"
    broken = SimpleNamespace(encode=lambda text: ["a"], decode=str)
    with pytest.raises(GlassheadError, match=r"tokens.encode\(text\) gave \['a'\]; ids of tokens are whole numbers"):
        names_of(broken, 3).encode("a")


def test_a_function_of_ones_own_encodes() -> None:
    names = names_of(list(WORDS), 13, lambda text: [len(word) for word in text.split()])
    assert names.encode("the black") == [3, 5]
    assert names_of(None, 9, lambda text: [len(text)]).encode("four") == [4]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=9))
def test_the_first_text_stands_for_the_very_ids_that_were_given(ids: list[int]) -> None:
    lossy = SimpleNamespace(encode=lambda text: [0], decode=lambda ids: "a" * len(ids))
    names = Begun(names_of(lossy, 13), ids)
    assert names.encode(names.text) == ids and names.encode("else") == [0]
