"""What updates found, read in few looks: each look at a GPU's numbers, or at another process's, keeps it waiting."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from glasshead.errors import GlassheadError
from glasshead.training import flops
from glasshead.training.engine import Engine, Updated
from glasshead.training.events import Progress

if TYPE_CHECKING:
    from glasshead.training.batches import Rows
    from glasshead.training.ids import Ids


@dataclass(frozen=True, slots=True)
class Entry:
    """One update that nobody has looked at."""

    step: int
    tokens: int
    rate: float
    flops: float
    found: Updated
    place: tuple[int, int]


class Tally:
    """Updates since the last look, and the time they took together."""

    def __init__(self, engine: Engine, ids: "Ids", *, steps: int, first: int, peak: float) -> None:
        self.engine, self.ids, self.steps, self.first, self.peak = engine, ids, steps, first, peak
        self.entries: list[Entry] = []
        self.restart()

    def restart(self) -> None:
        """Time counts from now: evaluating and saving are not training."""
        self.began = time.perf_counter()

    def add(
        self, step: int, rows: "Sequence[Rows]", tokens: int, rate: float, found: Updated, place: tuple[int, int]
    ) -> None:
        """Note an update. place: the epoch, and how many of its micro-batches were drawn by then."""
        config, ids = self.engine.network.config, self.ids
        work = sum(flops.flops(config, ids.source_lengths[each] + 1, ids.target_lengths[each] + 1) for each in rows)
        self.entries.append(Entry(step, tokens, rate, work, found, place))

    def read(self, seconds: float, total: int) -> Iterator[Progress]:
        """Look at them all at once. seconds, total: of the training before them.

        Raises GlassheadError at the first whose loss is no number.
        """
        entries, self.entries = self.entries, []
        sums = self.engine.total(
            torch.stack([torch.stack([each.found.loss, each.found.likelihood]) for each in entries])
        )
        norms = torch.stack([entry.found.norm.float() for entry in entries]).tolist()
        share = (time.perf_counter() - self.began) / len(entries)
        self.restart()
        for entry, (loss, likelihood), norm in zip(entries, sums, norms, strict=True):
            if not math.isfinite(loss):
                raise GlassheadError(self._diverged(entry, loss))
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

    def _diverged(self, entry: Entry, loss: float) -> str:
        epoch, index = entry.place
        group = self.engine.group
        batches = f"batch {index}" if group == 1 else f"batches {max(1, index - group + 1)} to {index}"
        return (
            f"The loss of step {entry.step} is {loss} ({batches} of epoch {epoch + 1}): the training has diverged. "
            "Try a longer --warmup, a smaller --factor or --rate, --clip 1 or --precision fp32."
        )
