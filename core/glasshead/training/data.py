"""Batches: sentence pairs of about the same length, together at most so many tokens (section 5.1 of the paper).

A pool of pairs is read, tokenised at once, sorted by length and cut into batches; the batches are then shuffled. So
little is wasted on padding, and a batch still meets sentences from the whole pool. All of it is a pure function of the
pairs and of the seed.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.recipes.base import Pair
from glasshead.text import Codec

POOL = 64
"""How many batches' worth of pairs are sorted together: more means less padding and a longer wait now and then."""


@dataclass(frozen=True, slots=True)
class Example:
    """One pair as ids, without start and end."""

    source: Sequence[int]
    target: Sequence[int]

    @property
    def length(self) -> int:
        """The tokens a row of a batch needs: the longer of the two, with its end (or start) token."""
        return max(len(self.source), len(self.target)) + 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids. `target` is what the decoder reads (begins with <s>), `labels` what it is to say (ends with </s>)."""

    source: Tensor
    target: Tensor
    labels: Tensor
    tokens: int

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Batch":
        """A batch of examples: source b k, target b q, labels b q."""
        return cls(
            source=pad([[*example.source, Codec.EOS] for example in examples]),
            target=pad([[Codec.BOS, *example.target] for example in examples]),
            labels=pad([[*example.target, Codec.EOS] for example in examples]),
            tokens=sum(len(example.target) + 1 for example in examples),
        )


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of unequal length as one matrix, filled up with padding at the end."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[Codec.PAD] * (width - len(row))] for row in rows], dtype=torch.long)


def examples(pairs: Iterable[Pair], codec: Codec, *, max_length: int) -> list[Example]:
    """Tokenised pairs, in their order; those that are empty or longer than `max_length` are left out."""
    sources, targets = zip(*pairs, strict=True)
    both = codec.encode_batch([*sources, *targets])
    count = len(sources)
    found = [Example(source, target) for source, target in zip(both[:count], both[count:], strict=True)]
    return [example for example in found if example.source and example.target and example.length <= max_length]


def cut(sorted_examples: Iterable[Example], batch_tokens: int) -> Iterator[list[Example]]:
    """Consecutive examples, as many together as fit: rows × longest ≤ batch_tokens, on either side."""
    batch: list[Example] = []
    longest = 0
    for example in sorted_examples:
        widened = max(longest, example.length)
        if batch and widened * (len(batch) + 1) > batch_tokens:
            yield batch
            batch, widened = [], example.length
        batch.append(example)
        longest = widened
    if batch:
        yield batch


def bucketed(pool: Iterable[Example], batch_tokens: int, shuffle: random.Random) -> list[list[Example]]:
    """A pool cut into batches of about equal lengths, in random order. Every example is in exactly one of them."""
    ordered = [(example.length, len(example.source), shuffle.random(), example) for example in pool]
    ordered.sort(key=lambda entry: entry[:3])
    batches = list(cut((entry[3] for entry in ordered), batch_tokens))
    shuffle.shuffle(batches)
    return batches


def batches(
    pairs: Iterator[Pair], codec: Codec, *, batch_tokens: int, max_length: int, seed: int, pool: int = POOL
) -> Iterator[Batch]:
    """Batches for as long as there are pairs: each at most `batch_tokens` wide, padding included.

    Raises GlassheadError if no pair of a whole pool fits in `max_length`.
    """
    shuffle = random.Random(f"batches/{seed}")
    limit = min(max_length, batch_tokens)
    wanted = 1024
    while read := list(islice(pairs, wanted)):
        fitting = examples(read, codec, max_length=limit)
        if not fitting:
            raise GlassheadError(
                f"None of {len(read)} sentences fits in {limit} tokens: raise max_length or the tokens of a batch."
            )
        for group in bucketed(fitting, batch_tokens, shuffle):
            yield Batch.of(group)
        mean = sum(example.length for example in fitting) / len(fitting)
        wanted = max(1, round(pool * batch_tokens / mean))
