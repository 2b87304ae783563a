"""Focus: the one place that holds what is looked at. Panes read it, keys replace it."""

from dataclasses import dataclass, replace
from typing import Any, Literal

Stack = Literal["encoder", "decoder"]
Attention = Literal["self", "cross"]
"""What a query looks at: its own side, or from the decoder the encoder's output."""
Which = Literal["cross", "self", "encoder"]
"""An attention as the command line names it: stack and kind in one word."""
Stage = Literal["scores", "masked", "weights"]

STAGES: tuple[Stage, ...] = ("scores", "masked", "weights")


@dataclass(frozen=True, kw_only=True)
class Focus:
    """Which attention, which of its cells, in which stage, after how many steps. All numbers count from 0."""

    stack: Stack = "decoder"
    kind: Attention = "self"
    layer: int = 0
    head: int = 0
    query: int = 0
    key: int = 0
    stage: Stage = "weights"
    step: int = 0

    @property
    def prefix(self) -> str:
        """The attention looked at, as sites name it: `decoder.0.self`."""
        return f"{self.stack}.{self.layer}.{self.kind}"

    def to(self, **changes: Any) -> "Focus":
        """This focus with some fields replaced."""
        return replace(self, **changes)
