"""metrics.jsonl: every event of a training, one JSON object a line, in order.

    {"event": "started", "step": 0, "steps": 2000, "parameters": …, "precision": …, "device": …, …, "time": …}
    {"event": "step", "step": 1, "loss": …, "perplexity": …, "rate": …, "norm": …, "tokens": …, "seconds": …, …}
    {"event": "evaluation", "step": 500, "perplexity": …, "loss": …, "exact": …, "bleu": …, "samples": […], …}
    {"event": "saved", "step": 500, …}     {"event": "stopped", "step": 731}     {"event": "ended", "step": 2000}

A number that is not finite is null. A resume cuts off the lines beyond its step, and continues the file.

A `Follower` reads such a file while it is being written, from its last place. It trusts nothing in the file, and keeps
little of it: of a million steps a few thousand blocks, each with its smallest, largest and mean value.
"""

import json
import math
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

EVENTS = STARTED, STEP, EVALUATION, SAVED, ENDED, STOPPED = (
    "started", "step", "evaluation", "saved", "ended", "stopped"
)  # fmt: skip

State = Literal["waiting", "running", "stopped", "ended"]
Floats = NDArray[np.float64]

BLOCKS = 4096
"""Most blocks kept of a curve; an even number."""
CHUNK = 1 << 20
"""Bytes that are read at a time; a longer line is left out."""
TAIL = 512
"""Bytes before the last place that are compared: different ones mean that the file was rewritten."""
RECENT = 64
"""Steps in the estimate of the speed."""
LARGEST = 10**15
"""Largest count that is accepted from a file."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A figure over the steps: smallest, largest and mean value of each block of steps. NaN if it had none."""

    steps: Floats
    """The middle of each block."""
    low: Floats
    high: Floats
    mean: Floats

    def since(self, step: float) -> "Curve":
        """Return the part from a step on."""
        at = int(np.searchsorted(self.steps, step))
        return Curve(self.steps[at:], self.low[at:], self.high[at:], self.mean[at:])


@dataclass(frozen=True)
class Began:
    """The record of a training's beginning or resumption. None where it says nothing."""

    steps: int | None
    parameters: int | None
    d_model: int | None
    processes: int | None
    accumulate: int | None
    precision: str
    device: str
    time: str


@dataclass(frozen=True)
class Newest:
    """The figures of the newest step. NaN if there are none."""

    step: int = 0
    loss: float = math.nan
    """The training loss, label smoothing included: nats a token."""
    perplexity: float = math.nan
    """Perplexity without smoothing."""
    rate: float = math.nan
    norm: float = math.nan
    mfu: float = math.nan
    seconds: float = math.nan
    """Seconds of training so far."""
    tokens: float = math.nan
    """Target tokens so far."""


@dataclass(frozen=True)
class Evaluation:
    """One evaluation. NaN where a score is missing."""

    step: int
    loss: float
    """Nats a token, without smoothing."""
    perplexity: float
    exact: float
    """Share of exact matches, 0 … 1."""
    bleu: float
    chrf: float
    sentences: int | None
    test: bool
    """Whether it was on test sentences, at the end; otherwise on validation sentences."""


@dataclass(frozen=True)
class Translation:
    """A sentence, its reference, and the model's translation."""

    source: str
    expected: str
    given: str


@dataclass(frozen=True, eq=False)
class Metrics:
    """The contents of a file, as far as it was read."""

    state: State
    began: Began | None
    newest: Newest
    loss: Curve
    """The training loss."""
    likelihood: Curve
    """Loss without smoothing, the logarithm of the perplexity: comparable with evaluations."""
    rate: Curve
    norm: Curve
    evaluations: tuple[Evaluation, ...]
    samples: tuple[Translation, ...]
    """Translations of the newest evaluation."""
    saved: int | None
    """The last saved step."""
    speed: float
    """Recent target tokens a second of training. NaN while unknown."""
    left: float
    """Estimated seconds of training until the end. NaN while unknown."""
    odd: int
    """Number of lines that could not be understood."""
    read: float
    """Share of the file that was read, 0 … 1."""
    changed: float
    """Time of the last write, in seconds since 1970."""


FIRST, LAST, LOW, HIGH, TOTAL, COUNT = range(6)
"""Rows of a table of blocks: its steps, and of its finite values the smallest, the largest, their sum and number."""


