"""A tokenizer of Hugging Face as Names: text ↔ ids ↔ tokens, whatever it marks the beginning of a word with.

A token is spelled as everywhere here: "▁chat" begins a word, "s" continues one. Byte-level tokenizers spell every byte
as one printable character ("Ġ" is a space), WordPiece marks the continuation instead ("##s").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from glasshead.symbols import cut, encode_plainly
from glasshead.text import WORD_START, Token


class HuggingNames:
    """The tokenizer of a model."""

    def __init__(self, tokenizer: Any) -> None:
        """tokenizer: a PreTrainedTokenizer of Hugging Face."""
        self.tokenizer = tokenizer
        self._special = frozenset(tokenizer.all_special_tokens)
        self._marks = frozenset(tokenizer.all_special_ids) - {tokenizer.unk_token_id}

    @property
    def size(self) -> int:
        """Entries of the vocabulary."""
        return len(self.tokenizer)

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without the tokens that a prompt adds. Special tokens in it are ordinary text."""
        # Some vocabularies have the names of special tokens as ordinary pieces too.
        return encode_plainly(self._plain, text, self._special, self._marks)

    def _plain(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return found

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, self.spell(number), p) for number, p in zip(ids, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text, without special tokens."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text.strip()

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return cut(text, limit, self.encode)

    def spell(self, number: int) -> str:
        """Spell one token for a reader; an id that the tokenizer lacks is spelled as a number."""
        name = self.tokenizer.convert_ids_to_tokens(number)
        if name is None:
            return f"<{number}>"
        if name in self._special:
            return str(name)
        if self._bytes:
            return _spell_bytes(name, self._bytes)
        if self._pieces:
            return name.removeprefix("##") if name.startswith("##") else f"{WORD_START}{name}"
        return str(name)

    @cached_property
    def _kind(self) -> str:
        """The kind of its decoder, as the tokenizers library names it; empty for one without."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        return str(getattr(backend, "decoder", None))

    @cached_property
    def _bytes(self) -> dict[str, int]:
        """Character → byte of a byte-level tokenizer; empty for any other."""
        return byte_characters() if "ByteLevel" in self._kind else {}

    @cached_property
    def _pieces(self) -> bool:
        return "WordPiece" in self._kind


@dataclass(frozen=True)
class Shared:
    """One tokenizer for both sides."""

    source: HuggingNames
    target: HuggingNames


def byte_characters() -> dict[str, int]:
    """Map the printable characters of byte-level tokenizers to their bytes (Radford et al. 2019).

    A printable byte of Latin-1 is its own character; the others, in order, are the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = (byte for byte in range(256) if byte not in printable)
    return {
        **{chr(byte): byte for byte in printable},
        **{chr(0x100 + place): byte for place, byte in enumerate(others)},
    }


def _spell_bytes(name: str, bytes_of: dict[str, int]) -> str:
    if not all(character in bytes_of for character in name):
        return name
    raw = bytes(bytes_of[character] for character in name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:  # a part of a character
        return "".join(f"<0x{byte:02X}>" for byte in raw)
    return f"{WORD_START}{text[1:]}" if text.startswith(" ") else text
