"""The title of a pane, at the top of its border, and the subtitle at the bottom. Visible text, never markup."""

from textual.widget import Widget

from glasshead_tui.widgets.lines import Lines, write_titles


def entitle(pane: Widget, title: str, subtitle: str = "") -> None:
    """Set both; in a pane of lines they are written with the next drawing, which says also what is out of sight."""
    if isinstance(pane, Lines):
        pane.entitle(title, subtitle)
    else:
        write_titles(pane, title, subtitle)
