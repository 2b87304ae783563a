"""The endless stream of micro-batches: epoch after epoch, with a place that can be saved and found again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.data.batches import Rows, Sampler


class Stream:
    """All epochs of a sampler, one after the other, the same in every process."""

    def __init__(self, sampler: "Sampler") -> None:
        self.sampler = sampler
        self.seek(0, 0)

    @property
    def place(self) -> tuple[int, int]:
        """Epoch, from 0, and number of its micro-batches that were drawn."""
        return self._epoch, self._index

    def seek(self, epoch: int, index: int) -> None:
        """Continue from a place."""
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
