"""Attention: the current head's matrix with its tokens, in one of three stages, and the current cell in words.

What it is compared with stands beside it where there is room: this one, the other one, and their difference.
"""

from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from textual.app import ComposeResult

from glasshead.errors import GlassheadError
from glasshead.named import brief_head
from glasshead.traces.shown import NotYetError, passes_put_off
from glasshead_tui.drawing.choices import choice, row_labels
from glasshead_tui.drawing.difference import DifferenceMatrix
from glasshead_tui.drawing.masks import told_mask
from glasshead_tui.drawing.matrix import HeadMatrix, make_matrix
from glasshead_tui.drawing.memo import chosen_cell
from glasshead_tui.drawing.names import attention_name, labels, widest
from glasshead_tui.drawing.notes import NotedMatrix, join_pieces
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.pairs import Pair, Side, head_names, pair_of
from glasshead_tui.drawing.sides import MARKS, side_of
from glasshead_tui.drawing.tables import attention_rows, matrix_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.difference import (
    changed_cells,
    difference_legend,
    difference_readout,
    mark_of_edits,
    tell_muting,
)
from glasshead_tui.panes.pane import COMPUTING, Rows, text_of
from glasshead_tui.panes.telling import explain_matrix, tell_cell, with_choice
from glasshead_tui.state.focus import STAGES, VIEWS, Focus, View
from glasshead_tui.widgets.abreast import Abreast, Figure, outline_abreast
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.fitting import Form, Outline, fitted
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.lines import Line, wrapped
from glasshead_tui.widgets.scale import MASKED_GLYPH

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

SHORTLY = "these two cannot be subtracted"
DIGITS = 4
"""Columns of the widest number of a difference, and of scores."""


class _Shown(NamedTuple):
    """What is shown."""

    moment: "Moment"
    """Moment and focus as they were given."""
    focus: Focus
    pair: Pair | None
    """What is compared; None if nothing is, or the model beside has no such head."""
    why: str = ""
    """Why the two have no difference; empty if they have one."""
    lacks: str = ""
    """Why there is nothing to compare with, where there should be."""

    @property
    def viewed(self) -> "tuple[Moment, Focus]":
        """The moment and the focus of the matrix that is looked at, if it is no difference."""
        if self.pair is None or self.focus.view == "edited":
            return self.moment, self.focus.to(view="edited")
        return self.pair.other if self.focus.view == "original" else self.pair.this

    def differs_in_cell(self, other: "_Shown") -> bool:
        """Tell whether only the cell is another."""
        seen = [(id(each.moment.trace), id(each.moment.beside)) for each in (self, other)]
        return seen[0] == seen[1] and self.focus.to(query=other.focus.query, key=other.focus.key) == other.focus

    def cursor(self, view: View) -> tuple[int, int]:
        """Return the place of the cursor in one of the matrices."""
        at = self.focus
        if self.pair is not None and (view, self.focus.view) != ("edited", "edited"):
            at = self.pair.other.focus if view == "original" else self.pair.this.focus
        return at.query, at.key

    @property
    def compares(self) -> bool:
        """Whether the current cell is compared: a line may have rows that the other one has not."""
        pair, at = self.pair, self.focus
        return pair is not None and (at.view != "edited" or (at.query, at.key) == pair.this.cell_at)


