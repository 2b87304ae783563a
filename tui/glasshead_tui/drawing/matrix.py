"""One head's matrix in the form of a heat map, in one of its three stages.

Weights are drawn by their square root: it distinguishes .01 from nothing, and 1 from .5, better than a linear scale.
Scores are drawn relative to the largest of them. Only the rows on the screen are ever quantised.
"""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

from glasshead_tui.drawing.choices import row_labels
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.state.focus import Focus, Stage
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED, VEIL

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace

UNKNOWN = "·"
TWO_DIGITS = 99.5
"""Scores below it fit three columns, with their sign."""


def hides(trace: "Trace", prefix: str) -> "Tensor":
    """Return where the scores of an attention are −∞ after the mask: boolean h q k. Where a recording lacks them, it is
    where the model's rule lets nobody look.
    """
    if not trace.recorded or f"{prefix}.masked" in trace:
        return trace.hides(prefix)
    return ~trace.may_look(prefix).expand(trace.anatomy.kind_at(prefix).heads, -1, -1)


def hides_by_mask(trace: "Trace", prefix: str) -> bool:
    """Tell whether what an attention hides is hidden by a mask; else it was only not there yet."""
    kind, anatomy = trace.anatomy.kind_at(prefix), trace.anatomy
    return kind.masked or trace.attending(prefix).window is not None or not anatomy.lasting


def weight_level(value: float) -> int:
    """Return the level of a weight of 0 … 1."""
    return round(sqrt(min(1.0, max(0.0, value))) * (LEVELS - 1))


@dataclass(frozen=True)
class HeadMatrix:
    """`values` and `masked` of one head (q k each), with `ghost_rows` and `ghost_columns` for later tokens."""

    stage: Stage
    values: "Tensor"
    masked: "Tensor"
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    ghost_rows: int = 0
    ghost_columns: int = 0
    hidden: bool = True
    """Whether −∞ is a mask's; else those keys were not there when the row was computed."""
    beside: float = 0.0
    """Largest score of another matrix that has the same colours: one that stands beside it, or that before the mask."""

    @cached_property
    def row_labels(self) -> tuple[str, ...]:
        return self.queries + (UNKNOWN,) * self.ghost_rows

    @cached_property
    def column_labels(self) -> tuple[str, ...]:
        return self.keys + (UNKNOWN,) * self.ghost_columns

    @property
    def digits(self) -> int:
        return 3 if self.stage == "weights" or self.largest < TWO_DIGITS else 4

    @cached_property
    def largest(self) -> float:
        """The finite score furthest from zero, in it or beside it."""
        return max(float(self.values.nan_to_num(0, 0, 0).abs().max()), self.beside) or 1.0

    @cached_property
    def hides(self) -> bool:
        """Whether any cell is drawn as masked, or as not there."""
        return self.stage != "scores" and bool(self.masked.any())

    @cached_property
    def will_hide(self) -> bool:
        """Whether any score is drawn that the mask is about to hide."""
        return self.stage == "scores" and self.hidden and bool(self.masked.any())

    @cached_property
    def hides_earlier(self) -> bool:
        """Whether any key up to the query's own position is hidden, as by a window or padding."""
        return bool(self.masked.tril().any())

    def levels(self, row: int) -> bytes:
        if row >= len(self.queries):
            return bytes([ABSENT]) * len(self.column_labels)
        values = self.values[row].nan_to_num(0, 0, 0)
        parts = values.clamp(0, 1).sqrt() if self.stage == "weights" else (values / self.largest + 1) / 2
        levels = (parts * (LEVELS - 1)).round().int()
        if self.stage != "scores":
            hidden = self.masked[row].clone()
            if self.stage == "weights":
                hidden &= values == 0  # a weight behind the mask would be an error, and must stay visible
            levels = levels.masked_fill(hidden, MASKED if self.hidden else ABSENT)
        elif self.hidden:
            levels += VEIL * self.masked[row]
        return bytes(levels.tolist()) + bytes([ABSENT]) * self.ghost_columns

    def text(self, row: int, column: int, room: int) -> str:
        value = float(self.values[row, column])
        return weight(value, min(room, 4)) if self.stage == "weights" else real(value, min(room, 6))


def make_matrix(moment: "Moment", focus: Focus, ghosts: tuple[int, int] = (0, 0)) -> HeadMatrix:
    """Make the matrix of the head in the focus. ghosts: rows and columns for tokens still to come."""
    trace = moment.trace
    return HeadMatrix(
        stage=focus.stage,
        values=trace[f"{focus.prefix}.{focus.stage}"][focus.head],
        masked=hides(trace, focus.prefix)[focus.head],
        queries=row_labels(moment, focus),
        keys=labels(trace.axes(focus.prefix)[1]),
        ghost_rows=ghosts[0],
        ghost_columns=ghosts[1],
        hidden=hides_by_mask(trace, focus.prefix),
        beside=_largest_score(trace, focus) if focus.stage == "masked" else 0.0,
    )


def _largest_score(trace: "Trace", focus: Focus) -> float:
    """Return the size of the largest score before the mask, which hides and changes no colour; 0 if not known."""
    site = f"{focus.prefix}.scores"
    return float(trace[site][focus.head].nan_to_num(0, 0, 0).abs().max()) if trace.at_hand(site) else 0.0
