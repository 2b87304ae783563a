"""Tokens: the source, the target so far, and the candidates for the next token, with probabilities and entropy."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.drawing.names import END, JOINED, START, labels, next_labels, strange_places
from glasshead_tui.drawing.numbers import drawn_with, real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import line_probability, reading_said
from glasshead_tui.panes.explore.original import changed_places, original_line
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, Lines, cells

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.picking import Weighed
    from glasshead.text import Token

HEAD = 9  # columns of "source", "target", "next"


class _Lit(NamedTuple):
    """The mark of a token in the focus: a style, and brackets if there is no colour."""

    style: Style
    brackets: str


class _Offer(NamedTuple):
    """The tokens that could be written at one place."""

    head: str
    candidates: "tuple[Token, ...]"
    entropy: float
    before: "tuple[Token, ...]"
    """Tokens before that place."""
    why: str = ""
    """Why there are no candidates."""
    follows: bool = False
    """Whether the first is what the line is told to follow."""
    drawn: "Weighed | None" = None
    """The same candidates as a sampling rule draws them."""


class TokensPane(Lines):
    """See the module."""

    DEFAULT_CSS = """
    TokensPane { height: 3; }
    """

    _shown: "tuple[Focus, Moment] | None" = None

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw the tokens of a moment, with query and key of the current cell marked."""
        self._shown = focus, moment
        self.redraw()

    def as_rows(self) -> Rows:
        """Return a row for each token: of the source, of the target so far, and the candidates for the next."""
        if self._shown is None:
            return []
        moment = self._shown[1]
        offer = self._offer(moment)
        lines = (("source", moment.source), ("target", moment.tokens), (offer.head, offer.candidates))
        tokens = [(line, at, token.text, token.probability) for line, found in lines for at, token in enumerate(found)]
        if offer.drawn is None:
            return [("line", "number", "token", "probability"), *tokens]
        drawn = [*[None] * (len(tokens) - len(offer.drawn.adjusted)), *offer.drawn.adjusted]
        heads = ("line", "number", "token", "probability", "drawn with")
        return [heads, *((*token, p) for token, p in zip(tokens, drawn, strict=True))]

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if self._shown is None:
            return []
        focus, moment = self._shown
        marks = palette(self.app)
        kinds = (each for each in moment.anatomy.kinds if (each.stack, each.kind) == (focus.stack, focus.kind))
        kind = next(kinds, None)
        query, key = (kind.queries, kind.keys) if kind else ("", "")
        drawing: list[Line] = []
        there = [(side, tokens) for side, tokens in (("source", moment.source), ("target", moment.tokens)) if tokens]
        for side, tokens in there:
            lit = {focus.key: _Lit(marks.key, "()")} if key == side else {}
            if query == side:
                lit[focus.query] = _Lit(marks.query, "[]")
            names, tail = labels(tokens), ""
            if side == "target":
                tail = (
                    _rule(moment, columns)
                    + f"  step {moment.step}"
                    + ("" if moment.until is None else f", on to {moment.until}")
                    + (", the recording ends" if moment.cut else ", done" if moment.done else "")
                )
            tail = _with_remarks(tail, moment, side, len(there), names, columns)
            line: Line = [Segment(fit(side, HEAD), marks.quiet)]
            newest = side == "target" and not moment.done
            changed = changed_places(moment) if side == "target" else frozenset()
            room = columns - HEAD - width(tail) - 2 * newest
            line += _sentence(names, lit, room, marks, changed, strange_places(tokens))
            if newest:
                line.append(Segment(" ┃", marks.strong))
            if tail:
                line += [Segment(" " * (columns - cells(line) - width(tail))), Segment(tail, marks.quiet)]
            drawing.append(line)
        if moment.beside is not None and len(drawing) < lines - 1:
            drawing.append(original_line(moment, HEAD, columns, None if focus.pinned else focus.view, marks))
        return drawing + self._next(moment, columns, lines - len(drawing), marks)

    def _next(self, moment: "Moment", columns: int, lines: int, marks: Palette) -> list[Line]:
        """Draw the candidates, best first: name, probability and bar; the bars on a second line if there is one.

        In front of them stands the token that the line is told to follow, if there is one.
        """
        offer = self._offer(moment)
        head = Segment(fit(offer.head, HEAD), marks.quiet)
        if not offer.candidates:
            return [[head, Segment(offer.why, marks.quiet)]]
        wide, drawn = 4 if columns >= 100 else 3, offer.drawn
        changed = "" if drawn is None else f"→{real(drawn.adjusted_entropy, wide)}"
        tail = f"  entropy {real(offer.entropy, wide)}{changed} bits"
        room = columns - HEAD - width(tail)
        least = (22 if columns >= 100 else 17) + (0 if drawn is None else 5)
        count = max(1, min(len(offer.candidates), room // least, 8))
        names = next_labels(offer.before, offer.candidates[:count])
        each = room // count
        first: Line = [head]
        second: Line = [Segment(" " * HEAD)]
        for number, (name, token) in enumerate(zip(names, offer.candidates, strict=False)):
            chance = token.probability or 0.0
            amount = weight(chance) + " "
            if drawn is not None:
                chance = drawn.adjusted[number]
                amount = f"{amount.rstrip()}→{drawn_with(chance, cuts=drawn.cuts)} "
            label = f"{clip(name, each - 3 - width(amount))} "
            style = (marks.query if offer.follows else marks.strong) if number == 0 else None
            first += [Segment(label, style), Segment(amount, marks.quiet)]
            left = each - width(label) - width(amount)
            bars = bar(chance, each - 2) if lines > 1 else bar(chance, max(0, left - 2))
            if lines > 1:
                first.append(Segment(" " * left))
                second.append(Segment(fit(bars, each), marks.positive))
            else:
                first.append(Segment(fit(bars, left), marks.positive))
        first.append(Segment(tail, marks.quiet))
        return [first, second] if lines > 1 else [first]

    def _offer(self, moment: "Moment") -> _Offer:
        """Choose what the last line shows: the next token, or what would be filled in at the mask near the cursor."""
        assert self._shown is not None
        if moment.fillings:
            cursor = self._shown[0].query
            filling = min(moment.fillings, key=lambda each: abs(each.place - cursor))
            before = moment.source[: filling.place]
            return _Offer(f"at {filling.place}", filling.candidates, filling.entropy, before)
        if moment.done and not moment.candidates:  # a recording may end with some
            if moment.cut:
                why = "the recording ends here: the model went on, or could have"
            elif moment.ended:
                why = f"the line is done: {END} ends it"
            elif moment.limit:
                why = f"the line is done: {moment.limit} steps are the most that this model can take"
            elif moment.fillings is None:
                why = "nothing: this model reads, and writes no text"
            else:
                why = "nothing: this model fills in mask tokens, and the sentence has none"
            return _Offer("next", (), 0.0, (), why)
        if moment.until is not None and not moment.candidates:
            return _Offer("next", (), 0.0, (), "being computed")
        if moment.given is not None:
            return _Offer("follows", (moment.given, *moment.candidates), moment.entropy, moment.tokens, follows=True)
        return _Offer("next", moment.candidates, moment.entropy, moment.tokens, drawn=moment.weighed)


def _rule(moment: "Moment", columns: int) -> str:
    """Say by which rule the next token is drawn; empty if it is not drawn."""
    if moment.weighed is None:
        return ""
    return f"  {moment.weighed.rule}" if columns >= 100 else "  sampled"


class _Words(NamedTuple):
    """A sentence to draw: its words and pieces, which of them continue the one before, and where each begins."""

    words: tuple[str, ...]
    joined: tuple[bool, ...]
    starts: tuple[int, ...]


@by_identity
def _words(names: tuple[str, ...]) -> _Words:
    words = tuple(name.removeprefix(JOINED) if at else name for at, name in enumerate(names))
    joined = (*(at > 0 and name.startswith(JOINED) for at, name in enumerate(names)), False)
    widths = (width(word) + (not joined[at]) for at, word in enumerate(words))
    return _Words(words, joined, tuple(accumulate(widths, initial=0)))


def _with_remarks(tail: str, moment: "Moment", side: str, sides: int, names: tuple[str, ...], columns: int) -> str:
    """Add to what ends a line what is said of the text, and of the line's probability, as far as there is room."""
    words = _words(names)
    room = columns - HEAD - words.starts[-1] - width(tail) - 4
    said = visible(reading_said(moment)) if side == "source" or sides == 1 else ""
    if said and width(said) + 2 <= room:
        tail = f"  {said}{tail}"
        room -= width(said) + 2
    chance = line_probability(moment).partition(",")[0] if side == "target" else ""
    return f"  {chance}{tail}" if chance and width(chance) + 2 <= room else tail


def _sentence(
    names: tuple[str, ...],
    lit: dict[int, _Lit],
    columns: int,
    marks: Palette,
    changed: frozenset[int] = frozenset(),
    strange: frozenset[int] = frozenset(),
) -> Line:
    """Draw as much of a sentence as fits around the marked tokens, else around its end.

    changed: places of tokens that are others without the edits · strange: of those that the vocabulary lacks.
    """
    words, joined, starts = _words(names)
    brackets = 0 if marks.coloured else 2 * len(lit) + len(strange)
    first, last = _window(starts, max(lit, default=len(words) - 1), columns + 1 - brackets)
    line: Line = [Segment("… ", marks.quiet)] if first else []
    for at in range(first, last):
        if at > first and not joined[at]:
            line.append(Segment(" "))
        word, style = words[at], marks.quiet if names[at] in (START, END) else None
        if at in strange:
            style = marks.bad
            word = word if marks.coloured else f"?{word}"
        if at in changed:
            style = marks.bad
            word = word if marks.coloured else f"*{word}"
        if at in lit:
            style = lit[at].style
            word = word if marks.coloured else f"{lit[at].brackets[0]}{word}{lit[at].brackets[1]}"
        # Pieces of one word are underlined together, to show where the vocabulary cut it.
        if joined[at] or joined[at + 1]:
            style = (style or Style()) + Style(underline=True)
        line.append(Segment(word, style))
    return [*line, Segment(" …", marks.quiet)] if last < len(words) else line


def _window(starts: Sequence[int], centre: int, columns: int) -> tuple[int, int]:
    """Return first and last + 1 of the items to show: all, or those around `centre`, with room for … at both ends."""
    count = len(starts) - 1
    if starts[-1] <= columns:
        return 0, count
    room = columns - 4
    first = centre
    while first and starts[centre + 1] - starts[first - 1] <= room * 2 // 3:
        first -= 1
    last = centre + 1
    while last < count and starts[last + 1] - starts[first] <= room:
        last += 1
    while first and starts[last] - starts[first - 1] <= room:
        first -= 1
    return first, last
