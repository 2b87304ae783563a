"""Beside: the line without the edits, next to the edited one.

Two comparisons: the original line, whose tokens the unedited model chose itself; and the twin, the unedited model at
the tokens of the edited line. What differs from the twin is the effect of the edits alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log

import torch
from torch import Tensor

from glasshead.decoding.rows import Rows
from glasshead.decoding.stepper import Stepper
from glasshead.edits.cone import cone
from glasshead.edits.edit import Edit
from glasshead.text import Token
from glasshead.traces.trace import Trace


@dataclass(frozen=True)
class Step:
    """One step of both lines."""

    token: Token | None
    """Token of the edited line, with its probability there; None if the line is shorter."""
    unedited: float | None
    """Probability that the unedited model gives it after the same tokens."""
    original: Token | None
    """Token of the original line, with its probability there; None if that line is shorter."""
    edited: float | None
    """Probability that the edited model gives the original token after the original tokens."""
    divergence: float | None
    """KL(unedited ‖ edited) of the next token after the tokens of the edited line, in bits."""

    @property
    def differs(self) -> bool:
        """Whether the tokens differ, as they are read: two models may have other ids for the same."""
        one, other = self.token, self.original
        return (one and one.text) != (other and other.text)


@dataclass(frozen=True)
class Stands:
    """Where a line stands that has tokens of its own. The names are those of `Moment`."""

    tokens: tuple[Token, ...]
    step: int
    done: bool
    ended: bool
    limit: int

    @classmethod
    def of(cls, line: Stepper) -> "Stands":
        """Take them from a line."""
        return cls(tuple(line.tokens), line.step_number, line.done, line.ended, line.limit)


@dataclass(frozen=True, eq=False)
class Beside:
    """See the module."""

    steps: tuple[Step, ...]
    next_divergence: float | None
    """KL at the next token, in bits; None at the end."""
    edits: tuple[Edit, ...]
    edited: Trace
    """Values of the edited line."""
    trace: Trace
    """Values of the twin, a row for each of the edited line."""
    candidates: tuple[Token, ...]
    """Best next tokens of the twin."""
    entropy: float
    names: tuple[str, str] = ("edited", "original")
    """What the two lines are called."""
    stands: Stands | None = None
    """Where the line of `trace` stands; None for the twin, which stands where the edited line does."""
    how: str = ""
    """What the tokens of `trace` are, where that is not plain."""

    @cached_property
    def cone(self) -> Mapping[str, Tensor]:
        """Everything that the edits could change at these tokens: see `edits.cone`."""
        rows = {"source": len(self.edited.source), "target": self.edited.steps}
        return cone(self.edits, self.edited.anatomy, rows, self.trace.may_look)

    def check(self, site: str) -> None:
        """Raise GlassheadError for a value that is not subtracted: none here, where the tokens are the same."""

    @property
    def first(self) -> int | None:
        """First step with another token; None if all are the same."""
        return next((number for number, step in enumerate(self.steps) if step.differs), None)


def make_twin(base: Stepper, line: Stepper, *, ahead: bool = True) -> Stepper:
    """Return the unedited line at the tokens of the edited one, at the same step; `base` itself where it is that.

    ahead: whether the row of the newest token is looked at.
    """
    for each in (base, line):  # what was forgotten comes again row by row, as at first
        _ = each.outlook if ahead else each.trace
    if base.ids == line.ids and line.rows.lasting:
        return base
    twin = base.branch()
    if not line.rows.lasting:  # every pass of the line computes all rows: so does that of the twin, to be comparable
        twin.forget_rows()
    same = 0
    for one, other in zip(base.ids, line.ids, strict=False):
        if one != other:
            break
        same += 1
    twin.goto(max(0, same - (len(line.ids) - line.step_number)))
    for token in line.ids[len(twin.ids) :]:
        twin.choose(token)
    if not line.rows.lasting:
        twin.forget_rows()
        twin.rows.reach(twin.ids if ahead and line.looks_ahead else twin.ids[:-1])
    return twin


class Pair:
    """A row of the line and of the twin, compared once. A row that the lines share is one tensor in both."""

    def __init__(self, one: Tensor, other: Tensor, token: int | None, usual: int | None) -> None:
        """one, other: logits of both: v · token, usual: tokens of the line, and of the original, after this row."""
        self.of = one, other, token, usual
        own = _log(one)
        two = own if other is one else _log(other)
        self.divergence = 0.0 if other is one else kl(two, own)
        self.unedited = None if token is None else exp(two[token])
        """Probability of the token in the twin."""
        self.edited = None if usual is None else exp(own[usual])
        """Probability of the usual one in the line."""

    def is_of(self, one: Tensor, other: Tensor, token: int | None, usual: int | None) -> bool:
        """Tell whether it is of these."""
        return self.of[0] is one and self.of[1] is other and self.of[2:] == (token, usual)


class Kept:
    """What the comparison of a line keeps from moment to moment, so that a step costs only what is new in it."""

    def __init__(self) -> None:
        self._line: Stepper | None = None
        self._pairs: dict[int, Pair] = {}
        self._along: Rows | None = None
        self._ids: list[int] = []
        """Tokens of `_along`."""

    def begin(self, line: Stepper) -> None:
        """Forget what was kept of another line."""
        if self._line is not line:
            self._line, self._pairs, self._along = line, {}, None

    def pair(self, row: int, one: Tensor, other: Tensor, token: int | None, usual: int | None) -> Pair:
        """Return a row of both lines; see `Pair`."""
        found = self._pairs.get(row)
        if found is None or not found.is_of(one, other, token, usual):
            found = self._pairs[row] = Pair(one, other, token, usual)
        return found

    def along(self, line: Stepper, ids: list[int]) -> Sequence[Tensor]:
        """Compute the logits of a line's model, with its edits, after each of other tokens: v each."""
        if not line.rows.lasting:  # every pass gives all rows anew
            return line.rows.once(ids).unbind()
        if self._along is None:
            self._along, self._ids = line.rows.bare(), line.ids
        same = next((at for at, pair in enumerate(zip(self._ids, ids, strict=False)) if pair[0] != pair[1]), None)
        self._along.crop(min(len(ids), len(self._along)) if same is None else min(same, len(self._along)))
        self._along.reach(ids)
        self._ids = ids
        return self._along.logits(len(ids))


