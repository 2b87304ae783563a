"""Layout: where the batch stands in the tensors of one place. Ours is always b q m."""

from enum import Enum

from torch import Tensor


class Layout(Enum):
    """The three layouts that torch.nn knows."""

    BATCH = "batch first"
    """b q …"""
    SEQUENCE = "sequence first"
    """q b …"""
    ALONE = "no batch"
    """q …"""

    def ours(self, value: Tensor) -> Tensor:
        """Return a tensor with the batch first."""
        if self is Layout.SEQUENCE:
            return value.transpose(0, 1)
        return value.unsqueeze(0) if self is Layout.ALONE else value

    def theirs(self, value: Tensor) -> Tensor:
        """Return such a tensor as the module has it."""
        if self is Layout.SEQUENCE:
            return value.transpose(0, 1)
        return value.squeeze(0) if self is Layout.ALONE else value


def layout_of(value: Tensor) -> Layout | None:
    """Find the layout of the vectors of one line of at least two tokens; None for anything else."""
    if value.dim() == 2:
        return Layout.ALONE
    if value.dim() != 3 or 1 not in value.shape[:2]:
        return None
    return Layout.BATCH if value.shape[0] == 1 else Layout.SEQUENCE
