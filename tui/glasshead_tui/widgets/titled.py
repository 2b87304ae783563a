"""A widget with titles on its border. Where one changes, its line alone is drawn again: Textual would draw the whole
widget.
"""

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Titled(Widget):
    """See the module. Name it last among base classes: Textual takes styles from the first."""

    _border_written = "", ""
    """Title and subtitle that stand there."""
    _title_row: int | None = None
    """Line of the widget in which a title is being written."""

    def write_titles(self, title: str, subtitle: str) -> None:
        """Write the title at the top of the border, and the subtitle at its bottom, where they have changed."""
        before, self._border_written = self._border_written, (title, subtitle)
        if title != before[0]:
            self._title_row = 0
            self.border_title = Content(title)
        if subtitle != before[1]:
            self._title_row = self.outer_size.height - 1
            self.border_subtitle = Content(subtitle)
        self._title_row = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw regions again, or everything; while a title is written, its line."""
        if self._title_row is not None:
            left, top = self.gutter.top_left
            regions = (Region(-left, self._title_row - top, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


def write_titles(widget: Widget, title: str, subtitle: str) -> None:
    """Write both titles of any widget, where they have changed."""
    if isinstance(widget, Titled):
        widget.write_titles(title, subtitle)
        return
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text)
        if (getattr(widget, name) or "") != content.markup:
            setattr(widget, name, content)
