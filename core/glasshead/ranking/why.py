"""Why A, and not B: a small set of parts without which the model prefers B.

Parts are taken out in the order of their single effects on the difference of the two logits, until it turns; where it
does not, always the one more that tells most beside those that are out. Then each one is put back that is not needed.
The set is the smallest found, not the smallest there is: to be sure of that, all
sets would have to be run. It is run once more at the end, by itself, and beside it the placebo: random sets of as many
parts of the same layers, how many of them turn the choice too, and the mean and spread of what they leave of it.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError
from glasshead.ranking.lines import Line
from glasshead.ranking.parts import Of, Part, Removal
from glasshead.ranking.passes import BUDGET, Progress, Runner
from glasshead.ranking.rank import parts_of
from glasshead.ranking.results import Placebo, Why

if TYPE_CHECKING:
    from glasshead.subjects import Subject

LARGEST = 12
"""Most parts that are taken out one more at a time."""
SETS = 20
"""Random sets of the placebo."""


def why(
    subject: "Subject",
    line: Line,
    rival: int,
    *,
    of: Of = "heads",
    seed: int = 0,
    budget: int = BUDGET,
    progress: Progress = lambda _done: None,
    stop: Callable[[], bool] = lambda: False,
) -> Why:
    """Find a small set of heads, sub-layers or tokens without which a rival's logit is above that of the last label.

    line: asks about one token, A (`Line.at`) · rival: token B. Raises GlassheadError if A is B, or B is preferred
    already; StoppedError if `stop` says so.
    """
    if len(line.labels) != 1:
        raise GlassheadError("Which token is asked about? Choose one step of the target.")
    chosen = line.labels[0]
    if chosen == rival:
        raise GlassheadError("A and B are the same token: there is nothing to choose between.")
    runner = Runner(subject.model, line, budget=budget, rival=rival)
    margin = runner.whole.margin
    if margin <= 0:
        raise GlassheadError("The model prefers the second of the two tokens already: exchange them.")
    parts = parts_of(subject.anatomy, of, line)
    count = 0

    def margins(removals: Sequence[Removal]) -> list[float]:
        nonlocal count
        done = count
        outcomes = runner.run(removals, progress=lambda more: progress(done + more), stop=stop)
        count += len(removals)
        return [outcome.margin for outcome in outcomes]

    single = dict(zip(parts, margins([frozenset({part}) for part in parts]), strict=True))
    order = sorted(parts, key=lambda part: single[part])
    speaking = [part for part in order if single[part] < margin]
    growing = [frozenset(speaking[: size + 1]) for size in range(len(speaking))]
    turned = next((removal for removal, left in zip(growing, margins(growing), strict=True) if left < 0), None)
    turned = turned or _one_more_at_a_time(parts, margins)
    needed: Removal = _without_idle(turned, margins) if turned else frozenset()
    alone = runner.run([needed], stop=stop)[0]
    others = _random_sets(needed, parts, seed)
    lefts = margins(others)
    return Why(
        chosen=chosen, rival=rival, margin=margin, parts=tuple(part for part in order if part in needed),
        without=alone.margin, pick=alone.picks[-1], placebo=Placebo.of(lefts),
        random_flips=sum(left < 0 for left in lefts), tried=count + 1,
    )  # fmt: skip


def _one_more_at_a_time(parts: Sequence[Part], margins: Callable[[Sequence[Removal]], list[float]]) -> Removal | None:
    """Take out the part that tells most, beside those that are out already, until the choice turns."""
    removal: Removal = frozenset()
    for _ in range(min(LARGEST, len(parts))):
        larger = [removal | {part} for part in parts if part not in removal]
        left, removal = min(zip(margins(larger), larger, strict=True), key=lambda each: each[0])
        if left < 0:
            return removal
    return None


def _without_idle(removal: Removal, margins: Callable[[Sequence[Removal]], list[float]]) -> Removal:
    """Put back what is not needed, one part at a time, the one first without which the choice turns most."""
    while len(removal) > 1:
        smaller = [removal - {part} for part in sorted(removal)]
        left, best = min(zip(margins(smaller), smaller, strict=True), key=lambda each: each[0])
        if left >= 0:
            break
        removal = best
    return removal


def _random_sets(removal: Removal, parts: Sequence[Part], seed: int) -> list[Removal]:
    """Draw sets of as many parts of the same layers, other than the set itself."""
    draw = random.Random(seed)
    like: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        like[_group(part)].append(part)
    counts = Counter(_group(part) for part in removal)
    found: dict[Removal, None] = {}
    for _ in range(10 * SETS):
        chosen = frozenset(part for group, count in counts.items() for part in draw.sample(like[group], count))
        if chosen != removal and chosen:
            found[chosen] = None
        if len(found) == SETS:
            break
    return list(found)


def _group(part: Part) -> str:
    """Name what a part may be exchanged within: heads of one layer, sub-layers of one kind, tokens."""
    if part.head is None and part.token is None:
        stack, _, kind = part.prefix.split(".")
        return f"{stack}.{kind}"
    return part.prefix
