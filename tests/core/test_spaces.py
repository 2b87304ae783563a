"""White space is what Unicode says, and the same to all that read text."""

import sys
import unicodedata

import pytest
from tokenizers import Regex, normalizers

from glasshead.spaces import WHITE_SPACE, is_blank, plain_spaces
from glasshead.text import Codec


def test_it_is_what_unicode_says() -> None:
    """By its definition: the separators, and of the controls tab to carriage return and NEL."""
    separators = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "Z"}
    assert set(WHITE_SPACE) == separators | set("\t\n\v\f\r\x85")
    pattern = normalizers.Replace(Regex(r"\s"), "")
    assert all(pattern.normalize_str(space) == "" for space in WHITE_SPACE), "what the library of the vocabularies says"


@pytest.mark.parametrize("space", WHITE_SPACE, ids=lambda space: f"U+{ord(space):04X}")
def test_a_vocabulary_reads_every_white_space_as_a_space(space: str) -> None:
    codec = Codec.train(["the cat"] * 3, vocab_size=300)
    assert codec.encode(f"{space}the{space}cat{space}") == codec.encode("the cat")
    assert plain_spaces(f"the{space}cat") == "the cat" and is_blank(space * 2) and not is_blank(f"{space}a")


@pytest.mark.parametrize("control", "\x1c\x1d\x1e\x1f\u200b\ufeff")
def test_what_python_or_an_eye_takes_for_a_space_is_none(control: str) -> None:
    codec = Codec.train(["the cat"] * 3, vocab_size=300)
    assert codec.encode(control) and not is_blank(control) and plain_spaces(control) == control
