"""A list of options whose pages can be turned at any size, even before it is drawn, and whose options may go."""

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widgets import OptionList

from glasshead_tui.widgets.cells import HERE


def has_lines(options: OptionList) -> bool:
    """Tell whether there is a line to turn to. Textual 8.2.8 assumes one, and fails in a list without room."""
    options._update_lines()
    return bool(options._lines)


class Pressable(OptionList):
    """A list with a sign before the option that is marked, which colour alone does not tell.

    It may be clicked where an option was that has gone; Textual 8.2.8 looks for it and fails.
    """

    def _get_left_gutter_width(self) -> int:
        return len(HERE) + 1

    def render_line(self, y: int) -> Strip:
        """Render a line of an option, after the sign or the room for it."""
        line, at = super().render_line(y), self.scroll_offset.y + y
        if at >= len(self._lines):
            return line
        option, below = self._lines[at]
        sign = HERE if option == self.highlighted and not below else " "
        style = next((segment.style for segment in line), None)
        return Strip([Segment(f"{sign} ", style), *line])

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
