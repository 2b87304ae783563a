"""The difference that edits make: what the panes draw in place of values."""

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.drawing.difference import DifferenceMatrix
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.notes import join_pieces
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.panes.pane import Cell, Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.heatmap import Marked
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.scale import ABSENT_GLYPH, LEVELS

if TYPE_CHECKING:
    from glasshead.analysis.difference import Place
    from glasshead.edits.edit import Edit
    from glasshead.session.moment import Moment


def edits_here(moment: "Moment", focus: Focus) -> "tuple[Edit, ...]":
    """Return the edits of the head in the focus that are in what is shown."""
    if not moment.edits.active or focus.view == "original":
        return ()
    from glasshead.edits.strokes import touching

    return touching(moment.edits.active, moment.anatomy, focus.prefix, focus.head)


def mark_of_edits(moment: "Moment", focus: Focus) -> str:
    """Say of the head in the focus, before its name, that it is edited, or of which line it is; empty if of neither."""
    if focus.view == "original" and moment.beside is not None:
        return f"{visible(moment.beside.names[1])}: "
    found = edits_here(moment, focus)
    if not found:
        return ""
    from glasshead.edits.edit import Put

    muted = any(edit.action == Put(0.0) and edit.name == "heads" and not edit.where.query for edit in found)
    return "muted: " if muted else "edited: "


def why_edited(moment: "Moment", focus: Focus) -> bool:
    """Tell whether a key is hidden by an edit, and not by the model's own mask."""
    if moment.effect is None or focus.view == "original":
        return False
    return bool(moment.effect.trace[f"{focus.prefix}.masked"][focus.head, focus.query, focus.key] > -inf)


def make_difference(moment: "Moment", focus: Focus) -> DifferenceMatrix:
    """Make the matrix of the current head minus that of the line beside: without the edits, or another one.

    Raises GlassheadError for matrices of different shapes.
    """
    from glasshead.analysis.difference import difference

    beside = moment.beside
    assert beside is not None
    site = f"{focus.prefix}.{focus.stage}"
    beside.check(site)
    traces = beside.edited, beside.trace
    queries, keys = map(_both, *(map(labels, trace.axes(focus.prefix)) for trace in traces))
    hidden = [trace[f"{focus.prefix}.masked"][focus.head] == -inf for trace in traces]
    return DifferenceMatrix(
        stage=focus.stage,
        values=difference(*traces, site)[focus.head],
        reached=beside.cone[site][focus.head],
        masked=hidden[0] & hidden[1],
        row_labels=queries,
        column_labels=keys,
        names=beside.names,
    )


def _both(here: tuple[str, ...], there: tuple[str, ...]) -> tuple[str, ...]:
    """Name the tokens of two lines: both, where they are not the same."""
    return tuple(one if one == other else f"{one}/{other}" for one, other in zip(here, there, strict=True))


def changed_cells(moment: "Moment", focus: Focus) -> "Marked | None":
    """Return which cells of the current head's matrix the edits changed, row by row; None where nothing is compared."""
    beside = moment.effect
    if beside is None or focus.view != "edited":
        return None
    from glasshead.analysis.difference import difference

    apart = difference(moment.trace, beside.trace, f"{focus.prefix}.{focus.stage}")[focus.head] != 0
    return lambda row: apart[row].tolist() if row < len(apart) else ()


def note_of_edits(moment: "Moment", focus: Focus, places: "Iterable[Place]") -> str:
    """Say what the edits did to the values that a pane shows, and whether they could reach them; empty without edits.

    places: the values, as `analysis.difference.effect` takes them.
    """
    beside = moment.effect
    if beside is None or focus.view != "edited":
        return ""
    from glasshead.analysis.difference import effect

    found = effect(moment.trace, beside.trace, beside.cone, places)
    if found.changed:
        return f"≠ {found.changed:,} of {found.of:,} changed by edits"
    return "= in reach of edits, unchanged" if found.reached else "out of the edits' reach"


