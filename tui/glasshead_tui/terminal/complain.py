"""Complaints on standard error, which cannot steer the terminal."""

import sys


def complain(sentence: str) -> None:
    """Tell a person what is wrong, on standard error. The sentence may quote anything: it cannot steer the terminal."""
    from glasshead_tui.terminal.visible import visible

    print(*(visible(line) for line in sentence.split("\n")), sep="\n", file=sys.stderr)
