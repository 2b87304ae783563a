"""The lines around the curves and the attention of a training: its state, and the present stop."""

from collections.abc import Sequence
from math import isfinite

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from glasshead.training.record.journal import Evaluation, Metrics
from glasshead_tui.drawing.durations import clocked, silence
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.terminal.visible import clip, visible

SILENCE = 15.0
"""Seconds without a line after which a training that has not ended counts as silent."""


def about_line(
    name: str, metrics: Metrics | None, trouble: str, note: str, now: float, width: int, marks: Palette
) -> Text:
    """Write the run, its state, progress and speed, as far as they fit. now: seconds since 1970."""
    state, style = standing(metrics, trouble, now, marks)
    parts: list[tuple[str, Style]] = [(state, style)]
    silent = metrics is None or metrics.state == "waiting" or silence_of(metrics, now) >= SILENCE
    if silent and note and not trouble:
        parts.append((visible(note), marks.quiet))
    if metrics is not None and metrics.state != "waiting":
        if metrics.read < 1:
            parts.append((f"reading {metrics.read:.0%}", marks.quiet))
        parts.append((progress(metrics), Style()))
        if metrics.state == "running" and isfinite(metrics.left) and metrics.read == 1 and not silent:
            parts.append((f"{clocked(metrics.left)} left", Style()))
        if isfinite(metrics.speed):
            parts.append((f"{metrics.speed:,.0f} tokens/s", Style()))
    start = "glasshead watch   "
    room = width - cell_len(start)
    needed = sum(cell_len(text) + 3 for text, _ in parts)
    while len(parts) > 2 and needed + 8 > room:
        needed -= cell_len(parts.pop()[0]) + 3
    line = Text(start, "bold", no_wrap=True, overflow="ellipsis")
    line.append(_ending(name, max(8, room - needed)), "bold")
    for text, look in parts:
        line.append("   ")
        line.append(text, look)
    return line


def standing(metrics: Metrics | None, trouble: str, now: float, marks: Palette) -> tuple[str, Style]:
    """Describe the state of the training in a few words."""
    if trouble:
        return f"■ {trouble}", marks.bad
    if metrics is None or metrics.state == "waiting":
        return "○ waiting for the first step", marks.quiet
    if metrics.state == "ended":
        return "■ ended", marks.good
    if metrics.state == "stopped":
        return f"■ stopped at step {metrics.newest.step:,}", marks.negative
    silent = silence_of(metrics, now)
    if silent >= SILENCE:
        return f"○ no news for {silence(silent)}", marks.negative
    return "● running", marks.good


def silence_of(metrics: Metrics, now: float) -> float:
    """Return the seconds since the last line of a running training; 0 for one that has ended or stopped."""
    return max(0.0, now - metrics.changed) if metrics.state == "running" else 0.0


def progress(metrics: Metrics) -> str:
    """Describe the progress: `step 1,240 of 2,000 · 62 %`."""
    step, steps = metrics.newest.step, metrics.began.steps if metrics.began else None
    return f"step {step:,} of {steps:,} · {min(1, step / steps):.0%}" if steps else f"step {step:,}"


def facts_line(metrics: Metrics | None, shape: str, width: int, marks: Palette) -> Text:
    """Write the model, its data and the newest figures. shape: layers and heads, if they are known."""
    parts: list[str] = []
    began = metrics.began if metrics else None
    if began:
        if began.parameters:
            parts.append(f"{began.parameters / 1e6:.1f} M parameters")
        if shape:
            parts.append(shape)
        if began.d_model:
            parts.append(f"d {began.d_model}")
        if began.precision or began.device:
            parts.append(visible(clip(f"{began.precision} on {began.device}", 40)))
        if began.processes and began.processes > 1:
            parts.append(f"{began.processes} processes")
        if began.accumulate and began.accumulate > 1:
            parts.append(f"{began.accumulate} batches an update")
    figures: list[str] = []
    if metrics:
        newest = metrics.newest
        for name, value, room in (("perplexity", newest.perplexity, 6), ("gradient norm", newest.norm, 5)):
            if isfinite(value):
                figures.append(f"{name} {real(value, room)}")
        if isfinite(newest.mfu):
            figures.append(f"{newest.mfu:.0%} of the machine's speed")
        if metrics.saved is not None:
            figures.append(f"saved at step {metrics.saved:,}")
    if metrics and metrics.odd:
        figures.append(f"{metrics.odd:,} lines not understood")
    kept = [*parts, *figures]
    while kept and cell_len(" · ".join(kept)) > width:
        kept.pop()
    return Text(" · ".join(kept), marks.quiet, no_wrap=True, overflow="ellipsis")


def place_line(
    metrics: Metrics | None, stops: Sequence[int], at: int | None, mood: str, width: int, marks: Palette
) -> Text:
    """Write the present stop, the way it moves, and its scores."""
    line = Text(no_wrap=True, overflow="ellipsis")
    if at is None or at not in stops:
        return line.append("no attention recorded yet", marks.quiet)
    line.append(f"step {at:,}", marks.strong)
    parts = [f"stop {stops.index(at) + 1:,} of {len(stops):,}", *([mood] if mood else [])]
    scored = None if metrics is None else next((each for each in metrics.evaluations if each.step == at), None)
    if scored is not None:
        parts += scores(scored)
    while len(parts) > 1 and line.cell_len + sum(cell_len(part) + 3 for part in parts) > width:
        parts.pop()
    return line.append("".join(f" · {part}" for part in parts), marks.quiet)


def scores(found: Evaluation) -> list[str]:
    """List an evaluation's scores, the most important first."""
    entries = [
        (f"{found.exact:.1%} exact", found.exact),
        (f"BLEU {found.bleu:.1f}", found.bleu),
        (f"chrF {found.chrf:.1f}", found.chrf),
        (f"{'test' if found.test else 'validation'} loss {found.loss:.3f}", found.loss),
    ]
    return [text for text, value in entries if isfinite(value)]


def _ending(name: str, columns: int) -> str:
    """Shorten a path to its end, which tells more than its beginning."""
    if cell_len(name) <= columns:
        return name
    while name and cell_len(name) > columns - 1:
        name = name[1:]
    return f"…{name}"
