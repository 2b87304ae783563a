"""Writing a recording of the present line: a question with a name to begin from, and what to say before and after."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from glasshead.traces.header import SUFFIX
from glasshead_tui.screens.ask import Ask
from glasshead_tui.work.messages import Saved

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

LONGEST = 40
"""Characters of a name that is made of a text."""


def unsavable(moment: "Moment | None") -> str:
    """Return why there is nothing to save, in a sentence; empty if there is."""
    if moment is None:
        return "The model is still loading: there is no line yet."
    return f"{moment.trace.recorded} already: copy its file." if moment.trace.recorded else ""


def ask_where(moment: "Moment | None", answer: Callable[[Ask, Path, bool], None]) -> Ask:
    """Make the question. answer: gets the path, and whether the user insists on overwriting a file."""

    def answered(ask: Ask, typed: str) -> None:
        path = Path(os.path.expanduser(typed.strip()))  # noqa: PTH111  Path.expanduser raises for an unknown user
        answer(ask, path, ask.again == typed and bool(typed))

    hint = (
        f"A file that ends in {SUFFIX}, which opens without the model: glasshead FILE. Enter writes it, esc does not."
    )
    return Ask("Save the line as a recording", hint, suggest(moment.text if moment else ""), answered)


def suggest(text: str) -> str:
    """Make a file name of a text: its letters and digits, with - between the words."""
    words = "".join(character if character.isalnum() else " " for character in text.lower()).split()
    name = "-".join(words)[:LONGEST].strip("-")
    return f"{name or 'recording'}{SUFFIX}"


def describe(event: Saved) -> str:
    """Describe what was written, and how to open it."""
    return f"Saved, {event.bytes / 1e6:.1f} MB. To open it: glasshead {shlex.quote(event.path)}"
