"""The title of a pane, at the top of its border, and the subtitle at the bottom. Visible text, never markup."""

from textual.content import Content
from textual.widget import Widget

from glasshead_tui.drawing.sides import MARKS
from glasshead_tui.widgets.lines import Lines
from glasshead_tui.widgets.titled import write_titles

MARKED = "".join(MARKS.values()) + " "
"""All that a mark consists of."""


def entitle(pane: Widget, title: str, subtitle: str = "") -> None:
    """Set both; in a pane of lines they are written with the next drawing, which says also what is out of sight."""
    if isinstance(pane, Lines):
        pane.entitle(title, subtitle)
    else:
        write_titles(pane, title, subtitle)


def mark_title(pane: Widget, mark: str) -> None:
    """Put a mark before the title of a pane, in place of another one that it may have. See `drawing.sides`."""
    if isinstance(pane, Lines):
        title, subtitle = pane.titles
    else:
        title, subtitle = (Content.from_markup(text or "").plain for text in (pane.border_title, pane.border_subtitle))
    entitle(pane, f"{mark}{title.lstrip(MARKED)}", subtitle)
