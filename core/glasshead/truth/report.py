"""Report: what a check of a model found, as plain data. Each verdict is one of five words.

supported        it holds, to the rounding of the arithmetic
degraded         it holds as far as the model's precision goes, and no further
silently wrong   it does not hold, and nothing would have said so
error            the model failed, or returned NaN or infinity
no reference     there is nothing to compare with; the sentence says why

The rule between the first three, for logits that should be equal, by their largest difference relative to the largest
logit that can be said:

- up to `SAME` is rounding, where both passes do the same arithmetic on the same shapes and differ only in what a mask
  hides; up to `OTHER_ORDER` where the order of arithmetic differs (another length, another batch, a cache);
- beyond it, the precision explains up to four times the distance from 1 to its next number, and where the order differs
  at least 1e-4 (`tolerance_of`): degraded;
- everything else is wrong.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glasshead.anatomy import EPS, tolerance_of

Word = Literal["supported", "degraded", "silently wrong", "error", "no reference"]
BAD: tuple[Word, ...] = ("silently wrong", "error")
ORDER: tuple[Word, ...] = ("error", "silently wrong", "degraded", "no reference", "supported")
"""From the worst to the best."""
SAME = 2e-6
OTHER_ORDER = 1e-5


class CheckFailedError(AssertionError):
    """A check of a model found something wrong."""


@dataclass(frozen=True)
class Verdict:
    """What was found of one thing."""

    what: str
    """What was checked, in a few words."""
    word: Word
    found: str
    """What was found, in sentences, with its figures."""
    value: float | None = None
    """The measurement: of what holds the largest difference, relative to the largest number; of a fault its size."""
    smallest: str = ""
    """The smallest input that shows a fault, `source [4 4], target [1 4 4]`; empty where there is none."""

    @property
    def told(self) -> str:
        """The sentences, with the largest difference of what holds."""
        return (
            f"{self.found} Largest difference: {self.value:.0e}."
            if self.word == "supported" and self.value
            else self.found
        )

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.word not in BAD


@dataclass(frozen=True)
class Report:
    """What was found of a model."""

    name: str
    verdicts: tuple[Verdict, ...]
    examples: int
    """Inputs that were drawn for each thing that was checked."""
    seed: int

    @property
    def ok(self) -> bool:
        """Whether nothing is silently wrong, and nothing failed."""
        return all(verdict.ok for verdict in self.verdicts)

    @property
    def worst(self) -> Word:
        """The worst word of all verdicts."""
        return min((verdict.word for verdict in self.verdicts), key=ORDER.index, default="no reference")

    def __getitem__(self, what: str) -> Verdict:
        """Return the verdict of one thing. Raises KeyError if it was not checked."""
        for verdict in self.verdicts:
            if verdict.what == what:
                return verdict
        raise KeyError(what)

    @property
    def summary(self) -> str:
        """How many verdicts have each word, the worst first: `1 silently wrong · 9 supported`."""
        counts = {word: sum(verdict.word == word for verdict in self.verdicts) for word in ORDER}
        return " · ".join(f"{count} {word}" for word, count in counts.items() if count)

    def __str__(self) -> str:
        wide = max((len(verdict.what) for verdict in self.verdicts), default=0)
        lines = [f"{self.name}: {self.summary} ({self.examples} examples each, seed {self.seed})"]
        lines += [f"{each.word:14}  {each.what:{wide}}  {each.told}" for each in self.verdicts]
        return "\n".join(lines)

    def raise_for_status(self) -> None:
        """Raise CheckFailedError, an AssertionError, with what is wrong, if anything is: for a suite of tests."""
        bad = [f"{each.what}: {each.word}. {each.found}" for each in self.verdicts if not each.ok]
        if bad:
            raise CheckFailedError("\n".join([f"{self.name}: {self.summary}", *bad]))

    def as_json(self) -> Mapping[str, Any]:
        """Return the report as data for JSON. A measurement that is not finite is null."""
        return {
            "name": self.name,
            "ok": self.ok,
            "examples": self.examples,
            "seed": self.seed,
            "verdicts": [
                {
                    "what": each.what,
                    "word": each.word,
                    "found": each.told,
                    "value": each.value if each.value is not None and math.isfinite(each.value) else None,
                    "smallest": each.smallest or None,
                }
                for each in self.verdicts
            ],
        }


def judge(difference: float, precision: str, *, same: bool = False) -> Word:
    """Give the word for a relative difference. same: whether both sides did the same arithmetic on the same shapes."""
    if difference <= (SAME if same else OTHER_ORDER):
        return "supported"
    explained = 4 * EPS.get(precision, EPS["bfloat16"]) if same else tolerance_of(precision)
    return "degraded" if difference <= explained else "silently wrong"
