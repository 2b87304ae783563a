"""Stream: the residual stream of the current row through its stack, and how the next token comes out of it.

adds, cosine   length of what a sub-layer adds, and the cosine of its angle to the stream before it
stream         length of the stream after it
to the logit   what each head and sub-layer adds to the logit of one candidate, or to that of A minus that of B
lens           what would be predicted if the stack stopped there
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.message import Message

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.memo import chosen_account, known_account
from glasshead_tui.drawing.names import brief_label, labels, next_labels, spoken
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import EMBEDDINGS, stream_how, stream_sum
from glasshead_tui.drawing.sides import mark_side
from glasshead_tui.drawing.tables import stream_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Drawing, Line, Lines, wrapped
from glasshead_tui.widgets.sparks import pooled, sparks

if TYPE_CHECKING:
    from glasshead.analysis.account import Account
    from glasshead.session.moment import Moment
    from glasshead.text import Token

PLACE, NUMBER, SHARE = 12, 7, 8  # columns
AT_ONCE = 40_000_000
"""Products that are computed while a key waits: a few milliseconds."""
HEADS = 16
"""Most columns for the bars of the heads."""
TITLE = "stream · ← → another candidate · S again: best − this"
HELD = "→ variances as captured"
HEADED = "→ variances and the head's ratios held"
BARE = "lens: no norm follows the stream"
LENS = "if it stopped here (lens)", "lens"
"""Heads of what the lens reads, from long to short."""
READ = 16
"""Columns of one candidate of the lens, about."""


class StreamPane(Lines):
    """See the module."""

    INSET = 1

    _found: "Account | None" = None
    _token = ""
    _before: "tuple[Token, ...]" = ()
    _here = -1

    _waiting: "tuple[Moment, Focus] | None" = None
    """What is to be drawn, while it is computed."""
    _computing = False
    _title = TITLE

    class Computed(Message, bubble=False):
        """What a stream consists of was computed."""

        def __init__(self, asked: "tuple[Moment, Focus]", found: "Account | GlassheadError") -> None:
            super().__init__()
            self.asked, self.found = asked, found

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the stream of the query's row, with the sub-layer of the current attention marked.

        Of a large model it is computed in a thread, and drawn when it is there.
        """
        from glasshead.analysis.account import cost

        self._waiting, self._title = (moment, focus), f"{mark_side(moment, focus, 'stream')}{TITLE}"
        if known_account(moment, focus) is None and cost(moment.trace, focus.stack) > AT_ONCE:
            entitle(self, self._title, "computing …")
            self.call_after_refresh(self._begin)  # once that is said: the two would be in each other's way
        else:
            self._finish()

    def _begin(self) -> None:
        """Compute what waits; one at a time, and of keys that come meanwhile only what the last one asks for."""
        if self._waiting is not None and not self._computing:
            self._computing = True
            self._compute(self._waiting)

    @work(thread=True)
    def _compute(self, asked: "tuple[Moment, Focus]") -> None:
        found: Account | GlassheadError
        try:
            found = chosen_account(*asked)
        except GlassheadError as error:
            found = error
        self.post_message(self.Computed(asked, found))

    def on_stream_pane_computed(self, event: Computed) -> None:
        """Draw it, unless something else is looked at by now."""
        self._computing = False
        if event.asked is not self._waiting:
            self._begin()
        elif isinstance(event.found, GlassheadError):
            self._waiting = self._found = None
            entitle(self, self._title)
            self.say(visible(str(event.found)))
        else:
            self._finish(event.found)

    def _finish(self, found: "Account | None" = None) -> None:
        """Draw what waits. Raises GlassheadError for a stream that cannot be followed."""
        if self._waiting is None:
            return
        (moment, focus), self._waiting = self._waiting, None
        self._found = None  # nothing else is told then
        entitle(self, self._title)
        tokens = moment.trace.tokens(focus.stack)
        self._token = labels(tokens)[focus.query]
        self._before = tokens[: focus.query + 1]
        self._found = found = chosen_account(moment, focus) if found is None else found
        split = found.attribution
        held = "" if split is None else HEADED if split.headed else HELD
        entitle(self, self._title, " · ".join(filter(None, (held, BARE if found.bare else ""))))
        self._here = next((at for at, step in enumerate(found.stream.steps) if step.site == focus.prefix), -1)
        self.redraw()
        self.follow()

    def follow(self) -> None:
        self.show_lines(max(0, self._here + 2))

    def as_rows(self) -> Rows:
        """Return a row for each stage of the stream, then one for each part of the logit that is split."""
        with suppress(GlassheadError):
            self._finish()
        return [] if self._found is None else stream_rows(self._found, self._before)

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        found = self._found
        if found is None:
            return []
        marks = palette(self.app)
        heads = _columns_of_heads(found, columns)
        largest = max((abs(value) for step in found.stream.steps for value in _heads(found, step.site)), default=0.0)
        start = (Segment(fit("embedding", PLACE)), Segment(" " * 2 * NUMBER))
        embedding = self._row(found, 0, start, float(found.stream.start.norm()), [], heads, largest, columns, marks)
        here = self._here

        def draw(at: int) -> Line:
            step = found.stream.steps[at]
            adds = fit(real(step.size, NUMBER - 1), NUMBER, right=True)
            turned = fit(real(step.cosine, NUMBER - 2), NUMBER, right=True)
            name = Segment(fit(brief_label(step.site, visible(step.label)), PLACE), marks.query if at == here else None)
            size = None if step.after is None else float(step.after.norm())
            begin, shares = (name, Segment(adds + turned)), _shares(found, step.site, marks)
            return self._row(found, at + 1, begin, size, shares, heads, largest, columns, marks)

        steps = len(found.stream.steps)
        first, last = [self._head(found, heads, columns, marks)], [draw(steps - 1)] if steps else []
        last += self._sum(found, columns, marks)
        last += self._notes(found, columns, max(lines - 1 - steps - len(last), lines // 4 - len(last)), marks)
        return Drawing(first, max(1, steps), lambda at: draw(at - 1) if at else embedding, last)

    def _head(self, found: "Account", heads: int, columns: int, marks: Palette) -> Line:
        """Name the columns, and the candidate that is asked about."""
        line: Line = [Segment(fit(self._token, PLACE), marks.query)]
        line.append(Segment("".join(fit(name, NUMBER, right=True) for name in ("adds", "cos", "stream")), marks.quiet))
        if found.attribution is not None:
            asked = self._asked(found)
            line.append(Segment("  " + fit(f"→ {asked}", SHARE + heads - 1), marks.key))
        if found.how:
            room = columns - sum(width(segment.text) for segment in line) - 2
            said = next((text for text in LENS if width(text) <= room), LENS[-1])
            line.append(Segment(f"  {clip(said, max(0, room))}", marks.quiet))
        return line

    def _asked(self, found: "Account") -> str:
        assert found.asked is not None
        tokens = tuple(token for token in (found.asked.token, found.asked.rival) if token is not None)
        return " − ".join(next_labels(self._before, tokens))

    def _row(
        self, found: "Account", at: int, begin: tuple[Segment, ...], size: float | None, shares: Line, heads: int,
        largest: float, columns: int, marks: Palette,
    ) -> Line:  # fmt: skip
        """Draw one stage. at: its number, the embeddings being 0 · size: length of the stream after it."""
        length = "" if size is None else real(size, NUMBER - 1)
        line: Line = [*begin, Segment(fit(length, NUMBER, right=True), marks.strong)]
        if found.attribution is not None:
            bars: Line = []
            if at:
                values = _heads(found, found.stream.steps[at - 1].site)
                bars = sparks(pooled(values, heads, widest=1), 1, marks.positive, marks.negative, largest=largest)[0]
            else:
                amount = sum(each.amount for each in found.attribution.shares if each.name in EMBEDDINGS)
                shares = [Segment(fit(real(amount, SHARE - 2), SHARE, right=True), _sign(amount, marks))]
            left = heads - sum(width(segment.text) for segment in bars)
            line += [*shares, Segment(" "), *bars, Segment(" " * left)]
        return [*line, *self._read(found.read[at], columns - sum(width(segment.text) for segment in line), marks)]

    def _read(self, tokens: "tuple[Token, ...]", room: int, marks: Palette) -> Line:
        """Draw as many candidates of the lens as there is room for."""
        count = max(1, min(len(tokens), (room - 2) // READ)) if tokens else 0
        line: Line = [Segment("  ")] if count else []
        for number, (name, token) in enumerate(zip(next_labels(self._before, tokens[:count]), tokens, strict=False)):
            chance = weight(token.probability or 0.0)
            each = fit(clip(spoken(name) if count < 3 else name, READ - 7), READ - 7)
            line += [Segment(f"{each} ", marks.strong if number == 0 else None), Segment(fit(chance, 6), marks.quiet)]
        return line

    def _sum(self, found: "Account", columns: int, marks: Palette) -> list[Line]:
        """Say what the shares sum to, or why there are none."""
        said = (stream_sum(found), marks.strong), (visible(found.why), marks.quiet)
        return [[Segment(line[0].text, style)] for text, style in said for line in wrapped(text, columns)]

    def _notes(self, found: "Account", columns: int, room: int, marks: Palette) -> list[Line]:
        """Say how lens and shares are made, in as many whole sentences as there is room for."""
        notes: list[Line] = []
        for said in stream_how(found):
            lines = wrapped(said, columns)
            if len(notes) + len(lines) <= room:
                notes += [[Segment(line[0].text, marks.quiet)] for line in lines]
        return notes


def _heads(found: "Account", site: str) -> Sequence[float]:
    return () if found.attribution is None else found.attribution.heads(site)


def _columns_of_heads(found: "Account", columns: int) -> int:
    """Choose the columns of the heads' bars: one for each head where there is room."""
    if found.attribution is None:
        return 0
    most = max((len(_heads(found, step.site)) for step in found.stream.steps), default=0)
    return max(4, min(most, HEADS if columns < 110 else 2 * HEADS))


def _shares(found: "Account", site: str, marks: Palette) -> Line:
    if found.attribution is None:
        return []
    amount = found.attribution.at(site)
    return [Segment(fit(real(amount, SHARE - 2), SHARE, right=True), _sign(amount, marks))]


def _sign(amount: float, marks: Palette) -> Style:
    return marks.negative if amount < 0 else marks.positive
