"""Progress of an experiment: it reports how far it is, and stops when the callback raises StoppedError."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the share done, 0–1, and the current piece of work. Raises StoppedError to stop the experiment."""


def silent(share: float, words: str) -> None:
    """Ignore the report."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """Scale the reports of a piece of work to its part of the whole, from `start` to `end`."""
    return lambda share, words: progress(start + (end - start) * share, words)


def named(progress: Progress, words: str) -> Progress:
    """Put the name of a piece of work before each of its reports."""
    return lambda share, more: progress(share, f"{words}: {more}")
