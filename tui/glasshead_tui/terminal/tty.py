"""Abilities of the terminal: whether a person is there, whether lines can be redrawn."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
if TYPE_CHECKING:
    pass


def terminal() -> bool:
    """Tell whether a person is there: keys come from a terminal, the screen goes to one, and it can draw.

    Textual draws on standard error, so that counts as the screen too.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def moves() -> bool:
    """Tell whether the output is a terminal in which a place can be redrawn."""
    able = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return able and os.name != "nt" and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
