"""Ids in place of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.adapters.ids import IdNames, parse_ids
from glasshead.errors import GlassheadError


@given(ids=st.lists(st.integers(0, 99), max_size=20), between=st.sampled_from([",", " ", ", ", " ,\t"]))
def test_ids_are_parsed_however_they_are_separated(ids: list[int], between: str) -> None:
    assert parse_ids(between.join(map(str, ids)), 100) == ids


@pytest.mark.parametrize("text", ["a", "1,b", "-1", "1.5", "²", "1" * 13, "١"])
def test_anything_else_is_named(text: str) -> None:
    with pytest.raises(GlassheadError, match=r"is not an id: give whole numbers"):
        parse_ids(text, 10**15)


def test_an_id_beyond_the_vocabulary_is_named() -> None:
    with pytest.raises(GlassheadError, match=r"no token 100; the vocabulary has 100, counted from 0"):
        parse_ids("3,100", 100)


@given(ids=st.lists(st.integers(0, 99), max_size=8), limit=st.integers(0, 10))
def test_without_a_tokenizer_a_token_is_its_number(ids: list[int], limit: int) -> None:
    names = IdNames(100, None)
    text = ",".join(map(str, ids))
    assert [token.id for token in names.tokens(names.encode(text))] == ids
    assert [token.text.lstrip("▁") for token in names.tokens(ids)] == [str(each) for each in ids]
    assert names.decode(ids).split() == [str(each) for each in ids]
    assert names.encode(names.cut(text, limit)) == ids[:limit]
