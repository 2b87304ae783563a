"""Batches: sentence pairs of about the same length, together at most so many tokens (section 5.1 of the paper).

An epoch is all pairs in random order, cut into pools; each pool is sorted by length and cut into batches, and the
batches of a pool come in random order. So little is wasted on padding, and a batch still meets sentences from far and
wide. All of it is a pure function of the lengths, the seed and the number of the epoch: nothing needs to be remembered
but how many batches were taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glasshead.text import Codec
from glasshead.training.data.ids import Array, Ids, Side

Rows = NDArray[np.int64]

POOL = 1024
"""How many batches' worth of pairs are sorted together. More means less padding, and sentences from less far: of
log-normal lengths, median 22, correlated as in real translations, padding takes 10.5 % with 64, 5.9 % with 256 and
2.6 % with 1024."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids. `target` is what the decoder reads (begins with <s>), `labels` what it is to say (ends with </s>)."""

    source: Tensor
    """b k, int64; ends with </s>."""
    target: Tensor
    """b q, int64."""
    labels: Tensor
    """b q, int64."""
    tokens: int
    """Labels that are no padding."""


class Sampler:
    """Which rows of a corpus make a batch, epoch after epoch."""

    def __init__(self, ids: Ids, *, batch_tokens: int, seed: int, pool: int = POOL) -> None:
        """batch_tokens: rows × longest ≤ this, on either side, the end of a sentence counted."""
        self.ids, self.batch_tokens, self.seed = ids, batch_tokens, seed
        widths = np.maximum(ids.source_lengths, ids.target_lengths) + 1
        mean = float(widths.mean()) if len(ids) else 1.0
        self._pool = max(1, round(pool * batch_tokens / mean))

    def epoch(self, number: int, start: int = 0) -> Iterator[Rows]:
        """The rows of one micro-batch after the other; every row once. The first `start` are left out, quickly."""
        for rows, ends, order in self._pools(number):
            begins = np.concatenate(([0], ends[:-1]))
            for place in order[start:]:
                yield rows[begins[place] : ends[place]]
            start = max(0, start - len(order))

    @property
    def padding(self) -> float:
        """The share of padding in what batches hold, both sides together, 0–1: of the first pools of an epoch."""
        used = slots = 0
        for number, (rows, ends, _) in enumerate(self._pools(0)):
            for lengths in (self.ids.source_lengths[rows], self.ids.target_lengths[rows]):
                begins = np.concatenate(([0], ends[:-1]))
                used += int(lengths.sum()) + len(rows)
                slots += int(((np.maximum.reduceat(lengths, begins) + 1) * (ends - begins)).sum())
            if number == 2:
                break
        return 1 - used / slots if slots else 0.0

    def _pools(self, number: int) -> Iterator[tuple[Rows, Array, Array]]:
        """Of every pool: its rows as the batches have them, where each batch ends, and in which order they come."""
        draw = np.random.default_rng([self.seed, number])
        shuffled = draw.permutation(len(self.ids))
        for at in range(0, len(shuffled), self._pool):
            rows = shuffled[at : at + self._pool]
            sources, targets = self.ids.source_lengths[rows], self.ids.target_lengths[rows]
            widths = np.maximum(sources, targets) + 1
            # Among those that are equally wide by the difference, there and back, so that neighbours are always alike.
            difference = sources - targets
            rows = rows[np.lexsort((np.where(widths % 2, difference, -difference), widths))]
            ends = cut(np.sort(widths), self.batch_tokens)
            yield rows, ends, draw.permutation(len(ends))


def cut(widths: Array, batch_tokens: int) -> Array:
    """Where batches end: of rows that get wider, as many as fit together. A row that never fits is its own batch."""
    ends: list[int] = []
    end, total = 0, len(widths)
    while end < total:
        most = max(1, batch_tokens // int(widths[end]))
        some = widths[end : end + most]
        fitting = int(np.searchsorted(some * np.arange(1, len(some) + 1), batch_tokens, side="right"))
        end += max(1, fitting)
        ends.append(end)
    return np.array(ends, np.int64)


def target_tokens(ids: Ids, rows: Rows) -> int:
    """What `Batch.tokens` of these rows will be, without building the batch."""
    return int(ids.target_lengths[rows].sum()) + len(rows)


def batch(ids: Ids, rows: Sequence[int] | Rows) -> Batch:
    """The batch of these rows: source b k, target b q, labels b q."""
    rows = np.asarray(rows, np.int64)
    source, _ = padded(ids.sources, rows)
    labels, lengths = padded(ids.targets, rows)
    target = np.empty_like(labels)
    target[:, 0] = Codec.BOS
    target[:, 1:] = labels[:, :-1]
    target[target == Codec.EOS] = Codec.PAD  # of the shorter rows: they had one label more to say than is read
    tokens = int(lengths.sum()) + len(rows)
    return Batch(torch.from_numpy(source), torch.from_numpy(target), torch.from_numpy(labels), tokens)


def padded(side: Side, rows: Rows) -> tuple[Array, Array]:
    """Sentences with their ends as one matrix, filled up with padding, int64; and their lengths without the ends."""
    starts = side.offsets[rows]
    lengths = side.offsets[rows + 1] - starts
    columns = np.arange(int(lengths.max()) + 1)
    inside = columns < lengths[:, None]
    found = np.full(inside.shape, Codec.PAD, np.int64)
    found[inside] = side.ids[(starts[:, None] + columns)[inside]]
    found[np.arange(len(rows)), lengths] = Codec.EOS
    return found, lengths
