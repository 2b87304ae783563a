"""The key/value cache: what a decoder remembers of earlier positions, so that a step computes one row, not all."""

from torch import Tensor


class Growing:
    """Keys and values of one masked self-attention: a row of memory more at every step, doubled when it is full."""

    def __init__(self) -> None:
        self.length = 0
        self._key: Tensor | None = None
        self._value: Tensor | None = None
        self._shared = False

    @property
    def fixed(self) -> tuple[Tensor, Tensor] | None:
        """Never: every step brings new ones."""
        return None

    def join(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """key, value: b h k d of the new positions → all so far."""
        end = self.length + key.shape[2]
        if self._key is None or self._value is None or end > self._key.shape[2] or self._shared:
            room = max(32, 2 * end)
            self._key, self._value = (
                _roomier(old, new, self.length, room) for old, new in ((self._key, key), (self._value, value))
            )
            self._shared = False
        self._key[:, :, self.length : end] = key
        self._value[:, :, self.length : end] = value
        self.length = end
        return self._key[:, :, :end], self._value[:, :, :end]

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on. What was handed out stays as it was: the next write takes a copy."""
        if length < self.length:
            self.length, self._shared = length, True

    def branch(self) -> "Growing":
        """The same contents for another line; whoever writes first takes a copy."""
        other = Growing()
        other.length, other._key, other._value = self.length, self._key, self._value
        self._shared = other._shared = True
        return other

    def reorder(self, rows: Tensor) -> None:
        """Take these rows of the batch, as beam search does when lines die and others split."""
        if self._key is not None and self._value is not None:
            self._key, self._value = self._key.index_select(0, rows), self._value.index_select(0, rows)


class Fixed:
    """Keys and values of one cross-attention: computed at the first step, the same at all others."""

    def __init__(self) -> None:
        self.fixed: tuple[Tensor, Tensor] | None = None

    def join(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """key, value: b h k d of the source."""
        self.fixed = key, value
        return self.fixed

    def reorder(self, rows: Tensor) -> None:
        """Take these rows of the batch."""
        if self.fixed is not None:
            self.fixed = self.fixed[0].index_select(0, rows), self.fixed[1].index_select(0, rows)


class Cache:
    """What a decoder remembers of earlier positions: for every layer its own keys and values, and the source's."""

    def __init__(self, layers: int) -> None:
        self._layers = [(Growing(), Fixed()) for _ in range(layers)]

    @property
    def length(self) -> int:
        """Positions remembered."""
        return self._layers[0][0].length

    def __getitem__(self, layer: int) -> tuple[Growing, Fixed]:
        return self._layers[layer]

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""
        for own, _ in self._layers:
            own.crop(length)

    def branch(self) -> "Cache":
        """The same contents for another line."""
        other = Cache(0)
        other._layers = [(own.branch(), source) for own, source in self._layers]
        return other

    def reorder(self, rows: Tensor) -> None:
        """Take these rows of the batch, in this order."""
        for own, source in self._layers:
            own.reorder(rows)
            source.reorder(rows)


def _roomier(old: Tensor | None, new: Tensor, length: int, room: int) -> Tensor:
    """Memory for `room` positions shaped like `new` (b h k d), beginning with `length` positions of `old`."""
    batch, heads, _, width = new.shape
    bigger = new.new_empty(batch, heads, room, width)
    if old is not None:
        bigger[:, :, :length] = old[:, :, :length]
    return bigger