class AttentionPane(NotedMatrix, can_focus=False):
    """See the module."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._figures = Abreast()
        self._heatmap = next(self._figures.heatmaps)
        self._shown: _Shown | None = None
        self._drawn: tuple[View, ...] = ()
        """What was drawn last, from the left."""
        self.aside = ""
        """What stands in the title after the head, where one matrix of two that are compared is shown."""
        self.stays = False
        """Whether the matrices stay while the values of the cell are computed."""

    def compose(self) -> ComposeResult:
        """Compose matrices and notes."""
        yield self._figures
        yield self._notes

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw a head of a moment, and what it is compared with; if only the cell changed, move the cursor.

        Raises GlassheadError for what is not there, and for a difference that there is not.
        """
        before, self._shown = self._shown, None
        shown = _look_at(moment, focus)
        at, looking = shown.viewed
        self._entitle(shown, ())
        if at.trace.recorded:
            at.trace[f"{looking.prefix}.{looking.stage}"]  # raises here if it was not recorded: nothing else is told
        if focus.view != "edited" and shown.lacks:
            raise GlassheadError(shown.lacks)
        views, outline = self._arrange(shown)
        if focus.view == "difference" and shown.why and len(views) == 1:
            raise GlassheadError(shown.why)
        self._shown, self.stays = shown, False
        self._entitle(shown, views)
        if before and views == self._drawn and before.differs_in_cell(shown):
            for heatmap, view in zip(self._figures.heatmaps, views, strict=True):
                heatmap.cursor = shown.cursor(view)
            try:
                self._write_notes(views)
            except NotYetError:
                self.stays = True
                self._notes.readout = ([Segment(COMPUTING, palette(self.app).quiet)],)
                self._notes.redraw()
                raise
            return
        try:
            with suppress(GlassheadError):
                chosen_cell(at.trace, looking)  # what it takes comes before the matrix, which takes most
            self._draw(views, outline)
        except NotYetError:
            self._shown = None
            raise

    def _entitle(self, shown: _Shown, views: tuple[View, ...]) -> None:
        """Name the head, and of two that are compared the one that is looked at; say what its mask hides.

        views: what is drawn; empty where that is not known.
        """
        at, looking = shown.viewed
        before = ("pinned: " if shown.focus.pinned == looking.place else "") + mark_of_edits(at, looking)
        lines = shown.pair is not None and not shown.pair.heads
        if not (lines and len(views) > 1):  # one head of two lines that stand side by side is that of both
            side = shown.focus.view if shown.pair is not None else side_of(shown.moment, shown.focus, "attention")
            before = f"{'' if side is None else f'{MARKS[side]} '}{before}"
        stages = "  ".join(stage.upper() if stage == shown.focus.stage else stage for stage in STAGES)
        room = self.outer_size.width - 6
        name = attention_name(looking, at.anatomy.kind_at(looking.prefix))
        if before and width(before) + width(name) > room:
            name = brief_head(*looking.place)
        after = f" · {self.aside}" if self.aside and len(views) == 1 else ""
        name += after if width(before) + width(name) + width(after) <= room else ""
        masks = (f"{told} · {stages}" for told in told_mask(at.trace, looking.prefix))
        entitle(self, before + name, next((each for each in masks if width(each) <= room), stages))

    def say(self, sentence: str) -> None:
        """See `Pane`."""
        self._notes.say(sentence)
        if self._figures.display == bool(sentence):
            self._figures.display = not sentence
            self._notes.styles.height = "1fr" if sentence else 2 + len(self._notes.more)

    def as_rows(self) -> Rows:
        """Return a row for each query with a column for each key, in the current stage, of what is looked at."""
        if self._shown is None:
            return []
        apart = self._apart(self._shown) if self._shown.focus.view == "difference" else None
        if apart is None:
            return attention_rows(*self._shown.viewed)
        return matrix_rows(apart.row_labels, apart.column_labels, apart.values.tolist())

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def on_resize(self) -> None:
        if self._shown:
            with passes_put_off(), suppress(NotYetError):  # what was let go since is drawn with the next look
                views, outline = self._arrange(self._shown)
                self._entitle(self._shown, views)
                self._draw(views, outline)

    def on_heat_map_cursor_moved(self, event: HeatMap.CursorMoved) -> None:
        event.stop()
        if self._shown:
            queries, keys = (len(tokens) for tokens in self._shown.moment.trace.axes(self._shown.focus.prefix))
            if event.row < queries and event.column < keys:
                self.post_message(self.Picked(event.row, event.column))

    def _arrange(self, shown: _Shown) -> "tuple[tuple[View, ...], Outline | None]":
        """Choose the matrices that stand side by side, and their outline; without room, the one that is looked at."""
        view, room = shown.focus.view, self._room
        if shown.pair is None:
            return ("edited",), None
        digits = DIGITS if shown.focus.stage != "weights" else DIGITS - 1
        sides = [
            Outline(len(rows), len(columns), widest(rows), widest(columns), digits)
            for rows, columns in (Side(shown.moment, shown.focus).axes, shown.pair.other.axes)
        ]
        there: dict[View, Outline] = dict(zip(VIEWS, (*sides, sides[0]._replace(digits=DIGITS)), strict=True))
        two: tuple[View, ...] = "edited", "difference" if view == "difference" and not shown.why else "original"
        wanted = (two,) if shown.why else (VIEWS, two)
        asked = shown.pair.heads or shown.moment.beside is not shown.moment.effect
        forms: tuple[Form | None, ...] = (None, "blocks") if asked else (None,)  # an edit alone costs no numbers
        for form, views in product(forms, wanted):
            if all(room) and (outline := outline_abreast([there[each] for each in views], room, form=form)):
                return views, outline
        return (view,), None

    @property
    def _room(self) -> tuple[int, int]:
        """Columns and lines for matrices."""
        return self.content_size.width, max(0, self.content_size.height - 2)

    def _draw(self, views: tuple[View, ...], outline: Outline | None) -> None:
        assert self._shown is not None
        shown, marks = self._shown, palette(self.app)
        self._drawn = views
        if len(views) > 1:
            self._draw_abreast(shown, views, outline, marks)
        elif views == ("difference",) and (apart := self._apart(shown)):
            self._figures.show([Figure((), apart, marks.scores, shown.cursor("difference"))])
            self._notes.legend = difference_legend(apart, marks)
        else:
            self._draw_one(shown, marks)
        self._write_notes(views)

    def _draw_one(self, shown: _Shown, marks: Palette) -> None:
        """Draw the matrix that is looked at, alone."""
        moment, focus = shown.viewed
        queries, keys = row_labels(moment, focus), labels(moment.trace.axes(focus.prefix)[1])
        matrix = make_matrix(moment, focus, self._ghosts(moment, focus, queries, keys))
        self._figures.show([_figure(matrix, (), moment, focus, marks)])
        legend = explain_matrix(matrix, moment, focus, marks, tiny=self._heatmap.measures.form == "halves")
        if shown.lacks:
            said: Line = [Segment(shown.lacks, marks.bad)]
            legend = (*(join_pieces([said, line]) for line in legend), said)
        self._notes.legend = legend

    def _draw_abreast(self, shown: _Shown, views: tuple[View, ...], outline: Outline | None, marks: Palette) -> None:
        """Draw what is compared side by side."""
        assert shown.pair is not None
        pair, stage = shown.pair, shown.focus.stage
        this = shown.moment, shown.focus.to(view="edited")
        one, other = make_matrix(*this), make_matrix(*pair.other)
        if stage != "weights":  # one scale for both
            largest = max(one.largest, other.largest)
            one, other = replace(one, beside=largest), replace(other, beside=largest)
        names = _captions(pair, marks, shown.focus.view)
        apart = self._apart(shown) if "difference" in views else None
        at = shown.cursor("edited")
        figures = {"edited": _figure(one, names["edited"], *this, marks)._replace(cursor=at)}
        figures["original"] = _figure(other, names["original"], *pair.other, marks)
        if apart is not None:
            figures["difference"] = Figure(names["difference"], apart, marks.scores, shown.cursor("difference"))
        self._figures.show([figures[view] for view in views], outline)
        legend = explain_matrix(one, *this, marks, tiny=self._heatmap.measures.form == "halves")
        if shown.why:
            said = shown.why, *(shown.why.partition(end)[0] for end in (". ", ": ")), SHORTLY
            more = tuple([Segment(text, marks.strong)] for text in said)
        else:
            more = difference_legend(apart, marks) if apart is not None else ()
        if other.hides and not one.hides:
            hidden: Line = [Segment(MASKED_GLYPH * 3, marks.weights.masked), Segment(" −∞ there", marks.quiet)]
            legend = tuple(join_pieces([line, hidden]) for line in legend)
        self._notes.legend = (*(join_pieces([line, each]) for line in legend for each in more), *more[-1:], *legend)

    def _apart(self, shown: _Shown) -> DifferenceMatrix | None:
        """Make the difference; None if there is none."""
        return None if shown.pair is None or shown.why else shown.pair.difference(shown.focus.stage)

    def _ghosts(
        self, moment: "Moment", focus: Focus, queries: tuple[str, ...], keys: tuple[str, ...]
    ) -> tuple[int, int]:
        """Count the rows and columns to draw for tokens still to come.

        They fill the matrix up to a target of the source's length, if cells stay as large and nothing scrolls: the
        triangle then grows inside a fixed frame.
        """
        kind, room = moment.anatomy.kind_at(focus.prefix), self._room
        rows, columns = len(queries), len(keys)
        if kind.queries == "source" or moment.done or not all(room):
            return 0, 0
        digits = 3
        square = kind.keys == "target"

        def measured(extra: int) -> tuple[tuple[str, int], bool]:
            wide, high = columns + extra * square, rows + extra
            fit = fitted(high, wide, room, row_label=widest(queries), column_label=widest(keys), digits=digits)
            return (fit.form, min(fit.cell, digits + 2)), fit.size(high, wide)[1] <= room[1]

        size, _ = measured(0)
        for extra in range(max(1, len(moment.source) + 1 - rows), 0, -1):
            if measured(extra) == (size, True):
                return extra, extra * square
        return 0, 0

    def _write_notes(self, views: tuple[View, ...]) -> None:
        assert self._shown is not None
        shown, marks = self._shown, palette(self.app)
        moment, focus = shown.viewed
        self._notes.more = self._tell_more(shown, views)
        if self._figures.display:
            self._notes.styles.height = 2 + len(self._notes.more)
        if shown.pair is not None and shown.compares and (len(views) > 1 or shown.pair.heads or views == VIEWS[2:]):
            readout = difference_readout(shown.pair, focus.stage, marks)
            self._notes.readout = with_choice(readout, choice(moment, focus), True, marks)
            self._notes.redraw()
            return
        self._notes.readout = tell_cell(moment, focus, marks)
        self._notes.redraw()

    def _tell_more(self, shown: _Shown, views: tuple[View, ...]) -> list[Line]:
        """Tell what muting does, after an empty line, where that fits below the matrices."""
        columns, lines = self._room
        if shown.pair is None or shown.pair.heads or not columns:
            return []
        rows, keys = (len(tokens) for tokens in shown.moment.trace.axes(shown.focus.prefix))
        lines -= self._heatmap.measures.size(rows, keys)[1] + (len(views) > 1) + 1
        told = (wrapped(said, columns) for said in tell_muting(shown.moment, shown.focus.to(view="edited")))
        quiet = palette(self.app).quiet
        found = next((each for each in told if len(each) <= lines), [])
        return [[], *([Segment(line[0].text, quiet)] for line in found)] if found else []


