"""One head's recorded matrix as a heat map reads it. Apart from the explorer's, which must open without NumPy."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glasshead_tui.drawing.numbers import weight
from glasshead_tui.widgets.scale import LEVELS, MASKED


@dataclass(frozen=True)
class ProbeMatrix:
    """One head's weights (q k) in the form of a heat map, by their square root like those of the explorer."""

    values: NDArray[np.float16]
    looks: NDArray[np.bool_]
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    digits = 3

    @cached_property
    def hides(self) -> bool:
        """Whether any cell is drawn as masked."""
        return bool((~self.looks & (self.values == 0)).any())

    def levels(self, row: int) -> bytes:
        """Return a byte for each column."""
        found = levels(self.values[row])
        # A weight behind the mask would be an error, and must stay visible.
        found[~self.looks[row] & (self.values[row] == 0)] = MASKED
        return found.tobytes()

    def text(self, row: int, column: int, room: int) -> str:
        """Write the number of a cell."""
        return weight(float(self.values[row, column]), min(room, 4))


def levels(weights: NDArray[np.float16]) -> NDArray[np.uint8]:
    """Quantise weights of any shape; NaN becomes 0."""
    parts = np.sqrt(np.clip(np.nan_to_num(weights.astype(np.float32), nan=0, posinf=0, neginf=0), 0, 1))
    return np.round(parts * (LEVELS - 1)).astype(np.uint8)
