"""A list of options through which pages can be turned at any size, and before it was drawn."""

from textual.widgets import OptionList


def has_lines(options: OptionList) -> bool:
    """Whether there is a line to turn to. Textual 8.2.8 looks for one, and fails, in a list without room for any."""
    options._update_lines()
    return bool(options._lines)


class Options(OptionList):
    """Textual's list; without lines it stays where it is."""

    def _move_page(self, direction: int) -> None:
        if has_lines(self):
            super()._move_page(direction)  # type: ignore[arg-type]
