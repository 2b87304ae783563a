"""Own effects: what each edit of a line does by itself, where several are on.

    alone       the model with this edit and no other, next to the model without edits
    added       the model with all edits, next to the model with all but this one (leave one out): added to the rest
    together    the model with all edits, next to the model without edits

Each of these is told in tokens and in bits. Tokens: where would the line that is decoded be another, up to the present
step; tokens that a person chose stay, as under any edit. Bits: KL of the next-token distributions after the same
tokens, those of the present line. What the edits do to each other is why neither sums to the effect of all together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import Tensor

from glasshead.decoding.following import follow
from glasshead.decoding.stepper import Stepper
from glasshead.edits.edit import Edit
from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError, StoppedError
from glasshead.session.beside import kl
from glasshead.session.editing import edit_line
from glasshead.session.references import References
from glasshead.session.standing import Standing

Progress = Callable[[int, int], None]
"""Called with the number of lines that are decoded, and of all."""


@dataclass(frozen=True)
class Gap:
    """How far the line under some edits is from the line under others."""

    tokens: int
    """Tokens that are others, up to the present step; of a model that fills in, at its mask tokens."""
    bits: float | None
    """Mean KL of the distributions of the tokens of the present line, and of the next one; None where there is none."""
    next_bits: float | None
    """KL of the distribution of the next token alone; None at the end of the line."""


@dataclass(frozen=True)
class OwnEffect:
    """What one edit does."""

    edit: Edit
    alone: Gap | None
    """None if the edit does not fit the line by itself."""
    added: Gap | None
    """None if the others do not fit the line without it."""
    together: Gap | None
    """What all edits that are on do together, next to none: the same of each."""
    why: str = ""
    """Why one of them is missing; else empty."""


@dataclass(frozen=True)
class _Decoded:
    """A line under some of the edits, at the present step."""

    ids: list[int]
    """What it has written by then."""
    rows: tuple[Tensor, ...]
    """Log-probabilities (v) of each token of the present line, and of the next one."""


def own_effects(
    at: Standing,
    references: References,
    *,
    progress: Progress = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[OwnEffect, ...]:
    """Measure what each edit that is on does, in their order; at the step where the line stands.

    at: an edited line · references: of its session · stop: asked before each step. Raises StoppedError if it says so.
    """
    edits = at.ledger.active
    if at.base is None or not edits:
        return ()
    found: dict[tuple[Edit, ...], _Decoded | str] = {}
    sets = [some for number in range(len(edits)) for some in ((edits[number],), _but(edits, number))]
    wanted = list(dict.fromkeys([(), edits, *sets]))
    for done, some in enumerate(wanted):
        progress(done, len(wanted))
        try:
            found[some] = _decode(at, at.base, some, references, stop)
        except GlassheadError as error:
            found[some] = str(error)
    together, _ = _gap(found[()], found[edits], at)
    told = []
    for number, edit in enumerate(edits):
        alone, why = _gap(found[()], found[(edit,)], at)
        added, other = _gap(found[_but(edits, number)], found[edits], at)
        told.append(OwnEffect(edit, alone, added, together, why or other))
    return tuple(told)


def _but(edits: tuple[Edit, ...], number: int) -> tuple[Edit, ...]:
    return (*edits[:number], *edits[number + 1 :])


def _decode(
    at: Standing, base: Stepper, edits: tuple[Edit, ...], references: References, stop: Callable[[], bool]
) -> _Decoded:
    """Decode a line under these edits to the present step, then compute its rows at the present tokens."""
    steps = at.line.step_number
    if edits == at.ledger.active:
        own = at.line.branch()
    elif not edits:
        own = base.branch()
        own.goto(steps)
    else:
        own = edit_line(base, Ledger.of(edits), references)
        own.goto(min(own.step_number, steps))
        for _ in follow(own, steps, at.line, base.branch()):
            _poll(stop)
    blanks = own.rows.blanks
    if blanks is not None:
        return _Decoded([int(each.argmax()) for each in blanks.values()], tuple(map(_log, blanks.values())))
    return _Decoded(own.ids, _rows(own, at.line, stop))


def _rows(own: Stepper, line: Stepper, stop: Callable[[], bool]) -> tuple[Tensor, ...]:
    """Compute the log-probabilities of each token of a line, and of the next one, as another line would give them."""
    ids, made = line.ids, own.branch()
    first = len(line.prompt.start)
    same = next((n for n, pair in enumerate(zip(made.ids, ids, strict=False)) if pair[0] != pair[1]), None)
    made.goto(max(0, min(len(ids), len(made.ids)) - first if same is None else same - first))
    for token in ids[len(made.ids) :]:
        _poll(stop)
        made.choose(token)
    rows = made.recall(max(0, len(ids) - (not line.looks_ahead)))
    return tuple(map(_log, rows[max(0, first - 1) :]))


def _gap(usual: _Decoded | str, other: _Decoded | str, at: Standing) -> tuple[Gap | None, str]:
    """Compare two lines; None, and why, if one of them is not there."""
    for each in (usual, other):
        if isinstance(each, str):
            return None, each
    assert isinstance(usual, _Decoded) and isinstance(other, _Decoded)
    bits = [kl(one, two) for one, two in zip(usual.rows, other.rows, strict=True)]
    ahead = bool(bits) and at.line.looks_ahead and at.line.rows.blanks is None
    return Gap(
        sum(one != two for one, two in zip_longest(usual.ids, other.ids)),
        sum(bits) / len(bits) if bits else None,
        bits[-1] if ahead else None,
    ), ""


def _log(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.cpu().double(), -1)


def _poll(stop: Callable[[], bool]) -> None:
    """Raise StoppedError if the work is to stop."""
    if stop():
        raise StoppedError
