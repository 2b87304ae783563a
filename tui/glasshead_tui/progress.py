"""What a training tells while it goes on: a line that moves in a terminal, a plain one now and then in a pipe."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glasshead_tui.visible import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from glasshead.training.evaluate import Scores
    from glasshead.training.loop import Event, Progress

QUIET = 10.0
"""Seconds between two plain lines of progress."""
SHOWN = 4
"""Translations shown after an evaluation."""


def lines(events: "Iterator[Event]") -> None:
    """Tell what happens in plain lines: nothing moves, nothing is coloured."""
    from glasshead.training.loop import Progress

    told = -QUIET
    for event in events:
        if not isinstance(event, Progress):
            for line in report(event):
                print(line, flush=True)
        elif event.seconds - told >= QUIET or event.step == event.steps:
            told = event.seconds
            print(f"step {event.step}/{event.steps}  {figures(event)}  {remaining(event)} left", flush=True)


def follow(events: "Iterator[Event]") -> None:
    """Tell what happens in a terminal: one line that moves, and above it what stays."""
    from rich.console import Console
    from rich.text import Text

    from glasshead.training.loop import Progress

    console = Console(highlight=False)
    with bar(console) as moving:
        task = moving.add_task("vocabulary", total=None, figures="")
        for event in events:
            if isinstance(event, Progress):
                moving.update(
                    task,
                    description=f"step {event.step}",
                    total=event.steps,
                    completed=event.step,
                    figures=f"{figures(event)}  {remaining(event)} left",
                )
            else:
                for line in report(event):
                    console.print(Text(line))


def bar(console: Any) -> "Bar":
    """Rich's progress display: step, bar, figures."""
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[figures]}"),
        console=console,
        refresh_per_second=4,
        transient=True,
    )


def figures(event: "Progress") -> str:
    """The figures of an update on one line."""
    speed = event.total_tokens / event.seconds if event.seconds else 0.0
    return f"loss {event.loss:.3f}  perplexity {event.perplexity:.2f}  rate {event.rate:.1e}  {speed:,.0f} tokens/s"


def remaining(event: "Progress") -> str:
    """How long the steps that are left will take: `1:02:03` or `4:05`."""
    seconds = round(event.seconds / event.step * (event.steps - event.step))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def report(event: "Event") -> Iterator[str]:
    """What is worth keeping of an event, in lines that are safe to print."""
    from glasshead.training.loop import Evaluated, Saved, Started

    if isinstance(event, Started):
        config = event.config
        layers = f"{config.encoder_layers} + {config.decoder_layers} layers"
        yield (
            f"{layers}, {config.heads} heads, d_model {config.d_model}, {config.vocab_size} subwords: "
            f"{event.parameters:,} parameters, trained in {event.precision}"
        )
    elif isinstance(event, Evaluated):
        sentences = "unseen test sentences" if event.last else "validation sentences"
        yield (
            f"step {event.step}: {event.scores.exact:.1%} of {event.scores.sentences} {sentences} exactly right, "
            f"perplexity {event.scores.perplexity:.3f}"
        )
        yield from shown(event.scores)
    elif isinstance(event, Saved):
        what = f"the average of {event.averaged} snapshots" if event.averaged > 1 else "one snapshot"
        yield f"step {event.step}: saved to {visible(str(event.folder))}, {what}"


def shown(scores: "Scores") -> Iterator[str]:
    """Some translations: the first ones, but wrong ones for half of them where there are any."""
    wrong = [sample for sample in scores.samples if not sample.right][: SHOWN // 2]
    right = [sample for sample in scores.samples if sample.right][: SHOWN - len(wrong)]
    for sample in (*right, *wrong):
        ending = "" if sample.right else f"   (expected: {visible(sample.expected)})"
        yield f"  {'✓' if sample.right else '✗'} {visible(sample.source)} → {visible(sample.given)}{ending}"
