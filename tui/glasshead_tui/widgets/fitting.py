"""The size of a heat map's cells: as large as the room allows, down to half a character."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Form = Literal["digits", "blocks", "halves"]

WIDEST = 9  # columns of a cell with digits: in wider ones they look lost
LARGEST = 4  # columns of a cell without digits
SHORTEST = 3  # columns of a number that can lose a decimal: .9 for .93
STAGGERED = 3  # columns of a cell from which on long names stand in two lines, in turns
TALL = 8  # lines of the room from which on there are two for names


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Measures of a heat map, in columns and lines of the terminal."""

    form: Form  # the number on its colour · a block of colour · half a character
    cell: int  # columns of a cell
    lines: int  # lines of a cell
    stacked: int  # rows that share a line: 2 for half blocks, else 1
    labels: int  # columns of the row labels, at the left
    header: int  # lines of the column labels, at the top

    @property
    def staggered(self) -> bool:
        """Whether the names of columns stand in two lines, in turns, so that each has the room of two cells."""
        return self.header == 2 and self.form != "halves" and self.cell >= STAGGERED

    @property
    def downwards(self) -> bool:
        """Whether the letters of a name stand under each other."""
        return self.form == "blocks" and self.cell < STAGGERED

    def size(self, rows: int, columns: int) -> tuple[int, int]:
        """Return columns and lines of the whole picture."""
        return self.labels + columns * self.cell, self.header + -(-rows // self.stacked) * self.lines

    def line(self, row: int) -> int:
        """Return the first line of a row, counted below the header."""
        return row // self.stacked * self.lines


class Outline(NamedTuple):
    """All that the size of a picture's cells depends on, besides its room."""

    rows: int
    columns: int
    row_label: int
    """Columns of the widest label of a row; `column_label` of a column's."""
    column_label: int
    digits: int
    """Columns of the widest number."""
    room: int | None = None
    """Columns of the room, if fewer are to be used than there are."""
    form: Form | None = None
    """Forced form of the cells; None lets the room decide."""


def fit_outline(
    outline: Outline, room: tuple[int, int], *, form: Form | None = None, coloured: bool = True
) -> Measures:
    """Choose the largest cells for an outline. See `fitted`."""
    width = room[0] if outline.room is None else min(room[0], outline.room)
    return fitted(
        outline.rows, outline.columns, (width, room[1]), row_label=outline.row_label,
        column_label=outline.column_label, digits=outline.digits, form=form or outline.form, coloured=coloured,
    )  # fmt: skip


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
    most = min(row_label, max(4, width // 6)) + 1
    least = min(most, 5)
    high = min(column_label, 6, max(1, height // 4))

    def fits(cell: int, labels: int, header: int) -> bool:
        bar = header + rows > height
        return labels + columns * cell + bar <= width

    def header_of(cell: int) -> int:
        """Names stand across, long ones in two lines in turns; over narrow cells they stand downwards."""
        if cell < STAGGERED:
            return high
        return 1 if column_label < cell or height < TALL else 2

    # Row labels give way before numbers do, and a decimal before all of them.
    sizes = [(cell, most) for cell in range(WIDEST, digits, -1)]
    sizes += [(digits + 1, labels) for labels in range(most - 1, least - 1, -1)]
    sizes += [(digits, labels) for labels in range(most, least - 1, -1)] if digits == SHORTEST else []
    found = next((size for size in sizes if fits(*size, header_of(size[0]))), None)
    if form == "digits" or (form is None and found):
        cell, labels = found or (digits + 1, most)
        header = header_of(cell)
        lines = 1 if cell < 6 else min(2 if cell < 8 else 3, max(1, (height - header) // max(1, rows)))
        return Measures(form="digits", cell=cell, lines=lines, stacked=1, labels=labels, header=header)
    if form == "blocks" or (form is None and fits(2, most, high)):
        cell = next((cell for cell in range(LARGEST, 2, -1) if fits(cell, most, header_of(cell))), 2)
        header = header_of(cell)
        lines = 2 if cell == LARGEST and header + rows * 2 <= height else 1
        return Measures(form="blocks", cell=cell, lines=lines, stacked=1, labels=most, header=header)
    return Measures(form="halves", cell=1, lines=1, stacked=2 if coloured else 1, labels=most, header=2)
