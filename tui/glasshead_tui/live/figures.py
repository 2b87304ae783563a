"""Figures of a training from its events: means of the last updates, the remaining time, the courses.

Only arithmetic on events; lines.py and panel.py put it into words and pictures. Every figure comes from the events' own
values, and its docstring says how.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.evaluate import Sample
    from glasshead.training.events import Evaluated, Event, Preparing, Progress, Started

RECENT, FEWEST, MOST = 10.0, 20, 500
"""The recent updates: those of the last seconds of training, and their least and most number."""
HALF = 30.0
"""Seconds of training after which a step counts half in the estimate of the remaining time."""
COURSE = 512
"""Most stretches of a course: more than a panel has columns, even when they have just been merged."""


class Course:
    """A series of any length in bounded memory: the means of equally long stretches.

    When there are too many stretches, neighbours are merged, and the next ones are twice as long.
    """

    def __init__(self, most: int = COURSE) -> None:
        self._most = most
        self._sums: list[float] = []
        self._counts: list[int] = []
        self._length = 1  # values of a stretch; only the last stretch may hold fewer

    def add(self, value: float) -> None:
        """Add a value. One that is not finite cannot be drawn, and is left out."""
        if not math.isfinite(value):
            return
        if self._counts and self._counts[-1] < self._length:
            self._sums[-1] += value
            self._counts[-1] += 1
            return
        if len(self._sums) == self._most:
            self._sums = [sum(self._sums[at : at + 2]) for at in range(0, self._most, 2)]
            self._counts = [sum(self._counts[at : at + 2]) for at in range(0, self._most, 2)]
            self._length *= 2
        self._sums.append(value)
        self._counts.append(1)

    def means(self, most: int) -> list[float]:
        """Return the course in at most `most` values, oldest first: each the mean of its part of the time."""
        count = len(self._sums)
        parts = min(most, count)
        edges = [part * count // parts for part in range(parts + 1)] if parts > 0 else [0]
        return [sum(self._sums[low:high]) / sum(self._counts[low:high]) for low, high in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class Recent:
    """Figures of the last updates; None where the updates have none."""

    updates: int
    """Number of updates in these means."""
    loss: float
    """Mean smoothed loss of a target token, in nats."""
    perplexity: float
    """Exponential of the mean loss without smoothing."""
    norm: float
    """Mean norm of the gradient."""
    speed: float | None
    """Target tokens a second, without evaluating and saving."""
    mfu: float | None
    """Model FLOPs utilisation, 0–1, each update weighted by its time."""


def recent(updates: Sequence["Progress"]) -> Recent:
    """Average consecutive updates, at least one."""
    first, last = updates[0], updates[-1]
    tokens = sum(update.tokens for update in updates) or 1
    taken = [after.seconds - before.seconds for before, after in pairwise(updates)]
    if sum(taken) > 0:
        speed = (last.total_tokens - first.total_tokens) / sum(taken)
        mfu = sum(update.mfu * time for update, time in zip(updates[1:], taken, strict=True)) / sum(taken)
    else:  # of a single update, only the very first has a duration
        speed = last.total_tokens / last.seconds if last.step == 1 and last.seconds > 0 else math.nan
        mfu = last.mfu
    return Recent(
        updates=len(updates),
        loss=sum(update.loss * update.tokens for update in updates) / tokens,
        perplexity=_exp(sum(_log(update.perplexity) * update.tokens for update in updates) / tokens),
        norm=sum(update.norm for update in updates) / len(updates),
        speed=speed if math.isfinite(speed) else None,
        mfu=mfu if math.isfinite(mfu) and mfu > 0 else None,
    )


class Pace:
    """Time of a step: a mean in which a step counts half as much after `half` more seconds of training.

    The first update of a sitting does not count: it includes one-time work.
    """

    def __init__(self, half: float = HALF) -> None:
        self._half = half
        self._last: Progress | None = None
        self._seconds = self._steps = 0.0

    def note(self, update: "Progress") -> None:
        if self._last is not None:
            taken = max(0.0, update.seconds - self._last.seconds)
            kept = 0.5 ** (taken / self._half)
            self._seconds = self._seconds * kept + taken
            self._steps = self._steps * kept + update.step - self._last.step
        self._last = update

    @property
    def remaining(self) -> float | None:
        """Seconds for the remaining steps; None while unknown."""
        last = self._last
        if last is None:
            return None
        left = last.steps - last.step
        if self._steps:
            return left * self._seconds / self._steps
        return left * last.seconds if last.step == 1 else 0.0 if not left else None


@dataclass(frozen=True, slots=True)
class Trend:
    """A score of every evaluation so far, oldest first."""

    name: str
    values: tuple[float, ...]
    rising: bool
    """Whether a larger value is better."""

    @property
    def change(self) -> float:
        """The newest value minus the previous one; 0.0 if there is none."""
        return self.values[-1] - self.values[-2] if len(self.values) > 1 else 0.0


def trends(evaluations: "Sequence[Evaluated]") -> list[Trend]:
    """Collect the four scores; exact matches in percent like the others."""
    scores = [event.scores for event in evaluations]
    return [
        Trend("perplexity", tuple(each.perplexity for each in scores), rising=False),
        Trend("exact", tuple(100 * each.exact for each in scores), rising=True),
        Trend("BLEU", tuple(each.bleu for each in scores), rising=True),
        Trend("chrF", tuple(each.chrf for each in scores), rising=True),
    ]


class Figures:
    """Everything that the events have reported so far."""

    def __init__(self) -> None:
        self.preparing: Preparing | None = None
        """The current preparation, until the next event of another kind."""
        self.started: Started | None = None
        self.update: Progress | None = None
        self.validations: list[Evaluated] = []
        self.evaluated: Evaluated | None = None
        """The newest evaluation of any kind."""
        self.courses = {name: Course() for name in ("loss", "perplexity", "rate", "norm")}
        self.pace = Pace()
        self._recent: deque[Progress] = deque(maxlen=MOST)

    def note(self, event: "Event") -> None:
        """Take in an event."""
        from glasshead.training.events import Evaluated, Preparing, Progress, Started

        self.preparing = event if isinstance(event, Preparing) else None
        if isinstance(event, Progress):
            self.update = event
            self.pace.note(event)
            self._recent.append(event)
            while len(self._recent) > FEWEST and event.seconds - self._recent[0].seconds > RECENT:
                self._recent.popleft()
            for name, course in self.courses.items():
                course.add(getattr(event, name))
        elif isinstance(event, Started):
            self.started = event
        elif isinstance(event, Evaluated):
            self.evaluated = event
            if event.held == "validation":
                self.validations.append(event)

    @property
    def recent(self) -> Recent | None:
        """Figures of the last updates; None before the first."""
        return recent(tuple(self._recent)) if self._recent else None


def picked(samples: "Iterable[Sample]", count: int) -> "list[Sample]":
    """Choose some translations to show: the first ones, but half of them wrong ones if there are any."""
    given = list(samples)
    wrong = [sample for sample in given if not sample.right][: max(1, count // 2)]
    right = [sample for sample in given if sample.right][: max(0, count - len(wrong))]
    if len(right) + len(wrong) < count:
        wrong = [sample for sample in given if not sample.right][: count - len(right)]
    return [*right, *wrong][:count]


def _log(perplexity: float) -> float:
    return math.log(perplexity) if perplexity > 0 else math.nan


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))
