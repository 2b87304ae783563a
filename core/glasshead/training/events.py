"""Events of a training. Plain facts without torch: a command draws them, a test collects them."""

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
    """The corpus is ready. `lines`: what was read and what was left out, in sentences; they may quote any text."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The model is built or restored, and the next update is number `step` + 1."""

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
    """FLOP/s of one large matrix product here, in this precision: the reference of a utilisation."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One update was made."""

    step: int
    steps: int
    loss: float
    """Mean smoothed loss of a target token in this update, in nats."""
    perplexity: float
    """Exponential of the mean loss without smoothing."""
    rate: float
    norm: float
    """Norm of the whole gradient, before clipping."""
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
    """The averaged model was scored on sentences `held` back; `last` at the end of the training."""

    step: int
    scores: "Scores"
    last: bool
    held: str
    """"validation" or "test"."""
    averaged: int = 1
    """Number of snapshots in the average."""
    newest: "Scores | None" = None
    """Scores of the newest snapshot alone; None if they were not asked for, or if it is the average."""
    best: int | None = None
    """The step whose checkpoint was scored, where it is not this one but the best of the training."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A whole checkpoint, the average of `averaged` snapshots, is in the folder."""

    step: int
    folder: Path
    averaged: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The training stopped before its end, by request. All that was learned is saved."""

    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The training ends before its last step: for `waited` evaluations neither perplexity nor BLEU got better."""

    step: int
    steps: int
    waited: int
    best: int
    """The step with the lowest perplexity."""


Event = Preparing | Prepared | Started | Progress | Evaluated | Saved | Stopped | Exhausted
