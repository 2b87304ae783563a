"""The two that are compared, two lines or two heads: the marks under which the whole screen speaks of them."""

from typing import TYPE_CHECKING

from glasshead_tui.drawing.compared import OF_HEADS
from glasshead_tui.state.focus import Focus, View
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

THIS, OTHER = "◆", "◇"
"""Marks of the present line or head, and of the one beside it."""
MARKS: dict[View, str] = {"edited": THIS, "original": OTHER, "difference": f"{THIS} − {OTHER}"}


def mark_names(names: tuple[str, str]) -> tuple[str, str]:
    """Put the marks before the names of the two; safe for a terminal."""
    return f"{THIS} {visible(names[0])}", f"{OTHER} {visible(names[1])}"


def side_of(moment: "Moment", focus: Focus, pane: str | None) -> View | None:
    """Tell which of the two a pane shows at a focus that was made for it; None where nothing is compared."""
    if focus.pinned is not None:
        if pane not in OF_HEADS:
            return None
        return "original" if focus.view == "edited" and focus.pinned == focus.place else focus.view
    return focus.view if moment.beside is not None else None


def mark_side(moment: "Moment", focus: Focus, pane: str | None) -> str:
    """Write what stands before the title of a pane: the mark of what it shows; empty where nothing is compared."""
    side = side_of(moment, focus, pane)
    return "" if side is None else f"{MARKS[side]} "
