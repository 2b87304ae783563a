"""Complaints on standard error that cannot control the terminal."""

import re
import sys

WORD = re.compile(r"\S{400,}")
"""Words that are quoted in part."""


def complain(sentence: str) -> None:
    """Print an error on standard error. The sentence may quote any text: it cannot control the terminal."""
    from glasshead_tui.terminal.visible import visible

    print(*(visible(WORD.sub(_shorten, line)) for line in sentence.split("\n")), sep="\n", file=sys.stderr)


def _shorten(word: re.Match[str]) -> str:
    """Write the ends of a very long word: nobody reads a name of 4,000 letters."""
    return f"{word[0][:100]}… ({len(word[0]):,} characters) …{word[0][-60:]}"
