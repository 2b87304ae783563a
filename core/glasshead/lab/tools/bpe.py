"""Byte-pair encoding, learned merge by merge (Sennrich et al. 2016, algorithm 1).

A word begins as its characters and a sign of its end, </w>. The pair of neighbours that is most frequent in the text
becomes one symbol, everywhere; then the next. Plain, to be read: `glasshead.text` leaves it to a library.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

END = "</w>"
"""The end of a word, as in the paper; our own vocabularies mark its beginning instead (▁)."""
LEAST = 2
"""A pair that occurs once is not merged: nothing would be shorter elsewhere."""

CLASSIC = " ".join(["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3)
"""The example of the paper, which counts low 5 times, lower 2, newest 6 and widest 3."""

Symbols = tuple[str, ...]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """A merge that was made."""

    pair: Pair
    count: int
    """How often the pair stood in the text."""
    words: dict[str, Symbols]
    """Every word as it stands after it."""


def spelled(word: str) -> Symbols:
    """A word before any merge."""
    return (*word, END)


def pairs(words: Mapping[str, Symbols], counts: Mapping[str, int]) -> Counter[Pair]:
    """How often each pair of neighbours stands in the text; no pair reaches over the end of a word."""
    found: Counter[Pair] = Counter()
    for word, symbols in words.items():
        for pair in pairwise(symbols):
            found[pair] += counts[word]
    return found


def merged(symbols: Symbols, pair: Pair) -> Symbols:
    """Symbols with every occurrence of a pair joined, from the left: of a a a with (a, a) it makes aa a."""
    found: list[str] = []
    place = 0
    while place < len(symbols):
        if symbols[place : place + 2] == pair:
            found.append(pair[0] + pair[1])
            place += 2
        else:
            found.append(symbols[place])
            place += 1
    return tuple(found)


def learn(counts: Mapping[str, int], merges: int) -> Iterator[Step]:
    """The merges of a text one after the other, at most so many; counts: how often each word stands in it.

    Of equally frequent pairs the first in the order of characters is merged. It ends where no pair occurs twice.
    """
    words = {word: spelled(word) for word in counts}
    for _ in range(merges):
        found = pairs(words, counts)
        if not found:
            return
        pair = min(found, key=lambda each: (-found[each], each))
        if found[pair] < LEAST:
            return
        words = {word: merged(symbols, pair) for word, symbols in words.items()}
        yield Step(pair, found[pair], words)


def cut(word: str, merges: Sequence[Pair]) -> Symbols:
    """A word, seen or not, by merges in the order in which they were learned."""
    symbols = spelled(word)
    for pair in merges:
        symbols = merged(symbols, pair)
    return symbols