@dataclass
class Series:
    """A growing curve: blocks of `stride` values, and the newest values, which do not fill one yet."""

    stride: int = 1
    blocks: Floats = field(default_factory=lambda: np.empty((6, 0)))
    rest: Floats = field(default_factory=lambda: np.empty((2, 0)))

    def add(self, steps: Floats, values: Floats) -> None:
        """Append values at steps that follow all earlier ones."""
        self.rest = np.concatenate([self.rest, [steps, values]], axis=1)
        while room := min(self.rest.shape[1] // self.stride, BLOCKS - self.blocks.shape[1]):
            full, self.rest = np.split(self.rest, [room * self.stride], axis=1)
            self.blocks = np.concatenate([self.blocks, _blocks(full, self.stride)], axis=1)
            if self.blocks.shape[1] == BLOCKS:
                self.blocks, self.stride = _halved(self.blocks), 2 * self.stride

    def cut(self, step: int) -> None:
        """Remove everything after a step, and the whole block that it is in."""
        self.blocks = self.blocks[:, self.blocks[LAST] <= step]
        self.rest = self.rest[:, self.rest[0] <= step]

    def curve(self) -> Curve:
        """Return the whole curve."""
        blocks = np.concatenate([self.blocks, _blocks(self.rest, max(1, self.rest.shape[1]))], axis=1)
        some = blocks[COUNT] > 0
        low, high, mean = (np.where(some, row, np.nan) for row in (blocks[LOW], blocks[HIGH], blocks[TOTAL]))
        return Curve((blocks[FIRST] + blocks[LAST]) / 2, low, high, mean / np.where(some, blocks[COUNT], 1))


def _blocks(points: Floats, stride: int) -> Floats:
    """Group points (steps and values) into blocks of `stride`: 6 × blocks."""
    steps, values = points.reshape(2, -1, stride)
    finite = np.isfinite(values)
    return np.array(
        [
            steps.min(-1, initial=np.inf),
            steps.max(-1, initial=-np.inf),
            np.where(finite, values, np.inf).min(-1, initial=np.inf),
            np.where(finite, values, -np.inf).max(-1, initial=-np.inf),
            np.where(finite, values, 0).sum(-1),
            finite.sum(-1),
        ]
    )


def _halved(blocks: Floats) -> Floats:
    """Merge every two blocks, of an even number of them."""
    one, other = blocks[:, ::2], blocks[:, 1::2]
    joined = one + other
    joined[[FIRST, LOW]] = np.minimum(one, other)[[FIRST, LOW]]
    joined[[LAST, HIGH]] = np.maximum(one, other)[[LAST, HIGH]]
    return joined


class Follower:
    """A reader of a metrics.jsonl that is being written. It only reads, and only after a change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        """Reset to the state before any reading."""
        self._at, self._tail, self._size, self._changed = 0, b"", 0, 0.0
        self._file: tuple[int, int] | None = None
        self._known: tuple[int, int, int, int] | None = None
        self._skipping = False
        self._state: State = "waiting"
        self._began: Began | None = None
        self._newest = Newest()
        self._series = {name: Series() for name in ("loss", "likelihood", "rate", "norm")}
        self._evaluations: list[Evaluation] = []
        self._samples: tuple[Translation, ...] = ()
        self._saved: int | None = None
        self._recent: deque[tuple[int, float, float]] = deque(maxlen=RECENT)
        self._odd = 0

    def advance(self) -> bool:
        """Read at most a CHUNK of new data and return whether anything changed. Call it until it returns False.

        Raises OSError if the file is missing or cannot be read; the data read before is kept.
        """
        now = self.path.stat()
        known = now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns
        if known == self._known:
            return False
        with self.path.open("rb") as file:
            now = os.fstat(file.fileno())
            known = now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns
            file.seek(self._at - len(self._tail))
            if self._file not in (None, known[:2]) or file.read(len(self._tail)) != self._tail:
                self._forget()  # another file, or one cut short and written on
                file.seek(0)
            data = file.read(CHUNK)
        self._file, self._size, self._changed = known[:2], now.st_size, now.st_mtime
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) == CHUNK:  # a line too long to be one of ours
            self._odd += not self._skipping
            self._skipping, whole = True, len(data)
        elif whole:
            self._read(data[:whole])
        self._at += whole
        self._tail = (self._tail + data[:whole])[-TAIL:]
        # The rest is an incomplete line: wait until the file changes.
        self._known = known if len(data) < CHUNK else None
        return True

    def metrics(self) -> Metrics:
        """Return the data read so far."""
        newest, began = self._newest, self._began
        speed = pace = math.nan
        if len(self._recent) > 1:
            (step, seconds, tokens), (last_step, last_seconds, last_tokens) = self._recent[0], self._recent[-1]
            if last_seconds > seconds and last_step > step:
                speed = (last_tokens - tokens) / (last_seconds - seconds)
                pace = (last_seconds - seconds) / (last_step - step)
        curves = {name: series.curve() for name, series in self._series.items()}
        return Metrics(
            state=self._state,
            began=began,
            newest=newest,
            evaluations=tuple(self._evaluations),
            samples=self._samples,
            saved=self._saved,
            speed=speed,
            left=pace * max(0, began.steps - newest.step) if began and began.steps else math.nan,
            odd=self._odd,
            read=min(1.0, self._at / self._size) if self._size else 1.0,
            changed=self._changed,
            **curves,
        )

    def _read(self, data: bytes) -> None:
        """Take in whole lines."""
        if self._skipping:  # the end of a line that was too long
            data, self._skipping = data[data.index(b"\n") + 1 :], False
        steps: list[dict[str, Any]] = []
        for row in _objects(data.splitlines()):
            if row is None:
                self._odd += 1
            elif row.get("event") == STEP:
                steps.append(row)
            else:
                self._take_steps(steps)
                steps = []
                self._take(row)
        self._take_steps(steps)

    def _take_steps(self, rows: list[dict[str, Any]]) -> None:
        """Take in lines of steps."""
        good = [row for row in rows if type(row.get("step")) is int and 0 <= row["step"] <= LARGEST]
        self._odd += len(rows) - len(good)
        start = 0
        for at in range(1, len(good) + 1):  # runs in which the steps rise
            if at == len(good) or good[at]["step"] <= good[at - 1]["step"]:
                self._rise(good[start:at])
                start = at

    def _rise(self, rows: list[dict[str, Any]]) -> None:
        if rows[0]["step"] <= self._newest.step:
            self._cut(rows[0]["step"] - 1)
        steps = np.array([row["step"] for row in rows], dtype=np.float64)
        perplexity = _column(rows, "perplexity")
        with np.errstate(divide="ignore", invalid="ignore"):
            values = {"likelihood": np.log(perplexity)}
        for name, series in self._series.items():
            series.add(steps, values[name] if name in values else _column(rows, name))
        for row in rows[-RECENT:]:
            seconds, tokens = _number(row.get("seconds")), _number(row.get("total_tokens"))
            if math.isfinite(seconds) and math.isfinite(tokens):
                self._recent.append((row["step"], seconds, tokens))
        row = rows[-1]
        figures = {name: _number(row.get(name)) for name in ("loss", "perplexity", "rate", "norm", "mfu", "seconds")}
        self._newest = Newest(step=row["step"], tokens=_number(row.get("total_tokens")), **figures)
        self._state = "running"

    def _take(self, row: dict[str, Any]) -> None:
        """Take in any other line; ignore unknown ones."""
        event, step = row.get("event"), _count(row.get("step"))
        if event == STARTED:
            if step is not None and step < self._newest.step:
                self._cut(step)
            self._recent.clear()
            self._began = Began(
                steps=_count(row.get("steps")),
                parameters=_count(row.get("parameters")),
                d_model=_count(row.get("d_model")),
                processes=_count(row.get("processes")),
                accumulate=_count(row.get("accumulate")),
                precision=_text(row.get("precision")),
                device=_text(row.get("device")),
                time=_text(row.get("time")),
            )
            self._state = "running"
        elif event == EVALUATION and step is not None:
            scores = {name: _number(row.get(name)) for name in ("loss", "perplexity", "exact", "bleu", "chrf")}
            test = row.get("held", "test" if row.get("last") is True else "") == "test"
            self._evaluations.append(Evaluation(step=step, sentences=_count(row.get("sentences")), test=test, **scores))
            self._samples = tuple(_translations(row.get("samples")))
        elif event == SAVED:
            self._saved = step
        elif event == ENDED:
            self._state = "ended"
        elif event == STOPPED:
            self._state = "stopped"

    def _cut(self, step: int) -> None:
        """Drop everything after this step: the training went back to it."""
        for series in self._series.values():
            series.cut(step)
        self._evaluations = [each for each in self._evaluations if each.step <= step]
        self._newest = Newest(step=step)
        self._recent.clear()


def plausible(beginning: bytes) -> bool:
    """Tell whether a file with this beginning may be one of ours: it has an event, or no whole line yet."""
    lines = beginning[: beginning.rfind(b"\n") + 1].splitlines()
    rows = [row for row in _objects(lines) if row is not None and row.get("event") in EVENTS]
    return bool(rows) or not any(line.strip() for line in lines)


def _objects(lines: list[bytes]) -> Iterator[dict[str, Any] | None]:
    """Parse each line; None if it is no JSON object."""
    lines = [line for line in lines if line.strip()]
    try:
        rows = json.loads(b"[" + b",".join(lines) + b"]")  # at once: twice as fast as line by line
    except (ValueError, RecursionError):
        rows = None
    if rows is None or len(rows) != len(lines):
        rows = map(_object, lines)
    for row in rows:
        yield row if type(row) is dict else None


def _object(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _number(value: Any) -> float:
    """Return a number of a file; NaN if it is none, or implausibly large."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return float(value)
    return math.nan


def _column(rows: list[dict[str, Any]], name: str) -> Floats:
    values = [row.get(name) for row in rows]
    if {*map(type, values)} <= {float, type(None)}:  # the usual case: None becomes NaN
        column = np.array(values, dtype=np.float64)
        return np.where(np.abs(column) <= LARGEST, column, np.nan)
    return np.array([_number(value) for value in values], dtype=np.float64)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= LARGEST else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _translations(found: Any) -> Iterator[Translation]:
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield Translation(*(_text(each.get(name)) for name in ("source", "expected", "given")))
