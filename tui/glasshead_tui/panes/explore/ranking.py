"""Ranking: all heads in one list, by what each does in the shown line, or by what the translation loses without it.

The mark is the head that is looked at: moving it moves the whole screen. Until it is moved, the first rows are in
sight, and the marked one stands alone under them.
"""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead.named import brief_head
from glasshead_tui.drawing.numbers import told_apart, weight
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.ranking import (
    EFFECT,
    EFFECTS,
    NEXT,
    Head,
    Row,
    Table,
    place_name,
    ranking_rows,
    tell_of,
    write_placebo,
)
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.state.ranked_by import RankedBy
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line

if TYPE_CHECKING:
    from glasshead.analysis.measures import Trait
    from glasshead.ranking.results import Effect
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace

KIND, LAYER, HEAD, VALUE, EVEN, PLACEBO = 12, 7, 6, 8, 8, 16  # columns
SHORT = 6
"""Columns of a number where there is little room."""
WIDE = KIND + LAYER + HEAD + VALUE + PLACEBO + 8
"""Columns from which on everything stands in columns."""


class RankingPane(ListPane[Row]):
    """See the module. It is told measures and effects when they are known; the marked head is that of the focus."""

    NOTHING = "measuring …"
    from_top = True
    _head: Head | None = None
    _waits = ""
    """Why the effects are not there yet."""
    _trace: "Trace | None" = None
    """Trace of what is shown."""
    _measured: "Trace | None" = None
    """Trace from which the measures were taken: soon the same."""
    _side = ""
    """Mark of the line whose heads are listed, where two are compared."""
    _largest = 0.0
    _named = 0
    """Columns of the longest short name."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.table = Table()
        self._places: dict[Head, int] = {}
        """Place of each head in the list, from 1."""
        self._texts: dict[Head, str] = {}
        """Number of each head, with the digits that tell it from its neighbours."""
        self._briefs: dict[Head, str] = {}
        """The same where there is little room."""
        self._abouts: dict[str, RankedBy | None] = {}
        """What each effect is about."""

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Mark the head of the focus. Effects belong to a text: those of another are put away."""
        self._head = focus.prefix, focus.head
        self._trace = moment.original.trace if focus.view == "original" else moment.trace
        self._side = mark_side(moment, focus.to(view="original" if focus.view == "original" else "edited"), "ranking")
        line = RankedBy(moment.text)
        best = moment.candidates[0].id if moment.candidates and moment.tokens else None
        ids = tuple(token.id for token in moment.tokens)
        abouts = {EFFECT: line, NEXT: None if best is None else RankedBy(moment.text, ids, best)}
        old = [name for name in EFFECTS if abouts[name] != self._abouts.get(name)]
        self._abouts, self.table.goes_on = abouts, best is not None
        for name in old:
            self.table.known.pop(name, None)
        if self.table.measure == NEXT and best is None:
            self.table.measure = EFFECT
        if self.table.measure in old:
            self._list()
        self._entitle(len(self._rows))
        self._put_mark_on_head()

    @property
    def wanted(self) -> RankedBy | None:
        """What effects are to be shown of and are not known; None if there are none such."""
        return None if self.table.measure in self.table.known else self._abouts.get(self.table.measure)

    def take_traits(self, traits: "Mapping[Head, Mapping[str, Trait]]", trace: "Trace") -> None:
        """List the heads by new measures, at first by the one in which the marked head stands out.

        trace: from which the measures were taken.
        """
        self._measured, self.table.traits, self.table.measurable = trace, traits, not trace.recorded
        self._waits = "" if self.wanted is None else self._waits
        if self.table.measure not in self.table.measures:
            self.table.measure = self.table.best_for(self._head) if self._head else ""
        self._list()

    def take_effects(self, about: RankedBy, effects: "tuple[Effect, ...]", loss: float) -> None:
        """Take the effects of the heads, if they are about what is shown."""
        name = next((name for name in EFFECTS if self._abouts.get(name) == about), None)
        if name is not None:
            self.table.known[name], self._waits = (effects, loss), ""
            self._list()

    def tell_progress(self, sentence: str) -> None:
        """Say how far the effects are, or why there are none."""
        if sentence != self._waits:
            self._waits = sentence
            self.redraw()

    def turn(self, by: int) -> None:
        """Sort by the next measure."""
        names = self.table.measures
        if names and self.table.measure:
            self.table.measure = names[(names.index(self.table.measure) + by) % len(names)]
            self.from_top = True
            self._list()

    def keep(self, part: str) -> bool:
        """List only the heads whose names hold some words; tell whether there are any, and else change nothing."""
        before, self.table.part = self.table.part, part
        if self.table.traits and not any(map(self.table.lists, self.table.traits)):
            self.table.part = before
            return False
        if self.table.measure not in self.table.measures:
            self.table.measure = next(iter(self.table.measures), "")
        self._list()
        return True

    def head_at(self, by: int) -> Head | None:
        """Return the head so many rows below the current one, which comes into sight; the first where that one is not
        listed.
        """
        if not self._rows:
            return None
        self.from_top = False
        heads = [row.head for row in self._rows]
        at = heads.index(self._head) + by if self._head in heads else 0
        return heads[max(0, min(at, len(heads) - 1))]

    def as_rows(self) -> Rows:
        """Return a row for each listed head, in full precision."""
        return ranking_rows(self.table)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def _list(self) -> None:
        rows = self.table.rows()
        self._largest = max((abs(row.value) for row in rows), default=0.0)
        self._places = {row.head: place for place, row in enumerate(rows, 1)}
        self._named = max((width(brief_head(*row.head)) for row in rows), default=0)
        self._texts, self._briefs = (
            {row.head: text for row, text in zip(rows, told_apart([row.value for row in rows], room), strict=True)}
            for room in (VALUE - 1, SHORT)
        )
        self._entitle(len(rows))
        self.fill(rows)
        self._put_mark_on_head()

    def _entitle(self, count: int) -> None:
        part = f"/ {self.table.part} · {count} heads" if self.table.part else ""
        late = self.table.measure not in EFFECTS and self._measured is not self._trace
        names, measure = self.table.measures, self.table.measure
        number = f" · {names.index(measure) + 1}/{len(names)}" if measure in names else ""
        said = "measuring …" if late else visible(part) or "← → another measure" * bool(number)
        entitle(self, f"{self._side}ranking · {visible(measure)}{number}", said)

    def _put_mark_on_head(self) -> None:
        heads = [row.head for row in self._rows]
        self.listed = self._head in heads
        at = heads.index(self._head) if self._head is not None and self.listed else 0
        if at != self.mark:
            self.put_mark(at)

    def identify(self, row: Row) -> Hashable:
        return row.head

    def tell_of(self, row: Row) -> str:
        return visible(tell_of(row, self.table) if self.listed else self.table.formula)

    def tell_apart(self, at: int) -> str:
        return f"… your head: {at + 1} of {len(self._rows)}"

    def say_nothing(self) -> str:
        return visible(self._waits) or ("takes one head after the other out …" if self.wanted else self.NOTHING)

    def write_head(self, columns: int) -> str:
        value = "effect" if self.table.measure in EFFECTS else "value"
        even = any(row.even is not None for row in self._rows)
        if columns < WIDE:
            return fit(f"{' ' * self._numbers}{fit('head', self._named)} {fit(value, SHORT, right=True)}", columns)
        shown = (
            " " * self._numbers
            + fit("part", KIND)
            + "".join(fit(name, room, right=True) for name, room in (("layer", LAYER), ("head", HEAD), (value, VALUE)))
        )
        if self.table.measure in EFFECTS:
            shown += fit("placebo", PLACEBO, right=True)
        return fit(f"{shown}{fit('even', EVEN, right=True) if even else ''}", columns)

    def write_row(self, row: Row, columns: int, marks: Palette) -> Line:
        style = None if row.tells else marks.quiet
        place = f"{self._places.get(row.head, 0):>{self._numbers - 1}} "
        if columns < WIDE:
            brief = "0" if row.still else self._briefs[row.head]
            shown = f"{place}{fit(brief_head(*row.head), self._named)} {fit(brief, SHORT, right=True)} "
            return [Segment(clip(shown, columns), style), *self._bar(row, columns - width(shown), marks)]
        kind, layer = place_name(row.head[0])
        cells = (layer, LAYER), (str(row.head[1]), HEAD), ("nothing" if row.still else self._texts[row.head], VALUE)
        shown = place + fit(kind, KIND) + "".join(fit(cell, room, right=True) for cell, room in cells)
        if row.placebo is not None:
            shown += fit(write_placebo(row.placebo), PLACEBO, right=True)
        elif row.even is not None:
            shown += fit(weight(row.even), EVEN, right=True)
        return [Segment(f"{shown}  ", style), *self._bar(row, columns - width(shown) - 2, marks)]

    @property
    def _numbers(self) -> int:
        """Columns of the places, and the space after them."""
        return len(str(len(self._places))) + 1

    def _bar(self, row: Row, room: int, marks: Palette) -> Line:
        share = abs(row.value) / self._largest if self._largest else 0.0
        drawn = bar(share, max(0, min(30, room)))
        return [Segment(drawn, marks.negative if row.value < 0 else marks.positive)]
