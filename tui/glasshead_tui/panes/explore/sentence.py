"""A sentence on one line: its words and pieces, as many as fit around those that are looked at."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from glasshead.named import END, JOINED, START
from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line

NOTHING: Mapping[int, str] = {}


class Lit(NamedTuple):
    """The mark of a token in the focus: a style, and brackets if there is no colour."""

    style: Style
    brackets: str


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


def sentence_width(names: tuple[str, ...]) -> int:
    """Return the columns of a whole sentence, with one after it."""
    return _words(names).starts[-1]


def draw_sentence(
    names: tuple[str, ...],
    lit: Mapping[int, Lit],
    columns: int,
    marks: Palette,
    *,
    changed: frozenset[int] = frozenset(),
    strange: frozenset[int] = frozenset(),
    noted: Mapping[int, str] = NOTHING,
) -> Line:
    """Draw as much of a sentence as fits around the marked tokens, else around its end.

    changed: places of tokens that the line beside has not · strange: of those that the vocabulary lacks · noted: what
    is said after a token.
    """
    words, joined, starts = _words(names)
    if noted:
        starts = tuple(accumulate(
            (end - start + width(noted.get(at, "")) for at, (start, end) in enumerate(pairwise(starts))), initial=0
        ))  # fmt: skip
    brackets = 0 if marks.coloured else 2 * len(lit) + len(strange) + len(changed)
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
        if at in noted:
            line.append(Segment(noted[at], marks.quiet))
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
