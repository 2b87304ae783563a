"""Running an experiment on the command line: ask, run behind a bar, print."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead.lab.page import Page
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal import strict_json as strict
from glasshead_tui.terminal.complain import complain
from glasshead_tui.terminal.tty import terminal

if TYPE_CHECKING:
    from glasshead.lab.tools.progress import Progress
from glasshead_tui.plain.experiment import Asked, describe_outcome, introduce

SOON = 1.0
"""Seconds until something should move in the terminal."""


def perform(asked: Asked) -> int:
    """Introduce, ask, run, print the finding and the claim; return the exit status."""
    if asked.as_json:
        print(strict.dumps(describe_outcome(asked, found(asked)), indent=1))
        return 0
    from glasshead_tui.plain.exhibits import console, lay_out_outcome

    out = console()
    introduce(asked.page, out.width)
    answer = asked.answer if asked.answer is not None else _ask(asked.page)
    outcome = found(asked)
    out.print()
    for part in lay_out_outcome(asked.page, outcome, answer, out):
        out.print(part)
    return 0


def found(asked: Asked) -> Outcome:
    """Get the result: the shipped one if it has the same values, or a new one."""
    from glasshead.lab.record import shipped

    made = None if asked.anew else shipped(asked.page)
    if made is not None and made.values == asked.values:
        return Outcome.of(asked.page, made.result, made.values, made.seconds, made.made_on)
    from glasshead.decoding.threads import one_thread
    from glasshead.found import load

    one_thread()
    given: dict[str, Any] = {"subject": load(asked.checkpoint)} if asked.page.model else {}
    started = time.perf_counter()
    with progress_bar(asked.page.title) as report:
        result = asked.page.run(progress=report, **asked.values, **given)
    return Outcome.of(asked.page, result, asked.values, time.perf_counter() - started)


@contextmanager
def progress_bar(title: str) -> "Iterator[Progress]":
    """Show a bar on standard error once the work has taken a second; nothing without a terminal."""
    from rich import progress as bars
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    from glasshead_tui.terminal.visible import visible

    console = Console(stderr=True)
    words = TextColumn("{task.description}", markup=False)
    bar = bars.Progress(words, BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    task = bar.add_task(title, total=1.0)
    began = time.monotonic()
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda share, words: None
        return

    def report(share: float, words: str) -> None:
        bar.update(task, completed=share, description=visible(f"{title}: {words}"))
        if not bar.live.is_started and time.monotonic() - began >= SOON:
            bar.start()

    try:
        yield report
    finally:
        bar.stop()


def _ask(page: Page) -> int | None:
    """Ask for the user's answer, if there is a terminal."""
    if not terminal():
        return None
    known = page.question.letters
    while True:
        try:
            typed = input(f"What do you foresee? {known[0]}–{known[-1]}, or enter to just see it: ")
        except EOFError:
            return None
        if not typed.strip():
            return None
        try:
            return page.question.read(typed)
        except GlassheadError as error:
            complain(str(error))
