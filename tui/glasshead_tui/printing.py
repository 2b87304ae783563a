"""An experiment's page and exhibits for Rich, which prints them one below the other: nothing scrolls or moves."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from glasshead.lab.exhibits import Exhibit, Grid, Lines, Plot
from glasshead.lab.exhibits import Table as Rows
from glasshead.lab.page import LETTERS, Page
from glasshead_tui.exhibited import chart, columns
from glasshead_tui.outcome import Outcome
from glasshead_tui.paint import Palette, chosen
from glasshead_tui.panes.matrix import weight_level
from glasshead_tui.panes.numbers import real, weight
from glasshead_tui.visible import visible
from glasshead_tui.widgets.printed import printed
from glasshead_tui.widgets.scale import LEVELS

WIDE = 100
"""Columns where nobody says how many there are."""
PLOT = 76, 14
"""Columns and lines of a plot at most."""


def console() -> Console:
    """Standard output. Nothing in a text is an instruction."""
    plain = Console(markup=False, highlight=False, emoji=False)
    return plain if plain.is_terminal else Console(markup=False, highlight=False, emoji=False, width=WIDE)


def marks_of(out: Console) -> Palette:
    """The styles for what the output can show."""
    if not out.is_terminal or out.no_color:
        return chosen("none")
    systems = {"truecolor": "truecolor", "256": "256", "standard": "16", "windows": "16"}
    return chosen(systems.get(out.color_system or "", "none"))


def listing(all_pages: Sequence[Page]) -> Table:
    """The experiments in their order."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for number, each in enumerate(all_pages, 1):
        table.add_row(Text(str(number)), Text(each.name), Text(each.claim))
    return table


def shown(page: Page, outcome: Outcome, answer: int | None, out: Console) -> Iterator[RenderableType]:
    """The verdict, every exhibit, how to see it in a decode, and where to read on."""
    marks = marks_of(out)
    verdict = outcome.verdict
    right = f"{LETTERS[verdict.answer]}  {page.question.answers[verdict.answer]}"
    if answer is None:
        yield Text(f"The numbers say: {right}", marks.strong)
    elif answer == verdict.answer:
        yield Text(f"As you foresaw: {right}", marks.good)
    else:
        yield Text(f"You foresaw {LETTERS[answer]}; the numbers say: {right}", marks.strong)
    yield Text(visible(verdict.sentence))
    yield Text(made(outcome), marks.quiet)
    for exhibit in outcome.exhibits:
        yield ""
        yield exhibited(exhibit, out.width, marks)
    yield ""
    yield Text(f"In a decode (glasshead, L, the try of this page): {page.attempt.sentence}")
    for source in page.sources:
        yield Text(source, marks.quiet)


def made(outcome: Outcome) -> str:
    """With what, where and in how long a result was made."""
    values = ", ".join(f"{name} {visible(str(value)) or '–'}" for name, value in outcome.values.items())
    if outcome.made_on is None:
        return f"{values}: {outcome.seconds:.1f} s"
    return f"{values}: made before, in {outcome.seconds:.0f} s on {visible(outcome.made_on)}; --anew trains now"


def exhibited(exhibit: Exhibit, width: int, marks: Palette) -> RenderableType:
    """One exhibit with its title and its note."""
    if isinstance(exhibit, Plot):
        lines = printed(chart(exhibit, marks), min(width, PLOT[0]), PLOT[1], strong=marks.strong, quiet=marks.quiet)
        body: list[RenderableType] = [_text(line) for line in lines]
    else:
        body = [Text(visible(exhibit.title), marks.strong)]
        if isinstance(exhibit, Rows):
            body.append(_rows(exhibit))
        elif isinstance(exhibit, Grid):
            body.append(_grid(exhibit, marks))
        else:
            body += _lines(exhibit)
    if exhibit.note:
        body.append(Text(visible(exhibit.note), marks.quiet))
    return Group(*body)


def _rows(exhibit: Rows) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    found = columns(exhibit)
    for column in found:
        table.add_column(Text(column.heading), justify="right" if column.right else "left")
    for number in range(len(exhibit.rows)):
        table.add_row(*(Text(column.entries[number]) for column in found))
    return table


def _grid(exhibit: Grid, marks: Palette) -> Table:
    """Numbers on their colours; without colour the numbers alone."""
    table = Table(box=None, padding=(0, 0), pad_edge=False)
    table.add_column("")
    for label in exhibit.columns:
        table.add_column(Text(f" {visible(label)}"), justify="right", no_wrap=True)
    scale = marks.weights if exhibit.weights else marks.scores
    largest = max((abs(each) for row in exhibit.values for each in row if abs(each) < float("inf")), default=1.0) or 1.0
    for label, row in zip(exhibit.rows, exhibit.values, strict=True):
        cells = []
        for value in row:
            hidden = value == -float("inf")
            level = (
                weight_level(value)
                if exhibit.weights
                else round((value / largest + 1) / 2 * (LEVELS - 1))
                if not hidden
                else 0
            )
            style = scale.masked if hidden else scale.digits(level)
            cells.append(Text(f" {weight(value, 5) if exhibit.weights and not hidden else real(value, 7)}", style))
        table.add_row(Text(f"{visible(label)} "), *cells)
    return table


def _lines(exhibit: Lines) -> list[RenderableType]:
    return [Text(visible(line), overflow="fold") for line in exhibit.lines]


def _text(line: list[Segment]) -> Text:
    text = Text(no_wrap=True)
    for segment in line:
        text.append(segment.text, segment.style or Style())
    return text
