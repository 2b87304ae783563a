"""The endless stream of micro-batches: epoch after epoch, with a place in it that can be noted and found again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.data.batches import Rows, Sampler


class Stream:
    """All epochs of a sampler, one after the other. Every process draws the same."""

    def __init__(self, sampler: "Sampler") -> None:
        self.sampler = sampler
        self.seek(0, 0)

    @property
    def place(self) -> tuple[int, int]:
        """The epoch, from 0, and how many of its micro-batches were drawn."""
        return self._epoch, self._index

    def seek(self, epoch: int, index: int) -> None:
        """Go on from a place."""
        self._epoch, self._index = epoch, index
        self._rows: Iterator[Rows] = self.sampler.epoch(epoch, index)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> "Rows":
        rows = next(self._rows, None)
        while rows is None:
            self.seek(self._epoch + 1, 0)
            rows = next(self._rows, None)
        self._index += 1
        return rows
