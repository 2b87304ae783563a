"""Alignment: which source word each target word came from, as a head of encoder–decoder attention has it.

The weight of a target word on a source word is the mean over its rows of the sum over the source word's columns. Each
target word is linked to the source word with the largest weight; one whose largest weight is on no word, as on </s>,
has no link. Which rows are those of a target word is a choice (Chen et al. 2020):

    read      the rows in which the word is what the decoder reads (their SHIFT-ATT)
    chosen    the rows before, in which the word is what the decoder chooses (their NAIVE-ATT)

Measured against gold of sure links S and possible links P ⊇ S (Och and Ney 2003), over the target words that have one:

    AER = 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from glasshead.analysis.words import Word, words, written
from glasshead.recipes.links import Gold, Span
from glasshead.text import Token

Rows = Literal["read", "chosen"]
"""Which rows belong to a target word."""
Pairing = frozenset[tuple[int, int]]
"""Links: number of a source word, number of a target word."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """The words of both sides of an encoder–decoder attention."""

    source: tuple[Word, ...]
    """Positions of the keys of each source word."""
    target: tuple[Word, ...]
    """Positions of each target word among the tokens of the decoder."""

    @classmethod
    def of(cls, source: Sequence[Token], target: Sequence[Token], *, whole: bool = True) -> "Text":
        """Join the pieces of both sides. target: with its start, and as far as it goes."""
        return cls(source=words(source, whole=whole), target=words(target, whole=whole))

    def rows(self, word: int, rows: Rows) -> tuple[int, ...]:
        """Return the rows of a target word."""
        return tuple(at - (rows == "chosen") for at in self.target[word])


@dataclass(frozen=True)
class Marks:
    """Gold for one pair, in words."""

    sure: Pairing
    possible: Pairing
    """With the sure ones."""

    @property
    def known(self) -> frozenset[int]:
        """Target words with a sure link: those that are measured."""
        return frozenset(target for _, target in self.sure)


def word_weights(weights: Tensor, text: Text, rows: Rows = "read") -> Tensor:
    """Join the weights of pieces to those of words: … q k → … t s + 1, the last column for keys that are no word.

    Rows that do not exist, as that of a word which is yet to be read, are NaN.
    """
    column_of = torch.full((weights.shape[-1],), len(text.source))
    for number, keys in enumerate(text.source):
        column_of[list(keys)] = number
    keyed = weights.new_zeros(*weights.shape[:-1], len(text.source) + 1).index_add(-1, column_of, weights)
    pairs = [(row, number) for number in range(len(text.target)) for row in text.rows(number, rows)]
    there = [(row, number) for row, number in pairs if 0 <= row < weights.shape[-2]]
    missing = sorted({number for _, number in set(pairs) - set(there)})
    taken, owner = (torch.tensor([pair[side] for pair in there], dtype=torch.long) for side in (0, 1))
    sums = keyed.new_zeros(*keyed.shape[:-2], len(text.target), keyed.shape[-1])
    found = sums.index_add(-2, owner, keyed[..., taken, :])
    found = found / torch.tensor([[len(word)] for word in text.target], dtype=found.dtype).reshape(-1, 1)
    found[..., missing, :] = torch.nan
    return found


def links(joined: Tensor) -> Pairing:
    """Link each target word to its strongest source word: t s + 1, of one head, as `word_weights` makes it."""
    last = joined.shape[-1] - 1
    best = [(int(row.argmax()), target) for target, row in enumerate(joined) if not bool(row.isnan().any())]
    return frozenset((source, target) for source, target in best if source != last)


def marks(gold: Gold, text: Text, source: Sequence[Token], target: Sequence[Token]) -> Marks:
    """Put the gold of a pair onto its words. text: their words · source, target: the tokens of both sides."""
    sides = []
    for tokens, side in ((source, text.source), (target, text.target)):
        said, places = written(tokens)
        sides.append((said, [[span for at in word if (span := places[at])] for word in side]))
    (said, here), (meant, there) = sides
    sure: set[tuple[int, int]] = set()
    possible: set[tuple[int, int]] = set()
    for link in gold.links(said, meant):
        pairs = {
            (one, other)
            for one, spans in enumerate(here)
            for other, ends in enumerate(there)
            if _meet(spans, link.source) and _meet(ends, link.target)
        }
        possible |= pairs
        sure |= pairs if link.sure else set()
    return Marks(frozenset(sure), frozenset(possible))


def cells(gold: Gold, source: Sequence[Token], target: Sequence[Token]) -> Tensor:
    """Mark the cells of sure links, each target token at its own row: boolean q k."""
    text = Text.of(source, target, whole=False)
    found = torch.zeros(len(target), len(source), dtype=torch.bool)
    for one, other in marks(gold, text, source, target).sure:
        found[text.target[other][0], text.source[one][0]] = True
    return found


def _meet(spans: Sequence[Span], other: Span) -> bool:
    return any(first < other[1] and other[0] < last for first, last in spans)


@dataclass(frozen=True)
class Counts:
    """What an alignment has in common with gold, over one pair or many."""

    found: int = 0
    """|A|."""
    sure: int = 0
    """|S|."""
    found_sure: int = 0
    """|A ∩ S|."""
    found_possible: int = 0
    """|A ∩ P|."""

    @classmethod
    def of(cls, found: Pairing, gold: Marks) -> "Counts":
        """Count, over the target words that gold knows."""
        asked = frozenset(link for link in found if link[1] in gold.known)
        return cls(len(asked), len(gold.sure), len(asked & gold.sure), len(asked & gold.possible))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.found + other.found, self.sure + other.sure, self.found_sure + other.found_sure,
            self.found_possible + other.found_possible,
        )  # fmt: skip

    @property
    def error_rate(self) -> float:
        """AER, 0 to 1; NaN where nothing is known."""
        if not self.sure:
            return float("nan")
        return 1 - (self.found_sure + self.found_possible) / (self.found + self.sure)


def total(counts: Iterable[Counts]) -> Counts:
    """Add counts of many pairs."""
    return sum(counts, Counts())


def coverage(weights: Tensor, text: Text) -> Tensor:
    """Sum what every source word has been given by all rows so far: … q k → … s, in rows (Tu et al. 2016)."""
    given = weights.sum(-2)
    if not text.source:
        return given[..., :0]
    return torch.stack([given[..., list(word)].sum(-1) for word in text.source], -1)
