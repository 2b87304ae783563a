"""A list of options whose pages can be turned at any size, even before it is drawn."""

from textual.widgets import OptionList


def has_lines(options: OptionList) -> bool:
    """Tell whether there is a line to turn to. Textual 8.2.8 assumes one, and fails in a list without room."""
    options._update_lines()
    return bool(options._lines)


class Options(OptionList):
    """Textual's list; without lines it does not move."""

    def _move_page(self, direction: int) -> None:
        if has_lines(self):
            super()._move_page(direction)  # type: ignore[arg-type]
