"""The difference that edits make: what the panes draw in place of values."""

from collections.abc import Container, Iterable
from math import inf
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.difference import DifferenceMatrix
from glasshead_tui.drawing.names import spoken
from glasshead_tui.drawing.notes import join_pieces
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.pairs import Pair, both
from glasshead_tui.drawing.sides import MARKS, OTHER, THIS
from glasshead_tui.drawing.switches import edits_effect
from glasshead_tui.panes.pane import Cell, Rows, text_of
from glasshead_tui.state.focus import Focus, Stage
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.heatmap import Marked
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.scale import ABSENT_GLYPH, LEVELS

if TYPE_CHECKING:
    from glasshead.analysis.difference import Place
    from glasshead.edits.edit import Edit
    from glasshead.session.moment import Moment


MUTED = "muted: "


def edits_here(moment: "Moment", focus: Focus) -> "tuple[Edit, ...]":
    """Return the edits of the head in the focus that are in what is shown."""
    if not moment.edits.active or focus.view == "original":
        return ()
    from glasshead.edits.strokes import touching

    return touching(moment.edits.active, moment.anatomy, focus.prefix, focus.head)


def mark_of_edits(moment: "Moment", focus: Focus) -> str:
    """Say of the head in the focus, before its name, that it is edited; empty if it is not."""
    found = edits_here(moment, focus)
    if not found:
        return ""
    from glasshead.edits.edit import Put

    muted = any(edit.action == Put(0.0) and edit.name == "heads" and not edit.where.query for edit in found)
    return MUTED if muted else "edited: "


