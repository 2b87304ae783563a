"""A table of a pane as rows, and as aligned lines of text."""

from rich.cells import cell_len

from glasshead_tui.terminal.visible import fit, visible

Cell = str | int | float | bool | None
Rows = list[tuple[Cell, ...]]


def text_of(rows: Rows) -> str:
    """Write a table as aligned lines."""
    shown = [[visible(_written(cell)) for cell in row] for row in rows]
    count = max(map(len, shown), default=0)
    widths = [max((cell_len(row[at]) for row in shown if at < len(row)), default=0) for at in range(count)]
    lines = ("  ".join(fit(cell, widths[at]) for at, cell in enumerate(row)).rstrip() for row in shown)
    return "\n".join(lines)


def _written(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "" if cell is None else str(cell)
