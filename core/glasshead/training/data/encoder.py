"""Tokens of much text: what a word becomes does not depend on its neighbours, so it is looked up when it comes again.

A vocabulary takes text apart at its spaces first, and no token reaches across one. Most words of a corpus are among a
few ten thousand, so this takes a tenth of the time of `Codec.encode_batch`, and gives the same ids.
"""

import re
from collections.abc import Sequence
from itertools import chain

from glasshead.spaces import WHITE_SPACE
from glasshead.text import Codec

KEPT = 100_000
"""Words that are remembered; then all are forgotten, and the usual ones are soon there again."""
LONGEST = 24
"""Characters of the longest word that is remembered: longer ones are rare, or no words but whole sentences of a script
that has no spaces, which do not come again."""
OTHER = re.compile(r"[\x1c-\x1f]")
"""What Python takes for spaces, and Unicode, and with it the vocabulary, does not."""


class Encoder:
    """`Codec.encode` for many texts."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._longest = max(len(codec.name(number)) for number in range(codec.size))
        self._known: dict[str, list[int]] = {}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of every text, without start and end."""
        split = [words(text) for text in texts]
        known = self._known
        missing = {word for text in split for word in text if word not in known}
        if 2 * len(missing) > sum(map(len, split)):  # not a text where words come again: looking up is in vain
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
        """Whether a text has `limit` tokens or more, as far as that can be seen without taking it apart.

        Every word has a token at least. No subword has more characters than the longest entry of the vocabulary, and
        no character of normal form was more than four when it was written (Unicode, UAX #15).
        """
        if len(text) < limit:  # the usual case; there is hardly a token for every character
            return False
        found = words(text)
        return len(found) >= limit or (
            self.codec.level == "subword" and sum(map(len, found)) > 4 * self._longest * limit
        )


def words(text: str) -> list[str]:
    """A text taken apart at its spaces."""
    if text.isprintable() or not OTHER.search(text):  # the first is quick, and true of nearly all
        return text.split()
    return [word for word in re.split(f"[{WHITE_SPACE}]+", text) if word]
