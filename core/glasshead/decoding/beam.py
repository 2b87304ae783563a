"""Beam search: the most probable of many lines, and not just the greedy one; for many sentences at once.

    score(y) = log P(y | x) ÷ ((5 + n) / 6)^α          (Wu et al. 2016, equation 14, without its coverage)

for a line y of n tokens, the end token included. The paper decodes with 4 lines and α = 0.6 (section 6.1). At every
step each open line of a sentence could go on with any token. Of these candidates the 2 w best are looked at: those that
end are finished, the w best of the others stay open. The search of a sentence ends when none of its open lines can
still beat the finished ones. With w = 1 only the best candidate is looked at: greedy decoding.

Sentences of about the same length are searched together; those that are done leave, so that the work shrinks.
Axes: s sentences still searched · w lines of each · c candidates · n tokens · b rows of the model, s × w.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from glasshead import machine
from glasshead.decoding.pick import NOT_FINITE
from glasshead.decoding.protocols import Model
from glasshead.decoding.stepper import TRAINING
from glasshead.errors import GlassheadError, StoppedError
from glasshead.tap import ONE_AT_A_TIME

BATCH_TOKENS = 4096
"""Source tokens searched together, padding included, those of a sentence counted once for each of its lines."""
SHORT = 16
"""Least tokens that a sentence counts as: the logits of its lines take room, however short it is."""
STEEPEST = 10.0
"""Largest exponent of the length penalty; far larger ones would make all scores 0."""
FAR = 1 << 20
"""Longest line of a model that has no limit."""
NONE = -1
"""Id of no token."""
LEAVING = 8
"""Finished sentences leave the batch once they are one in this many: leaving costs a copy of the cache."""


@dataclass(frozen=True)
class Hypothesis:
    """A finished line of beam search."""

    ids: tuple[int, ...]
    """Ids of the tokens, without start and end token."""
    score: float
    """log P(target | source) ÷ length penalty."""
    end: int | None = field(default=None, compare=False)
    """Id of the token that ended it; None for a line that reached the limit."""


@dataclass(frozen=True)
class Pruned:
    """A line that beam search gave up, and the comparison that it lost: `value` ≤ `bound`."""

    ids: tuple[int, ...]
    """Ids of its tokens, without start and end token."""
    reason: Literal["crowded out", "outscored", "overtaken"]
    """Crowded out: open, but none of its continuations was among the best w. Outscored: finished, but other finished
    lines were better. Overtaken: open at the end of the search, which it could no longer win."""
    value: float
    """log P of its best continuation that was looked at, −∞ if none was; outscored: its score; overtaken: the largest
    score that it could still reach."""
    bound: float
    """log P of the last line that stayed open; else the score of the last finished line that is kept."""


def beam_search(
    model: Model,
    source: Sequence[int],
    *,
    start: Sequence[int] | None = None,
    width: int,
    length_penalty: float = 0.6,
    limit: int | None = None,
    count: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    pruned: Callable[[Pruned], None] | None = None,
) -> list[Hypothesis]:
    """Find the best finished lines for one source, best first: `search` for a single sentence."""
    return search(
        model, [source], start=start, width=width, length_penalty=length_penalty, limit=limit, count=count, stop=stop,
        pruned=pruned,
    )[0]  # fmt: skip


@torch.inference_mode()
def search(
    model: Model,
    sources: Sequence[Sequence[int]],
    *,
    start: Sequence[int] | None = None,
    width: int = 1,
    length_penalty: float = 0.6,
    limit: int | Sequence[int] | None = None,
    count: int | None = None,
    batch_tokens: int = BATCH_TOKENS,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _done: None,
    pruned: Callable[[Pruned], None] | None = None,
) -> list[list[Hypothesis]]:
    """Find the best finished lines for every source, best first; the sources end with the end token.

    The result for a source does not depend on the others, except for rounding in sums of another shape.
    start: ids that every target begins with, by default those of an empty prompt; a Hypothesis leaves them out.
    length_penalty: α of the formula above. limit: most tokens of a line, the end token counted, one number for all
    sentences or one for each; a line that reaches it is finished as it is. By default, and at most, the model's limit.
    count: lines to return, by default `width`; 1 is certain much sooner than more.
    stop: called before every step; once it returns True, StoppedError is raised. progress: gets the number of sources
    done. pruned: gets each line that is given up, for a single source.

    Raises GlassheadError for numbers that make no sense, for a model in training mode, and for one whose logits are not
    numbers.
    """
    if width < 1:
        raise GlassheadError(f"The beam is {width} wide; it must be at least 1.")
    if not -STEEPEST <= length_penalty <= STEEPEST:
        raise GlassheadError(
            f"The length penalty is {length_penalty}; it is an exponent from {-STEEPEST:g} to {STEEPEST:g}."
        )
    if model.training:
        raise GlassheadError(TRAINING)
    count = width if count is None else count
    if not 1 <= count <= width:
        raise GlassheadError(f"{count} lines are asked for; a beam {width} wide finds from 1 to {width}.")
    start = tuple(model.prompt(()).start if start is None else start)
    if not start:
        raise GlassheadError("This model reads, and writes no text: there is nothing to search.")
    most = FAR if model.limits.target is None else model.limits.target - len(start) + 1
    limits = [most if limit is None else limit] * len(sources) if limit is None or isinstance(limit, int) else limit
    if any(each < 1 for each in limits):
        raise GlassheadError(f"The limit is {min(limits)} tokens; a line has at least 1, the end token.")
    found: dict[int, list[Hypothesis]] = {}
    for group in groups([width * max(len(source), SHORT) for source in sources], batch_tokens):
        _check_room(model, width, len(group), max(len(sources[number]) for number in group), batch_tokens)
        together = _Together(
            model,
            [sources[number] for number in group],
            start,
            [min(limits[number], most) for number in group],
            width,
            count,
            length_penalty,
            pruned if len(sources) == 1 else None,
        )
        for place, lines in together.run(stop):
            if not lines:
                raise GlassheadError(NOT_FINITE)
            found[group[place]] = lines
            progress(len(found))
    return [found[number] for number in range(len(sources))]


def _check_room(model: Model, width: int, sentences: int, longest: int, batch_tokens: int) -> None:
    """Raise GlassheadError, with the bytes and the largest value, if the lines of a group do not fit into memory.

    Counts the least they take: logits and their scores, keys and values of the source and of one token.
    """
    anatomy, device = model.anatomy, model.device
    layers = max((kind.layers for kind in anatomy.kinds if kind.queries == "target"), default=0)
    room = torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else machine.memory()
    each = 12 * model.size + 8 * layers * anatomy.width * (longest + 1)
    needed = width * sentences * each
    if needed <= room:
        return
    place = "the GPU" if device.type == "cuda" else "this machine"
    takes = f"take {machine.size(needed)} or more, and {place} has {machine.size(room)} of memory"
    if sentences == 1:
        raise GlassheadError(
            f"The beam is {machine.number(width)} wide: so many lines {takes}. It may be at most {room // each:,} wide."
        )
    raise GlassheadError(
        f"{sentences:,} sentences searched together {takes}. With a beam {machine.number(width)} wide, --batch-tokens "
        f"(batch_tokens) may be at most {batch_tokens * room // needed:,}."
    )


class _Together:
    """The search of one group of sentences."""

    def __init__(
        self,
        model: Model,
        sources: list[Sequence[int]],
        start: Sequence[int],
        limits: list[int],
        width: int,
        wanted: int,
        length_penalty: float,
        pruned: Callable[[Pruned], None] | None,
    ) -> None:
        self.pruned = pruned
        self.model, self.width, self.wanted, self.alpha = model, width, wanted, length_penalty
        device = model.device
        with ONE_AT_A_TIME:
            self.memory = model.read(sources)
        self.past = model.past()
        self.end = min(model.ends, default=NONE)
        """Token that stands after a finished line; any of the model's ends finishes one."""
        self.ends = torch.tensor(sorted(model.ends), dtype=torch.long, device=device)
        count = len(sources)
        self.places = list(range(count))
        """Places of the sentences that are still searched."""
        self.limits = torch.tensor(limits, device=device)
        precise = torch.float32 if device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        self.newest = torch.tensor([start], dtype=torch.long, device=device).expand(count, -1)
        """Tokens that the model reads next: b 1."""
        self.open = torch.empty((count, 1, 0), dtype=torch.long, device=device)
        """Tokens of the open lines, best line first: s w n."""
        self.totals = torch.zeros(count, 1, dtype=precise, device=device)
        """log P of the open lines: s w. −∞ if there is no line."""
        self.finished = torch.empty((count, wanted, 0), dtype=torch.long, device=device)
        """Tokens of the finished lines, best first: s w n, end tokens after the last."""
        self.scores = torch.full((count, wanted), -torch.inf, dtype=precise, device=device)
        """Scores of the finished lines: s w. −∞ if there is none yet."""

    def run(self, stop: Callable[[], bool]) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield the place of each sentence and its lines, in the order in which they are done."""
        n = 0
        while self.places:
            if stop():
                raise StoppedError
            n += 1
            total, line, lines = self._candidates(n)
            ends = torch.isin(lines[..., -1], self.ends) | (self.limits == n).unsqueeze(-1)
            if ends.any():
                self._finish(total.masked_fill(~ends, -torch.inf) / self._penalty(n), lines)
            before, parents = (self.open, self.totals), line
            self.totals, best = total.masked_fill(ends, -torch.inf).topk(min(self.width, total.shape[1]))
            if self.pruned is not None:
                self._tell_crowded_out(*before, total, parents, best, ends)
            line, self.open = line.gather(1, best), _take(lines, best)
            # log P only falls from here, and the penalty is largest at the greatest length. (> is false of NaN.)
            reachable = self.totals[:, 0] / self._penalty(self.limits if self.alpha > 0 else n)
            done = ~(self.totals[:, 0] > -torch.inf) | (self.scores[:, -1] >= reachable)
            if self.pruned is not None and bool(done[0]):
                self._tell_overtaken(n)
            self.totals[done] = -torch.inf  # adds no more lines while others are searched
            yield from self._move(line, done)

    def _candidates(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best candidates, best first: log P (s c), the lines they extend (s c), their tokens (s c n)."""
        with ONE_AT_A_TIME:
            logits = self.model.logits(self.newest, self.memory, self.past)[:, -1]
        log_p = torch.log_softmax(logits, -1, dtype=torch.promote_types(logits.dtype, torch.float32))
        most = 1 if self.width == 1 else 2 * self.width
        values, tokens = log_p.topk(min(most, log_p.shape[-1]))  # the best of a sentence are among those of its lines
        sums = (self.totals.unsqueeze(-1) + values.view(*self.totals.shape, -1)).flatten(1)
        total, place = sums.topk(min(most, sums.shape[1]))
        line = place // values.shape[1]
        token = tokens.view(len(sums), -1).gather(1, place)
        return total, line, torch.cat([_take(self.open, line), token.unsqueeze(-1)], -1)

    def _finish(self, scores: Tensor, lines: Tensor) -> None:
        """Put these lines (s c n) among the finished ones if their scores (s c) are good enough."""
        grown = lines.shape[-1] - self.finished.shape[-1]
        finished = torch.nn.functional.pad(self.finished, (0, grown), value=self.end)
        every, finished = torch.cat([self.scores, scores], 1), torch.cat([finished, lines], 1)
        self.scores, best = every.topk(self.wanted)
        self.finished = _take(finished, best)
        if self.pruned is not None:
            for place in set(range(every.shape[1])) - set(best[0].tolist()):
                if every[0, place] > -torch.inf:
                    ids, bound = self._until_end(finished[0, place].tolist()), float(self.scores[0, -1])
                    self.pruned(Pruned(ids, "outscored", float(every[0, place]), bound))

    def _tell_crowded_out(
        self, before: Tensor, totals: Tensor, total: Tensor, line: Tensor, best: Tensor, ends: Tensor
    ) -> None:
        """Tell which open lines neither go on nor end. before, totals: the open lines (s w n) and their log P (s w) ·
        total, line: candidates and the line each extends (s c) · best: those that stay open (s w) · ends: s c.
        """
        assert self.pruned is not None
        there = total[0] > -torch.inf
        stays = torch.zeros_like(ends[0]).scatter(0, best[0], self.totals[0] > -torch.inf) | (ends[0] & there)
        alive = set(line[0][stays].tolist())
        open_ones = self.totals[0][self.totals[0] > -torch.inf]
        bound = float(open_ones.min()) if len(open_ones) else torch.inf
        for place in range(before.shape[1]):
            if place not in alive and totals[0, place] > -torch.inf:
                own = total[0][(line[0] == place) & there]
                value = float(own.max()) if len(own) else -torch.inf
                self.pruned(Pruned(tuple(before[0, place].tolist()), "crowded out", value, bound))

    def _tell_overtaken(self, n: int) -> None:
        """Tell which lines are still open where the search ends."""
        assert self.pruned is not None
        reachable = self.totals[0] / self._penalty(self.limits[0] if self.alpha > 0 else n)
        for ids, total, score in zip(self.open[0].tolist(), self.totals[0].tolist(), reachable.tolist(), strict=True):
            if total > -torch.inf:
                self.pruned(Pruned(tuple(ids), "overtaken", score, float(self.scores[0, -1])))

    def _move(self, line: Tensor, done: Tensor) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Reorder the model's rows to follow the lines (s w: the line each extends); drop finished sentences (s)."""
        count, before = len(self.places), len(self.newest) // len(self.places)
        rows = torch.arange(count, device=line.device).unsqueeze(-1) * before + line
        leaves = done.tolist()
        leaving = sum(leaves) * LEAVING >= count
        if leaving:
            yield from self._found([place for place in range(count) if leaves[place]])
            stay = (~done).nonzero().squeeze(-1)
            self.places = [place for place, leave in zip(self.places, leaves, strict=True) if not leave]
            self.limits, self.totals, self.open = self.limits[stay], self.totals[stay], self.open[stay]
            self.scores, self.finished, rows = self.scores[stay], self.finished[stay], rows[stay]
        if not self.places:
            return
        self.newest = self.open[..., -1].reshape(-1, 1)
        rows = rows.flatten()
        regrouped = leaving or len(rows) != count * before
        if regrouped and self.memory is not None:
            self.memory = self.memory.take(rows)
        if regrouped or not torch.equal(rows, torch.arange(len(rows), device=rows.device)):
            self.past.reorder(rows, sources=regrouped)

    def _found(self, places: list[int]) -> Iterator[tuple[int, list[Hypothesis]]]:
        limits, scored = self.limits[places].tolist(), self.scores[places].tolist()
        for place, limit, scores, lines in zip(places, limits, scored, self.finished[places].tolist(), strict=True):
            yield (
                self.places[place],
                [
                    self._hypothesis(line, score, limit)
                    for score, line in zip(scores, lines, strict=True)
                    if score > -torch.inf
                ],
            )

    def _hypothesis(self, line: list[int], score: float, limit: int) -> Hypothesis:
        ids = self._until_end(line)
        return Hypothesis(ids, score, line[len(ids)] if len(ids) < limit else None)

    def _until_end(self, line: list[int]) -> tuple[int, ...]:
        ends = {NONE, *self.model.ends}
        end = next((place for place, token in enumerate(line) if token in ends), len(line))
        return tuple(line[:end])

    def _penalty(self, n: int | Tensor) -> float | Tensor:
        return ((5 + n) / 6) ** self.alpha


def groups(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Group places of about equal `lengths`, the longest first: as many as fit into `batch_tokens`, at least one.

    Longest first, so that a group that does not fit into memory fails at once.
    """
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if group and lengths[group[0]] * (len(group) + 1) > batch_tokens:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _take(lines: Tensor, which: Tensor) -> Tensor:
    """Take the tokens of some lines. lines: s w n · which: s c → s c n."""
    return lines.gather(1, which.unsqueeze(-1).expand(-1, -1, lines.shape[-1]))
