"""Abilities of the terminal: whether a person is there, whether lines can be redrawn."""

import os
import sys
from typing import TextIO


def terminal() -> bool:
    """Tell whether a person is there: keys come from a terminal, the screen goes to one, and it can draw.

    Textual draws on standard error, so that counts as the screen too.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def discard(stream: TextIO) -> None:
    """Let a stream go nowhere: what is left in its buffer would fail again when the interpreter ends, and loudly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def moves() -> bool:
    """Tell whether the output is a terminal in which a place can be redrawn."""
    able = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return able and os.name != "nt" and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
