"""Vocabularies of others: ids are places in a list, nothing typed is special, and the library agrees on the rest."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.adapters.huggingface.folders import tokenizer
from tokenizers import Tokenizer

from glasshead import GlassheadError, Symbols

LIST = ["d", "<end>", "a", "<pad>", "b", "<?>", "c"]
SPECIAL = ["<end>", "<pad>", "<?>"]
PIECES = st.lists(st.sampled_from([*"abcde <>/spadn▁", "</s>", "<pad>", "<unk>", "\ud800", "漢"]), max_size=30).map(
    "".join
)


@given(st.lists(st.sampled_from("abcd"), max_size=9), st.sampled_from([" ", ""]))
def test_the_id_of_a_symbol_is_its_place_in_the_list(symbols: list[str], between: str) -> None:
    codec = Symbols.of(LIST, special=SPECIAL, unknown="<?>", between=between)
    text = between.join(symbols)
    ids = [LIST.index(each) for each in symbols]
    assert codec.encode(text) == ids and codec.decode([3, *ids, 1]) == text
    assert [token.text for token in codec.tokens(ids)] == symbols
    assert codec.encode_batch([text, "a"]) == [ids, [2]]
    assert codec.marks == {1, 3, 5} and codec.size == len(LIST)


@settings(max_examples=50)
@given(PIECES, st.sampled_from(["bytes", "unigram", "wordpiece"]))
def test_nothing_typed_is_special_and_all_else_is_the_librarys(text: str, kind: str) -> None:
    plain = Tokenizer.from_str(tokenizer(kind).to_str())
    codec = Symbols(Tokenizer.from_str(tokenizer(kind).to_str()))
    ids = codec.encode(text)
    names = [token.content for token in plain.get_added_tokens_decoder().values()]
    unknown = plain.token_to_id("[UNK]" if kind == "wordpiece" else "<unk>")
    assert codec.marks == {plain.token_to_id(name) for name in names}
    assert codec.marks.isdisjoint(set(ids) - {unknown})
    if not any(name in text for name in names) and text.isprintable():
        assert ids == plain.encode(text, add_special_tokens=False).ids
        assert codec.decode(ids) == plain.decode(ids).strip()
    limit = len(ids) // 2
    beginning = codec.cut(text, limit)
    assert text.startswith(beginning) and len(codec.encode(beginning)) <= limit


@pytest.mark.parametrize("kind", ["bytes", "unigram", "wordpiece"])
def test_it_is_saved_and_read_again(kind: str, tmp_path: Path) -> None:
    codec = Symbols(Tokenizer.from_str(tokenizer(kind).to_str()))
    codec.save(tmp_path / "tokenizer.json")
    again = Symbols.load(tmp_path / "tokenizer.json")
    assert again.marks == codec.marks and again.to_json() == codec.to_json()
    for text in ("the black cat", "</s> [SEP] un chat", ""):
        assert again.encode(text) == codec.encode(text)


@pytest.mark.parametrize(
    ("symbols", "special", "unknown", "between", "sentence"),
    [
        (["a", "b", "a"], ["b"], None, " ", r"The symbol 'a' is in the list twice"),
        (["a"], ["</s>"], None, " ", r"The special symbol '</s>' is not in the list"),
        (["a"], [], "<unk>", " ", r"The special symbol '<unk>' is not in the list"),
        (["a"], [], None, ", ", r"between is ', '; symbols are separated by a space or by nothing"),
    ],
)
def test_a_list_that_cannot_be_one_is_refused(
    symbols: Sequence[str], special: Sequence[str], unknown: str | None, between: str, sentence: str
) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        Symbols.of(symbols, special=special, unknown=unknown, between=between)


def test_without_an_unknown_symbol_a_text_with_one_is_refused() -> None:
    codec = Symbols.of(["a", "b"], special=[])
    assert codec.encode("b a") == [1, 0]
    with pytest.raises(GlassheadError, match=r"'b z' has a part that this vocabulary lacks"):
        codec.encode("b z")


def test_a_file_with_gaps_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Symbols.of(["a", "b"], special=[]).save(path)
    content = json.loads(path.read_text())
    content["model"]["vocab"]["b"] = 7
    path.write_text(json.dumps(content))
    with pytest.raises(GlassheadError, match=r"it has 2 entries, but their numbers go up to 7.*without gaps"):
        Symbols.load(path)