def compare(
    base: Stepper, line: Stepper, twin: Stepper, edits: tuple[Edit, ...], count: int, kept: Kept, *, ahead: bool = True
) -> Beside:
    """Compare an edited line with its original, up to its step.

    count: candidates of the twin · kept: from earlier comparisons of the line · ahead: see `look`.
    """
    first = len(line.ids) - line.step_number
    """Tokens of the prompt."""
    made, original = line.tokens, base.tokens
    kept.begin(line)
    rows = [each.rows.logits(max(0, len(each.ids) - 1))[max(0, first - 1) :] for each in (line, twin)]
    """Logits from which each token after the prompt was chosen."""
    parted = next((at for at, pair in enumerate(zip(line.ids, base.ids, strict=False)) if pair[0] != pair[1]), None)
    """Place of the first tokens that differ: after it the edited model has not seen the original's."""
    along = None if parted is None or parted + 1 >= len(original) else kept.along(line, base.ids[:-1])
    steps = []
    for place in range(first, max(len(made), len(original))):
        token = made[place] if place < len(made) else None
        usual = original[place] if place < len(original) else None
        row = place - first
        unedited = edited = divergence = None
        astray = along is not None and parted is not None and place > parted
        if row < len(rows[0]):
            asked = usual.id if usual is not None and not astray else None
            pair = kept.pair(row, rows[0][row], rows[1][row], token.id if token is not None else None, asked)
            unedited, edited = pair.unedited, pair.edited
            divergence = None if token is None else pair.divergence
        if astray and usual is not None and along is not None:
            edited = float(torch.softmax(along[place - 1].float(), -1)[usual.id])
        steps.append(Step(token, unedited, usual, edited, divergence))
    if not ahead:
        return Beside(tuple(steps), None, edits, line.trace, twin.trace, (), 0.0)
    apart = None
    if line.looks_ahead and twin.looks_ahead and line.ids:
        apart = kl(_log(twin.rows.through(twin.ids)), _log(line.rows.through(line.ids)))
    trace = twin.outlook if line.looks_ahead else twin.trace
    return Beside(tuple(steps), apart, edits, line.outlook, trace, tuple(twin.candidates(count)), twin.entropy())


def _log(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.cpu().double(), -1)


def kl(usual: Tensor, edited: Tensor) -> float:
    """Compute KL(usual ‖ edited) of two rows of log-probabilities (v), in bits."""
    terms = torch.where(usual.isneginf(), 0.0, usual.exp() * (usual - edited))
    return max(float(terms.sum()) / log(2), 0.0)  # in this order NaN stays NaN
