"""Attention: the current head's matrix with its tokens, in one of three stages, and the current cell in words."""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.choices import Choice, choice, names_chosen, row_labels
from glasshead_tui.drawing.difference import DifferenceMatrix
from glasshead_tui.drawing.matrix import HeadMatrix, masked, weight_level
from glasshead_tui.drawing.memo import chosen_cell
from glasshead_tui.drawing.names import attention_name, labels, spoken, widest
from glasshead_tui.drawing.notes import NotedMatrix, join_pieces
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.tables import attention_rows, matrix_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.difference import (
    changed_cells,
    difference_legend,
    difference_readout,
    make_difference,
    mark_of_edits,
    note_of_edits,
    why_edited,
)
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import STAGES, Focus, Stage
from glasshead_tui.widgets.fitting import fitted
from glasshead_tui.widgets.heatmap import UNDERLINE, HeatMap
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.scale import ABSENT_GLYPH, LEVELS, MASKED_GLYPH

if TYPE_CHECKING:
    from glasshead.analysis.cell import Cell
    from glasshead.session.moment import Moment

UNMASKED = "came later; no mask hides it"


class AttentionPane(NotedMatrix, can_focus=False):
    """See the module."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Moment, Focus] | None = None

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw a head of a moment; if only the cell changed, move the cursor."""
        before, self._shown = self._shown, None
        stages = (stage.upper() if stage == focus.stage else stage for stage in STAGES)
        name = mark_of_edits(moment, focus) + attention_name(focus, moment.anatomy.kind_at(focus.prefix))
        entitle(self, name, "  ".join(stages))
        if moment.trace.recorded:
            moment.trace[f"{focus.prefix}.{focus.stage}"]  # raises here if it was not recorded: nothing else is told
        if focus.view == "difference" and moment.beside:
            moment.beside.check(f"{focus.prefix}.{focus.stage}")  # and so does what has another shape
        self._shown = moment, focus
        if before and before[0].trace is moment.trace and before[1].to(query=focus.query, key=focus.key) == focus:
            self._heatmap.cursor = focus.query, focus.key
        else:
            self._draw_matrix()
        self._write_notes()

    def say(self, sentence: str) -> None:
        """See `Pane`."""
        self._notes.say(sentence)
        if self._heatmap.display == bool(sentence):
            self._heatmap.display = not sentence
            self._notes.styles.height = "1fr" if sentence else 2

    def as_rows(self) -> Rows:
        """Return a row for each query with a column for each key, in the current stage."""
        if self._shown is None:
            return []
        moment, focus = self._shown
        apart = self._difference
        if apart is None:
            return attention_rows(moment, focus)
        return matrix_rows(apart.row_labels, apart.column_labels, apart.values.tolist())

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def on_resize(self) -> None:
        if self._shown:
            self._draw_matrix()

    def on_heat_map_cursor_moved(self, event: HeatMap.CursorMoved) -> None:
        event.stop()
        if self._shown:
            queries, keys = (len(tokens) for tokens in self._shown[0].trace.axes(self._shown[1].prefix))
            if event.row < queries and event.column < keys:
                self.post_message(self.Picked(event.row, event.column))

    def _draw_matrix(self) -> None:
        assert self._shown is not None
        moment, focus = self._shown
        marks = palette(self.app)
        if apart := self._difference:
            self._heatmap.show(apart, marks.scores, (focus.query, focus.key))
            self._notes.legend = difference_legend(apart, marks)
            return
        trace, kind = moment.trace, moment.anatomy.kind_at(focus.prefix)
        queries, keys = row_labels(moment, focus), labels(trace.axes(focus.prefix)[1])
        rows, columns = self._ghosts(len(queries), len(keys), widest(queries), widest(keys))
        matrix = HeadMatrix(
            stage=focus.stage,
            values=trace[f"{focus.prefix}.{focus.stage}"][focus.head],
            masked=masked(trace, focus.prefix)[focus.head],
            queries=queries,
            keys=keys,
            ghost_rows=rows,
            ghost_columns=columns,
            hidden=_is_a_masks(moment, focus),
        )
        scale = marks.weights if focus.stage == "weights" else marks.scores
        self._heatmap.show(matrix, scale, (focus.query, focus.key), changed_cells(moment, focus))
        beyond = "" if kind.masked or moment.anatomy.lasting else "later tokens are not masked"
        self._notes.legend = _legend(
            matrix, focus.stage, _later(moment) if kind.causal and not beyond else "", beyond,
            note_of_edits(moment, focus, [(f"{focus.prefix}.{focus.stage}", (focus.head,))]), marks,
        )  # fmt: skip
        if names_chosen(focus):  # the first thing to know
            said: Line = [Segment("each row has the name of the word that it chose", marks.strong)]
            self._notes.legend = (*(join_pieces([said, line]) for line in self._notes.legend), said)

    @property
    def _difference(self) -> DifferenceMatrix | None:
        """The matrix minus that without the edits, if that is what is looked at."""
        assert self._shown is not None
        moment, focus = self._shown
        return make_difference(moment, focus) if focus.view == "difference" and moment.beside else None

    def _ghosts(self, rows: int, columns: int, row_label: int, column_label: int) -> tuple[int, int]:
        """Count the rows and columns to draw for tokens still to come.

        They fill the matrix up to a target of the source's length, if cells stay as large and nothing scrolls: the
        triangle then grows inside a fixed frame.
        """
        assert self._shown is not None
        moment, focus = self._shown
        kind = moment.anatomy.kind_at(focus.prefix)
        room = self._heatmap.container_size
        if kind.queries == "source" or moment.done or not room:
            return 0, 0
        digits = 3
        square = kind.keys == "target"

        def measured(extra: int) -> tuple[tuple[str, int], bool]:
            wide, high = columns + extra * square, rows + extra
            fit = fitted(high, wide, room, row_label=row_label, column_label=column_label, digits=digits)
            return (fit.form, min(fit.cell, digits + 2)), fit.size(high, wide)[1] <= room.height

        size, _ = measured(0)
        for extra in range(max(1, len(moment.source) + 1 - rows), 0, -1):
            if measured(extra) == (size, True):
                return extra, extra * square
        return 0, 0

    def _write_notes(self) -> None:
        assert self._shown is not None
        moment, focus = self._shown
        trace = moment.trace
        if focus.view == "difference" and moment.beside:
            trace = moment.beside.edited
        queries, keys = trace.axes(focus.prefix)
        names = spoken(labels(queries)[focus.query]), spoken(labels(keys)[focus.key])
        marks = palette(self.app)
        if focus.view == "difference" and moment.beside:
            self._notes.readout = difference_readout(moment, focus, names, marks)
            self._notes.redraw()
            return
        try:
            found = chosen_cell(trace, focus)
        except GlassheadError:  # a recording of some values
            hidden = "not recorded"
            readout = _bare(moment, focus, names, marks)
        else:
            hidden = "" if found.may_look else _why_hidden(focus, moment, keys[focus.key].text)
            readout = _readout(found, names, hidden, marks)
        self._notes.readout = _with_choice(readout, choice(moment, focus), bool(hidden), marks)
        self._notes.redraw()


