"""Sentences as numbers on the disk: the ids of all sentences one after the other, and where each begins.

Such files are mapped into memory, not read: a corpus may be larger than the memory, and opens at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glasshead.training.data.growing import GrowingFiles

Array = NDArray[Any]
OFFSET = np.dtype("<i8")


def number_type(size: int) -> "np.dtype[Any]":
    """Choose the smallest type that holds the ids of a vocabulary of this size."""
    return np.dtype("<u2" if size <= 1 << 16 else "<u4")


@dataclass(frozen=True)
class Side:
    """The sentences of one language."""

    ids: Array
    """Ids of all sentences, without start and end."""
    offsets: Array
    """Beginning of each sentence, then the end of the last one."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Array:
        """Return the ids of one sentence."""
        found: Array = self.ids[self.offsets[row] : self.offsets[row + 1]]
        return found

    @cached_property
    def lengths(self) -> Array:
        """Number of tokens of every sentence, without start and end; int32."""
        return np.diff(self.offsets).astype(np.int32)


class Ids:
    """Pairs of sentences as ids."""

    def __init__(self, sources: Side, targets: Side) -> None:
        if len(sources) != len(targets):
            raise ValueError(f"{len(sources)} sources and {len(targets)} targets are no pairs")
        self.sources, self.targets = sources, targets

    @classmethod
    def of(cls, pairs: Iterable[tuple[Sequence[int], Sequence[int]]]) -> Self:
        """Make pairs in memory from lists of ids."""
        sources, targets = tuple(zip(*pairs, strict=True)) or ((), ())
        return cls(_side(sources), _side(targets))

    @classmethod
    def open(cls, folder: Path, split: str, types: Sequence[str]) -> Self:
        """Map the files of a `Writer` into memory. types: numpy's names of the types of source and target."""
        sources, targets = (
            Side(
                _mapped(folder / ids_file(split, side), np.dtype(kind)),
                _mapped(folder / offsets_file(split, side), OFFSET),
            )
            for side, kind in zip(("source", "target"), types, strict=True)
        )
        return cls(sources, targets)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def source_lengths(self) -> Array:
        """Number of tokens of every source, without its end; int32."""
        return self.sources.lengths

    @property
    def target_lengths(self) -> Array:
        """Number of tokens of every target, without start and end; int32."""
        return self.targets.lengths

    def source(self, row: int) -> Array:
        """Return the ids of one source, without its end."""
        return self.sources[row]

    def target(self, row: int) -> Array:
        """Return the ids of one target, without start and end."""
        return self.targets[row]


class Writer:
    """Appends pairs to the files of one split. Since the files only grow, they can be cut back."""

    def __init__(self, files: GrowingFiles, split: str, types: Sequence[str]) -> None:
        self._files, self._split = files, split
        self._types = {side: np.dtype(kind) for side, kind in zip(("source", "target"), types, strict=True)}

    def append(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        """Add pairs."""
        for side, rows in (("source", sources), ("target", targets)):
            ids, offsets = ids_file(self._split, side), offsets_file(self._split, side)
            kind = self._types[side]
            lengths = np.fromiter(map(len, rows), OFFSET, len(rows))
            numbers = np.fromiter(chain.from_iterable(rows), kind, int(lengths.sum()))
            begins = self.tokens(side)
            if not self._files.size(offsets):
                self._files.append(offsets, np.zeros(1, OFFSET).tobytes())
            self._files.append(offsets, (begins + np.cumsum(lengths)).astype(OFFSET).tobytes())
            self._files.append(ids, numbers.tobytes())

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return max(0, self._files.size(offsets_file(self._split, "source")) // OFFSET.itemsize - 1)

    def tokens(self, side: str) -> int:
        """Count the tokens of a side, without start and end."""
        return self._files.size(ids_file(self._split, side)) // self._types[side].itemsize


def ids_file(split: str, side: str) -> str:
    """Name the file with the ids."""
    return f"{split}.{side}.ids"


def offsets_file(split: str, side: str) -> str:
    """Name the file with the offsets of the sentences."""
    return f"{split}.{side}.offsets"


def _mapped(path: Path, kind: "np.dtype[Any]") -> Array:
    """Map the numbers of a file into memory, as a plain array: slicing a `numpy.memmap` is slow."""
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return np.empty(0, kind)
    return np.asarray(np.memmap(path, kind, mode="r"))


def _side(rows: Sequence[Sequence[int]]) -> Side:
    offsets = np.fromiter(accumulate(map(len, rows), initial=0), OFFSET, len(rows) + 1)
    return Side(np.fromiter(chain.from_iterable(rows), np.uint32, int(offsets[-1])), offsets)
