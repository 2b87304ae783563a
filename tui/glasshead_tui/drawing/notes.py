"""Two lines under a matrix, each the longest of several that fits."""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.widgets.lines import Line, Lines, cells

if TYPE_CHECKING:
    pass


class Notes(Lines):
    """Two lines under the matrix: the chosen cell, and what the colours and glyphs mean."""

    DEFAULT_CSS = """
    Notes { height: 2; }
    """

    readout: tuple[Line, ...] = ()  # the same said at greater and smaller length
    legend: tuple[Line, ...] = ()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return [longest_fitting(self.readout, columns), longest_fitting(self.legend, columns)]


def join_pieces(parts: list[Line]) -> Line:
    return [*parts[0], *(piece for part in parts[1:] for piece in (Segment("  "), *part))]


def longest_fitting(variants: tuple[Line, ...], columns: int) -> Line:
    """The first, which is the longest, that fits; else the last."""
    fitting = (line for line in variants if cells(line) <= columns)
    return next(fitting, variants[-1] if variants else [])
