"""A tokenizer of Hugging Face as Names: text ↔ ids ↔ tokens, whatever it marks the beginning of a word with.

A token is spelled as everywhere here: "▁chat" begins a word, "s" continues one. Byte-level tokenizers spell every byte
as one printable character ("Ġ" is a space), WordPiece marks the continuation instead ("##s").
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from glasshead.errors import GlassheadError, brief
from glasshead.symbols import cut, encode_plainly
from glasshead.text import WORD_START, Token


class HuggingNames:
    """The tokenizer of a model, for one side."""

    def __init__(self, tokenizer: Any, *, target: bool = False, mask: bool = False) -> None:
        """tokenizer: a PreTrainedTokenizer of Hugging Face · target: whether texts are targets, which Marian cuts in
        another way · mask: whether the mask token may be typed.
        """
        self.tokenizer = tokenizer
        self._keyword = "text_target" if target and hasattr(tokenizer, "spm_target") else "text"
        # Marian may have a vocabulary for each side, and names ids as those of the target.
        own = not target and getattr(tokenizer, "separate_vocabs", False)
        self._source = {number: name for name, number in tokenizer.encoder.items()} if own else {}
        self._mask = tokenizer.mask_token if mask else None
        self._special = frozenset(tokenizer.all_special_tokens)
        self._marks = frozenset(tokenizer.all_special_ids) - {tokenizer.unk_token_id}

    @property
    def size(self) -> int:
        """Entries of the vocabulary."""
        return len(self.tokenizer)

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without the tokens that a prompt adds.

        Special tokens in it are ordinary text, but for the mask where it may be typed.
        """
        if self._mask is None or self._mask not in text:
            return self._encode(text)
        before, _, after = text.partition(self._mask)
        return [*self._encode(before.rstrip()), self.tokenizer.mask_token_id, *self.encode(after)]

    def _encode(self, text: str) -> list[int]:
        # Some vocabularies have the names of special tokens as ordinary pieces too.
        return encode_plainly(self._plain, text, self._special, self._marks)

    def _plain(self, text: str) -> list[int]:
        given = {self._keyword: text, "add_special_tokens": False, "split_special_tokens": True}
        found: list[int] = self.tokenizer(**given)["input_ids"]
        return found

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, self.spell(number), p) for number, p in zip(ids, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text, without special tokens."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text.strip()

    def normalize(self, text: str) -> str:
        """Normalise a text as the tokenizer does before it cuts it: perhaps lower case, perhaps without accents."""
        normalizer = getattr(getattr(self.tokenizer, "backend_tokenizer", None), "normalizer", None)
        if normalizer is None:
            return text
        return str(normalizer.normalize_str(text)).replace(WORD_START, " ").strip()

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return cut(text, limit, self.encode)

    def spell(self, number: int) -> str:
        """Spell one token for a reader; an id that the tokenizer lacks is spelled as a number."""
        name = self._source.get(number) or self.tokenizer.convert_ids_to_tokens(number)
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


class ChatNames(HuggingNames):
    """The tokenizer of a chat model. A text is what a user says, and is put into the model's template."""

    def __init__(self, tokenizer: Any) -> None:
        """Raises GlassheadError for a tokenizer without a template."""
        super().__init__(tokenizer)
        if not getattr(tokenizer, "chat_template", None):
            raise GlassheadError("This model's tokenizer has no chat template: leave out --chat.")

    def encode(self, text: str) -> list[int]:
        """Encode a template with a text in it, special tokens included; those in the text are ordinary text."""
        if not text.strip():
            return []
        if not any(name in text for name in self._special):
            return self._fill(text)
        hole = "\ufffc" * 3
        whole = self._render(hole)
        if whole.count(hole) != 1:
            raise GlassheadError("This text holds names of special tokens, and the chat template uses it twice.")
        before, after = (self.tokenizer(part, add_special_tokens=False)["input_ids"] for part in whole.split(hole))
        return [*before, *super().encode(text), *after]

    def _fill(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(self._render(text), add_special_tokens=False)["input_ids"]
        return found

    def _render(self, text: str) -> str:
        said = [{"role": "user", "content": text}]
        try:
            return str(self.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
        except Exception as error:  # a template is a program of its own
            raise GlassheadError(f"The chat template does not take this text: {brief(str(error))}") from error


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
