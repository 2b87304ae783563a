"""`glasshead check`: is this model what it says? Masks, padding, batches, caches, and what can be seen inside."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasshead.errors import WrongError
from glasshead.opening import Opening
from glasshead_tui.commands.arguments import Checkpoint, Features
from glasshead_tui.commands.opening import opens

if TYPE_CHECKING:
    from glasshead.truth.report import Report

COLOURS = {"supported": "green", "degraded": "yellow", "silently wrong": "bold red", "error": "bold red"}
WRONG = 1
"""Exit status if something is silently wrong, or failed."""


@opens(without=("capture",))
def check(
    opening: Opening,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A text to begin with.", show_default="the first example on its card"),
    ] = None,
    features: Features = None,
    examples: Annotated[int, typer.Option(metavar="N", min=1, help="Inputs that are drawn for each check.")] = 20,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the draws.")] = 0,
    padding: Annotated[
        Literal["right", "left"], typer.Option(help="The side at which you pad; only pads there are judged.")
    ] = "right",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every figure.")] = False,
) -> int:
    """Check masks, padding, batches and caches of a model.

    A changed later token, pads, other lines of a batch and splits of the cache must move no logit; a fault is shown by
    the smallest input that has it. The exit status is 1 if something is silently wrong or fails.
    """
    from glasshead.checking import check as checked
    from glasshead.checking import refused
    from glasshead.decoding.threads import one_thread
    from glasshead.found import find
    from glasshead_tui.terminal.sentences import fitting, sentence

    text = None if text is None else sentence(text)
    one_thread()
    try:
        subject = find(checkpoint, opening, features).open()
    except WrongError as error:
        report = refused(Path(checkpoint).name, error, examples=examples, seed=seed)
    else:
        if text is not None:
            text = fitting(text, subject.vocabulary.source, subject.limit, truncate=False)
        with _busy(subject.name):
            report = checked(subject, text=text, examples=examples, seed=seed, padding=padding)
    if as_json:
        from glasshead_tui.terminal import strict_json as strict

        print(strict.dumps(report.as_json(), indent=2))
    elif sys.stdout.isatty():
        _table(report)
    else:
        from glasshead_tui.terminal.visible import visible

        print("\n".join(visible(line) for line in str(report).splitlines()))
    return 0 if report.ok else WRONG


@contextmanager
def _busy(name: str) -> Iterator[None]:
    """Say in a terminal that it works, by a line on standard error."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    from glasshead_tui.terminal.visible import visible

    with Console(stderr=True).status(Text(f"checking {visible(name)}")):
        yield


def _table(report: "Report") -> None:
    """Draw the verdicts as a table, a row each, and below it the sentences of those that are not `supported`."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from glasshead_tui.terminal.visible import visible

    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=True)
    for cells in ([each.what for each in report.verdicts], [each.word for each in report.verdicts]):
        table.add_column(no_wrap=True, min_width=max(map(len, cells)))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for each in report.verdicts:
        word = Text(each.word, COLOURS.get(each.word, "dim"))
        holds = each.word == "supported"
        figure = f"{each.value:.0e}" if holds and each.value else ""
        table.add_row(Text(each.what), word, figure, Text(visible(each.found) if holds else "see below", "dim"))
    console.print(table)
    for each in report.verdicts:
        if each.word != "supported":
            console.print(Text.assemble("\n", (f"{each.what}: {each.word}. ", COLOURS.get(each.word, "dim")),
                                        visible(each.found)))  # fmt: skip
    console.print(Text(f"\n{visible(report.name)}: {report.summary}", "bold"))
