"""The ids of earlier positions: all that a module without a cache remembers between passes."""

from typing import Self

import torch
from torch import Tensor


class IdsPast:
    """See the module."""

    def __init__(self, ids: Tensor | None = None) -> None:
        """ids: b q."""
        self.ids = ids

    @property
    def length(self) -> int:
        """Positions remembered."""
        return 0 if self.ids is None else self.ids.shape[1]

    def extended(self, new: Tensor) -> Tensor:
        """Append ids (b q); return all so far."""
        self.ids = new if self.ids is None else torch.cat([self.ids, new], 1)
        return self.ids

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""
        if self.ids is not None:
            self.ids = self.ids[:, :length]

    def branch(self) -> Self:
        """Share the contents with another line: ids are never written over."""
        return type(self)(self.ids)

    def reorder(self, rows: Tensor, *, sources: bool = True) -> None:
        """Take these rows of the batch, in this order."""
        if self.ids is not None:
            self.ids = self.ids.index_select(0, rows)
