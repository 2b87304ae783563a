"""Tokens of much text: the ids of a word do not depend on its neighbours, so a known word is looked up.

A vocabulary splits text at its spaces first, and no token spans two words. Most words of a corpus are among a few ten
thousand, so this takes a tenth of the time of `Codec.encode_batch`, and gives the same ids.
"""

import re
from collections.abc import Sequence
from itertools import chain

from glasshead.spaces import WHITE_SPACE
from glasshead.text import Codec

KEPT = 100_000
"""Most words that are remembered; then all are forgotten, and the usual ones soon come again."""
LONGEST = 24
"""Characters of the longest word that is remembered: longer ones are rare, or are whole sentences of a script without
spaces, which do not come again."""
OTHER = re.compile(r"[\x1c-\x1f]")
"""Characters that are spaces for Python, but not for Unicode, and so not for the vocabulary."""


class Encoder:
    """`Codec.encode` for many texts."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._longest = max(len(codec.name(number)) for number in range(codec.size))
        self._known: dict[str, list[int]] = {}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode every text to ids, without start and end."""
        split = [words(text) for text in texts]
        known = self._known
        missing = {word for text in split for word in text if word not in known}
        if 2 * len(missing) > sum(map(len, split)):  # few words come again: looking them up would not pay
            return self.codec.encode_batch(texts)
        if len(known) + len(missing) > KEPT:
            known.clear()
            missing = {word for text in split for word in text}
        if missing:
            order = list(missing)
            known.update(zip(order, self.codec.encode_batch(order), strict=True))
        found = [list(chain.from_iterable([known[word] for word in text])) for text in split]
        for word in missing:
            if len(word) > LONGEST:
                del known[word]
        return found

    def exceeds(self, text: str, limit: int) -> bool:
        """Tell whether a text certainly has `limit` tokens or more, without encoding it.

        Every word has at least one token. No subword has more characters than the longest entry of the vocabulary, and
        no character of the normal form comes from more than four (Unicode, UAX #15).
        """
        if len(text) < limit:  # the usual case: a text hardly has more tokens than characters
            return False
        found = words(text)
        return len(found) >= limit or (
            self.codec.level == "subword" and sum(map(len, found)) > 4 * self._longest * limit
        )


def words(text: str) -> list[str]:
    """Split a text at its spaces."""
    if text.isprintable() or not OTHER.search(text):  # the first test is quick, and true for nearly all
        return text.split()
    return [word for word in re.split(f"[{WHITE_SPACE}]+", text) if word]
