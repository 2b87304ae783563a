"""Vocabularies of others: special ids anywhere, and text taken apart in their way.

    codec = Symbols.of(["<pad>", "<go>", "a", "b"], special=["<pad>", "<go>"])     whole symbols, spaces between them
    codec = Symbols.load("tokenizer.json")                              any tokenizer of the `tokenizers` library

The number of a symbol is its place in the list. Here too, nothing typed is special: what a tokenizer calls a special
token exists only as an id.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Self

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from glasshead.errors import GlassheadError, brief
from glasshead.text import Codec, Token, well_formed


class Symbols(Codec):
    """Text ↔ ids in a vocabulary of another's. Its `marks` are the ids of what it calls special tokens."""

    REMEDY = "numbers its entries from 0 on without gaps"

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True
        super().__init__(tokenizer)
        added = tokenizer.get_added_tokens_decoder()
        self.marks = frozenset(number for number, token in added.items() if token.special)
        self._names = frozenset(added[number].content for number in self.marks)
        self.unknown = _unknown(tokenizer)
        self._unsaid = self.marks - {self.unknown}

    @classmethod
    def of(
        cls, symbols: Sequence[str], *, special: Iterable[str], unknown: str | None = None, between: str = " "
    ) -> Self:
        """Make a vocabulary of a list of symbols, each of which has its place in it as its id.

        special: those that are no text. unknown: the one that stands for all that is not in the list; without it such
        a text is refused. between: what separates symbols, a space, or nothing if each is one character.
        Raises GlassheadError for a symbol that is in the list twice, and for a special one that is not in it.
        """
        special = list(special)
        if twice := sorted({each for each in symbols if symbols.count(each) > 1}):
            raise GlassheadError(f"The symbol {brief(twice[0])} is in the list twice: it would have two ids.")
        if missing := [each for each in (*special, unknown) if each is not None and each not in symbols]:
            raise GlassheadError(f"The special symbol {brief(missing[0])} is not in the list of symbols.")
        if between not in (" ", ""):
            raise GlassheadError(f"between is {brief(between)}; symbols are separated by a space or by nothing.")
        model = models.WordLevel({each: number for number, each in enumerate(symbols)}, unk_token=unknown or "")
        tokenizer = Tokenizer(model)
        if between:
            tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        else:
            tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
            tokenizer.decoder = decoders.Fuse()
        tokenizer.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in special])
        return cls(tokenizer)

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without special ones but the unknown. Raises GlassheadError if a part has no id."""
        return encode_plainly(self._plain, text, self._names, self._unsaid)

    def _plain(self, text: str) -> list[int]:
        try:
            ids: list[int] = self._tokenizer.encode(well_formed(text), add_special_tokens=False).ids
        except Exception as error:  # the library raises a bare one
            raise GlassheadError(f"{brief(text)} has a part that this vocabulary lacks ({brief(error)}).") from None
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode many texts."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text, without special tokens."""
        kept = [number for number in map(int, ids) if number not in self.marks and number < self.size]
        text: str = self._tokenizer.decode(kept, skip_special_tokens=False)
        return text.strip()

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return cut(text, limit, self.encode)

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids; one that the model has and the vocabulary lacks is spelled as a number."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [
            Token(number, self.name(number) if number < self.size else f"<{number}>", p)
            for number, p in zip(map(int, ids), given, strict=True)
        ]

    @classmethod
    def refusal(cls, tokenizer: Tokenizer) -> str | None:
        """Describe what keeps a tokenizer from being used; None if nothing does."""
        last = max(tokenizer.get_vocab().values(), default=-1)
        if last != tokenizer.get_vocab_size() - 1:
            return f"it has {tokenizer.get_vocab_size()} entries, but their numbers go up to {last}"
        return None


def encode_plainly(
    encode: Callable[[str], list[int]], text: str, names: Collection[str], marks: Collection[int]
) -> list[int]:
    """Encode a text so that no typed name of a special token becomes one, whatever the vocabulary has as a piece.

    encode: the library's way · names, marks: special tokens and their ids, none of which is in the result.
    """
    found = encode(text)
    if not any(number in marks for number in found):
        return found
    at = min((place for name in names if (place := text.find(name)) >= 0), default=-1)
    if at < 0:
        return [number for number in found if number not in marks]
    return [
        *encode_plainly(encode, text[: at + 1], names, marks),
        *encode_plainly(encode, text[at + 1 :], names, marks),
    ]


def cut(text: str, limit: int, encode: Callable[[str], list[int]]) -> str:
    """Return the text if it has at most `limit` tokens, else its longest beginning that has, found by halving."""
    if len(encode(text)) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(encode(text[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _unknown(tokenizer: Tokenizer) -> int | None:
    """Return the id that stands for what a vocabulary lacks."""
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    found: int | None = model.get("unk_id")
    return tokenizer.token_to_id(model["unk_token"]) if model.get("unk_token") else found