def tell_muting(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    """Say why the weights of a muted head are what they were, and what is not, at several lengths, safe for a terminal;
    empty for a head that is not muted.
    """
    if mark_of_edits(moment, focus) != MUTED or moment.effect is None or moment.beside is not moment.effect:
        return ()
    stay = ": its weights stay" if len(moment.edits.active) == 1 else ""
    said = f"Muting takes away what the head adds to the stream, not where it looks{stay}."
    return visible(f"{said} {edits_effect(moment)}"), said


def why_edited(moment: "Moment", focus: Focus) -> bool:
    """Tell whether a key is hidden by an edit, and not by the model's own mask."""
    if moment.effect is None or focus.view == "original":
        return False
    return bool(moment.effect.trace[f"{focus.prefix}.masked"][focus.head, focus.query, focus.key] > -inf)


def changed_cells(moment: "Moment", focus: Focus) -> "Marked | None":
    """Return which cells of the current head's matrix the edits changed, row by row; None where nothing is compared."""
    beside = moment.effect
    if beside is None or focus.view != "edited":
        return None
    from glasshead.analysis.difference import difference

    apart = difference(moment.trace, beside.trace, f"{focus.prefix}.{focus.stage}")[focus.head] != 0
    return lambda row: apart[row].tolist() if row < len(apart) else ()


def note_of_edits(moment: "Moment", focus: Focus, places: "Iterable[Place]") -> str:
    """Say in short what the edits did to the values that a pane shows; empty without edits. places: see below."""
    return next(reversed(tell_of_edits(moment, focus, places)), "")


def tell_of_edits(moment: "Moment", focus: Focus, places: "Iterable[Place]") -> tuple[str, ...]:
    """Say what the edits did to the values that a pane shows, or why they can have done nothing, at several lengths.

    places: the values, as `analysis.difference.effect` takes them. Without edits there is nothing to say.
    """
    beside, places = moment.effect, tuple(places)
    if beside is None or focus.view != "edited":
        return ()
    from glasshead.analysis.difference import effect

    found = effect(moment.trace, beside.trace, beside.cone, places)
    if found.changed:
        return (f"≠ {found.changed:,} of {found.of:,} changed by edits",)
    if found.reached:
        return ("= unchanged by the edits",)
    if not _come_first(moment, {site for site, _ in places}):
        return "no edit goes into these numbers: they are unchanged", "no edit goes into these"
    edits = "edit" if len(moment.edits.active) == 1 else "edits"
    return f"computed before the {edits}, which cannot have changed it", f"before the {edits}: unchanged"


def _come_first(moment: "Moment", sites: "Container[str]") -> bool:
    """Tell whether some values are all computed before those that the edits change."""
    from glasshead.edits.strokes import strokes

    anatomy = moment.anatomy
    changed = {stroke.site for edit in moment.edits.active for stroke in strokes(edit, anatomy)}
    last = max((at for at, site in enumerate(anatomy.sites) if site in sites), default=-1)
    return changed.isdisjoint(anatomy.sites[: last + 1])


def difference_readout(pair: Pair, stage: Stage, marks: Palette) -> tuple[Line, ...]:
    """Describe the current cell on both sides, at several lengths."""
    this, other = pair.this, pair.other
    query, key = (spoken(both(*names)) for names in zip(this.cell, other.cell, strict=True))
    told: Line = [Segment(query, marks.query), Segment(" → ", marks.quiet), Segment(key, marks.key)]
    now, was = this.value(stage), other.value(stage)
    if not _subtracts(pair, stage):
        first, second = (
            [
                Segment(f"{mark} ", marks.quiet), Segment(spoken(side.cell[0]), marks.query),
                Segment(" → ", marks.quiet), Segment(spoken(side.cell[1]), marks.key), Segment("  "),
                Segment(real(value, 7), marks.strong),
            ]
            for mark, side, value in ((THIS, this, now), (OTHER, other, was))
        )  # fmt: skip
        return [*first, Segment("   "), *second], first
    if not pair.heads:
        assert this.moment.beside is not None
        cone = this.moment.beside.cone[f"{this.focus.prefix}.{stage}"]
        if not bool(cone[this.focus.head, this.focus.query, this.focus.key]):
            return [*told, Segment(f"   {real(was, 7)}: no edit goes into it", marks.quiet)], told
    apart = "0" if now == was else real(now - was, 7)
    worked: Line = [
        Segment(f"   {THIS} ", marks.quiet), Segment(real(now, 7), marks.strong),
        Segment(f" − {OTHER} ", marks.quiet), Segment(real(was, 7), marks.strong),
    ]  # fmt: skip
    return [*told, *worked, Segment(f" = {apart}", marks.strong)], [*told, *worked], told


def _subtracts(pair: Pair, stage: Stage) -> bool:
    try:
        pair.check(stage)
    except GlassheadError:
        return False
    return True


def difference_legend(matrix: DifferenceMatrix, marks: Palette) -> tuple[Line, ...]:
    """Explain colours and glyphs, at several lengths."""
    scale = marks.scores
    end = 1.0 if matrix.stage == "weights" else matrix.largest
    samples = ((0, f"−{real(end, 5)}"), (LEVELS // 2, "0"), (LEVELS - 1, f"+{real(end, 5)}"))
    colours: Line = [
        Segment(f"{scale.glyphs[level] * 2 if not scale.coloured else ''} {name} ", scale.fills[level])
        for level, name in samples
    ]
    what: Line = [Segment(" − ".join(matrix.names), marks.strong)]
    brief: Line = [Segment(MARKS["difference"], marks.strong)]
    count: Line = [Segment(f"{matrix.changed:,} of {matrix.values.numel():,} cells differ", marks.quiet)]
    if bool(matrix.reached.all()):
        return tuple(join_pieces(parts) for parts in ([what, colours, count], [what, colours], [what], [brief]))
    beyond: Line = [Segment(ABSENT_GLYPH, scale.absent), Segment(" no edit goes into it", marks.quiet)]
    short: Line = [Segment(ABSENT_GLYPH, scale.absent), Segment(" not edited", marks.quiet)]
    variants = (
        [what, colours, beyond, count], [what, colours, beyond], [what, colours, short], [what, short], [what], [brief],
    )  # fmt: skip
    return tuple(join_pieces(parts) for parts in variants)


def difference_text(edited: Rows, original: Rows, names: tuple[str, str], row: str = "") -> list[Line]:
    """Write a pane's table minus that of the line beside: numbers that differ, and = where they are equal.

    names: of the two, safe for a terminal · row: what the row is called at which they are compared, safe too.
    """
    rows = [tuple(map(_apart, one, other)) for one, other in zip(edited, original, strict=False)]
    title: Line = [Segment(" − ".join(names) + (f", row {row}" if row else ""))]
    return [title, *([Segment(line)] for line in text_of([edited[0], *rows[1:]] if rows else []).splitlines())]


def _short(cell: Cell) -> Cell:
    return real(cell, 7) if isinstance(cell, float) else cell


def _apart(one: Cell, other: Cell) -> Cell:
    numbers = isinstance(one, float) and isinstance(other, float)
    if not numbers:
        return one if one == other else f"{'not listed' if other is None else other} → {_short(one)}"
    assert isinstance(one, float) and isinstance(other, float)
    return "=" if one == other else f"{'+' if one > other else ''}{real(one - other, 7)}"
