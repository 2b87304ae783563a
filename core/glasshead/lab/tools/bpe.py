"""Byte-pair encoding, learned merge by merge (Sennrich et al. 2016, algorithm 1).

A word begins as its characters and an end mark, </w>. The most frequent pair of neighbours in the text becomes one
symbol everywhere; then the next pair. This version is written to be read: `glasshead.text` uses a library.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

END = "</w>"
"""End of a word, as in the paper; our own vocabularies mark its beginning instead (▁)."""
LEAST = 2
"""Least count of a merged pair: merging a pair that occurs once shortens nothing else."""

CLASSIC = " ".join(["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3)
"""The example of the paper, with low 5 times, lower 2, newest 6 and widest 3."""

Symbols = tuple[str, ...]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """One merge."""

    pair: Pair
    count: int
    """Count of the pair in the text."""
    words: dict[str, Symbols]
    """Every word after the merge."""


def spelled(word: str) -> Symbols:
    """Split a word into its symbols before any merge."""
    return (*word, END)


def pairs(words: Mapping[str, Symbols], counts: Mapping[str, int]) -> Counter[Pair]:
    """Count each pair of neighbours in the text; no pair crosses the end of a word."""
    found: Counter[Pair] = Counter()
    for word, symbols in words.items():
        for pair in pairwise(symbols):
            found[pair] += counts[word]
    return found


def merged(symbols: Symbols, pair: Pair) -> Symbols:
    """Join every occurrence of a pair, from the left: a a a with (a, a) becomes aa a."""
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
    """Learn at most `merges` merges of a text, one after the other. counts: how often each word occurs.

    Of equally frequent pairs, the first in the order of characters is merged. It ends when no pair occurs twice.
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
    """Cut a word, seen or not, by merges in the order in which they were learned."""
    symbols = spelled(word)
    for pair in merges:
        symbols = merged(symbols, pair)
    return symbols
