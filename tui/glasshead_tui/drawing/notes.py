"""Two lines under a matrix, each the longest of several that fits."""

from typing import TYPE_CHECKING

from rich.segment import Segment

from glasshead_tui.widgets.lines import Line, Lines, cells

if TYPE_CHECKING:
    pass


class Notes(Lines):
    """Two lines under a matrix: the current cell, and the meaning of colours and glyphs."""

    DEFAULT_CSS = """
    Notes { height: 2; }
    """

    readout: tuple[Line, ...] = ()  # the same text at several lengths
    legend: tuple[Line, ...] = ()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return [longest_fitting(self.readout, columns), longest_fitting(self.legend, columns)]


def join_pieces(parts: list[Line]) -> Line:
    return [*parts[0], *(piece for part in parts[1:] for piece in (Segment("  "), *part))]


def longest_fitting(variants: tuple[Line, ...], columns: int) -> Line:
    """Return the first variant that fits, the longest; else the last."""
    fitting = (line for line in variants if cells(line) <= columns)
    return next(fitting, variants[-1] if variants else [])
