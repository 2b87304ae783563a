"""Words of tokens: the pieces that a vocabulary cut a word into, joined again. Strings only, no torch."""

import re
from collections.abc import Sequence
from itertools import groupby

from glasshead.recipes.links import Span
from glasshead.text import Token

Word = tuple[int, ...]
"""Positions of the tokens of one word, which stand beside each other."""

_STARTS = ("▁", "Ġ")
_JOINS = "##"
"""Beginning of a piece that continues a word, in vocabularies like BERT's."""
_WHOLE = re.compile(r"\[(?:UNK|MASK)\]|<mask>")
"""A token in place of a word."""
_SPECIAL = re.compile(r"<(?!0x|unk>|mask>)[^<>\s]+>|\[(?!UNK|MASK)[A-Z]+\]|>>\S+<<")
_BYTE = re.compile("<0x[0-9A-F]{2}>")
_ALONE = re.compile(r"[^\w']|[\d_]")


def is_special(token: Token) -> bool:
    """Tell whether a token is no text: a start, an end, padding, a language."""
    return _SPECIAL.fullmatch(token.text) is not None


def words(tokens: Sequence[Token], *, whole: bool = True) -> tuple[Word, ...]:
    """Join the pieces of words; tokens that are no text belong to none. whole: False leaves every token alone.

    A digit and a mark are words of their own, and an apostrophe ends one: ▁l' | homme are two. Where no token says that
    it begins or continues a word, each is one.
    """
    spaces = any(token.text.startswith(_STARTS) for token in tokens)
    hashes = any(token.text.startswith(_JOINS) for token in tokens)
    found: list[list[int]] = []
    before = None
    for at, token in enumerate(tokens):
        if is_special(token):
            before = None
            continue
        text = token.text
        apart = not hashes and any(_WHOLE.fullmatch(each.lstrip("".join(_STARTS))) for each in (text, before or ""))
        continues = text.startswith(_JOINS) if hashes else spaces and not text.startswith(_STARTS) and not apart
        bare = before in _STARTS  # the space before a piece that has none of its own
        ends = before is None or _parts(before) or _ALONE.fullmatch(text) is not None
        if whole and continues and (bare or not ends):
            found[-1].append(at)
        else:
            found.append([at])
        before = text
    return tuple(map(tuple, found))


def _parts(text: str) -> bool:
    """Tell whether a word ends with this piece."""
    plain = text.lstrip("".join(_STARTS))
    return plain.endswith("'") or _ALONE.fullmatch(plain) is not None


def text_of(tokens: Sequence[Token], word: Word) -> str:
    """Write a word as it stands in the text; bytes that are no UTF-8 become �."""
    return written([tokens[at] for at in word])[0]


def word_at(found: Sequence[Word], position: int) -> int | None:
    """Find the word that a token belongs to."""
    return next((number for number, word in enumerate(found) if position in word), None)


def written(tokens: Sequence[Token]) -> tuple[str, tuple[Span | None, ...]]:
    """Write tokens as the text that they spell, and where in it each stands; None for one that is no text.

    The bytes of characters that a vocabulary lacks stand, all of them, where those characters do.
    """
    text = ""
    found: list[Span | None] = []
    for is_byte, run in groupby(tokens, lambda token: _BYTE.fullmatch(token.text) is not None):
        pieces = list(run)
        if is_byte:
            said = bytes(int(token.text[3:5], 16) for token in pieces).decode("utf-8", "replace")
            found += [(len(text), len(text) + len(said))] * len(pieces)
            text += said
            continue
        for token in pieces:
            if is_special(token):
                found.append(None)
                continue
            piece = token.text.removeprefix(_JOINS)
            plain = piece.lstrip("".join(_STARTS))
            text += " " * ((plain != piece or _WHOLE.fullmatch(plain) is not None) and bool(text))
            found.append((len(text), len(text) + len(plain)))
            text += plain
    return text, tuple(found)
