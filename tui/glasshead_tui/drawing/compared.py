"""Which panes have a difference, and the difference of their tables."""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.rows import Cell, Rows
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from glasshead_tui.drawing.pairs import Pair

OF_KEYS = ("attention", "sum", "vectors", "heads", "alignment")
"""Panes of which a row belongs to a key: two lines with other keys have no difference there."""
OF_HEADS = ("attention", "sum", "vectors")
"""Panes that show one head, of which another one can be pinned."""
OF_LAYERS = (*OF_KEYS, "feed-forward")
"""Panes that show one layer: a model without it has nothing to show there."""
SORTED = {"logits": 1, "feed-forward": 0}
"""Panes whose rows are sorted, with the column that says which item a row is: with edits their order is another."""


def check_pane(pair: "Pair", pane: str, focus: Focus) -> None:
    """Raise GlassheadError for a pane that has no difference: its values must be alike on both sides.

    The queries of the attention stand for all that belongs to a row.
    """
    if pane == "logits" and focus.stack == "decoder":
        names: tuple[str, ...] = ("logits",)
    elif pane == "vectors":
        names = (focus.stage, "q")
    else:
        names = (focus.stage,) if pane in OF_KEYS else ("q",)
    for name in names:
        pair.check(name)


def same_items(edited: Rows, original: Rows, item: int) -> Rows:
    """Put the rows of the original in the order of the edited ones: of the same item each, found by that column.

    An item that the original does not list has an empty row, but for its name.
    """
    known = {row[item]: row for row in original[1:]}
    empty = [tuple(cell if at == item else None for at, cell in enumerate(row)) for row in edited[1:]]
    return [*original[:1], *(known.get(row[item], none) for row, none in zip(edited[1:], empty, strict=True))]


def subtract_rows(one: Rows, other: Rows, pane: str) -> Rows:
    """Subtract the numbers of a pane's table from those of another one; names that differ stand one over the other."""
    item = SORTED.get(pane)
    if item is not None:
        other = same_items(one, other, item)
    return [tuple(map(_subtract, *rows)) for rows in zip(one, other, strict=False)]


def _subtract(one: Cell, other: Cell) -> Cell:
    if isinstance(one, float) and isinstance(other, float):
        return 0.0 if one == other else one - other
    return one if one == other else f"{'–' if one is None else one}/{'–' if other is None else other}"