def difference_readout(moment: "Moment", focus: Focus, names: tuple[str, str], marks: Palette) -> tuple[Line, ...]:
    """Describe the current cell in both lines, at several lengths."""
    beside = moment.beside
    assert beside is not None
    site = f"{focus.prefix}.{focus.stage}"
    was, now = (float(trace[site][focus.head, focus.query, focus.key]) for trace in (beside.trace, beside.edited))
    pair: Line = [Segment(names[0], marks.query), Segment(" → ", marks.quiet), Segment(names[1], marks.key)]
    if not bool(beside.cone[site][focus.head, focus.query, focus.key]):
        return [*pair, Segment(f"   {real(was, 7)}: the edits cannot reach it", marks.quiet)], pair
    moved = "unchanged" if now == was else f"{'+' if now > was else ''}{real(now - was, 7)}"
    change: Line = [Segment(f"   {real(was, 7)} → ", marks.quiet), Segment(real(now, 7), marks.strong)]
    return [*pair, *change, Segment(f"   {moved}", marks.quiet)], [*pair, *change], pair


def difference_legend(matrix: DifferenceMatrix, marks: Palette) -> tuple[Line, ...]:
    """Explain colours and glyphs, at several lengths."""
    scale = marks.scores
    end = 1.0 if matrix.stage == "weights" else matrix.largest
    samples = ((0, f"−{real(end, 5)}"), (LEVELS // 2, "0"), (LEVELS - 1, f"+{real(end, 5)}"))
    colours: Line = [
        Segment(f"{scale.glyphs[level] * 2 if not scale.coloured else ''} {name} ", scale.fills[level])
        for level, name in samples
    ]
    what: Line = [Segment(visible(" − ".join(matrix.names)), marks.strong)]
    count: Line = [Segment(f"{matrix.changed:,} of {matrix.values.numel():,} cells differ", marks.quiet)]
    if bool(matrix.reached.all()):
        return tuple(join_pieces(parts) for parts in ([what, colours, count], [what, colours], [what]))
    beyond: Line = [Segment(ABSENT_GLYPH, scale.absent), Segment(" the edits cannot reach it", marks.quiet)]
    short: Line = [Segment(ABSENT_GLYPH, scale.absent), Segment(" out of reach", marks.quiet)]
    variants = [what, colours, beyond, count], [what, colours, beyond], [what, colours, short], [what, short], [what]
    return tuple(join_pieces(parts) for parts in variants)


def difference_text(edited: Rows, original: Rows, names: tuple[str, str]) -> list[Line]:
    """Write a pane's table minus that of the line beside: numbers that differ, and = where they are equal."""
    rows = [tuple(map(_apart, one, other)) for one, other in zip(edited, original, strict=False)]
    title: Line = [Segment(visible(" − ".join(names)))]
    return [title, *([Segment(line)] for line in text_of([edited[0], *rows[1:]] if rows else []).splitlines())]


def _short(cell: Cell) -> Cell:
    return real(cell, 7) if isinstance(cell, float) else cell


def same_items(edited: Rows, original: Rows, item: int) -> Rows:
    """Put the rows of the original in the order of the edited ones: of the same item each, found by that column.

    An item that the original does not list has an empty row, but for its name.
    """
    known = {row[item]: row for row in original[1:]}
    empty = [tuple(cell if at == item else None for at, cell in enumerate(row)) for row in edited[1:]]
    return [*original[:1], *(known.get(row[item], none) for row, none in zip(edited[1:], empty, strict=True))]


def _apart(one: Cell, other: Cell) -> Cell:
    numbers = isinstance(one, float) and isinstance(other, float)
    if not numbers:
        return one if one == other else f"{'not listed' if other is None else other} → {_short(one)}"
    assert isinstance(one, float) and isinstance(other, float)
    return "=" if one == other else f"{'+' if one > other else ''}{real(one - other, 7)}"
