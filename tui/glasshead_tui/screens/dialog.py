"""Screens that lie over another one, which is seen dimmed around them.

Textual 8.2.8 dims the screen below with Rich, piece by piece and anew in every frame: half of the time that a dialog
takes to open. Here each style is dimmed once.
"""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip

from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.terminal.inside import render_strips


class OverScreen(LeavableScreen[ScreenResultType]):
    """A screen whose background lets the screen below through. Name it last among base classes."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render the dimmed screen below."""
        stack = self.app.screen_stack
        below = stack[: stack.index(self)] if self in stack else []
        if not below:
            return super().render_lines(crop)
        strips = render_strips(below[-1], self.size)  # with what lies below that
        strips += [Strip([])] * (crop.bottom - len(strips))  # a window that has just grown is larger than that
        tint, filters = self.styles.background, self.get_line_filters()
        lines = [_dim(strip.adjust_cell_length(crop.right), tint) for strip in strips[crop.y : crop.bottom]]
        for each in filters:
            lines = [line.apply_filter(each, tint) for line in lines]
        return [line.crop(crop.x, crop.right) for line in lines]


class Dialog(ModalScreen[ScreenResultType], OverScreen[ScreenResultType]):
    """A screen that takes all keys until it is closed. A subclass composes one widget, which stands in the middle."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 40%; }
    """


def _dim(strip: Strip, tint: Color) -> Strip:
    return Strip([Segment(text, dim(style or Style.null(), tint)) for text, style, _ in strip], strip.cell_length)


@lru_cache(maxsize=4096)
def dim(style: Style, tint: Color) -> Style:
    """Return a style under a tint, without links."""
    colours = [
        (Color.from_rich_color(each) + tint).rich_color if each else None for each in (style.color, style.bgcolor)
    ]
    return style.clear_meta_and_links() + Style.from_color(*colours)
