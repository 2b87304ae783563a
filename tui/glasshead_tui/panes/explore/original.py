"""The line beside, under the present one: its tokens, those that differ marked, and how far apart both are."""

from math import log
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.state.focus import VIEWS, View
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, cells

if TYPE_CHECKING:
    from glasshead.session.beside import Beside
    from glasshead.session.moment import Moment

UNDERLINED = Style(underline=True)


def changed_places(moment: "Moment") -> frozenset[int]:
    """Return the places of the target whose tokens differ from the original's."""
    if moment.beside is None:
        return frozenset()
    prompt = len(moment.tokens) - moment.step
    return frozenset(prompt + at for at, step in enumerate(moment.beside.steps) if step.differs)


def original_line(moment: "Moment", head: int, columns: int, view: View | None, marks: Palette) -> Line:
    """Draw the tokens of the line beside, what they lost, and what `d` shows.

    head: columns of the name of the line · view: None where `d` is about something else.
    """
    beside = moment.beside
    assert beside is not None
    tails = _tails(beside, view)
    tokens = tuple(step.original for step in beside.steps if step.original is not None)
    names = labels((*moment.tokens[: len(moment.tokens) - moment.step], *tokens))[-len(tokens) :] if tokens else ()
    line: Line = [Segment(fit(clip(visible(beside.names[1]), head - 1), head), marks.quiet)]
    words: Line = []
    for name, step in zip(names, (each for each in beside.steps if each.original is not None), strict=True):
        style = marks.bad if step.differs else marks.quiet
        mark = "" if marks.coloured or not step.differs else "*"
        words += [Segment(" " if words else ""), Segment(f"{mark}{name}", style)]
        if step.differs and step.original is not None and step.original.probability is not None:
            now = "" if step.edited is None else f"→{weight(step.edited, 4)}"
            words.append(Segment(f" {weight(step.original.probability, 4)}{now}", marks.quiet))
    tail = next((each for each in tails if cells(words) + width(each) + 2 <= columns - head), tails[-1])
    room = columns - head - width(tail) - 1
    line += _cut(words, room) if words else [Segment("the same, nothing yet", marks.quiet)]
    line.append(Segment(" " * max(1, columns - cells(line) - width(tail))))
    return [*line, Segment(tail, marks.strong if view not in (None, "edited") else marks.quiet)]


def _tails(beside: "Beside", view: View | None) -> list[str]:
    apart = beside.next_divergence
    far = "" if apart is None else f"KL {real(apart, 5)} bits"
    first = "no token differs" if beside.first is None else f"differs from step {beside.first + 1} on"
    given = [step.original.probability or 0.0 for step in beside.steps if step.original is not None]
    total = f"ln p {real(sum(map(log, given)), 6)}" if given and all(given) else ""
    shown = "" if view is None else f"d: {visible(dict(zip(VIEWS, beside.names, strict=False)).get(view, view))}"
    variants = (total, first, far, shown), (first, far, shown), (far, shown), (shown,)
    return [" · ".join(filter(None, parts)) for parts in variants]


def _cut(words: Line, room: int) -> Line:
    """Return as much of the words as has room."""
    found: Line = []
    for word in words:
        if cells(found) + width(word.text) > room - 1:
            return [*found, Segment("…")]
        found.append(word)
    return found
