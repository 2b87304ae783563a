"""A training that is only played: events with made-up figures, reported like those of a real one.

As a program it shows them in the terminal it is run in: `played.py FOLDER SCENE`. It waits at each `Wait` until the
file of that name is in FOLDER, so that a test can look at a chosen moment.
"""

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glasshead.training.events import Evaluated, Event, Prepared, Preparing, Progress, Saved, Started, Stopped

STEPS = 2000


@dataclass(frozen=True)
class Shape:
    """The reported fields of glasshead.model.Config; that one would cost a second for torch."""

    encoder_layers: int = 3
    decoder_layers: int = 2
    heads: int = 8
    d_model: int = 256
    vocab_size: int = 8000
    source_vocab_size: int | None = None


@dataclass(frozen=True)
class Sample:
    """Stands for glasshead.training.evaluate.Sample."""

    source: str
    expected: str
    given: str

    @property
    def right(self) -> bool:
        return self.expected == self.given


@dataclass(frozen=True)
class Scores:
    """The reported fields of glasshead.training.evaluate.Scores."""

    perplexity: float
    loss: float
    exact: float
    bleu: float
    chrf: float
    sentences: int
    samples: tuple[Sample, ...]
    too_long: int = 0


@dataclass(frozen=True)
class Wait:
    """A pause until the test continues it."""

    name: str


SAMPLES = (
    Sample("the black cat", "le chat noir", "le chat noir"),
    Sample("a small dog", "un petit chien", "un petit chat"),
    Sample("we sleep", "nous dormons", "nous dormons"),
)
HOSTILE = "\x1b[2Jcat\x9b31m\u202e[red]\x07"


def started(**changes: Any) -> Started:
    shape: Any = Shape()
    return replace(Started(shape, 7_654_321, "bf16", "cpu", 1, 1, step=0, steps=STEPS, peak=2.1e11), **changes)


def update(step: int, *, pace: float = 0.2, **changes: Any) -> Progress:
    """An update of a training whose steps all take as long and whose loss falls."""
    loss = 1.5 + 6 * math.exp(-step / 400)
    plain = Progress(
        step, STEPS, loss, math.exp(loss - 1), rate=5e-4, norm=0.75, tokens=1000, seconds=step * pace,
        total_tokens=1000 * step, mfu=0.31, first=1,
    )  # fmt: skip
    return replace(plain, **changes)


def scores(step: int, samples: tuple[Sample, ...] = SAMPLES, **changes: Any) -> Scores:
    share = step / STEPS
    plain = Scores(9 - 8 * share, math.log(9 - 8 * share), share, 90 * share, 95 * share, 200, samples)
    return replace(plain, **changes)


def evaluated(step: int, held: str = "validation", samples: tuple[Sample, ...] = SAMPLES, **changes: Any) -> Evaluated:
    return Evaluated(step, scores(step, samples, **changes), last=step == STEPS, held=held)  # type: ignore[arg-type]


def whole(folder: str = "run") -> Iterator[Event | Wait]:
    """A training from its beginning to its end."""
    yield Preparing("reading pairs.tsv", 430_000, 1_000_000)
    yield Wait("read")
    yield Prepared(("998,412 pairs read.", "1,588 lines left out: 1,588 duplicates."))
    yield started()
    for step in range(1, STEPS + 1):
        yield update(step)
        if step % 500 == 0 and step < STEPS:
            yield evaluated(step)
            yield Saved(step, Path(folder, f"checkpoints/step-{step:08}"), 5)
        if step == 1240:
            yield Wait("seen")
            yield Preparing("scoring validation sentences", 80, 200)
            yield Wait("scored")
    yield Saved(STEPS, Path(folder), 5)
    yield evaluated(STEPS, "test")


def hostile() -> Iterator[Event | Wait]:
    """Every text that comes from a file says what a terminal might obey."""
    yield Preparing(f"reading {HOSTILE}", 1, 2)
    yield Wait("read")
    yield Prepared((f"{HOSTILE}.tsv: 3 pairs read.",))
    yield started()
    yield update(1)
    yield Saved(1, Path(HOSTILE), 1)
    yield evaluated(1, samples=(Sample(HOSTILE, HOSTILE, HOSTILE), Sample(HOSTILE, "猫" * 90, HOSTILE)))
    print("printed", HOSTILE)
    print("warned", HOSTILE, file=sys.stderr)
    yield Wait("seen")


def failing() -> Iterator[Event | Wait]:
    """Something breaks on the way."""
    yield started()
    yield from map(update, range(1, 40))
    raise ValueError("this is a bug")


def stopping() -> Iterator[Event | Wait]:
    """A training that is asked to stop."""
    yield started()
    yield from map(update, range(1, 732))
    yield Wait("stop")
    yield Stopped(731, STEPS)


def played(scene: Iterator[Event | Wait], folder: Path) -> Iterator[Event]:
    """The events, with the waits that are between them."""
    for each in scene:
        if isinstance(each, Wait):
            while not (folder / each.name).exists():
                time.sleep(0.01)
        else:
            yield each


if __name__ == "__main__":
    from glasshead_tui.live.show import show

    home, name = Path(sys.argv[1]), sys.argv[2]
    show(
        played({"whole": whole, "hostile": hostile, "failing": failing, "stopping": stopping}[name](), home),
        stop=(home / "asked").exists,
    )
    print("after", name)
