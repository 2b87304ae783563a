"""metrics.jsonl: all that a training told of itself, one JSON object a line, in the order in which it happened.

    {"event": "started", "step": 0, "steps": 2000, "parameters": …, "precision": …, "device": …, …, "time": …}
    {"event": "step", "step": 1, "loss": …, "perplexity": …, "rate": …, "norm": …, "tokens": …, "seconds": …, …}
    {"event": "evaluation", "step": 500, "perplexity": …, "loss": …, "exact": …, "bleu": …, "samples": […], …}
    {"event": "saved", "step": 500, …}     {"event": "stopped", "step": 731}     {"event": "ended", "step": 2000}

A number that is not finite is null. A resume cuts off the lines beyond the step it goes on from, and goes on writing.

A `Follower` reads such a file while it is being written, from where it left off. It believes nothing that it reads, and
keeps little of it: of a million steps a few thousand blocks, each with its smallest, largest and mean value.
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
"""Blocks of a curve that are kept, at most; an even number."""
CHUNK = 1 << 20
"""Bytes that are read at once; a line that is longer is left out."""
TAIL = 512
"""Bytes before the place reached that are compared: other ones mean that the file was rewritten."""
RECENT = 64
"""Steps that the speed is taken from."""
LARGEST = 10**15
"""No count in a file is believed to be larger."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A figure over the steps: the smallest, largest and mean one of each block of steps. NaN where there was none."""

    steps: Floats
    """The middle of the block."""
    low: Floats
    high: Floats
    mean: Floats

    def since(self, step: float) -> "Curve":
        """What comes from a step on."""
        at = int(np.searchsorted(self.steps, step))
        return Curve(self.steps[at:], self.low[at:], self.high[at:], self.mean[at:])


@dataclass(frozen=True)
class Began:
    """What a training said of itself when it began, or went on. None where it did not."""

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
    """The figures of the newest step. NaN where there are none."""

    step: int = 0
    loss: float = math.nan
    """The one that is trained for, label smoothing and all: nats a token."""
    perplexity: float = math.nan
    """Without smoothing."""
    rate: float = math.nan
    norm: float = math.nan
    mfu: float = math.nan
    seconds: float = math.nan
    """Of training so far."""
    tokens: float = math.nan
    """Of the target, so far."""


@dataclass(frozen=True)
class Evaluation:
    """One evaluation. NaN where a score is missing."""

    step: int
    loss: float
    """Nats a token, without smoothing."""
    perplexity: float
    exact: float
    """0 … 1."""
    bleu: float
    chrf: float
    sentences: int | None
    test: bool
    """On test sentences, at the end; otherwise on validation sentences."""


@dataclass(frozen=True)
class Translation:
    """A sentence, what it should become, and what the model made of it."""

    source: str
    expected: str
    given: str


@dataclass(frozen=True, eq=False)
class Metrics:
    """All that a file says, as far as it was read."""

    state: State
    began: Began | None
    newest: Newest
    loss: Curve
    """The one that is trained for."""
    likelihood: Curve
    """Loss without smoothing, the logarithm of the perplexity: what evaluations can be compared with."""
    rate: Curve
    norm: Curve
    evaluations: tuple[Evaluation, ...]
    samples: tuple[Translation, ...]
    """Of the newest evaluation."""
    saved: int | None
    """The step that was saved last."""
    speed: float
    """Target tokens a second of training, lately. NaN while it is not known."""
    left: float
    """Seconds of training until the end, if it goes on like this. NaN while it is not known."""
    odd: int
    """Lines that could not be understood."""
    read: float
    """The share of the file that was read, 0 … 1."""
    changed: float
    """When the file was written to last, in seconds since 1970."""


FIRST, LAST, LOW, HIGH, TOTAL, COUNT = range(6)
"""Rows of a table of blocks: its steps, and of its finite values the smallest, the largest, their sum and number."""


