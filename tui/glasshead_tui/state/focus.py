"""Focus: the one place that holds the current position. Panes read it, keys replace it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from glasshead.site import Side, Site

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
SIDES: tuple[Side, ...] = ("source", "target")
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
    """Whether the rows of the matrix of encoder–decoder attention are named by the words that they chose."""
    aligns_read: bool = False
    """Whether those of the alignment are named by the words that they read."""
    pinned: tuple[str, int] | None = None
    """Attention and head that stand beside the current ones; None for none."""

    @property
    def place(self) -> tuple[str, int]:
        """The current attention and head."""
        return self.prefix, self.head

    def at(self, place: tuple[str, int]) -> "Focus":
        """Return this focus at another attention and head."""
        site = Site.parse(f"{place[0]}.weights")
        return self.to(stack=site.stack, kind=site.part, layer=site.layer, head=place[1])

    @property
    def prefix(self) -> str:
        """The current attention as a prefix of sites: `decoder.0.self`."""
        return f"{self.stack}.{self.layer}.{self.kind}"

    def to(self, **changes: Any) -> "Focus":
        """Return this focus with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Wish:
    """The cell that a person looks at, while a line is led to where it was: until then it may be too short for it."""

    query: int
    key: int
    newest: bool
    """Whether it is in the newest row, whichever that is."""
    shown: tuple[int, int] = (-1, -1)
    """Query and key that are shown instead."""

    def moved(self, query: int, key: int, *, newest: bool) -> "Wish":
        """Return the wish of a person who looks at this cell now: what they moved counts, and the rest stays."""
        rows = (self.query, self.newest) if query == self.shown[0] else (query, newest)
        return Wish(rows[0], self.key if key == self.shown[1] else key, rows[1])


def within(number: int, count: int) -> int:
    """Return the nearest of the first `count` numbers from 0."""
    return min(max(number, 0), max(count - 1, 0))


Hit = tuple[int, int]
"""Where a text was found: 0 in the source, 1 in the target; and at which token."""


def find_text(trace: "Trace", part: str) -> list[Hit]:
    """Find a text in the source and then in the target: the tokens in which it begins, in their order.

    It may be a part of a word, a word of several pieces, or several words. Upper and lower case are the same.
    """
    from glasshead.analysis.words import written

    found: list[Hit] = []
    for side, tokens in enumerate((trace.source, trace.target)):
        text, places = written(tokens)
        begins = [hit.start() for hit in re.finditer(re.escape(part), text, re.IGNORECASE)] if part else []
        found += [
            (side, at)
            for at, place in enumerate(places)
            if (place and any(place[0] <= first < place[1] for first in begins))
            or (place is None and tokens[at].text.lower() == part.lower())
        ]
    return found


def next_hit(trace: "Trace", focus: Focus, part: str, last: Hit | None, by: int = 1) -> Hit | None:
    """Find the next place of a text after the last one, or with `by` −1 the one before; around the end if need be.

    last: None for the first time, when it goes on from the cursor. None if the text is nowhere.
    """
    hits = find_text(trace, part)
    if not hits:
        return None
    kind = trace.anatomy.kind(focus.stack, focus.kind)
    here = last or (SIDES.index(kind.keys), focus.key)
    if by > 0:
        return next((hit for hit in hits if hit > here), hits[0])
    return next((hit for hit in reversed(hits) if hit < here), hits[-1])


def go_to_hit(trace: "Trace", focus: Focus, hit: Hit) -> dict[str, Any]:
    """Return the fields to change so that the cursor stands on a token that was found.

    It becomes the key or the query, whichever is of its side; where neither is, encoder–decoder attention is looked at.
    """
    side = SIDES[hit[0]]
    kind = trace.anatomy.kind(focus.stack, focus.kind)
    if side in (kind.keys, kind.queries):
        return {"key" if side == kind.keys else "query": hit[1]}
    cross = next((each for each in trace.kinds if each.kind == "cross"), None)
    other = cross or next(each for each in trace.kinds if side in (each.keys, each.queries))
    return {"stack": other.stack, "kind": other.kind, "key" if side == other.keys else "query": hit[1]}


def first_look(trace: "Trace", focus: Focus) -> dict[str, Any]:
    """Choose the matrix to begin with: the fields to change.

    It is the last layer of encoder–decoder attention, which has a row over the whole source before the first step, and
    in it the head that looks at a word most; of other models the last layer of what the newest token looks at. Where a
    recording lacks that, it is any matrix that it has.
    """
    kinds = trace.kinds
    if not kinds:
        return {}
    usual = [each for each in kinds if each.kind == "cross"] or [each for each in kinds if each.queries == "target"]
    kind = (usual or list(kinds))[0]
    changes = {"stack": kind.stack, "kind": kind.kind, "layer": kind.layers - 1}
    looking = focus.to(**changes)
    if f"{looking.prefix}.{looking.stage}" in trace:
        return changes | ({"head": _telling(trace, looking.prefix)} if kind.kind == "cross" else {})
    for stage in reversed(STAGES):
        for name in trace.find(f"*.{stage}"):
            site = Site.parse(name)
            if site.attention is not None:
                return {"stack": site.stack, "layer": site.layer, "kind": site.part, "stage": stage}
    return {}


def _telling(trace: "Trace", prefix: str) -> int:
    """Find the head whose newest row has the largest weight on a token that is text; 0 if there is none, or if the
    weights are not there without a pass.
    """
    from glasshead.analysis.words import is_special

    if not trace.at_hand(f"{prefix}.weights"):
        return 0
    weights = trace[f"{prefix}.weights"]
    keys = [at for at, token in enumerate(trace.axes(prefix)[1]) if not is_special(token)]
    return int(weights[:, -1, keys].amax(-1).argmax()) if keys and weights.numel() else 0


def move_down(kinds: "Sequence[Kind]", focus: Focus, by: int) -> dict[str, Any]:
    """Move by layers in the map, where those of all kinds are one column of rows: the fields to change."""
    rows = [(kind.stack, kind.kind, layer) for kind in kinds for layer in range(kind.layers)]
    stack, kind, layer = rows[within(rows.index((focus.stack, focus.kind, focus.layer)) + by, len(rows))]
    return {"stack": stack, "kind": kind, "layer": layer}
