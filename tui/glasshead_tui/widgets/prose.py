"""Text broken into lines at its spaces, by the columns of the terminal, in any styles."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.segment import Segment

from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, Lines


def wrapped(text: Line, columns: int, *, hanging: int = 0) -> list[Line]:
    """Break a styled text into lines of at most `columns`. hanging: empty columns before every line but the first.

    A word that is wider than a line is cut.
    """
    columns = max(columns, hanging + 2)
    lines: list[Line] = [[]]
    taken = 0
    for word, space in _words(text):
        begun = taken > (hanging if len(lines) > 1 else 0)
        gap = width(space.text) if space and begun else 0
        needed = sum(width(piece.text) for piece in word)
        if begun and taken + gap + needed > columns:
            lines.append([Segment(" " * hanging)] if hanging else [])
            taken, gap = hanging, 0
        if gap and space:
            lines[-1].append(space)
            taken += gap
        for character, style in ((character, piece.style) for piece in word for character in piece.text):
            if taken + width(character) > columns:
                lines.append([Segment(" " * hanging)] if hanging else [])
                taken = hanging
            lines[-1].append(Segment(character, style))
            taken += width(character)
    return [_joined(line) for line in lines]


def _words(text: Line) -> Iterator[tuple[Line, Segment | None]]:
    """Yield words, each with the spaces before it. A word may change its style within."""
    space: Segment | None = None
    word: Line = []
    for piece in text:
        for blank, run in groupby(piece.text, lambda character: character == " "):
            part = Segment("".join(run), piece.style)
            if not blank:
                word.append(part)
                continue
            if word:
                yield word, space
                word = []
            space = part
    if word:
        yield word, space


def _joined(line: Line) -> Line:
    """Join neighbours of one style."""
    return [
        Segment("".join(piece.text for piece in run), style) for style, run in groupby(line, lambda piece: piece.style)
    ]


class Prose(Lines):
    """Paragraphs below each other; they scroll if there is not enough room."""

    paragraphs: Sequence[Line] = ()
    spaced = False
    """Whether there is an empty line between paragraphs."""

    def show(self, *paragraphs: Line) -> None:
        """Draw paragraphs."""
        self.paragraphs = paragraphs
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return self.broken(columns)

    def broken(self, columns: int) -> list[Line]:
        """Break the paragraphs into lines for a number of columns."""
        found: list[Line] = []
        for paragraph in self.paragraphs:
            if found and self.spaced:
                found.append([])
            found += wrapped(paragraph, columns)
        return found