@dataclass
class Series:
    """A curve in the making: blocks of `stride` values, and the newest values, which do not fill one yet."""

    stride: int = 1
    blocks: Floats = field(default_factory=lambda: np.empty((6, 0)))
    rest: Floats = field(default_factory=lambda: np.empty((2, 0)))

    def add(self, steps: Floats, values: Floats) -> None:
        """Values at steps, all of them after those that are there."""
        self.rest = np.concatenate([self.rest, [steps, values]], axis=1)
        while room := min(self.rest.shape[1] // self.stride, BLOCKS - self.blocks.shape[1]):
            full, self.rest = np.split(self.rest, [room * self.stride], axis=1)
            self.blocks = np.concatenate([self.blocks, _blocks(full, self.stride)], axis=1)
            if self.blocks.shape[1] == BLOCKS:
                self.blocks, self.stride = _halved(self.blocks), 2 * self.stride

    def cut(self, step: int) -> None:
        """Forget what comes after a step; of the block that it is in, everything."""
        self.blocks = self.blocks[:, self.blocks[LAST] <= step]
        self.rest = self.rest[:, self.rest[0] <= step]

    def curve(self) -> Curve:
        """All of it."""
        blocks = np.concatenate([self.blocks, _blocks(self.rest, max(1, self.rest.shape[1]))], axis=1)
        some = blocks[COUNT] > 0
        low, high, mean = (np.where(some, row, np.nan) for row in (blocks[LOW], blocks[HIGH], blocks[TOTAL]))
        return Curve((blocks[FIRST] + blocks[LAST]) / 2, low, high, mean / np.where(some, blocks[COUNT], 1))


def _blocks(points: Floats, stride: int) -> Floats:
    """Points (steps and values) in blocks of so many: 6 × blocks."""
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
    """Every two blocks as one, of an even number of them."""
    one, other = blocks[:, ::2], blocks[:, 1::2]
    joined = one + other
    joined[[FIRST, LOW]] = np.minimum(one, other)[[FIRST, LOW]]
    joined[[LAST, HIGH]] = np.maximum(one, other)[[LAST, HIGH]]
    return joined


class Follower:
    """Reads a metrics.jsonl while it is being written. Opens it for reading only, and only when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        """As if nothing had been read."""
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
        """Take in at most a CHUNK of what is new; whether anything changed. Call it until it says no.

        Raises OSError where the file is not there or cannot be read; what was read before is kept.
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
        # What is left now is a line that is not whole: nothing to come back for until the file changes.
        self._known = known if len(data) < CHUNK else None
        return True

    def metrics(self) -> Metrics:
        """All that was read so far."""
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
        """Take in lines that tell of steps."""
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
        told = {name: _number(row.get(name)) for name in ("loss", "perplexity", "rate", "norm", "mfu", "seconds")}
        self._newest = Newest(step=row["step"], tokens=_number(row.get("total_tokens")), **told)
        self._state = "running"

    def _take(self, row: dict[str, Any]) -> None:
        """Take in any other line; what is unknown is left alone."""
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
        """The training went back to this step: what came after it is no more."""
        for series in self._series.values():
            series.cut(step)
        self._evaluations = [each for each in self._evaluations if each.step <= step]
        self._newest = Newest(step=step)
        self._recent.clear()


def plausible(beginning: bytes) -> bool:
    """Whether a file that begins like this may be one of ours: an event is told, or no line is whole yet."""
    lines = beginning[: beginning.rfind(b"\n") + 1].splitlines()
    rows = [row for row in _objects(lines) if row is not None and row.get("event") in EVENTS]
    return bool(rows) or not any(line.strip() for line in lines)


def _objects(lines: list[bytes]) -> Iterator[dict[str, Any] | None]:
    """What stands on each line; None where it is no JSON object."""
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
    """A number of a file, NaN where it is none, or too large to be meant."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return float(value)
    return math.nan


def _column(rows: list[dict[str, Any]], name: str) -> Floats:
    values = [row.get(name) for row in rows]
    if {*map(type, values)} <= {float, type(None)}:  # as it nearly always is: None becomes NaN
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
