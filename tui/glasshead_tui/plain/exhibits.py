"""An experiment's page and exhibits for Rich, printed one below the other, without scrolling or moving."""

import os
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from glasshead.lab.exhibits import Exhibit, Grid, Lines, Plot
from glasshead.lab.exhibits import Table as Rows
from glasshead.lab.page import LETTERS, Page
from glasshead_tui.drawing.exhibits import Column, GridMatrix, blocks, chart
from glasshead_tui.drawing.paint import Palette, palette_for
from glasshead_tui.state.labbook import format_value
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.printed import printed

WIDE = 100
"""Columns if the output has no width."""
TEXT = 40
"""Most columns of a user's text in the list of values."""
MOST = 32
"""Most rows and columns of a matrix."""
LABEL = 14
"""Most columns of a label of a matrix."""
PLOT = 76, 14
"""Most columns and lines of a plot."""


def console() -> Console:
    """Make a console on standard output that takes no text as markup."""
    plain = Console(markup=False, highlight=False, emoji=False)
    if plain.is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        return plain
    return Console(markup=False, highlight=False, emoji=False, width=WIDE)


def marks_of(out: Console) -> Palette:
    """Choose the styles that the output can show."""
    if not out.is_terminal or out.no_color:
        return palette_for("none")
    systems = {"truecolor": "truecolor", "256": "256", "standard": "16", "windows": "16"}
    return palette_for(systems.get(out.color_system or "", "none"))


def listing(all_pages: Sequence[Page]) -> Table:
    """List the experiments in their order."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for number, each in enumerate(all_pages, 1):
        table.add_row(Text(str(number)), Text(each.name), Text(f"{each.title}. {each.question.text}"))
    return table


def lay_out_outcome(page: Page, outcome: Outcome, answer: int | None, out: Console) -> Iterator[RenderableType]:
    """Yield the verdict, every exhibit, the try and the sources."""
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
    yield Text(f"The claim: {page.claim}")
    yield Text(made(outcome), marks.quiet)
    yield Text(f"\n{page.paragraphs[2]}")
    for exhibit in outcome.exhibits:
        yield ""
        yield exhibited(exhibit, out.width, marks)
    yield ""
    yield Text(f"In a decode (glasshead, L, the try of this page): {page.attempt.sentence}")
    for source in page.sources:
        yield Text(source, marks.quiet)


def made(outcome: Outcome) -> str:
    """Describe how a result was made: with which values, where, in how long."""
    values = ", ".join(
        f"{name} {clip(visible(format_value(value)), TEXT) or '–'}" for name, value in outcome.values.items()
    )
    if outcome.made_on is None:
        return f"{values}: {outcome.seconds:.1f} s"
    return f"{values}: made before, in {outcome.seconds:.0f} s on {visible(outcome.made_on)}; --anew trains now"


def exhibited(exhibit: Exhibit, width: int, marks: Palette) -> RenderableType:
    """Draw one exhibit with its title and its note."""
    if isinstance(exhibit, Plot):
        lines = printed(chart(exhibit, marks), min(width, PLOT[0]), PLOT[1], strong=marks.strong, quiet=marks.quiet)
        body: list[RenderableType] = [_text(line) for line in lines]
    else:
        body = [Text(visible(exhibit.title), marks.strong)]
        if isinstance(exhibit, Rows):
            body += [_rows(block, len(exhibit.rows)) for block in blocks(exhibit, width)]
        elif isinstance(exhibit, Grid):
            body += _grid(exhibit, width, marks)
        else:
            body += _lines(exhibit)
    if exhibit.note:
        body.append(Text(visible(exhibit.note), marks.quiet))
    return Group(*body)


def _rows(block: Sequence[Column], count: int) -> Table:
    """Draw `count` rows of some columns of a table."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in block:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(Text(column.heading), justify=justify, width=column.width, overflow="fold")
    for number in range(count):
        table.add_row(*(Text(column.entries[number]) for column in block))
    return table


def _grid(exhibit: Grid, width: int, marks: Palette) -> list[RenderableType]:
    """Draw numbers on their colours, as many columns at a time as fit; without colour, only the numbers."""
    matrix, scale = GridMatrix(exhibit), marks.weights if exhibit.weights else marks.scores
    rows, count = min(len(exhibit.rows), MOST), min(len(exhibit.columns), MOST)
    names = [clip(label, LABEL) for label in matrix.row_labels[:rows]]
    heads = [clip(label, LABEL) for label in matrix.column_labels[:count]]
    levels = [matrix.levels(row) for row in range(rows)]
    texts = [[matrix.text(row, column, 7) for column in range(count)] for row in range(rows)]
    each = 1 + max(map(cell_len, (*heads, *(text for row in texts for text in row))))
    beside = 1 + max(map(cell_len, names))
    at_once = max(1, (width - beside) // each)
    parts: list[RenderableType] = []
    for start in range(0, count, at_once):
        some = range(start, min(start + at_once, count))
        parts.append(Text(" " * beside + "".join(fit(heads[column], each, right=True) for column in some)))
        for row in range(rows):
            line = Text(fit(names[row], beside))
            for column in some:
                line.append(fit(texts[row][column], each, right=True), scale.digits(levels[row][column]))
            parts.append(line)
    if (rows, count) != (len(exhibit.rows), len(exhibit.columns)):
        parts.append(
            Text(f"The first {rows} × {count} of {len(exhibit.rows)} × {len(exhibit.columns)}; --json has all.")
        )
    return parts


def _lines(exhibit: Lines) -> list[RenderableType]:
    return [Text(visible(line), overflow="fold") for line in exhibit.lines]


def _text(line: list[Segment]) -> Text:
    text = Text()
    for segment in line:
        text.append(segment.text, segment.style or Style())
    return text
