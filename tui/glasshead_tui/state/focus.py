"""Focus: the one place that holds the current position. Panes read it, keys replace it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from glasshead.site import Site

if TYPE_CHECKING:
    from glasshead.anatomy import Kind
    from glasshead.traces.trace import Trace

Stack = Literal["encoder", "decoder"]
Attention = Literal["self", "cross"]
"""The keys of a query: its own side, or from the decoder the encoder's output."""
Which = Literal["cross", "self", "encoder"]
"""An attention on the command line: stack and kind in one word."""
Stage = Literal["scores", "masked", "weights"]

View = Literal["edited", "original", "difference"]
"""Values of the edited line, of the same tokens without the edits, or the difference of the two."""

VIEWS: tuple[View, ...] = ("edited", "original", "difference")
STAGES: tuple[Stage, ...] = ("scores", "masked", "weights")


@dataclass(frozen=True, kw_only=True)
class Focus:
    """The current attention, cell, stage, step and candidate. All numbers count from 0."""

    stack: Stack = "decoder"
    kind: Attention = "self"
    layer: int = 0
    head: int = 0
    query: int = 0
    key: int = 0
    stage: Stage = "weights"
    step: int = 0
    view: View = "edited"
    candidate: int | None = None
    """Rank of the candidate that is looked at, counted from 0; None for the token that was taken, or the best."""
    against: bool = False
    """Whether the best candidate is compared with that one."""
    shifted: bool = False
    """Whether the rows of encoder–decoder attention are named by the words that they chose."""

    @property
    def prefix(self) -> str:
        """The current attention as a prefix of sites: `decoder.0.self`."""
        return f"{self.stack}.{self.layer}.{self.kind}"

    def to(self, **changes: Any) -> "Focus":
        """Return this focus with some fields replaced."""
        return replace(self, **changes)


def within(number: int, count: int) -> int:
    """Return the nearest of the first `count` numbers from 0."""
    return min(max(number, 0), max(count - 1, 0))


def find_token(trace: "Trace", focus: Focus, part: str) -> dict[str, Any]:
    """Find the next token that holds a part, among the keys and then among the queries: the field to change.

    Empty if there is none.
    """
    queries, columns = trace.axes(focus.prefix)
    for name, tokens in (("key", columns), ("query", queries)):
        here = getattr(focus, name)
        for place in (*range(here + 1, len(tokens)), *range(here + 1)):
            if part.lower() in tokens[place].text.lower():
                return {name: place}
    return {}


def first_look(trace: "Trace", focus: Focus) -> dict[str, Any]:
    """Find a matrix to begin with, where a recording lacks that of the focus: the fields to change."""
    if not trace.recorded or f"{focus.prefix}.{focus.stage}" in trace:
        return {}
    for stage in reversed(STAGES):
        for name in trace.find(f"*.{stage}"):
            site = Site.parse(name)
            if site.attention is not None:
                return {"stack": site.stack, "layer": site.layer, "kind": site.part, "stage": stage}
    return {}


def move_down(kinds: "Sequence[Kind]", focus: Focus, by: int) -> dict[str, Any]:
    """Move by layers in the map, where those of all kinds are one column of rows: the fields to change."""
    rows = [(kind.stack, kind.kind, layer) for kind in kinds for layer in range(kind.layers)]
    stack, kind, layer = rows[within(rows.index((focus.stack, focus.kind, focus.layer)) + by, len(rows))]
    return {"stack": stack, "kind": kind, "layer": layer}
