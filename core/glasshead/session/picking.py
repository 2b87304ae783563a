"""Picking: the distribution that the next token is picked from, beside the model's own; and rules as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any

import torch
from torch import Tensor

from glasshead.decoding.pick import Forced, Pick, Sample, greedy, list_rules, turn
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError, brief
from glasshead.text import Token
from glasshead.traces.file import CANDIDATES

NUMBERS: Mapping[str, type | tuple[type, ...]] = {
    "temperature": (int, float), "top_k": (int, type(None)), "top_p": (int, float, type(None)), "seed": int
}  # fmt: skip
"""Fields of a sampling rule in a file."""
FOLLOWS = "follows"
"""Field of a rule that follows given tokens."""


@dataclass(frozen=True)
class Weighed:
    """The next token as a sampling rule sees it."""

    rule: str
    """The rule in words."""
    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    candidates: tuple[Token, ...]
    """The most probable tokens with the model's own probabilities."""
    adjusted: tuple[float, ...]
    """Probability with which each of them is drawn: 0 for one that is cut."""
    left: int
    """Tokens that can be drawn."""
    entropy: float
    """Entropy of the model's own distribution, in bits."""
    adjusted_entropy: float
    """Entropy of the distribution that is drawn from, in bits."""
    drawn: Token
    """The token that is drawn, with the probability of that."""

    @property
    def cuts(self) -> bool:
        """Whether the rule cuts tokens off."""
        return self.top_k is not None or self.top_p is not None


def weigh(line: Stepper, rule: Pick) -> Weighed | None:
    """Weigh the next token of a line by a rule that it need not have; None where nothing is drawn.

    Raises GlassheadError for logits that are no numbers.
    """
    if not isinstance(rule, Sample) or line.done:
        return None
    candidates = tuple(line.candidates(CANDIDATES))
    logits = line.rows.through(line.ids).cpu()
    p = rule.probabilities(logits)
    drawn = rule(logits, line.step_number)
    made = line.names.tokens([drawn], [float(p[drawn])])[0]
    return Weighed(
        str(rule), rule.temperature, rule.top_k, rule.top_p, rule.seed, candidates,
        tuple(float(p[token.id]) for token in candidates), int((p > 0).sum()), line.entropy(), entropy(p), made,
    )  # fmt: skip


def entropy(p: Tensor) -> float:
    """Compute the entropy of probabilities (v), in bits."""
    return float(torch.special.entr(p.double()).sum()) / log(2)


def as_data(pick: Pick) -> list[dict[str, Any]]:
    """Write a pick as plain data: its rules, each with its first position; greedy has nothing else."""
    return [{"from": at, **_as_data(rule)} for at, rule in list_rules(pick)]


def _as_data(rule: Pick) -> dict[str, Any]:
    if isinstance(rule, Forced):
        return {FOLLOWS: list(rule.ids)}
    return _numbers(rule) if isinstance(rule, Sample) else {}


def from_data(rules: Sequence[Mapping[str, Any]], size: int) -> Pick:
    """Make a pick of plain data. size: tokens of the vocabulary. Raises GlassheadError for data that describe none."""
    pick: Pick = greedy
    for each in rules:
        at = each.get("from") if isinstance(each, dict) else None
        rule = _rule({name: value for name, value in each.items() if name != "from"}, size) if at is not None else None
        if rule is None or not isinstance(at, int) or at < 0:
            raise GlassheadError(f"{brief(each)} is no rule of picking tokens.")
        pick = turn(pick, at, rule)
    return pick


def _rule(data: Mapping[str, Any], size: int) -> Pick | None:
    """Make one rule of plain data; None if they describe none."""
    if FOLLOWS in data:
        ids = data[FOLLOWS]
        good = len(data) == 1 and isinstance(ids, list) and ids
        return Forced(tuple(ids)) if good and all(isinstance(n, int) and 0 <= n < size for n in ids) else None
    if not all(name in NUMBERS and isinstance(value, NUMBERS[name]) for name, value in data.items()):
        return None
    return Sample(**data) if data else greedy


def _numbers(rule: Sample) -> dict[str, Any]:
    return {name: value for name, value in asdict(rule).items() if name in NUMBERS}
