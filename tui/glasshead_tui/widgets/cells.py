"""Text measured in columns of the terminal: a wide character takes two, a combining mark none."""

from rich.cells import cell_len as width
from rich.cells import get_character_cell_size

__all__ = ["HERE", "clip", "fit", "width"]

HERE = "»"
"""The one sign for the row that the arrows have come to, in every list."""


def clip(text: str, cells: int) -> str:
    """Cut visible `text` to at most `cells` columns of the terminal; … marks a cut."""
    if width(text) <= cells:
        return text
    if cells < 1:
        return ""
    taken = 0
    for index, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > cells - 1:
            return text[:index] + "…"
    return text


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Fit visible `text` into exactly `cells` columns: cut with …, or padded at the end (or at the start)."""
    shown = clip(text, cells)
    space = " " * (cells - width(shown))
    return space + shown if right else shown + space
