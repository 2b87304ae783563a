"""A training's events in words: plain lines for a pipe, a file or a plain terminal.

In a better terminal, panel.py draws the same figures; show.py chooses.
"""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from glasshead_tui.drawing.durations import clocked, number, percent, reached
from glasshead_tui.live.figures import Figures, picked
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.training.evaluate import Sample, Scores
    from glasshead.training.events import Evaluated, Event, Preparing, Saved, Started

QUIET = 10.0
"""Seconds between two plain lines of progress."""
SOON = 1.0
"""Seconds of a preparation before it is mentioned."""
SHOWN = 4
"""Translations shown after an evaluation."""


def print_lines(events: "Iterator[Event]", *, clock: Callable[[], float] = time.monotonic) -> None:
    """Print the events in plain lines: nothing moves, nothing is coloured."""
    from glasshead.training.events import Preparing, Progress

    figures = Figures()
    due, printed = clock() + SOON, 0
    for event in events:
        figures.note(event)
        if isinstance(event, Preparing):
            if clock() >= due:
                due = clock() + QUIET
                print(write_preparation(event), flush=True)
        elif isinstance(event, Progress):
            if clock() >= due or not printed or event.step == event.steps:
                due, printed = clock() + QUIET, event.step
                print(write_step(figures), flush=True)
        else:
            for line in write_event(event):
                print(line, flush=True)


def write_step(figures: Figures) -> str:
    """Write the figures of the last updates on one line; there must have been one."""
    update, recent = figures.update, figures.recent
    assert update is not None and recent is not None
    parts = [
        f"step {update.step}/{update.steps}",
        f"loss {recent.loss:.3f}",
        f"perplexity {number(recent.perplexity)}",
        f"rate {update.rate:.1e}",
        f"norm {recent.norm:.2f}",
    ]
    if recent.speed is not None:
        parts.append(f"{recent.speed:,.0f} tokens/s")
    if recent.mfu is not None:
        parts.append(f"MFU {percent(recent.mfu, 0)}")
    if figures.pace.remaining is not None:
        parts.append(f"{clocked(figures.pace.remaining)} left")
    return "  ".join(parts)


def write_event(event: "Event") -> list[str]:
    """Write the lasting part of an event, in lines that are safe to print."""
    from glasshead.training.events import Evaluated, Exhausted, Prepared, Saved, Started, Stopped

    if isinstance(event, Prepared):
        return [visible(line) for line in event.lines]
    if isinstance(event, Started):
        return write_start(event)
    if isinstance(event, Evaluated):
        return [write_evaluation(event), *(f"  {line}" for line in write_samples(event.scores))]
    if isinstance(event, Saved):
        return [write_checkpoint(event)]
    if isinstance(event, Exhausted):
        return [
            f"No score was better for {event.waited} evaluations: the training ends at step {event.step} of "
            f"{event.steps}. Its best was at step {event.best}."
        ]
    if isinstance(event, Stopped):
        if event.step == 0:
            return ["Stopped before the first step."]
        return [f"Stopped after step {event.step} of {event.steps}; all that was learned is saved."]
    return []


def write_preparation(event: "Preparing") -> str:
    """Write the progress of a preparation: `reading pairs.tsv: 430,000 of 1,000,000`."""
    of = "" if event.total is None else f" of {event.total:,}"
    return f"{visible(event.what)}: {event.done:,}{of}"


def write_start(event: "Started") -> list[str]:
    """Describe the model and its training."""
    config = event.config
    sizes = [config.vocab_size] if config.source_vocab_size is None else [config.source_vocab_size, config.vocab_size]
    on = [f"in {event.precision} on {visible(event.device)}"]
    if event.processes > 1:
        on.append(f"by {event.processes} processes")
    if event.accumulate > 1:
        on.append(f"{event.accumulate} batches of a process to an update")
    described = [
        f"{config.encoder_layers} + {config.decoder_layers} layers, {config.heads} heads, d_model {config.d_model}, "
        f"vocabulary {' + '.join(map(str, sizes))}: {event.parameters:,} parameters, trained {', '.join(on)}"
    ]
    if event.peak > 0:
        described.append(f"MFU, model FLOPs utilisation, is the share that the model uses of {reached(event.peak)}")
    if event.step:
        described.append(f"goes on after step {event.step} of {event.steps}")
    return described


def write_evaluation(event: "Evaluated") -> str:
    """Write the scores of an evaluation on one line."""
    scores = event.scores
    held = "unseen test sentences" if event.held == "test" else f"{visible(event.held)} sentences"
    long = f"; {scores.too_long} too long for the model" if scores.too_long else ""
    step = event.step if event.best is None else event.best
    of = f"the average of {event.averaged} snapshots: " if event.averaged > 1 else ""
    alone = ""
    if event.newest is not None:
        alone = f"; the newest alone: perplexity {number(event.newest.perplexity)}, BLEU {event.newest.bleu:.1f}"
    return (
        f"step {step}: {of}{percent(scores.exact)} of {scores.sentences:,} {held} exactly right, "
        f"perplexity {number(scores.perplexity)}, BLEU {scores.bleu:.1f}, chrF {scores.chrf:.1f}{alone}{long}"
    )


def write_checkpoint(event: "Saved") -> str:
    """Write the place of a checkpoint."""
    what = f"the average of {event.averaged} snapshots" if event.averaged > 1 else "one snapshot"
    return f"step {event.step}: saved to {visible(str(event.folder))}, {what}"


def write_samples(scores: "Scores", count: int = SHOWN) -> Iterator[str]:
    """Write some translations, and the references of the wrong ones."""
    for sample in picked(scores.samples, count):
        ending = "" if sample.right else f"   (expected: {visible(sample.expected)})"
        yield f"{mark_sample(sample)} {visible(sample.source)} → {visible(sample.given)}{ending}"


def mark_sample(sample: "Sample") -> str:
    """Return ✓ or ✗."""
    return "✓" if sample.right else "✗"
