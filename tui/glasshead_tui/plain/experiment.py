"""An experiment at the command line: what is claimed, what one foresees, what the numbers say."""

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead.lab import all_pages
from glasshead.lab.page import Page, Value
from glasshead_tui.cli import complain
from glasshead_tui.launch.explore import terminal
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal import strict_json as strict

if TYPE_CHECKING:
    from glasshead.lab.tools.telling import Told

SOON = 1.0
"""Seconds after which something should move in the terminal."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see."""

    page: Page
    values: dict[str, Value]
    checkpoint: str
    """The trained model, for an experiment that takes one."""
    answer: int | None
    """What is foreseen, if it was said already."""
    anew: bool
    """Whether the result that comes with the program will not do."""
    as_json: bool


def tell_all(*, as_json: bool) -> None:
    """The list of the experiments."""
    if as_json:
        print(strict.dumps([_described(each) for each in all_pages()], indent=2))
        return
    from glasshead_tui.plain.exhibits import console, listing

    console().print(listing(all_pages()))
    print("\nglasshead lab NAME runs one, glasshead lesson walks through all of them on the screen.")


def perform(asked: Asked) -> int:
    """Tell the claim, ask, run, tell what came out; the exit status."""
    if asked.as_json:
        print(strict.dumps(told(asked, found(asked)), indent=1))
        return 0
    from glasshead_tui.plain.exhibits import console, shown

    out = console()
    _introduce(asked.page, out.width)
    answer = asked.answer if asked.answer is not None else _ask(asked.page)
    outcome = found(asked)
    out.print()
    for part in shown(asked.page, outcome, answer, out):
        out.print(part)
    return 0


def told(asked: Asked, outcome: Outcome) -> dict[str, Any]:
    """All of it, for a program."""
    from glasshead.lab.record import plain

    return {
        "experiment": asked.page.name,
        "claim": asked.page.claim,
        "values": outcome.values,
        **({"model": asked.checkpoint} if asked.page.model and outcome.made_on is None else {}),
        "seconds": outcome.seconds,
        "made_on": outcome.made_on,
        "question": asked.page.question.text,
        "answers": list(asked.page.question.answers),
        "foreseen": asked.answer,
        "right": outcome.verdict.answer,
        "finding": outcome.verdict.sentence,
        "result": plain(outcome.result),
    }


def found(asked: Asked) -> Outcome:
    """The result: the one that comes with the program where that will do, or a new one."""
    from glasshead.lab.record import shipped

    made = None if asked.anew else shipped(asked.page)
    if made is not None and made.values == asked.values:
        return Outcome.of(asked.page, made.result, made.values, made.seconds, made.made_on)
    from glasshead.decoding.threads import load, one_thread

    one_thread()
    given: dict[str, Any] = {"subject": load(asked.checkpoint)} if asked.page.model else {}
    started = time.perf_counter()
    with progress(asked.page.title) as tell:
        result = asked.page.run(told=tell, **asked.values, **given)
    return Outcome.of(asked.page, result, asked.values, time.perf_counter() - started)


@contextmanager
def progress(title: str) -> "Iterator[Told]":
    """A bar on standard error once the work has taken a second; nothing where nobody would see it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from glasshead_tui.terminal.visible import visible

    console = Console(stderr=True)
    words = TextColumn("{task.description}", markup=False)
    bar = Progress(words, BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    task = bar.add_task(title, total=1.0)
    began = time.monotonic()
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda share, words: None
        return

    def told(share: float, words: str) -> None:
        bar.update(task, completed=share, description=visible(f"{title}: {words}"))
        if not bar.live.is_started and time.monotonic() - began >= SOON:
            bar.start()

    try:
        yield told
    finally:
        bar.stop()


def _introduce(page: Page, width: int) -> None:
    """The page up to its question."""
    width = min(width, 100)
    print(f"{page.name} · {page.title}\n")
    for paragraph in page.paragraphs[:2]:  # the third says what to look at: when there is something to look at
        print(textwrap.fill(paragraph, width), end="\n\n")
    print(textwrap.fill(page.question.text, width))
    for mark, answer in zip(page.question.letters, page.question.answers, strict=True):
        print(textwrap.fill(f"  {mark}  {answer}", width, subsequent_indent="     "), flush=True)


def _ask(page: Page) -> int | None:
    """What the person foresees, if a person sits there and likes to say."""
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


def _described(page: Page) -> dict[str, Any]:
    """A page, for a program."""
    return {
        "name": page.name,
        "title": page.title,
        "claim": page.claim,
        "paragraphs": list(page.paragraphs),
        "question": page.question.text,
        "answers": list(page.question.answers),
        "sources": list(page.sources),
        "model": page.model,
        "trained": page.trained,
        "controls": [
            {
                "name": each.name,
                "help": each.help,
                "usual": each.usual,
                "quick": each.of("quick"),
                "full": each.of("full"),
                "stops": list(each.stops),
                "least": each.least,
                "most": each.most,
            }
            for each in page.controls
        ],
    }
