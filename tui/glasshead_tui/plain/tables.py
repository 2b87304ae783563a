"""The explorer in plain characters: the text twin of the screen for a pipe, a log or a screen reader.

Pure functions from tokens and numbers to lines. No colour, no control codes, and no line is ever rewritten.
"""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING, Protocol

from rich.cells import cell_len

from glasshead_tui.terminal.visible import fit, visible

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy

RAMP = " .:-=+*#%@"
"""One character for each weight from 0 to 1, if numbers would be too wide."""
MASKED = "///"


class Named(Protocol):
    """A token with its text and probability."""

    @property
    def text(self) -> str: ...
    @property
    def probability(self) -> float | None: ...


def shape(anatomy: "Anatomy") -> str:
    """Describe a model: `3 + 3 layers · 8 heads · d_model 256`."""
    layers = f"{' + '.join(map(str, anatomy.layers))} layers"
    return f"{layers} · {anatomy.heads} heads · d_model {anatomy.width}"


def words(tokens: Iterable[Named]) -> str:
    """Write tokens on one line, separated by spaces."""
    return " ".join(visible(token.text) for token in tokens)


def candidates(tokens: Sequence[Named]) -> str:
    """Write candidates for the next token, best first: `1 ▁le .912   2 ▁la .041`."""
    return "   ".join(f"{place} {candidate(token)}" for place, token in enumerate(tokens, 1))


def candidate(token: Named) -> str:
    """Write a token and its probability: `▁le .912`."""
    return visible(token.text) if token.probability is None else f"{visible(token.text)} {fraction(token.probability)}"


def fraction(value: float) -> str:
    """Write a number from 0 to 1 in four characters: `.613`, `1.00`."""
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0") else text[:4]


def attention(
    weights: Sequence[Sequence[float]],
    may_look: Sequence[Sequence[bool]],
    queries: Sequence[Named],
    keys: Sequence[Named],
    *,
    width: int = 100,
) -> list[str]:
    """Write one head's weights as lines, a row for each query and a column for each key. weights, may_look: q k.

    Numbers if they fit into `width` cells, one character of RAMP each if not. A masked cell is never drawn as a small
    weight: it is `///` (or `/`).
    """
    rows = [visible(token.text) for token in queries]
    columns = [visible(token.text) for token in keys]
    side = max(map(cell_len, rows), default=0)
    room = [max(4, cell_len(name)) for name in columns]
    if side + sum(each + 2 for each in room) <= width:
        lines = [
            " " * side + "".join("  " + fit(name, each, right=True) for name, each in zip(columns, room, strict=True))
        ]
        for name, row, looks in zip(rows, weights, may_look, strict=True):
            cells = (fraction(weight) if look else MASKED for weight, look in zip(row, looks, strict=True))
            lines.append(
                fit(name, side, right=True)
                + "".join("  " + fit(cell, each, right=True) for cell, each in zip(cells, room, strict=True))
            )
        return lines

    count = len(columns)
    lines = [f"one character a weight, from 0 to 1: '{RAMP}'; the columns are"]
    lines += [" ".join(f"{number} {name}" for number, name in enumerate(columns))]
    if count > 10:
        lines.append(" " * side + "  " + "".join(str(number // 10 % 10) for number in range(count)))
    lines.append(" " * side + "  " + "".join(str(number % 10) for number in range(count)))
    for name, row, looks in zip(rows, weights, may_look, strict=True):
        drawn = "".join(_glyph(weight) if look else "/" for weight, look in zip(row, looks, strict=True))
        best = max(range(count), key=lambda key: row[key])
        lines.append(f"{fit(name, side, right=True)}  {drawn}  most: {best} {columns[best]} {fraction(row[best])}")
    return lines


def _glyph(weight: float) -> str:
    return "?" if isnan(weight) else RAMP[round(min(1.0, max(0.0, weight)) * (len(RAMP) - 1))]


def table(values: Sequence[Sequence[float]], rows: Sequence[Named], columns: Sequence[Named] | None) -> list[str]:
    """Write numbers with four decimals, under the tokens of their columns, or an index if there are none."""
    cells = [[f"{value:.4f}" for value in row] for row in values]
    count = max(map(len, cells), default=0)
    names = (
        [visible(token.text) for token in columns] if columns is not None else [str(index) for index in range(count)]
    )
    heads = [visible(token.text) for token in rows]
    side = max(map(cell_len, heads), default=0)
    room = [max(cell_len(name), *(len(row[place]) for row in cells)) for place, name in enumerate(names)]
    lines = [" " * side + "".join("  " + fit(name, each, right=True) for name, each in zip(names, room, strict=True))]
    for name, row in zip(heads, cells, strict=True):
        lines.append(
            fit(name, side, right=True) + "".join("  " + cell.rjust(each) for cell, each in zip(row, room, strict=True))
        )
    return lines
