"""What a training tells while it goes on. Plain facts: a command draws them, a test collects them; no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.model import Config
    from glasshead.training.evaluate import Scores


@dataclass(frozen=True, slots=True)
class Preparing:
    """The corpus is being read, or the vocabulary learned."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The corpus is ready. `lines`: what was read, what was left out and why, in sentences; they may quote anything."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The model is made, or read again, and the next update is number `step` + 1."""

    config: "Config"
    parameters: int
    precision: str
    """"fp32", "bf16" or "fp16"."""
    device: str
    processes: int
    accumulate: int
    step: int
    steps: int
    peak: float
    """FLOP/s that one large matrix product reaches here, in this precision: what a utilisation is measured against."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One update was made."""

    step: int
    steps: int
    loss: float
    """Mean smoothed loss of a target token in this update, in nats."""
    perplexity: float
    """e to the mean loss without smoothing."""
    rate: float
    norm: float
    """Of the whole gradient, before clipping."""
    tokens: int
    """Target tokens of this update, over all processes."""
    seconds: float
    """Time spent on updates since step 1, without evaluating and saving, over all sittings."""
    total_tokens: int
    mfu: float
    """Model FLOPs utilisation of this update, 0–1: its matrix products per second ÷ `Started.peak`."""
    first: int
    """The first step of this sitting."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The averaged model was scored, on sentences `held` back; `last` at the end of the training."""

    step: int
    scores: "Scores"
    last: bool
    held: str
    """"validation" or "test"."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A whole checkpoint, the average of so many snapshots, is in the folder."""

    step: int
    folder: Path
    averaged: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The training was asked to stop before its end. All that was learned is saved."""

    step: int
    steps: int


Event = Preparing | Prepared | Started | Progress | Evaluated | Saved | Stopped
