"""What is said below a head's matrix, at several lengths: the current cell in words, the colours, the glyphs."""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.choices import Choice, choice, names_chosen
from glasshead_tui.drawing.masks import explain_mask
from glasshead_tui.drawing.matrix import HeadMatrix, weight_level
from glasshead_tui.drawing.memo import chosen_cell
from glasshead_tui.drawing.names import labels, spoken
from glasshead_tui.drawing.notes import join_pieces
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.panes.difference import tell_of_edits, why_edited
from glasshead_tui.state.focus import Focus, Stage
from glasshead_tui.widgets.heatmap import UNDERLINE
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.scale import ABSENT_GLYPH, LEVELS, MASKED_GLYPH

if TYPE_CHECKING:
    from glasshead.analysis.cell import Cell
    from glasshead.session.moment import Moment

CHEQUER = "▚"
"""What will be masked, where a cell is half a character: every second one is grey."""
UNMASKED = "came later; no mask hides it"


def tell_cell(moment: "Moment", focus: Focus, marks: Palette) -> tuple[Line, ...]:
    """Tell how the cell of a focus came about, the whole arithmetic first, only the number of its stage last."""
    queries, keys = moment.trace.axes(focus.prefix)
    names = spoken(labels(queries)[focus.query]), spoken(labels(keys)[focus.key])
    try:
        found = chosen_cell(moment.trace, focus)
    except GlassheadError:  # a recording of some values
        return with_choice(_bare(moment, focus, names, marks), choice(moment, focus), True, marks)
    hidden = "" if found.may_look else _why_hidden(focus, moment, keys[focus.key].text)
    if hidden and hidden != UNMASKED and focus.stage == "scores":
        told = _to_be_masked(found, names, _what_is_hidden(focus, moment, keys[focus.key].text), marks)
    else:
        told = _readout(found, names, hidden, focus.stage, marks)
    return with_choice(told, choice(moment, focus), bool(hidden), marks)


def _what_is_hidden(focus: Focus, moment: "Moment", key: str) -> str:
    """Say what a key is that the mask is about to hide."""
    kind, window = moment.anatomy.kind_at(focus.prefix), moment.trace.attending(focus.prefix).window
    if kind.causal and kind.masked and focus.key > focus.query:
        return "a later token"
    if why_edited(moment, focus):
        return "by an edit"
    if key == "<pad>":
        return "padding"
    away = abs(focus.key - focus.query)
    if window is not None and away > window[focus.key > focus.query]:
        return f"{away} away, beyond the window"
    return "by the mask that was given"


def _to_be_masked(found: "Cell", names: tuple[str, str], what: str, marks: Palette) -> tuple[Line, ...]:
    """Describe a cell before the mask that is about to hide it, at several lengths."""
    pair: Line = [Segment(names[0], marks.query), Segment(" → ", marks.quiet), Segment(names[1], marks.key)]
    score = Segment(f"   score {real(found.captured_score, 7)}", marks.quiet)
    said = Segment(f"   will be masked: {what}", marks.strong)
    return (
        [*pair, score, said],
        [*pair, said],
        [*pair, Segment(f"  {said.text.partition(':')[0].strip()}", marks.strong)],
    )


def _why_hidden(focus: Focus, moment: "Moment", key: str) -> str:
    kind = moment.anatomy.kind_at(focus.prefix)
    if kind.causal and focus.key > focus.query and moment.anatomy.lasting:
        if not kind.masked:
            return UNMASKED
        token = moment.tokens[focus.key] if kind.keys == "target" else None
        if token is not None and token.probability is None:
            return "it comes later in the prompt"
        return "not generated yet when this token was chosen"
    if why_edited(moment, focus):
        return "an edit hides it"
    return "padding" if key == "<pad>" else "the mask hides it"


