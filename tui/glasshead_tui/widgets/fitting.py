"""The size of a heat map's cells: as large as the room allows, down to half a character."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["digits", "blocks", "halves"]

WIDEST = 9  # columns of a cell with digits: in wider ones they look lost
LARGEST = 4  # columns of a cell without digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Measures of a heat map, in columns and lines of the terminal."""

    form: Form  # the number on its colour · a block of colour · half a character
    cell: int  # columns of a cell
    lines: int  # lines of a cell
    stacked: int  # rows that share a line: 2 for half blocks, else 1
    labels: int  # columns of the row labels, at the left
    header: int  # lines of the column labels, at the top

    def size(self, rows: int, columns: int) -> tuple[int, int]:
        """Return columns and lines of the whole picture."""
        return self.labels + columns * self.cell, self.header + -(-rows // self.stacked) * self.lines

    def line(self, row: int) -> int:
        """Return the first line of a row, counted below the header."""
        return row // self.stacked * self.lines


def fitted(
    rows: int,
    columns: int,
    room: tuple[int, int],
    *,
    row_label: int,
    column_label: int,
    digits: int,
    form: Form | None = None,
    coloured: bool = True,
) -> Measures:
    """Choose the largest cells with which `rows` × `columns` of them fit a `room` of columns and lines.

    row_label, column_label: columns of the widest label · digits: columns of the widest number · form: force a form.
    Only the width decides the form, because a picture that is too high scrolls in the direction of reading.
    """
    width, height = room
    labels = min(row_label, max(4, width // 6)) + 1

    def fits(cell: int, lines: int, header: int) -> bool:
        bar = header + rows * lines > height
        return labels + columns * cell + bar <= width

    def widest(least: int, most: int, header: int) -> int:
        return next((cell for cell in range(most, least, -1) if fits(cell, 1, header)), least)

    if form == "digits" or (form is None and fits(digits + 1, 1, 1)):
        cell = widest(digits + 1, WIDEST, 1)
        lines = 1 if cell < 6 else min(2 if cell < 8 else 3, max(1, (height - 1) // max(1, rows)))
        return Measures(form="digits", cell=cell, lines=lines, stacked=1, labels=labels, header=1)
    header = min(column_label, 6, max(1, height // 4))
    if form == "blocks" or (form is None and fits(2, 1, header)):
        cell = widest(2, LARGEST, header)
        lines = 2 if cell == LARGEST and header + rows * 2 <= height else 1
        return Measures(form="blocks", cell=cell, lines=lines, stacked=1, labels=labels, header=header)
    return Measures(form="halves", cell=1, lines=1, stacked=2 if coloured else 1, labels=labels, header=2)
