"""What the owner of a model calls its tokens, as Names: a list of words or characters, a mapping, a tokenizer, nothing.

Torch has no word for this, so every tutorial has its own: `vocab.get_itos()`, `dictionary.idx2word`, `stoi` and `itos`.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from glasshead.adapters.ids import IdNames
from glasshead.errors import GlassheadError, brief
from glasshead.text import Token

Encode = Callable[[str], Sequence[int]]
TABLES = ("get_itos", "itos", "idx2word", "id2token", "get_vocab", "vocab", "word2idx", "stoi", "token2id")
"""Attributes and methods of vocabularies that hold a list or a mapping of names."""
UNKNOWN = ("<unk>", "[UNK]", "<UNK>", "UNK", "unk")


class Listed:
    """Names of a list. A text is cut at spaces, or, if all names but special ones are single characters, into those."""

    def __init__(self, names: Sequence[str], encode: Encode | None = None) -> None:
        """encode: cuts a text in place of that."""
        self.names, self._encode = tuple(names), encode
        self.size = len(self.names)
        self._ids = {name: number for number, name in reversed(list(enumerate(self.names)))}
        usual = [name for name in self.names if not is_special(name)]
        self._between = "" if usual and all(len(name) == 1 for name in usual) else " "

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids. Raises GlassheadError for a word without a name, if there is no unknown word."""
        if self._encode is not None:
            return whole(self._encode(text), "encode(text)")
        return [self._find(part) for part in (self._characters(text) if not self._between else text.split())]

    def _characters(self, text: str) -> list[str]:
        special = [name for name in self.names if is_special(name)]
        found: list[str] = []
        while text:
            part = next((name for name in special if text.startswith(name)), text[0])
            found.append(part)
            text = text[len(part) :]
        return found

    def _find(self, part: str) -> int:
        for name in (part, part.lower(), *UNKNOWN):
            if name in self._ids:
                return self._ids[name]
        close = get_close_matches(part, self.names, n=2)
        hint = f" Near it: {', '.join(close)}." if close else ""
        raise GlassheadError(f"{brief(part)} is none of the tokens.{hint}")

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, self._name(number), p) for number, p in zip(ids, given, strict=True)]

    def _name(self, number: int) -> str:
        return self.names[number] if 0 <= number < self.size else f"<{number}>"

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text, with special tokens: what they mean is the owner's."""
        return self._between.join(self._name(number) for number in ids)

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return cut(self, text, limit)


class Spoken:
    """The tokenizer of any library that has `encode` and `decode`."""

    def __init__(self, tokenizer: Any, size: int, encode: Encode | None = None) -> None:
        self._tokenizer, self.size = tokenizer, size
        self._encode: Any = encode or tokenizer.encode

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, with whatever the tokenizer adds to it."""
        found = self._encode(text)
        return whole(getattr(found, "ids", found), "tokens.encode(text)")

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, self._name(number), p) for number, p in zip(ids, given, strict=True)]

    def _name(self, number: int) -> str:
        for how in ("id_to_token", "id_to_piece", "IdToPiece"):
            if hasattr(self._tokenizer, how):
                found = getattr(self._tokenizer, how)(number)
                return f"<{number}>" if found is None else str(found)
        return self.decode([number]) or f"<{number}>"

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text."""
        return str(self._tokenizer.decode(list(ids)))

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return cut(self, text, limit)


class Begun:
    """Names under which one text stands for the very ids that the owner gave, however else it would be cut."""

    def __init__(self, names: Any, ids: Sequence[int]) -> None:
        self._names, self._ids = names, list(ids)
        self.text: str = names.decode(self._ids).strip() or " ".join(map(str, ids))
        self.size: int = names.size

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids."""
        return list(self._ids) if text == self.text else self._names.encode(text)

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""
        return self._names.tokens(ids, probabilities)

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text."""
        return self._names.decode(ids)

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""
        return text if len(self.encode(text)) <= limit else self._names.cut(text, limit)


def names_of(tokens: Any, size: int, encode: Encode | None = None) -> Any:
    """Make Names of what an owner has. size: tokens that the model knows.

    Raises GlassheadError for anything that names no tokens.
    """
    if tokens is None:
        return IdNames(size, None) if encode is None else Listed([str(number) for number in range(size)], encode)
    if isinstance(tokens, str):
        return Listed(tuple(tokens), encode)
    if isinstance(tokens, Mapping):
        return Listed(_from_mapping(tokens), encode)
    if isinstance(tokens, Sequence):
        return Listed(_from_list(tokens), encode)
    if encode is None and all(hasattr(tokens, name) for name in ("encode", "tokens", "decode", "cut", "size")):
        return tokens
    if hasattr(tokens, "convert_ids_to_tokens") and hasattr(tokens, "all_special_ids"):
        from glasshead.adapters.huggingface.names import HuggingNames

        return HuggingNames(tokens)
    if hasattr(tokens, "encode") and hasattr(tokens, "decode"):
        return Spoken(tokens, size, encode)
    for name in TABLES:
        found = getattr(tokens, name, None)
        found = found() if callable(found) else found
        if isinstance(found, (Mapping, Sequence)) and not isinstance(found, str):
            return names_of(found, size, encode)
    raise GlassheadError(
        f"tokens= is a {type(tokens).__name__}, which names no tokens: give a list of names in the order of their ids, "
        "a mapping from names to ids, or a tokenizer with encode and decode."
    )


def _from_list(names: Sequence[Any]) -> list[str]:
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None or not names:
        what = "is empty" if not names else f"holds {brief(wrong)}"
        raise GlassheadError(f"The list of tokens {what}: give names, strings, in the order of their ids.")
    return [*names]


def _from_mapping(mapping: Mapping[Any, Any]) -> list[str]:
    """Order the names of a mapping of either direction by their ids; an id without a name gets its number."""
    pairs = [(value, key) if isinstance(value, int) else (key, value) for key, value in mapping.items()]
    wrong = next(((key, value) for key, value in pairs if not (isinstance(key, int) and isinstance(value, str))), None)
    if wrong is not None or not pairs or min(pairs)[0] < 0:
        raise GlassheadError("The mapping of tokens is empty, or pairs something else than a name and an id.")
    names = dict(pairs)
    if max(names) > 2 * len(names) + 1000:
        raise GlassheadError(f"The mapping of tokens has {len(names):,} names, and one has the id {max(names):,}.")
    return [names.get(number, f"<{number}>") for number in range(max(names) + 1)]


def is_special(name: str) -> bool:
    """Tell whether a name is one that no text holds: <bos>, [CLS]."""
    return len(name) > 2 and (name[0], name[-1]) in (("<", ">"), ("[", "]"))


def whole(ids: Any, what: str) -> list[int]:
    """Return ids as whole numbers. Raises GlassheadError for anything else."""
    found = ids.flatten().tolist() if isinstance(ids, Tensor) else ids
    try:
        numbers = [int(number) for number in found]
        if any(number != given for number, given in zip(numbers, found, strict=True)):
            raise ValueError
    except (TypeError, ValueError):
        raise GlassheadError(f"{what} gave {brief(ids)}; ids of tokens are whole numbers.") from None
    return numbers


def cut(names: Any, text: str, limit: int) -> str:
    """Return the longest beginning of a text that has at most `limit` tokens."""
    if len(names.encode(text)) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(names.encode(text[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low]
