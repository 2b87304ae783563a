"""The key/value cache: a decoder's memory of earlier positions, so that a step computes one row, not all."""

import torch
from torch import Tensor


class GrowingCache:
    """Keys and values of one masked self-attention: a row of memory more at every step, doubled when it is full."""

    def __init__(self) -> None:
        self.length = 0
        self._held: tuple[Tensor, Tensor] | None = None
        self._spare: tuple[Tensor, Tensor] | None = None
        self._shared = False

    @property
    def fixed(self) -> tuple[Tensor, Tensor] | None:
        """None: every step brings new ones."""
        return None

    def join(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append key and value (b h k d) of the new positions; return all so far."""
        start, end = self.length, self.length + key.shape[2]
        if self._held is None or end > self._held[0].shape[2] or self._shared:
            bigger = _room((key, value), len(key), max(32, 2 * end))
            if self._held is not None:
                for old, place in zip(self._held, bigger, strict=True):
                    place[:, :, :start] = old[:, :, :start]
            self._held, self._spare, self._shared = bigger, None, False
        keys, values = self._held
        keys[:, :, start:end] = key
        values[:, :, start:end] = value
        self.length = end
        return keys[:, :, :end], values[:, :, :end]

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on. Tensors handed out stay as they were: the next write makes a copy."""
        if length < self.length:
            self.length, self._shared = length, True

    def branch(self) -> "GrowingCache":
        """Share the contents with another line; the first of the two to write makes a copy."""
        other = GrowingCache()
        other.length, other._held = self.length, self._held
        self._shared = other._shared = True
        return other

    def reorder(self, rows: Tensor) -> None:
        """Take these rows of the batch, as beam search does when lines die and others split.

        Two pieces of memory take turns, so tensors handed out before one reordering are overwritten by the next.
        """
        if self._held is None:
            return
        old = self._held
        if self._spare is None or len(self._spare[0]) < len(rows):
            self._spare = _room(old, len(rows), old[0].shape[2])
        keys, values = self._spare
        self._held = keys[: len(rows)], values[: len(rows)]
        for source, place in zip(old, self._held, strict=True):
            torch.index_select(source[:, :, : self.length], 0, rows, out=place[:, :, : self.length])
        self._spare, self._shared = None if self._shared else old, False


class FixedCache:
    """Keys and values of one encoder–decoder attention: computed at the first step, the same at all others."""

    def __init__(self) -> None:
        self.fixed: tuple[Tensor, Tensor] | None = None

    def join(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keep key and value (b h k d) of the source, and return them."""
        self.fixed = key, value
        return self.fixed

    def reorder(self, rows: Tensor) -> None:
        """Take these rows of the batch."""
        if self.fixed is not None:
            self.fixed = self.fixed[0].index_select(0, rows), self.fixed[1].index_select(0, rows)


class Cache:
    """A decoder's memory of earlier positions: for every layer its own keys and values, and the source's."""

    def __init__(self, layers: int) -> None:
        self._layers = [(GrowingCache(), FixedCache()) for _ in range(layers)]

    @property
    def length(self) -> int:
        """Positions remembered."""
        return self._layers[0][0].length

    def __getitem__(self, layer: int) -> tuple[GrowingCache, FixedCache]:
        return self._layers[layer]

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""
        for own, _ in self._layers:
            own.crop(length)

    def branch(self) -> "Cache":
        """Share the contents with another line."""
        other = Cache(0)
        other._layers = [(own.branch(), source) for own, source in self._layers]
        return other

    def reorder(self, rows: Tensor, *, sources: bool = True) -> None:
        """Take these rows of the batch, in this order. sources: whether they belong to other sources than before.

        If lines only change places with others of the same source, keys and values of the source can stay.
        """
        for own, source in self._layers:
            own.reorder(rows)
            if sources:
                source.reorder(rows)


def _room(like: tuple[Tensor, Tensor], rows: int, positions: int) -> tuple[Tensor, Tensor]:
    """Allocate keys and values (b h k d) for n rows and positions, with the heads and widths of `like`."""
    key, value = like
    return (
        key.new_empty(rows, key.shape[1], positions, key.shape[3]),
        value.new_empty(rows, value.shape[1], positions, value.shape[3]),
    )
