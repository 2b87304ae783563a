"""The current cell and its row in every layer × head of its kind of attention."""

from typing import TYPE_CHECKING, NamedTuple

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.choices import choice
from glasshead_tui.drawing.names import labels, spoken
from glasshead_tui.drawing.numbers import told_apart
from glasshead_tui.drawing.pairs import pair_of
from glasshead_tui.drawing.rows import Rows
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.anatomy import Kind
    from glasshead.session.moment import Moment


class Heads(NamedTuple):
    """For each layer the rows of its heads, or None where they are not there."""

    kind: "Kind"
    rows: "tuple[Tensor | None, ...]"
    """h k each."""
    query: str
    key: str
    chosen: str
    """What the row chose, in words; empty if it chose nothing."""
    place: tuple[int, int]
    """Current layer and head."""
    column: int
    """Current key."""
    pinned: tuple[int, int] | None = None
    """Layer and head that are pinned; None if none of this kind is."""
    compared: float | None = None
    """The weight of the cell that stands beside the current one; None if none does."""


def compare_heads(moment: "Moment", focus: Focus) -> Heads:
    """Take the row of the focus from all heads. Raises GlassheadError if no weights were recorded.

    Weights that were not kept are left out: a picture of all heads must not run the model for each layer.
    """
    trace, kind = moment.trace, moment.anatomy.kind_at(focus.prefix)
    rows: list[Tensor | None] = []
    for prefix in moment.anatomy.attentions(kind):
        site = f"{prefix}.weights"
        kept = site in trace and (prefix == focus.prefix or trace.at_hand(site))
        rows.append(trace.row(site, focus.query) if kept else None)
    if all(row is None for row in rows):
        raise GlassheadError(f"{trace.recorded}: these weights were not recorded. Open the model to see them.")
    queries, keys = (labels(tokens) for tokens in trace.axes(focus.prefix))
    after = choice(moment, focus)
    pinned = None if focus.pinned is None else focus.at(focus.pinned)
    same = pinned is not None and (pinned.stack, pinned.kind) == (focus.stack, focus.kind)
    return Heads(
        kind, tuple(rows), spoken(queries[focus.query]), spoken(keys[focus.key]),
        f", {after.how} {after.label}" if after else "", (focus.layer, focus.head), focus.key,
        (pinned.layer, pinned.head) if pinned is not None and same else None, _compared(moment, focus),
    )  # fmt: skip


def _compared(moment: "Moment", focus: Focus) -> float | None:
    """Find the weight of the cell in what the head is compared with, if it is a cell of the same tokens."""
    try:
        pair = pair_of(moment, focus) if focus.view == "edited" else None
        if pair is None or (pair.other.focus.query, pair.other.focus.key) != (focus.query, focus.key):
            return None
        pair.check("weights")
        return pair.other.value("weights")
    except GlassheadError:  # the model beside has no such head
        return None


class Ranked(NamedTuple):
    """A head among all that are there, by the weight of the cell."""

    rank: int
    """From 1, the largest weight; equal weights have the same."""
    place: tuple[int, int]
    """Layer and head."""
    text: str
    """The weight, with the digits that tell it from the next one."""


def rank_heads(found: Heads) -> list[Ranked]:
    """Sort the heads by the weight of the cell, the largest first."""
    weights = [
        (float(row[found.column]), (layer, head))
        for layer, heads in enumerate(found.rows)
        for head, row in enumerate(() if heads is None else heads)
    ]
    weights.sort(key=lambda each: -each[0])
    ranked: list[Ranked] = []
    for at, ((value, place), text) in enumerate(zip(weights, told_apart([each for each, _ in weights]), strict=True)):
        tied = at > 0 and weights[at - 1][0] == value
        ranked.append(Ranked(ranked[-1].rank if tied else at + 1, place, text))
    return ranked


def heads_rows(found: Heads) -> Rows:
    """Make a row for each head: the weight of the cell, its rank among all, and then its whole row of weights."""
    ranks = {each.place: each.rank for each in rank_heads(found)}
    rows: Rows = [("layer", "head", "weight of the cell", "rank", "its row")]
    for layer, heads in enumerate(found.rows):
        for head, row in enumerate([] if heads is None else heads.tolist()):
            rows.append((layer, head, row[found.column], ranks[layer, head], *row))
    return rows
