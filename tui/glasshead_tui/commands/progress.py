"""Progress of a command that takes a while: a line on standard error, where that is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SOON = 1.0
"""Seconds until something should move in the terminal."""

Progress = Callable[[str, int, int | None], None]
"""Called with the current piece of work, the number of its parts that are done, and their total."""


@contextmanager
def reporting() -> Iterator[Progress]:
    """Report progress in a terminal, by a line on standard error, once it takes a while."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich import progress as bars
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from glasshead_tui.terminal.visible import visible

    began = time.monotonic()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = bars.Progress(*columns, console=Console(stderr=True, highlight=False), refresh_per_second=4, transient=True)

    def progress(what: str, done: int, of: int | None) -> None:
        description = visible(what)
        for task in bar.tasks:
            if task.description == description:
                bar.update(task.id, completed=done)
                break
            bar.remove_task(task.id)
        else:
            bar.add_task(description, completed=done, total=of)
        if time.monotonic() - began > SOON:
            bar.start()

    try:
        yield progress
    finally:
        bar.stop()
