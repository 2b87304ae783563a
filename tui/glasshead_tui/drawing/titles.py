"""The title of a pane, set only when it changes: setting it makes Textual send the whole pane again."""

from textual.content import Content
from textual.widget import Widget


def entitle(pane: Widget, title: str, subtitle: str = "") -> None:
    """Set the title at the top of a pane's border, and the subtitle at the bottom. Visible text, never markup."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        content = Content(text)
        if (getattr(pane, name) or "") != content.markup:
            setattr(pane, name, content)
