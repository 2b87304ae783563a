"""A scrolling view of lines whose styles are exact: they are drawn as they are, whatever lies around them."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class ExactView(ScrollView, can_focus=False, inherit_bindings=False):
    """See the module. It handles no keys."""

    ALLOW_SELECT = False

    _ground: Style | None = None
    _room: Size | None = None

    @property
    def ground(self) -> Style:
        """The style under all lines: `rich_style`, computed once a frame and not once a line."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    @property
    def room(self) -> Size:
        """Its size, found out once a frame and not once a line."""
        if self._room is None:
            self._room = self.size
        return self._room

    def jump(self, *, x: float | None = None, y: float | None = None) -> None:
        """Scroll at once, and also where the scroll bar that allows it comes only with the next layout."""
        self.scroll_to(x, y, animate=False, force=True)

    def strip(self, line: Sequence[Segment], columns: int) -> Strip:
        """Put a line on the ground, in exactly `columns` columns."""
        ground = self.ground
        segments = [Segment(text, ground + style if style else ground) for text, style, _ in line]
        spare = columns - sum(cell_len(text) for text, _, _ in line)
        if spare < 0:
            return Strip(segments, columns - spare).crop(0, columns)
        if spare:
            segments.append(Segment(" " * spare, ground))
        return Strip(segments, columns)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self._room = None
        return super().render_lines(crop)

    def get_line_filters(self) -> Sequence[LineFilter]:
        # The styles are exact already: filtering them again doubles the cost of a frame and would shift 16 colours.
        return super().get_line_filters() if self.app.no_color else ()
