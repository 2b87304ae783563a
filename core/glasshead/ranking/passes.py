"""The passes behind a ranking: one line run as it is, then without many parts, as rows of few batches.

Each row joins its batch at the layer at which its removal begins to tell, with what the layers before it gave in the
first pass, where the model says its layers (`decoding.protocols.Layered`); else it runs in full.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from glasshead.decoding.protocols import Memory, Model
from glasshead.errors import GlassheadError, StoppedError
from glasshead.ranking.lines import Line
from glasshead.ranking.parts import Fills, Removal, changes
from glasshead.ranking.resume import STACKS, Entry, Kept, stacks_of
from glasshead.tap import ONE_AT_A_TIME
from glasshead.traces.record import MiB

BUDGET = 256 * MiB
"""Bytes that the numbers of one batch may take, by default."""
TRIED: WeakKeyDictionary[Model, set[Entry]] = WeakKeyDictionary()
"""Where rows have joined in a batch of a model, and one without a removal was the line itself."""
MOST = 64
"""Most rows of a batch: more of them make no row faster."""

FAR = 40.0
"""Move of a logit up to which e^move times a probability is as exact as the probability."""

Progress = Callable[[int], None]
"""Called with the number of removals that have been run; within a batch, in proportion to the layers that have."""

Poll = Callable[[float], None]
"""Called with the share of a batch that has been run."""


class Outcome(NamedTuple):
    """What one removal did to the line."""

    logp: Tensor
    """Log-probability of each label, in nats: n."""
    kl: Tensor
    """KL divergence of the distribution of each label from that of the whole model, in nats: n."""
    move: float
    """Largest move of a logit."""
    margin: float
    """Logit of the last label, less that of the rival; NaN without one."""
    picks: tuple[int, ...]
    """The most probable token in the place of each label; none without a rival."""


@dataclass(frozen=True)
class Clean:
    """The line as the whole model runs it."""

    logits: Tensor
    """n v, float32 or, of a model in float64, that."""
    values: dict[str, Tensor]
    """What was kept, by site, without the batch."""
    memory: Memory | None

    @cached_property
    def total(self) -> Tensor:
        """log Σe^logit: n."""
        return torch.logsumexp(self.logits, -1)

    @cached_property
    def p(self) -> Tensor:
        """Probabilities: n v."""
        return torch.exp(self.logits - self.total.unsqueeze(-1))


class Runner:
    """Runs one line, as it is and without parts."""

    def __init__(
        self,
        model: Model,
        line: Line,
        *,
        keep: Sequence[str] = (),
        budget: int = BUDGET,
        rival: int | None = None,
        resume: bool = True,
    ) -> None:
        """Run the line once. keep: sites whose values `clean` holds · budget: bytes of a batch · rival: a token whose
        logit is compared with that of the last label · resume: whether batches may begin at a layer.

        Raises GlassheadError for an encoder alone that reads no mask token: it predicts nothing.
        """
        self.model, self.rival, self._budget = model, rival, budget
        self.kept = Kept(stacks_of(model) if resume else {})
        self.writes = bool(line.ids)
        self.anew = self.writes and bool(line.source) and not model.anatomy.cached
        """Whether a pass of the decoder runs the encoder again."""
        self.passes = 1
        """Passes run so far."""
        with running(), model.listen(keep) as seen:
            if self.anew:
                memory = self._read(line.source)
                with self.kept.record():
                    logits = self._logits(line, memory)
            else:
                with self.kept.record():
                    memory = self._read(line.source)
                    if not self.writes:
                        line = self._fill_in(line, memory)
                    logits = self._logits(line, memory)
            values = {site: seen[site][0] for site in list(seen)}
        self.line = line
        self.clean = Clean(_exact(logits[0]), values, memory)
        self.size = float(self.clean.logits.abs().nan_to_num(0, 0, 0).max())
        """Largest logit: moves are relative to it."""
        self._finite = bool(self.clean.logits.isfinite().all())
        self._together = True
        """Whether rows of one batch are run at once; some owner's code runs them one by one."""
        self._tried = TRIED.setdefault(model, set()) if resume else set()

    def _read(self, source: Sequence[int], rows: int = 1) -> Memory | None:
        return self.model.read([source] * rows) if source else None

    def _fill_in(self, line: Line, memory: Memory | None) -> Line:
        """Ask about the model's own choices at the mask tokens of an encoder alone."""
        if memory is None or memory.logits is None or not memory.blanks:
            raise GlassheadError(
                "This model writes nothing, and the text has no mask token to fill in: put one into it, such as [MASK]."
            )
        picks = memory.logits[0, list(memory.blanks)].argmax(-1).tolist()
        return replace(line, labels=line.labels or tuple(picks))

    def _logits(self, line: Line, memory: Memory | None, rows: int = 1) -> Tensor:
        """Compute the logits of the labels: b n v."""
        if not self.writes:
            assert memory is not None and memory.logits is not None
            return memory.logits[:, list(memory.blanks)]
        ids = torch.tensor([line.ids], dtype=torch.long, device=self.model.device).repeat(rows, 1)
        found = self.model.logits(ids, memory)
        return found[:, found.shape[1] - len(line.labels) :]

    @property
    def tolerance(self) -> float:
        """Largest move of a logit that the model's precision alone may make."""
        return self.model.anatomy.tolerance * max(1.0, self.size)

    def _enter(self, entries: Sequence[Entry], poll: Poll) -> Tensor:
        """Run rows that join at these layers, in this order: b n v. The caller holds the lock, and listens."""
        self.passes += 1
        clean, rows, joined = self.clean.memory, len(entries), self.kept.join(entries)
        ahead = left = sum(joined.values())

        def begin(some: int) -> None:
            nonlocal left
            poll(1 - left / ahead)
            left -= some

        reading = {entry: some for entry, some in joined.items() if entry[0] == "encoder" and not self.anew}
        writing = {entry: some for entry, some in joined.items() if entry not in reading}
        if clean is None or any(stack == "encoder" for stack, _ in entries):
            with self.kept.replay(reading, rows, begin):
                memory = self._read(self.line.source, rows)
        else:
            mask = None if clean.mask is None else clean.mask.repeat_interleave(rows, 0)
            memory = Memory(clean.states.repeat_interleave(rows, 0), mask)
        with self.kept.replay(writing, rows, begin):
            return self._logits(self.line, memory, rows)

    def run(
        self,
        removals: Sequence[Removal],
        fills: Fills | None = None,
        *,
        progress: Progress = lambda _done: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[Outcome]:
        """Run the line without each of the removals, in batches.

        fills: what comes in the place of what is removed; by default zeros. stop: asked between batches, and between
        layers. Raises StoppedError when it says so.
        """
        found: dict[int, Outcome] = {}
        some: Sequence[tuple[Entry, int]] = ()

        def poll(share: float) -> None:
            if stop():
                raise StoppedError
            if done := int(share * len(some)):
                progress(len(found) + done)

        while len(found) < len(removals):
            poll(0)
            ahead = [(self._entry(removal), place) for place, removal in enumerate(removals) if place not in found]
            ahead.sort(key=_when)
            some = self._next(ahead)
            outcomes = self._batch(some, removals, fills or {}, poll)
            if outcomes is not None:  # else run them in another way
                found.update(zip((place for _, place in some), outcomes, strict=True))
                progress(len(found))
        return [found[place] for place in range(len(removals))]

    def _entry(self, removal: Removal) -> Entry:
        """Return the stack and layer from which on a run without parts differs."""
        entries = [part.entry for part in removal] or [("decoder" if self.writes else "encoder", 0)]
        stack = "encoder" if any(name == "encoder" for name, _ in entries) else "decoder"
        layer = min(layer for name, layer in entries if name == stack)
        return stack, layer if stack in self.kept.names else 0

    def _next(self, ahead: Sequence[tuple[Entry, int]]) -> Sequence[tuple[Entry, int]]:
        """Take what goes into the next batch: batches are as even as can be."""
        if not self._together:
            return ahead[:1]
        most = self._rows()
        count = math.ceil(len(ahead) / math.ceil(len(ahead) / most))
        while count > 1 and count + len({entry for entry, _ in ahead[:count]} - self._tried) > most:
            count -= 1
        return ahead[:count]

    def _rows(self) -> int:
        """Count the rows of one batch that there is room for."""
        anatomy, queries, keys = self.model.anatomy, max(1, len(self.line.ids)), len(self.line.source)
        most = max(queries, keys)
        each = 4 * (3 * queries * self.model.size + most * (12 * anatomy.width + 3 * anatomy.heads * most))
        return max(1, min(MOST, self._budget // each))

    def _batch(
        self, some: Sequence[tuple[Entry, int]], removals: Sequence[Removal], fills: Fills, poll: Poll
    ) -> list[Outcome] | None:
        """Run the line without each of some removals, in the order of entry; None if they must be run in another way.

        The first time that rows join at a layer of a model, a row joins without a removal. Unless it is the line, rows
        no longer join at a layer; and if it is not so even then, there are no batches.
        """
        untried = ({entry for entry, _ in some} - self._tried) if self._together else set()
        rows = sorted([*some, *((entry, len(removals)) for entry in untried)], key=_when)
        entries = [entry for entry, _ in rows]
        without = [removals[place] if place < len(removals) else frozenset() for _, place in rows]
        joined = self.kept.join(entries)
        edit = changes(
            without, self.model.anatomy, fills,
            rows=lambda site: (len(rows), joined.get((site.stack, site.layer or 0), len(rows))),
        )  # fmt: skip
        logits: Tensor | None = None
        try:
            with running(), self.model.listen((), edit.by_site):
                logits = self._enter(entries, poll)
        except StoppedError:
            raise
        except Exception:  # of somebody's own code, if a layer did more than return what is given again
            if not self.kept.names or not untried:
                raise
        whole = [number for number, (_, place) in enumerate(rows) if place == len(removals)]
        if logits is None or edit.uneven or not all(self._near(logits[number]) for number in whole):
            if self.kept.names:
                self.kept = Kept({})
            elif self._together:
                self._together = False
            else:
                raise GlassheadError("This model runs a pass in parts, in which no head can be taken out.")
            self._tried = set()
            return None
        self._tried |= untried
        if whole:
            logits = logits[[number for number in range(len(rows)) if number not in whole]]
        return self._outcomes(logits)

    def _near(self, logits: Tensor) -> bool:
        """Tell whether the logits of a row (n v) are those of the line itself."""
        both = self.clean.logits.isfinite() & logits.isfinite()
        return float((logits - self.clean.logits)[both].abs().max()) <= self.tolerance

    def _outcomes(self, logits: Tensor) -> list[Outcome]:
        """Compare the logits of rows (b n v) with those of the whole model. The memory of float32 logits is used up.

        With d the move of each logit and p the whole model's distribution, log Σe^logit = log Σe^clean + log Σ p · e^d,
        and KL = log Σ p · e^d − Σ p · d.
        """
        clean, labels = self.clean.logits, torch.tensor(self.line.labels, device=logits.device)
        picks: list[list[int]] = [[] for _ in logits]
        margins = [math.nan] * len(logits)
        with torch.inference_mode():
            logits = _exact(logits)
            chosen = logits.gather(-1, labels.expand(len(logits), -1).unsqueeze(-1)).squeeze(-1)
            if self.rival is not None:
                margins = (chosen[:, -1] - logits[:, -1, self.rival]).tolist()
                picks = logits.argmax(-1).tolist()
            # −∞ may stay −∞
            moved = logits.sub_(clean) if self._finite else torch.where(clean == logits, 0.0, logits - clean)
            before, p = self.clean.total, self.clean.p
            mean = torch.einsum("nv,bnv->bn", p, moved)
            moves = torch.maximum(moved.amax((1, 2)), -moved.amin((1, 2))).tolist()
            if max(moves) < FAR:
                growth = torch.einsum("nv,bnv->bn", p, moved.exp_()).log_()
            else:  # what has grown may have been too improbable for p to hold it
                growth = torch.logsumexp(moved.add_(clean) if self._finite else logits, -1) - before
            kl = (growth - mean).double().clamp_min(0).cpu()
            logp = (chosen - before - growth).double().cpu()
        return [Outcome(logp[row], kl[row], moves[row], margins[row], tuple(picks[row])) for row in range(len(logits))]

    @cached_property
    def whole(self) -> Outcome:
        """The outcome of removing nothing."""
        return self._outcomes(self.clean.logits.unsqueeze(0).clone())[0]


def _when(row: tuple[Entry, int]) -> tuple[int, int]:
    """Say when a row joins: rows stand in this order."""
    (stack, layer), _ = row
    return STACKS.index(stack), layer


def _exact(logits: Tensor) -> Tensor:
    """Return logits in float32 at least."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


@contextmanager
def running() -> Iterator[None]:
    """Hold the lock, and the mode, in which a model is run."""
    with ONE_AT_A_TIME, torch.inference_mode():
        yield