def with_choice(variants: tuple[Line, ...], chosen: Choice | None, hidden: bool, marks: Palette) -> tuple[Line, ...]:
    """Say after the query what its row chose, where there is room.

    hidden: whether the last one lacks why a key is hidden, or a number, which comes first.
    """
    if chosen is None:
        return variants
    said: Line = [Segment(f", {chosen.how} ", marks.quiet), Segment(chosen.label, marks.strong)]
    longer = variants[:-1] if hidden else variants
    after = 1 + next((at for at, part in enumerate(variants[0]) if part.style == marks.query), 0)
    return (*([*line[:after], *said, *line[after:]] for line in longer), *variants)


def _bare(moment: "Moment", focus: Focus, names: tuple[str, str], marks: Palette) -> tuple[Line, ...]:
    """Describe a cell of a recording that does not hold all of its arithmetic, at several lengths."""
    value = float(moment.trace[f"{focus.prefix}.{focus.stage}"][focus.head, focus.query, focus.key])
    pair: Line = [Segment(names[0], marks.query), Segment(" → ", marks.quiet), Segment(names[1], marks.key)]
    number = weight(value) if focus.stage == "weights" else real(value, 7)
    short: Line = [*pair, Segment("  "), Segment(number, marks.strong)]
    return [*short, Segment("   how it came about was not recorded", marks.quiet)], short


def _readout(found: "Cell", names: tuple[str, str], hidden: str, stage: Stage, marks: Palette) -> tuple[Line, ...]:
    """Describe the current cell at several lengths, the whole arithmetic first, only the number of its stage last."""
    pair: Line = [Segment(names[0], marks.query), Segment(" → ", marks.quiet), Segment(names[1], marks.key)]
    if hidden == UNMASKED:
        score = Segment(f"   score {real(found.captured_score, 7)}: ", marks.quiet)
        return [*pair, score, Segment(hidden)], [*pair, Segment("  "), Segment(hidden)], pair
    if hidden:
        tail = Segment(f"   weight {weight(found.captured_weight)}", marks.quiet)
        score = Segment(f"   score {real(found.captured_score, 7)}, masked", marks.quiet)
        infinite = Segment(" −∞ ", marks.strong)
        long, short = [*pair, score, infinite, Segment(hidden)], [*pair, Segment("  "), infinite, Segment(hidden)]
        return [*long, tail], long, [*short, tail], short, short[:-1]
    shown = weight(found.captured_weight)
    what, number = ("weight", shown) if stage == "weights" else ("score", real(found.captured_score, 7))
    plain = found.bias is None and found.cap is None
    root = f"1/√{len(found.q)}" if abs(found.scale * len(found.q) ** 0.5 - 1) < 1e-6 else real(found.scale, 6)
    beyond = "" if found.bias is None else f" + bias {real(found.bias, 6)}"
    beyond += "" if found.cap is None else f", capped at {real(found.cap, 5)}"
    scaled = f"   {real(found.dot, 7)} × {root}{beyond}{' = ' if plain else ' → '}{real(found.score, 7)}"
    return (
        [
            *pair,
            Segment(f"{scaled} → exp {real(found.exp, 7)} ÷ {real(found.total, 7)} = ", marks.quiet),
            Segment(shown, marks.strong),
        ],
        [
            *pair,
            Segment(f"   score {real(found.captured_score, 7)} → weight ", marks.quiet),
            Segment(shown, marks.strong),
        ],
        [*pair, Segment(f"   {what} ", marks.quiet), Segment(number, marks.strong)],
        [*pair, Segment("  "), Segment(number, marks.strong)],
    )


def _later(moment: "Moment") -> str:
    """Say why later keys are hidden: they were generated later, or they come later in a prompt."""
    return "not generated yet" if sum(token.probability is None for token in moment.tokens) <= 1 else "comes later"


