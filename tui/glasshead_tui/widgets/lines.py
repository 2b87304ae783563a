"""Lines of styled text that scroll, of which only those that changed are sent to the terminal again."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from glasshead_tui.widgets.cells import clip, width

Line = list[Segment]


class Lines(ScrollView, can_focus=False, inherit_bindings=False):
    """Draws what `drawn` returns for its room. Call `redraw` when that changed."""

    DEFAULT_CSS = """
    Lines { scrollbar-size: 1 1; overflow-x: hidden; }
    """
    ALLOW_SELECT = False

    _lines: Sequence[Line] = ()

    def drawn(self, columns: int, lines: int) -> Sequence[Line]:
        """The lines for a room of so many columns and lines; those that do not fit are reached by scrolling."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and send what differs."""
        room = self.size
        if not room:
            return
        old, self._lines = self._lines, self.drawn(room.width, room.height)
        # What fits needs no new layout when it grows by a line.
        whole = self.container_size
        size = Size(whole.width, max(whole.height, len(self._lines)))
        if self.virtual_size != size:
            self.virtual_size = size
        top = round(self.scroll_y)
        for y in range(max(len(old), len(self._lines))):
            if (old[y] if y < len(old) else None) != (self._lines[y] if y < len(self._lines) else None):
                self.refresh(Region(0, y - top, room.width, 1))

    def show_line(self, line: int) -> None:
        """Scroll so that a line is in sight."""
        if not self.scroll_y <= line < self.scroll_y + self.size.height:
            self.scroll_to(y=max(0, line - self.size.height // 2), animate=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        # The styles are exact already: the filter would shift 16 colours to those of a theme.
        return super().get_line_filters() if self.app.no_color else ()

    def on_resize(self) -> None:
        self._lines = ()
        self.redraw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        y += round(self.scroll_y)
        line = self._lines[y] if y < len(self._lines) else []
        return Strip(line).apply_style(self.rich_style).adjust_cell_length(self.size.width, self.rich_style)


def cells(line: Iterable[Segment]) -> int:
    """The columns that a line takes."""
    return sum(width(segment.text) for segment in line)


def padded(line: Line, columns: int) -> Line:
    """A line in exactly `columns` columns: cut, or filled with spaces at the end."""
    taken = 0
    kept: Line = []
    for segment in line:
        room = columns - taken
        if (needed := width(segment.text)) > room:
            kept.append(Segment(clip(segment.text, room), segment.style))
            taken += width(kept[-1].text)
            break
        kept.append(segment)
        taken += needed
    return [*kept, Segment(" " * (columns - taken))] if taken < columns else kept


def beside(left: Sequence[Line], right: Sequence[Line], columns: int) -> list[Line]:
    """Two drawings side by side, the first in so many columns."""
    count = max(len(left), len(right))
    rows = [*left, *([[]] * (count - len(left)))], [*right, *([[]] * (count - len(right)))]
    return [padded(one, columns) + other for one, other in zip(*rows, strict=True)]
