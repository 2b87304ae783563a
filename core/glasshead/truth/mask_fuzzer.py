"""The mask fuzzer: random lines of ids, and the smallest one that still shows a fault.

A `Probe` says what a model must not notice: it runs a case in two ways, which must give the same logits. The fuzzer
draws cases from a seed, measures each, and shrinks the first that is wrong: first lengths, pads, mates and cuts become
fewer, then every token becomes the first one that there is. What is left is printed as a sentence.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from glasshead.site import Side
from glasshead.truth.boxes import Box, FailedError, Line
from glasshead.truth.report import Word, judge

MOST_TRIES = 400
"""Runs that shrinking may cost."""
UNSAYABLE = 30.0
"""Distance below the best logit at which a token is practically impossible: what happens there is no difference."""


@dataclass(frozen=True)
class Case:
    """One input, and what is done to it."""

    line: Line
    place: int = 0
    """Position of the token that changes, or that comes first after the change."""
    token: int = 0
    """What it becomes."""
    pads: int = 0
    mate: Line | None = None
    """Another line of the batch."""
    cuts: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    """Ids that are read and taken back."""


@dataclass(frozen=True)
class Gap:
    """Difference between two runs that must be equal."""

    relative: float
    """Largest difference of a logit, relative to the largest logit."""
    moved: float
    """The same in logits."""
    place: int
    """Position of the row that differs most."""
    failed: str = ""
    """What the model raised, in a sentence."""


Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One thing that a model must not notice."""

    what: str
    holds: str
    """The sentence if it holds."""
    draw: Callable[["Draw"], Case]
    pair: Callable[[Box, Case], Pair | None]
    """Run a case in two ways: found and wanted, q v each; None for a case that has no meaning."""
    when: Callable[[Case], str]
    """End of the sentence `the logits at position 0 move by 0.31 …`."""
    cause: Callable[[Box, Case], str] = field(default=lambda _box, _case: "")
    """A sentence about where such a fault comes from."""
    same: bool = False
    """Whether both runs do the same arithmetic on the same shapes."""


@dataclass(frozen=True)
class Finding:
    """What a probe found."""

    word: Word
    gap: Gap
    case: Case | None
    """The first case that is wrong, made small; None if all is well."""


class Draw:
    """Draws cases for a model from a seed."""

    def __init__(self, box: Box, seed: int, given: Line | None = None) -> None:
        """given: a line that is drawn first."""
        self.box, self.random, self._given = box, random.Random(seed), given

    def line(self, least: int = 1, *, like: Line | None = None) -> Line:
        """Draw a line of at least so many tokens a side. like: a line whose lengths it has."""
        given, self._given = self._given, None
        if given is not None and like is None and all(len(given.of(side)) >= least for side in self.box.sides):
            return given
        source = self.ids("source", len(like.source) if like else None, least)
        if self.box.fixed:
            source = self.box.fixed
        return Line(source, self.ids("target", len(like.target) if like else None, least))

    def ids(self, side: Side, count: int | None = None, least: int = 1) -> tuple[int, ...]:
        """Draw ids of a side; none of a side that the model does not have."""
        if side not in self.box.sides:
            return ()
        most = max(least, self.box.longest[side])
        known = tokens(self.box, side)
        length = self.random.randint(least, most) if count is None else count
        return tuple(known[self.random.randrange(len(known))] for _ in range(length))

    def other(self, side: Side, token: int) -> int:
        """Draw another token than this one."""
        known = [each for each in tokens(self.box, side)[:4096] if each != token]
        return self.random.choice(known or [token])

    def below(self, number: int) -> int:
        """Draw a number from 0 on."""
        return self.random.randrange(max(1, number))


def tokens(box: Box, side: Side) -> Sequence[int]:
    """List the ids that are drawn: all but that of padding."""
    pad = box.pads.get(side)
    size = box.sizes[side]
    if pad is None or pad >= size:
        return range(size)
    if pad == 0:
        return range(1, size)
    return [*range(pad), *range(pad + 1, size)]


def measure(box: Box, probe: Probe, case: Case) -> Gap | None:
    """Run a case in two ways, and compare; None for a case that has no meaning. What the model raises is a finding."""
    try:
        pair = probe.pair(box, case)
    except FailedError as error:
        return Gap(math.inf, math.inf, 0, str(error))
    return None if pair is None else compare(*pair, predicts=box.predicts)


def compare(found: Tensor, wanted: Tensor, *, predicts: bool = True) -> Gap:
    """Compare logits, q v each, over the tokens that can be said; of states, all numbers."""
    if found.shape != wanted.shape:
        return Gap(math.inf, math.inf, 0)
    if not wanted.numel():
        return Gap(0.0, 0.0, 0)
    one, other = found.double(), wanted.double()
    counts = other.isfinite()
    if predicts:
        counts &= other > other.amax(-1, keepdim=True) - UNSAYABLE
    if not counts.any() or other.isnan().any():
        return Gap(math.inf, math.inf, int(other.isnan().any(-1).int().argmax()))
    apart = (one - other).abs().nan_to_num(nan=math.inf).where(counts, torch.zeros(()).double())
    moved = float(apart.max())
    size = float(other[counts].abs().max())
    return Gap(moved / size if size else (math.inf if moved else 0.0), moved, int(apart.amax(-1).argmax()))


