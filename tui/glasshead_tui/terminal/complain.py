"""Complaints on standard error that cannot control the terminal."""

import sys


def complain(sentence: str) -> None:
    """Print an error on standard error. The sentence may quote any text: it cannot control the terminal."""
    from glasshead_tui.terminal.visible import visible

    print(*(visible(line) for line in sentence.split("\n")), sep="\n", file=sys.stderr)
