"""How an experiment tells how far it is, and learns that nobody waits for it any more."""

from collections.abc import Callable

Told = Callable[[float, str], None]
"""Called with the share that is done, 0–1, and what is being done. It raises StoppedError to stop the experiment."""


class StoppedError(Exception):
    """An experiment was asked to stop, and left no result."""


def silent(share: float, words: str) -> None:
    """Nobody listens."""


def part(told: Told, start: float, end: float) -> Told:
    """What tells of a part of the work, which goes from one share of the whole to another."""
    return lambda share, words: told(start + (end - start) * share, words)


def named(told: Told, words: str) -> Told:
    """What tells of one of several pieces of work: its name stands before what is being done."""
    return lambda share, more: told(share, f"{words}: {more}")
