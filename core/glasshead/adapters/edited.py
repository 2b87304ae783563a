"""A model under edits, as a Model: every pass of it is changed, whoever runs it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property

import torch
from torch import Tensor

from glasshead.adapters.torch_nn.past import IdsPast
from glasshead.anatomy import Anatomy
from glasshead.decoding.protocols import Limits, Memory, Model, Past, Prompt
from glasshead.edits.changes import Changes
from glasshead.tap import ONE_AT_A_TIME, Change, Seen
from glasshead.traces.reading import Learned


class Edited:
    """See the module."""

    def __init__(self, model: Model, changes: Changes) -> None:
        self.model, self.changes = model, changes
        self._taps = model.listen((), changes)

    @cached_property
    def anatomy(self) -> Anatomy:
        """The parts of the model, as they are under the edits."""
        return self.changes.anatomy(self.model.anatomy)

    @property
    def limits(self) -> Limits:
        """Those of the model."""
        return self.model.limits

    @property
    def ends(self) -> frozenset[int]:
        """Those of the model."""
        return self.model.ends

    @property
    def size(self) -> int:
        """That of the model."""
        return self.model.size

    @property
    def device(self) -> torch.device:
        """That of the model."""
        return self.model.device

    @property
    def training(self) -> bool:
        """Whether dropout is on."""
        return self.model.training

    @property
    def learned(self) -> Learned | None:
        """Those of the model, whose parameters no edit changes; None if it does not say them."""
        return getattr(self.model, "learned", None)

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make a prompt as the model does."""
        return self.model.prompt(ids)

    def past(self) -> Past:
        """Return an empty past; where rows do not last, one of ids, which are all run again."""
        return self.model.past() if self.anatomy.lasting else IdsPast()

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Encode sources under the edits."""
        with ONE_AT_A_TIME, self._taps:
            return self.model.read(sources)

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits after each of the new ids under the edits: b q → b q v."""
        rows = ids.shape[1]
        if not self.anatomy.lasting and isinstance(past, IdsPast):
            ids, past = past.extended(ids), None
        with ONE_AT_A_TIME, self._taps:
            return self.model.logits(ids, memory, past)[:, -rows:]

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> AbstractContextManager[Seen]:
        """Make taps for `with` blocks; what they change comes before the edits."""
        return self.model.listen(keep, edit)
