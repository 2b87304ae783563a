"""The title of a pane, set only when it changes: setting it makes Textual send the whole pane again."""

from textual.content import Content
from textual.widget import Widget

from glasshead_tui.drawing.sides import MARKS

MARKED = "".join(MARKS.values()) + " "
"""All that a mark consists of."""


def mark_title(pane: Widget, mark: str) -> None:
    """Put a mark before the title of a pane, in place of another one that it may have. See `drawing.sides`."""
    title = Content.from_markup(pane.border_title or "").plain
    entitle(pane, f"{mark}{title.lstrip(MARKED)}", Content.from_markup(pane.border_subtitle or "").plain)


def entitle(pane: Widget, title: str, subtitle: str = "") -> None:
    """Set the title at the top of a pane's border, and the subtitle at the bottom. Visible text, never markup."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text)
        if (getattr(pane, name) or "") != content.markup:
            setattr(pane, name, content)