def _colours(matrix: HeadMatrix, stage: Stage, marks: Palette) -> Line:
    """Explain the colours of a matrix."""
    scale = marks.weights if stage == "weights" else marks.scores
    if stage == "weights":
        samples = [(weight_level(value), real(value, 3)) for value in (0.0, 0.01, 0.1, 0.3, 1.0)]
    else:
        end = real(matrix.largest, 5)
        samples = [(0, f"−{end}"), (LEVELS // 2, "0"), (LEVELS - 1, end)]
    return [Segment(f"{scale.glyphs[level] * 2 if not scale.coloured else ''} {name} ", scale.fills[level])
            for level, name in samples]  # fmt: skip


def explain_matrix(
    matrix: HeadMatrix, moment: "Moment", focus: Focus, marks: Palette, *, tiny: bool = False
) -> tuple[Line, ...]:
    """Explain a head's matrix, at several lengths. tiny: whether a cell is half a character."""
    kind = moment.anatomy.kind_at(focus.prefix)
    beyond = "" if kind.masked or moment.anatomy.lasting else "later tokens are not masked"
    legend = _legend(
        matrix, focus.stage, _later(moment) if kind.causal and not beyond else "", beyond,
        tell_of_edits(moment, focus, [(f"{focus.prefix}.{focus.stage}", (focus.head,))]), marks, tiny,
    )  # fmt: skip
    if focus.stage == "masked" and not matrix.hides and (why := explain_mask(moment.trace, focus.prefix)):
        told: list[Line] = [[Segment(each, marks.strong)] for each in why]
        legend = (*(join_pieces([line, each]) for line in legend for each in told), *told, *legend)
    if names_chosen(focus):  # the first thing to know
        said: Line = [Segment("each row has the name of the word that it chose", marks.strong)]
        legend = (*(join_pieces([said, line]) for line in legend), said)
    return legend


def _legend(
    matrix: HeadMatrix, stage: Stage, causal: str, beyond: str, edits: tuple[str, ...], marks: Palette, tiny: bool
) -> tuple[Line, ...]:
    """Explain colours and glyphs, at several lengths.

    causal: why later keys are hidden; empty if the mask is not causal · beyond: what is said of weights on them ·
    edits: what the edits did to the matrix, at several lengths · tiny: whether a cell is half a character.
    """
    scale = marks.weights if stage == "weights" else marks.scores
    colours = _colours(matrix, stage, marks)
    later = causal if not matrix.hides_earlier else ""
    long: list[Line] = []
    short: list[Line] = []
    if not matrix.hidden:
        absent = Segment(ABSENT_GLYPH, scale.absent)
        if matrix.hides:
            long.append([absent, Segment(" came later: step by step it is not there, no mask hides it", marks.quiet)])
            short.append([absent, Segment(" came later: no mask hides it", marks.quiet)])
        elif stage == "scores":
            long.append([Segment("no mask hides what comes later", marks.quiet)])
    elif matrix.hides:
        glyph = Segment(MASKED_GLYPH * 3, scale.masked)
        why = {"": "may not be looked at", "comes later": later}.get(later, f"{later} when this token was chosen")
        long.append([glyph, Segment(f" −∞ {why}", marks.quiet)])
        short.append([glyph, Segment(f" −∞ {later or 'masked'}", marks.quiet)])
    elif matrix.will_hide:
        veil = Segment(CHEQUER if tiny and scale.coloured else MASKED_GLYPH, scale.masked)
        long.append([veil, Segment(" will be masked: a later token" if later else " will be masked", marks.quiet)])
        short.append([veil, Segment(" will be masked", marks.quiet)])
    if edits:
        style = marks.strong + UNDERLINE if edits[0].startswith("≠") else marks.strong
        long.insert(0, [Segment(edits[0], style)])
        short.insert(0, [Segment(edits[-1], style)])
    if beyond:  # the first thing to know
        long.insert(0, [Segment(beyond, marks.bad)])
        short.insert(0, [Segment(beyond, marks.bad)])
    if matrix.ghost_rows:
        ghost = [Segment(ABSENT_GLYPH, scale.absent), Segment(" not decoded yet", marks.quiet)]
        long.append(ghost)
        short.append(ghost)
    # Without room for both, glyphs come before colours, which can be guessed.
    variants = [colours, *long], [colours, *short], short, short[:1], [colours]
    return tuple(join_pieces(parts) for parts in variants if parts)
