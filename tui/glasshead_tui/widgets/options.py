"""A list of options whose pages can be turned at any size, even before it is drawn, and whose options may go."""

from textual import events
from textual.widgets import OptionList


def has_lines(options: OptionList) -> bool:
    """Tell whether there is a line to turn to. Textual 8.2.8 assumes one, and fails in a list without room."""
    options._update_lines()
    return bool(options._lines)


class Pressable(OptionList):
    """A list that may be clicked where an option was that has gone; Textual 8.2.8 looks for it and fails."""

    async def _on_click(self, event: events.Click) -> None:
        option = event.style.meta.get("option")
        if option is not None and option >= self.option_count:
            event.prevent_default()  # else Textual calls the method of the base class too


class Options(Pressable):
    """Textual's list, at any size. Without lines it stays where it is, and it is wider than its padding: Textual 8.2.8
    fails to break a text into lines of no width.
    """

    DEFAULT_CSS = """
    Options { min-width: 12; }
    """

    def _move_page(self, direction: int) -> None:
        if has_lines(self):
            super()._move_page(direction)  # type: ignore[arg-type]
