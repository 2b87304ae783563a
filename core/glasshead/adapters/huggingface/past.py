"""A cache of Hugging Face as a Past.

All its layers grow, also those of a sliding window: a window is a part of the mask, and a line can always go back.
"""

import copy
from typing import Any, Self

import torch
from torch import Tensor


class HuggingPast:
    """Keys and values of earlier positions, of the target, and with an encoder those of the source."""

    def __init__(self, cache: Any, ids: Tensor | None = None) -> None:
        self.cache = cache
        self._ids = ids
        """Ids of the line (b n), if they are asked for: a model that forbids sequences of tokens needs them."""

    def follow(self, ids: Tensor) -> Tensor:
        """Add the ids of the next pass (b q); return those of the whole line (b n)."""
        self._ids = ids if self._ids is None else torch.cat([self._ids, ids], 1)
        return self._ids

    @classmethod
    def empty(cls, *, cross: bool) -> "HuggingPast":
        """Make an empty one."""
        from transformers import DynamicCache, EncoderDecoderCache

        return cls(EncoderDecoderCache(DynamicCache(), DynamicCache()) if cross else DynamicCache())

    @property
    def length(self) -> int:
        """Positions remembered."""
        return int(self.cache.get_seq_length())

    @property
    def _own(self) -> list[Any]:
        own = getattr(self.cache, "self_attention_cache", self.cache)
        return [layer for layer in own.layers if layer.is_initialized]

    @property
    def _cross(self) -> list[Any]:
        cross = getattr(self.cache, "cross_attention_cache", None)
        return [] if cross is None else [layer for layer in cross.layers if layer.is_initialized]

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""
        for layer in self._own:
            layer.keys, layer.values = layer.keys[..., :length, :], layer.values[..., :length, :]
        if self._ids is not None:
            self._ids = self._ids[:, :length]

    def branch(self) -> Self:
        """Share the contents with another line: an update makes new tensors, so none is written to."""
        return type(self)(_branched(self.cache), self._ids)

    def reorder(self, rows: Tensor, *, sources: bool = True) -> None:
        """Take these rows of the batch, in this order."""
        for layer in [*self._own, *(self._cross if sources else ())]:
            layer.keys, layer.values = layer.keys.index_select(0, rows), layer.values.index_select(0, rows)
        if self._ids is not None:
            self._ids = self._ids.index_select(0, rows)


def _branched(cache: Any) -> Any:
    other = copy.copy(cache)
    if hasattr(cache, "self_attention_cache"):
        other.self_attention_cache = _branched(cache.self_attention_cache)
        other.cross_attention_cache = _branched(cache.cross_attention_cache)
        other.is_updated = dict(cache.is_updated)
    else:
        other.layers = [copy.copy(layer) for layer in cache.layers]
    return other
