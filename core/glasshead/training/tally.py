"""Results of updates, read together: each read of a GPU's numbers, or of another process's, makes it wait."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from glasshead.errors import GlassheadError
from glasshead.training.engine import Engine, Updated
from glasshead.training.events import Progress
from glasshead.training.fast import flops

if TYPE_CHECKING:
    from glasshead.training.data.batches import Rows
    from glasshead.training.data.ids import Ids


SMALLEST_SCALE = 2.0**-10
"""Smallest scale of fp16, which is halved whenever a gradient overflows: below it, the training has diverged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One update that has not been read."""

    step: int
    tokens: int
    rate: float
    flops: float
    found: Updated
    place: tuple[int, int]


class Tally:
    """Updates since the last read, and the time they took together."""

    def __init__(self, engine: Engine, ids: "Ids", *, steps: int, first: int, peak: float) -> None:
        self.engine, self.ids, self.steps, self.first, self.peak = engine, ids, steps, first, peak
        self.entries: list[Entry] = []
        self.restart()

    def restart(self) -> None:
        """Restart the clock: evaluating and saving are not training."""
        self.began = time.perf_counter()

    def add(
        self, step: int, rows: "Sequence[Rows]", tokens: int, rate: float, found: Updated, place: tuple[int, int]
    ) -> None:
        """Note an update. place: the epoch, and the number of its micro-batches drawn so far."""
        config, ids = self.engine.network.config, self.ids
        work = sum(flops.flops(config, ids.source_lengths[each] + 1, ids.target_lengths[each] + 1) for each in rows)
        self.entries.append(Entry(step, tokens, rate, work, found, place))

    def read(self, seconds: float, total: int) -> Iterator[Progress]:
        """Read all noted updates at once. seconds, total: totals of the training before them.

        Raises GlassheadError at the first loss that is not finite.
        """
        entries, self.entries = self.entries, []
        sums = self.engine.total(
            torch.stack([torch.stack([each.found.loss, each.found.likelihood]) for each in entries])
        )
        norms = torch.stack([entry.found.norm.float() for entry in entries]).tolist()
        scaler = self.engine.scaler
        if scaler is not None and scaler.get_scale() < SMALLEST_SCALE:
            raise GlassheadError(
                self._diverged(entries[-1], f"gradients up to step {entries[-1].step} do not fit fp16")
            )
        share = (time.perf_counter() - self.began) / len(entries)
        self.restart()
        for entry, (loss, likelihood), norm in zip(entries, sums, norms, strict=True):
            if not math.isfinite(loss):
                raise GlassheadError(self._diverged(entry, f"loss of step {entry.step} is {loss}"))
            if not math.isfinite(norm) and self.engine.scaler is None:  # fp16 skips such updates
                raise GlassheadError(self._diverged(entry, f"gradient of step {entry.step} has the norm {norm}"))
            seconds, total = seconds + share, total + entry.tokens
            yield Progress(
                step=entry.step,
                steps=self.steps,
                loss=loss / entry.tokens,
                perplexity=math.exp(min(likelihood / entry.tokens, 700.0)),
                rate=entry.rate,
                norm=norm,
                tokens=entry.tokens,
                seconds=seconds,
                total_tokens=total,
                mfu=entry.flops / share / (self.peak * self.engine.processes),
                first=self.first,
            )

    def _diverged(self, entry: Entry, what: str) -> str:
        epoch, index = entry.place
        batches = (
            f"batch {index}" if self.engine.group == 1 else f"{self.engine.group} batches, the last one batch {index}"
        )
        return (
            f"The {what} ({batches} of epoch {epoch + 1}): the training has diverged. "
            "Try a longer --warmup, a smaller --factor or --rate, --clip 1 or --precision fp32."
        )