def search(box: Box, probe: Probe, examples: int, seed: int, given: Line | None = None) -> Finding:
    """Draw cases and measure them; shrink the first one that is wrong. given: a line to begin with."""
    draw, worst = Draw(box, seed, given), Gap(0.0, 0.0, 0)
    for _ in range(examples):
        case = probe.draw(draw)
        gap = measure(box, probe, case)
        if gap is None:
            continue
        if gap.relative > worst.relative:
            worst = gap
        if _word(box, probe, gap) in ("silently wrong", "error"):
            small, gap = shrink(box, probe, case, gap)
            return Finding(_word(box, probe, gap), gap, small)
    return Finding(_word(box, probe, worst), worst, None)


def _word(box: Box, probe: Probe, gap: Gap) -> Word:
    return "error" if gap.failed else judge(gap.relative, box.precision, same=probe.same)


def shrink(box: Box, probe: Probe, case: Case, gap: Gap) -> tuple[Case, Gap]:
    """Make a case smaller as long as it shows the same fault."""
    word, tries = _word(box, probe, gap), 0
    while True:
        for smaller in simpler(box, case):
            tries += 1
            if tries > MOST_TRIES:
                return case, gap
            found = measure(box, probe, smaller)
            if found is not None and _word(box, probe, found) == word and bool(found.failed) == bool(gap.failed):
                case, gap = smaller, found
                break
        else:
            return case, gap


def simpler(box: Box, case: Case) -> Iterator[Case]:
    """List cases that are a little simpler: shorter ones first."""
    for side in box.sides:
        ids = case.line.of(side)
        if side == "source" and box.fixed:
            continue
        for place in reversed(range(len(ids))):
            if len(ids) > 1:
                yield _without(case, side, place, box)
    if case.mate is not None:
        for side in box.sides:
            ids = case.mate.of(side)
            for place in reversed(range(len(ids))):
                if len(ids) > 1 and not (side == "source" and box.fixed):
                    yield replace(case, mate=_with(case.mate, side, (*ids[:place], *ids[place + 1 :])))
    if case.pads > 1:
        yield replace(case, pads=1)
        yield replace(case, pads=case.pads - 1)
    for cut in case.cuts:
        yield replace(case, cuts=tuple(each for each in case.cuts if each != cut))
    if len(case.wrong) > 1:
        yield replace(case, wrong=case.wrong[:1])
    for side in box.sides:
        first = tokens(box, side)[0]
        lines = [case.line] if case.mate is None else [case.line, case.mate]
        for number, line in enumerate(lines):
            if side == "source" and box.fixed:
                continue
            ids = line.of(side)
            for place, token in enumerate(ids):
                if token != first:
                    plain = _with(line, side, (*ids[:place], first, *ids[place + 1 :]))
                    yield replace(case, mate=plain) if number else replace(case, line=plain)
        for token in tokens(box, side)[:2]:
            if side == box.rows and case.token and token < case.token:
                yield replace(case, token=token)


def _without(case: Case, side: Side, place: int, box: Box) -> Case:
    """Leave out one token; what is said of later positions moves with them."""
    ids = case.line.of(side)
    line = _with(case.line, side, (*ids[:place], *ids[place + 1 :]))
    mate = case.mate
    if mate is not None and len(mate.of(side)) == len(ids):  # lines of equal length stay so
        other = mate.of(side)
        mate = _with(mate, side, (*other[:place], *other[place + 1 :]))
    if side != box.rows:
        return replace(case, line=line, mate=mate)
    cuts = tuple(sorted({cut - (cut > place) for cut in case.cuts} - {0, len(ids) - 1}))
    return replace(case, line=line, mate=mate, cuts=cuts, place=case.place - (place < case.place))


def _with(line: Line, side: Side, ids: tuple[int, ...]) -> Line:
    return Line(ids, line.target) if side == "source" else Line(line.source, ids)


def tell(box: Box, probe: Probe, case: Case, gap: Gap) -> str:
    """Write the smallest input and what it shows, as a sentence."""
    if gap.failed:
        return f"{spell(box, case.line)}: {gap.failed} {probe.when(case)}."
    if math.isinf(gap.moved):
        return f"{spell(box, case.line)}: the logits at position {gap.place} become NaN or infinite {probe.when(case)}."
    what = "logits" if box.predicts else "states"
    return f"{spell(box, case.line)}: the {what} at position {gap.place} move by {gap.moved:.2g} {probe.when(case)}."


def spell(box: Box, line: Line) -> str:
    """Write the ids of a line: `source [4 4], target [1 4 4]`."""
    said = []
    for side in box.sides:
        ids = line.of(side)
        if side == "source" and box.fixed:
            said.append(f"source of {len(ids)} frames")
        else:
            said.append(f"{side} [{' '.join(map(str, ids))}]")
    return ", ".join(said)
