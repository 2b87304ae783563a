"""A training in a terminal: one panel that is redrawn in place, and above it the lines that stay.

`panel` makes lines of figures for a window of any size: the most important come first, and the rest is left out. All
text from files goes through `visible`.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from glasshead_tui.drawing.durations import clocked, number, operations, percent, reached
from glasshead_tui.live.figures import Course, Figures, Trend, picked, trends
from glasshead_tui.live.lines import mark_sample, write_evaluation, write_event, write_step
from glasshead_tui.terminal.region import Region
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.cells import width as columns_of
from glasshead_tui.widgets.slope import slope

if TYPE_CHECKING:
    from glasshead.training.evaluate import Sample
    from glasshead.training.events import Event, Preparing, Progress

WIDEST = 140
"""Columns beyond which a wider panel is no easier to read."""
FIGURE, SCORE, VALUE, CHANGE = 13, 10, 8, 8
"""Columns of the name of a figure, or of a score, of its value, and of its change."""
LOUD, QUIET, DRAWN = "bold", "dim", "cyan"
GOOD, BAD = "green", "red"


def follow(events: "Iterator[Event]", *, stop: Callable[[], bool] = lambda: False) -> None:
    """Draw the events in the terminal. Errors of the events pass through, after the panel is removed."""
    from glasshead.training.events import Evaluated, Progress

    figures, began = Figures(), time.monotonic()

    def draw(width: int, height: int) -> list[Text]:
        return panel(figures, width, height, seconds=time.monotonic() - began, stopping=stop())

    kept = 0  # last step with figures above the panel
    with Region(draw) as region:
        try:
            for event in events:
                with region.lock:
                    figures.note(event)
                if isinstance(event, Progress):
                    if event.step == event.steps:
                        kept = event.step
                        region.keep(Text(write_step(figures)))
                elif isinstance(event, Evaluated) and not event.last:
                    region.keep(Text(write_evaluation(event)))  # its translations are in the panel
                else:
                    region.keep(*map(colour_marks, write_event(event)))
        finally:  # the panel goes, and with it its last figures
            if figures.update is not None and figures.update.step != kept:
                region.keep(Text(write_step(figures)))


def colour_marks(line: str) -> Text:
    """Colour ✓ and ✗ in a line of a report."""
    text = Text(line)
    if line.lstrip().startswith(("✓", "✗")):
        at = len(line) - len(line.lstrip())
        text.stylize(GOOD if line[at] == "✓" else BAD, at, at + 1)
    return text


def panel(figures: Figures, width: int, height: int, *, seconds: float, stopping: bool = False) -> list[Text]:
    """Draw the figures in at most `height` lines of at most `width` columns. seconds: since the beginning.

    A tall window keeps a third of its lines for the output above the panel.
    """
    update, preparing = figures.update, figures.preparing
    if update is None and preparing is None and figures.started is None:
        return []
    framed = width >= 44 and height >= 8
    inner = min(width, WIDEST) - 4 if framed else width
    room = min(height, max(18, height * 2 // 3)) - 2 if framed else height
    if figures.started is None:
        body, title = (draw_activity(preparing, inner, seconds) if preparing is not None else []), "preparing"
    else:
        body, title = training(figures, inner, room, seconds), "training"
    if stopping:
        title = "stopping: this step is finished, then all is saved"
    if not framed:
        return [cut_text(line, width) for line in body[:room]]
    started = figures.started
    where = f"{started.precision} on {visible(started.device)}" if started is not None else ""
    return frame(body[:room], inner, title, where, memory(started.device if started is not None else ""))


def frame(body: Sequence[Text], inner: int, title: str, above: str, below: str) -> list[Text]:
    """Put lines in a box with a title, and notes in its edges if there is room."""
    title = clip(title, inner - 2)
    top = edge(inner - columns_of(title) - 1, above)
    return [
        Text.assemble(("╭─ ", QUIET), (title, LOUD), (f" {top}╮", QUIET)),
        *(Text.assemble(("│ ", QUIET), pad_text(line, inner), (" │", QUIET)) for line in body),
        Text(f"╰{edge(inner + 2, below)}╯", QUIET),
    ]


def edge(width: int, note: str) -> str:
    """Draw a line with a note near its right end, if there is room."""
    note = f" {note} ─" if note and columns_of(note) + 4 <= width else ""
    return "─" * (width - columns_of(note)) + note


def training(figures: Figures, inner: int, room: int, seconds: float) -> list[Text]:
    """Draw all figures of a training, the most important first, in at most `room` lines."""
    left = room
    groups: list[list[Text]] = []
    for group in (head(figures, inner, seconds), tables(figures, inner), utilisation(figures, inner)):
        if group and len(group) <= left:
            groups.append(group)
            left -= len(group)
    samples = translations(figures, inner, min(left - len(groups), room // (3 if room < 20 else 4)))
    if samples:
        groups.append(samples)
        left -= len(samples)
    gaps = len(groups) - 1
    tall = min(6, left - gaps - 2)
    if tall >= 3 and inner >= 40 and len(figures.courses["loss"].means(2)) == 2:
        groups.insert(1, chart(figures.courses["loss"], inner, tall))
        left, gaps = left - tall - 1, gaps + 1
    between = [Text()] if left >= gaps else []
    return [line for at, group in enumerate(groups) for line in (*(between if at else ()), *group)]


def head(figures: Figures, inner: int, seconds: float) -> list[Text]:
    """Draw the progress on two lines, with the current activity."""
    started, update, recent = figures.started, figures.update, figures.recent
    assert started is not None
    step, steps = (update.step, update.steps) if update is not None else (started.step, started.steps)
    facts = [f"step {step:,} of {steps:,}", f"{clocked(seconds)} elapsed"]
    if figures.pace.remaining is not None:
        facts.append(f"{clocked(figures.pace.remaining)} left")
    if recent is not None and recent.speed is not None:
        facts.append(f"{recent.speed:,.0f} tokens/s")
    lines = [bar(step, steps, inner), join_facts(facts, inner)]
    if figures.preparing is not None:
        lines += draw_activity(figures.preparing, inner, None)
    return lines


def bar(done: int, total: int, width: int) -> Text:
    """Draw a bar with its percent; it is full only at the very end."""
    share = min(1.0, done / total) if total > 0 else 1.0
    said = f" {math.floor(100 * share):3} %"
    room = max(1, width - len(said))
    halves = math.floor(2 * room * share)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    return Text.assemble((full, DRAWN), ("─" * (room - len(full)), QUIET), (said, LOUD))


def join_facts(facts: Sequence[str], width: int) -> Text:
    """Put as many facts on a line as fit; figures are bright, words are dim."""
    text = Text()
    for fact in facts:
        if text.cell_len + len(fact) + 3 * bool(text) > width:
            break
        if text:
            text.append(" · ", QUIET)
        for at, word in enumerate(fact.split(" ")):
            text.append(" " * (at > 0))
            text.append(word, LOUD if word[:1].isdigit() else QUIET)
    return text


def draw_activity(event: "Preparing", inner: int, seconds: float | None) -> list[Text]:
    """Draw a preparation, or a scoring: its name, its progress, its time."""
    facts = [f"{event.done:,} so far" if event.total is None else f"{event.done:,} of {event.total:,}"]
    if seconds is not None:
        facts.append(f"{clocked(seconds)} elapsed")
    said = Text.assemble("   ", join_facts(facts, inner))
    beside = said.cell_len + 12 <= inner
    what = clip(visible(event.what), inner - said.cell_len if beside else inner)
    line = Text.assemble(what, said) if beside else Text(what)
    return [line] if event.total is None else [bar(event.done, event.total, inner), line]


def tables(figures: Figures, inner: int) -> list[Text]:
    """Draw the figures of the training, and beside or below them the scores."""
    if figures.update is None:
        return []
    beside = inner >= 72
    width = (inner - 3) // 2 if beside else inner
    left, right = draw_figures(figures, figures.update, width), scores(figures, width)
    if not beside:
        return [*left, *right] if figures.validations else left
    pairs = zip_longest(left, right, fillvalue=Text())
    return [Text.assemble(pad_text(one, width), "   ", other) for one, other in pairs]


def draw_figures(figures: Figures, update: "Progress", width: int) -> list[Text]:
    """Draw the figures of the last updates, each with its course in this sitting."""
    recent = figures.recent
    assert recent is not None
    many = f"last {recent.updates} updates" if recent.updates > 1 else "first update"
    rows = (
        ("loss", f"{recent.loss:.3f}"),
        ("perplexity", number(recent.perplexity)),
        ("learning rate", f"{update.rate:.1e}"),
        ("gradient norm", f"{recent.norm:.2f}"),
    )
    room = width - FIGURE - VALUE - 2
    lines = [heading("training", many, width)]
    for (label, value), course in zip(rows, figures.courses.values(), strict=True):
        drawn = slope(course.means(room))[0] if room > 3 else ""
        lines.append(row(f"{label:{FIGURE}}", value, Text(drawn, DRAWN)))
    return lines


def scores(figures: Figures, width: int) -> list[Text]:
    """Draw the newest scores, their change and their course."""
    if not figures.validations:
        return [heading("validation", "not yet", width)]
    newest = figures.validations[-1]
    note = f"step {newest.step:,}, {newest.scores.sentences:,} sentences"
    if len(f"validation · {note}") > width:
        note = f"step {newest.step:,}"
    return [heading("validation", note, width), *(draw_trend(trend, width) for trend in trends(figures.validations))]


def draw_trend(trend: Trend, width: int) -> Text:
    """Draw a score on one line."""
    show: Callable[[float], str] = number if trend.name == "perplexity" else "{:.1f}".format
    value = show(trend.values[-1]) + (" %" if trend.name == "exact" else "")
    change = Text(" " * CHANGE)
    if len(trend.values) > 1:
        better = (trend.change > 0) == trend.rising
        sign = "▲" if trend.change > 0 else "▼" if trend.change < 0 else "="
        style = (GOOD if better else BAD) if trend.change else QUIET
        change = Text(fit(f"{sign} {show(abs(trend.change))}" if trend.change else sign, CHANGE), style)
    room = width - SCORE - VALUE - CHANGE - 3
    finite = [value for value in trend.values if math.isfinite(value)][-max(0, room) :] if room > 3 else []
    each = min(3, room // len(finite)) if finite else 1
    drawn = "".join(bar * each for bar in slope(finite)[0])
    return Text.assemble(row(f"{trend.name:{SCORE}}", value, change), " ", (drawn, DRAWN))


def heading(name: str, note: str, width: int) -> Text:
    """Draw the heading of the rows below."""
    return Text.assemble((name, LOUD), (clip(f" · {note}", max(0, width - len(name))), QUIET))


def row(label: str, value: str, rest: Text) -> Text:
    """Draw a figure: its name, its value, and its addition."""
    return Text.assemble((f"{label} ", QUIET), (f"{value:>{VALUE}}", LOUD), " ", rest)


def utilisation(figures: Figures, inner: int) -> list[Text]:
    """Draw the model FLOPs utilisation, and its reference if there is room."""
    started, recent = figures.started, figures.recent
    if started is None or recent is None or recent.mfu is None or not started.peak > 0:
        return []
    share = f"MFU {percent(recent.mfu, 0)}"
    for of in (f" of {reached(started.peak)}", f" of {operations(started.peak)}", ""):
        if len(share + of) <= inner:
            return [Text.assemble((share, LOUD), (of, QUIET))]
    return []


def translations(figures: Figures, inner: int, room: int) -> list[Text]:
    """Draw translations of the newest evaluation in at most `room` lines, the arrows below each other."""
    if figures.evaluated is None or room < 1:
        return []
    chosen = picked(figures.evaluated.scores.samples, room)
    while sum(1 if sample.right else 2 for sample in chosen) > room and len(chosen) > 1:
        chosen = picked(figures.evaluated.scores.samples, len(chosen) - 1)
    return [line for sample in chosen for line in draw_translation(sample, chosen, inner)][:room]


def draw_translation(sample: "Sample", among: "Sequence[Sample]", inner: int) -> list[Text]:
    """Draw a translation, and below a wrong one its reference."""
    sources = max(columns_of(visible(each.source)) for each in among)
    side = max(9, min(sources, (inner - 5) * 2 // 5))
    rest = max(0, inner - side - 5)
    style = GOOD if sample.right else BAD
    lines = [
        Text.assemble(
            (f"{mark_sample(sample)} ", style),
            fit(visible(sample.source), side),
            (" → ", QUIET),
            clip(visible(sample.given), rest),
        )
    ]
    if not sample.right:
        expected = clip(visible(sample.expected), rest)
        lines.append(Text.assemble((f"  {'expected':>{side}}   ", QUIET), (expected, QUIET)))
    return lines


def chart(course: Course, inner: int, lines: int) -> list[Text]:
    """Draw the course of the loss, with its highest and its lowest value at the side."""
    side = 8
    values = course.means(inner - side)
    sides = {0: f"{max(values):7.3f}", lines // 2: "   loss", lines - 1: f"{min(values):7.3f}"}
    drawn = slope(values, lines)
    return [Text.assemble((f"{sides.get(at, ''):{side}}", QUIET), (row, DRAWN)) for at, row in enumerate(drawn)]


def pad_text(text: Text, width: int) -> Text:
    """Pad or cut a line to a number of columns."""
    text = cut_text(text, width)
    text.append(" " * (width - text.cell_len))
    return text


def cut_text(text: Text, width: int) -> Text:
    """Cut a line to a number of columns."""
    if text.cell_len > width:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
    return text


def memory(device: str) -> str:
    """Write the memory of this process, and its largest reservation on the GPU."""
    size = resident()
    found = [] if size is None else [f"{amount(size)} of memory"]
    torch = sys.modules.get("torch")  # with a GPU, torch has been imported long ago
    if device.startswith("cuda") and torch is not None:
        found.append(f"{amount(torch.cuda.max_memory_reserved())} of the GPU")
    return ", ".join(found)


def amount(size: int) -> str:
    """Write bytes in few characters: `1.9 GB`, `310 MB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def resident() -> int | None:
    """Return the bytes of this process in memory; its peak if the system gives only that."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
