"""Up to three matrices side by side, each under a line that names it, with cells of one size."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from glasshead_tui.widgets.fitting import Form, Outline, fit_outline
from glasshead_tui.widgets.heatmap import HeatMap, Marked, Matrix
from glasshead_tui.widgets.lines import Line, Lines, cells
from glasshead_tui.widgets.scale import Scale

MOST = 3
APART = 1
"""Columns between two matrices; the labels of rows stand apart by themselves."""


class Figure(NamedTuple):
    """A matrix, as a heat map shows it, with its name at several lengths."""

    name: tuple[Line, ...]
    matrix: Matrix
    scale: Scale
    cursor: tuple[int, int]
    marked: Marked | None = None


def outline_abreast(outlines: Sequence[Outline], room: tuple[int, int], *, form: Form | None = None) -> Outline | None:
    """Return one outline for all matrices, with which they stand side by side in a room; None if they do not.

    They do if cells keep the form that the first has alone, with whole numbers and names that can be read, and nothing
    scrolls to the side.
    form: a form that serves too.
    """
    each = (room[0] - APART * (len(outlines) - 1)) // len(outlines)
    largest = [max(sizes) for sizes in zip(*(outline[:5] for outline in outlines), strict=True)]
    joint = Outline(*largest)._replace(room=each, form=form)
    alone = form or _form(outlines[0], room)
    return joint if alone is not None and _form(joint, (each, room[1] - 1)) == alone else None


def _form(outline: Outline, room: tuple[int, int]) -> Form | None:
    """Return the form of the cells in a room; None where they scroll to the side, numbers lose a decimal, or the names
    of columns stand downwards.
    """
    fit = fit_outline(outline, room)
    columns, lines = fit.size(outline.rows, outline.columns)
    cut = (fit.form == "digits" and fit.cell <= outline.digits) or fit.downwards
    return None if cut or columns + (lines > room[1]) > room[0] else fit.form


class Caption(Lines):
    """The name of a matrix, above it."""

    DEFAULT_CSS = """
    Caption { height: 1; }
    """

    name_at_lengths: tuple[Line, ...] = ()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        fitting = (line for line in self.name_at_lengths if cells(line) <= columns)
        return [next(fitting, self.name_at_lengths[-1] if self.name_at_lengths else [])]


class Captioned(Vertical):
    """A heat map under its name."""

    DEFAULT_CSS = """
    Captioned { width: 1fr; height: 1fr; }
    Captioned.later { margin-left: 1; }
    """

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.caption, self.heatmap = Caption(), HeatMap()

    def compose(self) -> ComposeResult:
        """Compose name and heat map."""
        yield self.caption
        yield self.heatmap


class Abreast(Horizontal):
    """See the module."""

    DEFAULT_CSS = """
    Abreast { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places = [Captioned(classes="later" if number else None) for number in range(MOST)]
        self.count = 1
        """Matrices that are shown."""

    def compose(self) -> ComposeResult:
        """Compose the places of the matrices; the first is always there."""
        yield from self._places

    def on_mount(self) -> None:
        """Show one place."""
        self._lay_out()

    def show(self, figures: Sequence[Figure], outline: Outline | None = None) -> None:
        """Show one to three matrices. One alone has no name above it. outline: of all, if there are several."""
        if len(figures) != self.count:
            self.count = len(figures)
            self._lay_out()
        for place, figure in zip(self._places, figures, strict=False):
            if self.count > 1:
                place.caption.name_at_lengths = figure.name
                place.caption.redraw()
            place.heatmap.show(figure.matrix, figure.scale, figure.cursor, figure.marked, outline)

    @property
    def heatmaps(self) -> Iterator[HeatMap]:
        """The heat maps that are shown."""
        return (place.heatmap for place in self._places[: self.count])

    def _lay_out(self) -> None:
        for number, place in enumerate(self._places):
            place.display = number < self.count
            place.caption.display = self.count > 1
