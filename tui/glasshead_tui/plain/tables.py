"""The explorer in plain characters: the text twin of the screen for a pipe, a log or a screen reader.

Pure functions from tokens and numbers to lines. No colour, no control codes, and no line is ever rewritten.
"""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any, Protocol

from rich.cells import cell_len

from glasshead.named import name_next, name_tokens
from glasshead_tui.drawing.names import named
from glasshead_tui.terminal.visible import fit, visible

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy
    from glasshead.text import Token

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


def name_all(tokens: Iterable[Named]) -> tuple[str, ...]:
    """Name the tokens of a line, as the screen does."""
    return named([token.text for token in tokens])


def spelled(tokens: Iterable[Named]) -> tuple[str, ...]:
    """Name the tokens of a line in data: as the screen does, with every character as it is."""
    return name_tokens([token.text for token in tokens])


def with_ids(tokens: "Sequence[Token]") -> list[dict[str, Any]]:
    """Describe the tokens of a line in data: id and name."""
    return [{"id": token.id, "text": name} for token, name in zip(tokens, spelled(tokens), strict=True)]


def words(tokens: Iterable[Named]) -> str:
    """Write tokens on one line, separated by spaces."""
    return " ".join(name_all(tokens))


def candidates(tokens: Sequence[Named], line: Sequence[Named]) -> str:
    """Write candidates for the token after a line, best first: `1 le .912   2 la .041`."""
    return "   ".join(f"{place} {candidate(token, line)}" for place, token in enumerate(tokens, 1))


def candidate(token: Named, line: Sequence[Named]) -> str:
    """Write a token that comes after a line, and its probability: `le .912`."""
    [name] = name_next([each.text for each in line], [token.text])
    return visible(name) if token.probability is None else f"{visible(name)} {fraction(token.probability)}"


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
    rows, columns = name_all(queries), name_all(keys)
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
    above = [str(index) for index in range(count)] if columns is None else name_all(columns)
    heads = name_all(rows)
    side = max(map(cell_len, heads), default=0)
    room = [max(cell_len(name), *(len(row[place]) for row in cells)) for place, name in enumerate(above)]
    lines = [" " * side + "".join("  " + fit(name, each, right=True) for name, each in zip(above, room, strict=True))]
    for name, row in zip(heads, cells, strict=True):
        lines.append(
            fit(name, side, right=True) + "".join("  " + cell.rjust(each) for cell, each in zip(row, room, strict=True))
        )
    return lines
