"""Tokens and numbers in writing."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.text import Codec, Token
from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.drawing.numbers import error, real, told_apart, weight


def value_of(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


@given(st.floats(0, 1), st.integers(3, 8))
def test_a_weight_reads_back_to_its_last_digit(number: float, room: int) -> None:
    text = weight(number, room)
    assert len(text) <= room
    assert abs(value_of(text) - number) <= 0.51 * 10 ** -min(4, room - 2 if text[0] != "." else room - 1)
    assert (text == "0") == (number == 0)


@given(st.floats(-1e300, 1e300) | st.sampled_from([math.inf, -math.inf]), st.integers(5, 12))
def test_a_number_fits_its_room_and_reads_back(number: float, room: int) -> None:
    text = real(number, room)
    assert len(text) <= room
    if "▲" in text:
        assert room < 8 and abs(number) >= 1e9
    elif math.isfinite(number):
        assert value_of(text) == pytest.approx(number, rel=0.5, abs=0.5)
        assert math.copysign(1, value_of(text)) == math.copysign(1, number) or value_of(text) == 0
    else:
        assert value_of(text) == number


@pytest.mark.parametrize(
    ("number", "room", "text"),
    [
        (18.423, 9, "18.4230"), (-0.0042, 6, "−.0042"), (3.2568, 4, "3.26"), (-12.34, 5, "−12.3"), (123456.0, 4, "1e5"),
        (-math.inf, 4, "−∞"), (math.nan, 4, "nan"), (-0.0, 9, "0"), (0.0, 9, "0"), (0.25, 9, ".2500"),
        (-0.25, 9, "−.2500"),
        (0.00013, 5, ".0001"), (0.00013, 9, ".0001"), (3e-7, 5, "3e-7"), (-3.1e-7, 9, "−3.1e-7"), (3e-7, 4, ".000"),
        (-3e-7, 4, ".000"), (1e-200, 5, ".0000"),
    ],
)  # fmt: skip
def test_numbers_as_a_person_writes_them(number: float, room: int, text: str) -> None:
    assert real(number, room) == text


@given(st.lists(st.floats(0, 1, width=32), max_size=9), st.integers(5, 12))
def test_numbers_in_an_order_are_told_from_their_neighbours(numbers: list[float], room: int) -> None:
    numbers.sort(reverse=True)
    texts = told_apart(numbers, room)
    assert len(texts) == len(numbers) and all(len(text) <= room for text in texts)
    for (one, text), (other, below) in pairwise(zip(numbers, texts, strict=True)):
        assert one != other or value_of(text) == pytest.approx(value_of(below), abs=1e-4)
        assert value_of(text) >= value_of(below) - 6e-5
        if room > 10 and one - other > 2e-8:
            assert value_of(text) > value_of(below)


def test_digits_are_written_where_they_are_needed() -> None:
    assert told_apart([0.99989, 0.99987, 0.5, 0.5, 0.1]) == [".99989", ".99987", ".5000", ".5000", ".1000"]
    assert told_apart([10.00004, 10.00001]) == ["10.00004", "10.00001"]


@given(st.floats(-1, 1), st.integers(3, 12))
def test_no_number_has_a_0_before_its_point_nor_a_sign_at_a_0(number: float, room: int) -> None:
    text = real(number, room)
    assert not text.lstrip("−").startswith("0.") and "-" not in text.partition("e")[0]
    assert text.startswith("−") == (value_of(text) < 0)


def test_a_candidate_is_named_as_it_would_be_written_next() -> None:
    def tokens(*texts: str) -> tuple[Token, ...]:
        return tuple(Token(number, text) for number, text in enumerate(texts))

    offered = tokens("at", "▁at", "</s>", "at", "<0xE9>")
    assert next_labels(tokens("<s>", "▁c"), offered) == ("‿at", "at", "■", "‿at", "E9")
    assert next_labels(tokens("<s>"), offered) == ("at", "at", "■", "at", "E9")
    assert next_labels(tokens("<s>", "c"), tokens("a", "b")) == ("a", "b"), "a vocabulary without word starts"


def test_errors_have_one_digit() -> None:
    assert [error(number) for number in (3.2e-7, 0.0, 2.0)] == ["3e-7", "0", "2e0"]


def test_pieces_of_words_are_joined_to_them() -> None:
    names = ["<s>", "▁the", "▁c", "at", ".", "</s>", "<pad>"]
    assert labels(tuple(Token(n, name) for n, name in enumerate(names))) == ("▸", "the", "c", "‿at", "‿.", "■", "<pad>")


def test_special_tokens_are_no_pieces_of_words() -> None:
    names = ["[CLS]", "▁bl", "ack", "[SEP]", "<pad>"]
    found = labels(tuple(Token(n, name) for n, name in enumerate(names)))
    assert found == ("[CLS]", "bl", "‿ack", "[SEP]", "<pad>")


def test_a_vocabulary_without_word_starts_is_left_alone() -> None:
    assert labels((Token(1, "<s>"), Token(5, "a"), Token(6, "b"))) == ("▸", "a", "b")


def test_what_a_vocabulary_holds_cannot_act_on_the_terminal() -> None:
    assert labels((Token(5, "▁\x1b[2J"), Token(6, "[/b]"), Token(7, "▁"))) == ("␛[2J", "‿[/b]", "␣")


@pytest.mark.parametrize("text", ["漢字", "é€😀", "a漢"])
def test_a_character_that_the_vocabulary_lacks_is_its_bytes(text: str) -> None:
    codec = Codec.train(["a b"], vocab_size=300)
    names = labels(tuple(codec.tokens(codec.encode(text))))
    assert [name for name in names if len(name) == 2 and name.isalnum()] == [
        f"{byte:02X}" for character in text if character != "a" for byte in character.encode()
    ]
