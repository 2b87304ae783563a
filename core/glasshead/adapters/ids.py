"""Ids in place of text: a model is given exactly these, and a tokenizer, if there is one, only spells them."""

from collections.abc import Sequence
from dataclasses import dataclass

from glasshead.decoding.protocols import Names
from glasshead.errors import GlassheadError
from glasshead.text import WORD_START, Token


class IdNames:
    """Ids in place of text, spelled by a tokenizer if there is one."""

    def __init__(self, size: int, names: Names | None) -> None:
        """size: of the vocabulary · names: the tokenizer, if there is one."""
        self.size, self._names = size, names

    def encode(self, text: str) -> list[int]:
        """Parse ids. Raises GlassheadError for any other text, and for ids beyond the vocabulary."""
        return parse_ids(text, self.size)

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        if self._names is not None:
            return self._names.tokens(ids, probabilities)
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, f"{WORD_START}{number}", p) for number, p in zip(ids, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text, or write them with spaces between."""
        return " ".join(map(str, ids)) if self._names is None else self._names.decode(ids)

    def cut(self, text: str, limit: int) -> str:
        """Return the first `limit` ids."""
        return ",".join(map(str, self.encode(text)[:limit]))


@dataclass(frozen=True)
class IdSides:
    """The names of both sides, which may be of two kinds."""

    source: Names
    target: Names


def parse_ids(text: str, size: int) -> list[int]:
    """Parse ids with commas or spaces between them. Raises GlassheadError for anything else, and for one ≥ size."""
    words = text.replace(",", " ").split()
    odd = next((word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 12)), None)
    if odd is not None:
        raise GlassheadError(f"{odd[:40]!r} is not an id: give whole numbers with commas between them, as in 3,17,2.")
    found = [int(word) for word in words]
    beyond = next((number for number in found if number >= size), None)
    if beyond is not None:
        raise GlassheadError(f"There is no token {beyond}; the vocabulary has {size:,}, counted from 0.")
    return found
