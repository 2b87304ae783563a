"""Two matrices that are compared: a head of the present line and of the one beside it, or two heads of one line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from glasshead.errors import GlassheadError
from glasshead.named import brief_head, name_kind
from glasshead_tui.drawing.choices import row_labels
from glasshead_tui.drawing.difference import DifferenceMatrix
from glasshead_tui.drawing.matrix import hides, hides_by_mask
from glasshead_tui.drawing.names import attention_name, labels
from glasshead_tui.drawing.sides import mark_names
from glasshead_tui.state.focus import Focus, Stage, within
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.session.moment import Moment

HEADS = ("this head", "pinned head")
"""Names of two heads."""
FOLLOWS = "given these tokens"
"""What the line without the edits consists of where it would have written others."""


class Side(NamedTuple):
    """One of the two: a head and a cell of a moment."""

    moment: "Moment"
    focus: Focus

    def matrix(self, stage: Stage) -> "Tensor":
        """Return the values of the head: q k."""
        return self.moment.trace[f"{self.focus.prefix}.{stage}"][self.focus.head]

    @property
    def axes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of its queries and keys."""
        queries, keys = self.moment.trace.axes(self.focus.prefix)
        return labels(queries), labels(keys)

    @property
    def cell(self) -> tuple[str, str]:
        """The names of its query and key."""
        queries, keys = self.axes
        return queries[self.focus.query], keys[self.focus.key]

    @property
    def cell_at(self) -> tuple[int, int]:
        """The place of its cell."""
        return self.focus.query, self.focus.key

    def value(self, stage: Stage) -> float:
        """Return the number of its cell."""
        return float(self.matrix(stage)[self.focus.query, self.focus.key])


@dataclass(frozen=True)
class Pair:
    """See the module. Of two lines both sides have equally many rows."""

    this: Side
    other: Side
    names: tuple[str, str]
    """What the two are called."""
    heads: bool = False
    """Whether they are two heads of one line."""
    how: str = ""
    """What the tokens of the other one are, where that is not plain."""

    @property
    def marked(self) -> tuple[str, str]:
        """The names of the two with their marks, safe for a terminal."""
        return mark_names(self.names)

    def check(self, name: str) -> None:
        """Raise GlassheadError for two values that have no difference. name: local to the attention, or logits."""
        if self.heads:
            from glasshead.analysis.two_heads import check_heads

            check_heads(self.this.moment.trace, self.this.focus.place, self.other.focus.place)
        else:
            assert self.this.moment.beside is not None
            self.this.moment.beside.check(name if name == "logits" else f"{self.this.focus.prefix}.{name}")

    def difference(self, stage: Stage) -> DifferenceMatrix:
        """Make the matrix of this one minus the other. Raises GlassheadError like `check`."""
        self.check(stage)
        this, other = self.this, self.other
        queries = _both(*(row_labels(*side) for side in (this, other)))
        keys = _both(this.axes[1], other.axes[1])
        hidden = [hides(at.moment.trace, at.focus.prefix)[at.focus.head] for at in (this, other)]
        masked = hidden[0] & hidden[1]
        if stage == "scores" and not hides_by_mask(this.moment.trace, this.focus.prefix):
            masked = masked & False
        values, reached = self._subtract(stage)
        return DifferenceMatrix(
            stage=stage, values=values, reached=reached, masked=masked, row_labels=queries,
            column_labels=keys, names=self.marked,
        )  # fmt: skip

    def _subtract(self, stage: Stage) -> "tuple[Tensor, Tensor]":
        """Return the difference, and which cells could differ: q k each."""
        import torch

        trace, head = self.this.moment.trace, self.this.focus.head
        if self.heads:
            from glasshead.analysis.two_heads import head_difference

            apart = head_difference(trace, self.this.focus.place, self.other.focus.place, stage)
            return apart, torch.ones_like(apart, dtype=torch.bool)
        from glasshead.analysis.difference import difference

        beside, site = self.this.moment.beside, f"{self.this.focus.prefix}.{stage}"
        assert beside is not None
        return difference(trace, beside.trace, site)[head], beside.cone[site][head]


def pair_of(moment: "Moment", focus: Focus, *, exact: bool = True) -> Pair | None:
    """Return what is compared: the head in the focus with the pinned one, else the line with the one beside it.

    exact: whether layer and head matter; else the nearest of another model serve. None where nothing is compared.
    Raises GlassheadError if the model beside has no such head.
    """
    if focus.pinned is not None:
        if focus.pinned == focus.place or not moment.anatomy.kinds:
            return None
        usual = focus.to(view="edited")
        return Pair(Side(moment, usual), Side(moment, reachable(moment, usual.at(focus.pinned))), HEADS, heads=True)
    if moment.beside is None or not moment.anatomy.kinds:
        return None
    here, there = moment.alike, moment.original
    this = Side(here, reachable(here, focus.to(view="edited")))
    other = Side(there, reachable(there, focus.to(view="original"), exact=exact))
    beside = moment.beside
    how = beside.how or (FOLLOWS if beside.stands is None and beside.first is not None else "")
    return Pair(this, other, beside.names, how=how)


def reachable(moment: "Moment", focus: Focus, *, exact: bool = True) -> Focus:
    """Return the focus, at the nearest cell that a moment has: the line beside may be shorter.

    exact: as for `pair_of`. Raises GlassheadError if its model has no such head.
    """
    whose = "This model" if moment.beside is None else visible(moment.beside.names[1])
    looked = focus.stack, focus.kind
    kind = next((each for each in moment.anatomy.kinds if (each.stack, each.kind) == looked), None)
    if kind is None:
        raise GlassheadError(f"{whose} has no {name_kind(*looked, masked=False)}.")
    if exact and focus.layer >= kind.layers:
        raise GlassheadError(f"{whose} has no {focus.prefix}: its layers count from 0 to {kind.layers - 1}.")
    if exact and focus.head >= kind.heads:
        raise GlassheadError(
            f"{whose} has no head {focus.head} in {focus.prefix}: they count from 0 to {kind.heads - 1}."
        )
    focus = focus.to(layer=within(focus.layer, kind.layers), head=within(focus.head, kind.heads))
    queries, keys = moment.trace.axes(focus.prefix)
    return focus.to(query=within(focus.query, len(queries)), key=within(focus.key, len(keys)))


def head_names(moment: "Moment", focus: Focus) -> tuple[str, str]:
    """Name a head at two lengths."""
    return attention_name(focus, moment.anatomy.kind_at(focus.prefix)), brief_head(*focus.place)


def both(here: str, there: str) -> str:
    """Name a token of two lines: both, where they are not the same."""
    return here if here == there else f"{here}/{there}"


def _both(here: tuple[str, ...], there: tuple[str, ...]) -> tuple[str, ...]:
    return here if here == there else tuple(map(both, here, there))
