"""One head's matrix minus that of another line, such as the one without the edits, in the form of a heat map.

Differences of weights are drawn by their square root, those of scores relative to the largest. Cells into
which no edit goes are empty.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from glasshead_tui.drawing.numbers import real
from glasshead_tui.state.focus import Stage
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED, VEIL

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DifferenceMatrix:
    """`values` of one head, those that edits could change (`reached`), those that a mask hides in both, or among the
    scores is about to hide: q k each.
    """

    stage: Stage
    values: "Tensor"
    reached: "Tensor"
    masked: "Tensor"
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    digits: int = 4
    names: tuple[str, str] = ("edited", "original")
    """What the two are called, safe for a terminal."""

    @cached_property
    def largest(self) -> float:
        """The finite difference furthest from zero."""
        return float(self.values.nan_to_num(0, 0, 0).abs().max()) or 1.0

    @property
    def changed(self) -> int:
        """Number of cells that changed."""
        return int((self.values != 0).sum())

    def levels(self, row: int) -> bytes:
        """See `Matrix`."""
        values = self.values[row].nan_to_num(0, inf, -inf).clamp(-self.largest, self.largest)
        parts = values.sign() * values.abs().sqrt() if self.stage == "weights" else values / self.largest
        levels = ((parts.clamp(-1, 1) + 1) / 2 * (LEVELS - 1)).round().int()
        if self.stage == "scores":
            return bytes((levels + VEIL * self.masked[row]).masked_fill(~self.reached[row], ABSENT).tolist())
        levels = levels.masked_fill(~self.reached[row], ABSENT).masked_fill(self.masked[row], MASKED)
        return bytes(levels.tolist())

    def text(self, row: int, column: int, room: int) -> str:
        """See `Matrix`."""
        return real(float(self.values[row, column]), min(room, 6))
