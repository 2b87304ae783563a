"""What screens use of Textual's inside is what the installed Textual has."""

import re
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from textual.message import Message
from textual.screen import Screen

import glasshead_tui.screens
from glasshead_tui.terminal import inside

SCREENS = Path(glasshead_tui.screens.__file__).parent
CHANGED = f"Textual {version('textual')} is not as {inside.VERSION} was: look at terminal/inside.py again, and name it."


@pytest.mark.parametrize("name", inside.PRIVATE)
async def test_every_private_name_is_as_it_was(name: str) -> None:
    screen: Any = Screen()
    found: Any = {"screen": screen, "message": Message()}
    first, *rest = name.split(".")
    found = found[first]
    for each in rest:
        assert hasattr(found, each), CHANGED
        found = getattr(found, each)
    wanted = inside.PRIVATE[name]
    kind = str(signature(found)) if callable(found) else type(found).__name__ if wanted else ""
    assert kind == wanted, CHANGED


def test_dialogs_use_nothing_private_of_textual() -> None:
    own = re.compile(r"(?<!self)(?<!cls)\._[a-z]\w*|textual\._\w+")
    for name in ("dialog.py", "leavable.py"):
        assert own.findall((SCREENS / name).read_text()) == [], name