def _is_a_masks(moment: "Moment", focus: Focus) -> bool:
    """Tell whether −∞ is a mask's; else those keys were not there when the row was computed."""
    kind, window = moment.anatomy.kind_at(focus.prefix), moment.trace.attending(focus.prefix).window
    return kind.masked or window is not None or not moment.anatomy.lasting


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


def _with_choice(variants: tuple[Line, ...], chosen: Choice | None, hidden: bool, marks: Palette) -> tuple[Line, ...]:
    """Say after the query what its row chose, where there is room; why a key or its sum is hidden comes first."""
    if chosen is None:
        return variants
    said: Line = [Segment(f", {chosen.how} ", marks.quiet), Segment(chosen.label, marks.strong)]
    longer = variants[:-1] if hidden else variants
    return (*([line[0], *said, *line[1:]] for line in longer), *variants)


def _bare(moment: "Moment", focus: Focus, names: tuple[str, str], marks: Palette) -> tuple[Line, ...]:
    """Describe a cell of a recording that does not hold all of its arithmetic, at several lengths."""
    value = float(moment.trace[f"{focus.prefix}.{focus.stage}"][focus.head, focus.query, focus.key])
    pair: Line = [Segment(names[0], marks.query), Segment(" → ", marks.quiet), Segment(names[1], marks.key)]
    number = weight(value) if focus.stage == "weights" else real(value, 7)
    short: Line = [*pair, Segment("  "), Segment(number, marks.strong)]
    return [*short, Segment("   how it came about was not recorded", marks.quiet)], short


def _readout(found: "Cell", names: tuple[str, str], hidden: str, marks: Palette) -> tuple[Line, ...]:
    """Describe the current cell at several lengths, the whole arithmetic first, only the weight last."""
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
        [*pair, Segment("  "), Segment(shown, marks.strong)],
    )


def _later(moment: "Moment") -> str:
    """Say why later keys are hidden: they were generated later, or they come later in a prompt."""
    return "not generated yet" if sum(token.probability is None for token in moment.tokens) <= 1 else "comes later"


def _legend(matrix: HeadMatrix, stage: Stage, causal: str, beyond: str, edits: str, marks: Palette) -> tuple[Line, ...]:
    """Explain colours and glyphs, at several lengths.

    causal: why later keys are hidden; empty if the mask is not causal · beyond: what is said of weights on them ·
    edits: what the edits did to the matrix.
    """
    scale = marks.weights if stage == "weights" else marks.scores
    if stage == "weights":
        samples = [(weight_level(value), real(value, 3)) for value in (0.0, 0.01, 0.1, 0.3, 1.0)]
    else:
        end = real(matrix.largest, 5)
        samples = [(0, f"−{end}"), (LEVELS // 2, "0"), (LEVELS - 1, end)]
    colours: Line = [Segment(f"{scale.glyphs[level] * 2 if not scale.coloured else ''} {name} ", scale.fills[level])
                     for level, name in samples]  # fmt: skip
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
    elif stage == "scores" and later:
        long.append([Segment("what the mask is about to hide is drawn too", marks.quiet)])
    if edits:
        style = marks.strong + UNDERLINE if edits.startswith("≠") else marks.strong
        long.insert(0, [Segment(edits, style)])
        short.insert(0, [Segment(edits, style)])
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
