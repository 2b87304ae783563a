"""Tokens: the source, the target so far, and the candidates for the next token, with probabilities and entropy."""

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment

from glasshead.named import END
from glasshead_tui.drawing.names import labels, next_labels, strange_places
from glasshead_tui.drawing.numbers import drawn_with, real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.remarks import line_probability, reading_said
from glasshead_tui.drawing.sides import MARKS, OTHER, THIS
from glasshead_tui.panes.explore.sentence import Lit, draw_sentence, sentence_width
from glasshead_tui.panes.explore.texts import Text, cursors, texts_of
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus, View
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, Lines, cells, pad_line

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.picking import Weighed
    from glasshead.text import Token

HEAD = 9  # columns of "source", "target", "next"
SIDES = ("source", "target")
NAMED = 14  # of those names at most, where they have marks
OTHERS = 12  # of the probability of all other tokens together


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
        """Return a row for each token: of source and target so far, of the two beside, of the candidates."""
        if self._shown is None:
            return []
        focus, moment = self._shown
        offers = [(f"{mark} {offer.head}".strip(), offer) for mark, offer in self._offers(moment, focus)]
        shown = texts_of(moment, None if focus.pinned is not None else focus.view)
        lines = [(text.head, text.tokens, labels(text.tokens)) for text in shown]
        lines += [(head, offer.candidates, next_labels(offer.before, offer.candidates)) for head, offer in offers]
        tokens = [
            (line, at, name, token.probability)
            for line, found, names in lines
            for at, (name, token) in enumerate(zip(names, found, strict=True))
        ]
        weighed = [None if offer.drawn is None else offer.drawn.adjusted for _, offer in offers]
        if not any(weighed):
            return [("line", "number", "token", "probability"), *tokens]
        drawn: list[float | None] = [None] * sum(len(text.tokens) for text in shown)
        for (_, offer), adjusted in zip(offers, weighed, strict=True):
            drawn += adjusted or [None] * len(offer.candidates)
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
        texts = texts_of(moment, None if focus.pinned is not None else focus.view)
        if len(texts) >= lines:  # the sources give way first: the targets have the names
            texts = [text for text in texts if text.side == "target" or text.tails != ("",)][-max(1, lines - 1) :]
        at = cursors(moment, focus)
        head = HEAD if moment.beside is None else min(NAMED, 1 + max(width(text.head) for text in texts))
        drawing = [_draw_text(text, moment, at, columns, head, marks) for text in texts]
        offers, room = self._offers(moment, focus), lines - len(drawing)
        named = [
            (offer, Segment(fit(f"{mark} {offer.head}".strip(), head), marks.query if mark in lit else marks.quiet))
            for lit in [MARKS[focus.view].split() if len(offers) > 1 else ()]
            for mark, offer in offers
        ]
        if len(offers) > 1 and room < len(offers):  # side by side
            half = columns // 2
            (one, name), (other, other_name) = named
            left = pad_line(_draw_offer(one, name, half - 2, 1, marks, brief=True)[0], half)
            other_name = Segment(f"{OTHER} ", other_name.style)
            return [*drawing, left + _draw_offer(other, other_name, columns - half, 1, marks, brief=True)[0]]
        for offer, name in named:
            drawing += _draw_offer(offer, name, columns, room // len(offers), marks)
        return drawing

    def _offers(self, moment: "Moment", focus: Focus) -> "list[tuple[str, _Offer]]":
        """Return what could be written next, of two lines that are compared each under its mark."""
        if moment.beside is None or focus.pinned is not None:
            return [("", self._offer(moment))]
        return [(THIS, self._offer(moment)), (OTHER, self._offer(moment.original))]

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


def _draw_text(text: Text, moment: "Moment", at: dict[View, Focus], columns: int, head: int, marks: Palette) -> Line:
    """Draw a sentence under its name. at: the cursors in the lines that are looked at · head: columns of the name."""
    looked = [at[view] for view in text.views if view in at]
    lit: dict[int, Lit] = {}
    for focus in looked:
        kinds = (each for each in moment.anatomy.kinds if (each.stack, each.kind) == (focus.stack, focus.kind))
        kind = next(kinds, None)
        if kind is not None and kind.keys == text.side:
            lit[focus.key] = Lit(marks.key, "()")
        if kind is not None and kind.queries == text.side:
            lit[focus.query] = Lit(marks.query, "[]")
    names = labels(text.tokens)
    room = columns - head - 2 * text.goes_on
    tail = _tail(text, moment, room, columns)
    style = marks.query if moment.beside is not None and looked and text.head not in SIDES else marks.quiet
    line: Line = [Segment(fit(clip(text.head, head - 1), head), style)]
    line += draw_sentence(
        names, lit, room - width(tail), marks, changed=text.changed, strange=strange_places(text.tokens),
        noted=text.noted,
    )  # fmt: skip
    if text.goes_on:
        line.append(Segment(" ┃", marks.strong))
    if tail:
        line += [Segment(" " * (columns - cells(line) - width(tail))), Segment(tail, marks.quiet)]
    return line


def _tail(text: Text, moment: "Moment", room: int, columns: int) -> str:
    """Say at the end of a sentence how far its line has come, and what is said of it, as far as there is room.

    room: columns for sentence and tail · columns: of the pane.
    """
    names = labels(text.tokens)
    room -= sentence_width(names) + sum(map(width, text.noted.values()))
    if "edited" not in text.views:
        return next((f"  {each}" for each in text.tails if each and width(each) + 2 <= room),
                    f"  {text.tails[-1]}" if text.tails[-1] else "")  # fmt: skip
    tail = f"{_rule(moment, columns)}  {text.tails[0]}" if text.side == "target" else ""
    room -= width(tail) + 2
    said = visible(reading_said(moment)) if text.side == "source" or not moment.source else ""
    if said and width(said) + 2 <= room:
        tail = f"  {said}{tail}"
        room -= width(said) + 2
    chance = line_probability(moment).partition(",")[0] if text.side == "target" else ""
    return f"  {chance}{tail}" if chance and width(chance) + 2 <= room else tail


def _draw_offer(
    offer: _Offer, head: Segment, columns: int, lines: int, marks: Palette, *, brief: bool = False
) -> list[Line]:
    """Draw the candidates, best first: name, probability and bar; the bars on a second line if there is one. After them
    stands, where there is room, the probability of all other tokens together.

    In front of them stands the token that the line is told to follow, if there is one.
    head: what stands before all · brief: without the entropy.
    """
    margin = width(head.text)
    if not offer.candidates:
        why = offer.why.removeprefix("the line is ") if brief else offer.why
        return [[head, Segment(clip(why, columns - margin), marks.quiet)]]
    wide, drawn = 4 if columns >= 100 else 3, offer.drawn
    changed = "" if drawn is None else f"→{real(drawn.adjusted_entropy, wide)}"
    tail = "" if brief else f"  entropy {real(offer.entropy, wide)}{changed} bits"
    others = drawn is None and columns >= 100 and not offer.follows
    room = columns - margin - width(tail) - OTHERS * others
    least = (22 if columns >= 100 else 17) + (0 if drawn is None else 6)
    count = max(1, min(len(offer.candidates), room // least, 8))
    if others:  # in one place at every step
        left = max(0.0, 1.0 - sum(token.probability or 0.0 for token in offer.candidates[:count]))
        tail = f"{fit(f'others {weight(left)}', OTHERS)}{tail}"
    names = next_labels(offer.before, offer.candidates[:count])
    each = room // count
    first: Line = [head]
    second: Line = [Segment(" " * margin)]
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


def _rule(moment: "Moment", columns: int) -> str:
    """Say by which rule the next token is drawn; empty if it is not drawn."""
    if moment.weighed is None:
        return ""
    return f"  {moment.weighed.rule}" if columns >= 100 else "  sampled"