def _look_at(moment: "Moment", focus: Focus) -> _Shown:
    """Find what is compared in a moment, and why it has no difference if it has none."""
    try:
        pair = pair_of(moment, focus)
    except GlassheadError as error:
        return _Shown(moment, focus, None, lacks=str(error))
    if pair is None:
        return _Shown(moment, focus, None)
    if pair.other.moment.trace.recorded:
        try:
            pair.other.matrix(focus.stage)
        except GlassheadError as error:
            return _Shown(moment, focus, None, lacks=str(error))
    try:
        pair.check(focus.stage)
    except GlassheadError as error:
        return _Shown(moment, focus, pair, why=str(error))
    return _Shown(moment, focus, pair)


def _figure(matrix: HeadMatrix, name: tuple[Line, ...], moment: "Moment", focus: Focus, marks: Palette) -> Figure:
    """Put a head's matrix into a figure, with the cells underlined that edits changed."""
    scale = marks.weights if focus.stage == "weights" else marks.scores
    return Figure(name, matrix, scale, (focus.query, focus.key), changed_cells(moment, focus))


def _captions(pair: Pair, marks: Palette, looked: View) -> dict[View, tuple[Line, ...]]:
    """Name what stands side by side, each at several lengths. looked: the one that is looked at."""
    one, other = pair.marked
    apart = MARKS["difference"]
    texts: list[tuple[str, ...]] = [(one,), (other,), (f"{apart}  difference", apart)]
    if pair.how:
        texts[1] = (f"{other}: {pair.how}", other)
    if pair.heads:
        for at, (name, side) in enumerate(zip(pair.marked, (pair.this, pair.other), strict=True)):
            whole, brief = head_names(*side)
            texts[at] = f"{name}: {whole}", f"{name}: {brief}", f"{name[0]} {brief}"
    styles = [marks.query if view == looked else marks.quiet for view in VIEWS]
    return {
        view: tuple([Segment(text, style)] for text in each)
        for view, each, style in zip(VIEWS, texts, styles, strict=True)
    }
