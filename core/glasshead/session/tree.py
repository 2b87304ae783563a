"""The lines of a session as a tree, as plain data for a pane: what each has lost at its fork, and where it differs."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from glasshead.decoding.stepper import Stepper
from glasshead.session.beside import kl
from glasshead.session.standing import Standing
from glasshead.site import Site
from glasshead.text import Token


class Elsewhere(NamedTuple):
    """The weight that differs most from the parent's, in the row after the fork."""

    prefix: str
    """Attention, e.g. `decoder.1.cross`."""
    head: int
    key: int
    apart: float
    token: Token
    """Token at the key."""


@dataclass(frozen=True)
class GivenUp:
    """A line that a beam search gave up."""

    text: str
    """What it had written."""
    step: int
    """Steps that it had come to."""
    why: str
    """The comparison that it lost, with its numbers."""


@dataclass(frozen=True)
class Branch:
    """One line of the tree."""

    number: int
    parent: int | None
    depth: int
    here: bool
    """Whether the work stands in it."""
    name: str
    cause: str
    """What made it: a text, a token, or edits."""
    text: str
    """What it has written so far."""
    fork: int
    """Step at which it left its parent; the present one if it has not."""
    folded: int
    """Lines that are folded away under it."""
    lost: float | None
    """Bits that its token at the fork loses to the best one there, as the parent's model sees it; None if unknown."""
    divergence: float | None
    """KL(parent ‖ line) of the token at the fork, in bits: 0 for a token that was chosen, more under an edit."""
    after: float | None
    """The same one token on, where each has taken its own: how far the line is from what the parent would have done."""
    differs: Elsewhere | None
    """Where the line looks elsewhere than its parent, after the fork; None if unknown."""
    given_up: tuple[GivenUp, ...] = ()
    """Lines that a beam search gave up which began here; none if it is folded."""
    left: bool = True
    """Whether it has a token at the fork: under other edits a line may go along with its parent."""


Apart = tuple[float | None, float | None, float | None, Elsewhere | None]
"""Of a line and its parent: what was lost at the fork, the divergence there and one token on, where they look apart."""
UNKNOWN: Apart = (None, None, None, None)


class Tree:
    """Lists lines, and remembers what it found out of each: a step costs only what moves with it."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[list[int], str]] = {}
        """Tokens of each line, and their text."""
        self._apart: dict[int, tuple[list[int], list[int], Hashable, Apart]] = {}
        """Of each line: tokens of the parent up to the fork, its own, what else the numbers hang on; the numbers."""

    def branches(
        self,
        standings: Mapping[int, Standing],
        here: int,
        given_up: Mapping[int, tuple[GivenUp, ...]],
        *,
        reach: bool = True,
    ) -> tuple[Branch, ...]:
        """List the lines from the roots down, each after its parent. Those under a folded one are left out.

        standings: the lines by their numbers · here: the present one · given_up: what a beam search gave up, by the
        line that it began from · reach: whether what a comparison lacks may be computed, which is a row or two.
        """
        for gone in [number for number in self._texts if number not in standings]:
            self.forget(gone)
        children: dict[int | None, list[int]] = {}
        for number, each in standings.items():
            children.setdefault(each.parent if each.parent in standings else None, []).append(number)
        found: list[Branch] = []
        led = Led() if reach else None
        ahead = [(number, 0) for number in reversed(children.get(None, ()))]
        while ahead:
            number, depth = ahead.pop()
            standing = standings[number]
            parent = None if standing.parent is None else standings.get(standing.parent)
            lost, divergence, after, differs = UNKNOWN if parent is None else self._compare(parent.line, standing, led)
            found.append(
                Branch(
                    number, standing.parent, depth, number == here, standing.name, standing.cause,
                    self._text(number, standing.line), standing.fork,
                    _count(children, number) if standing.folded else 0, lost, divergence, after, differs,
                    () if standing.folded else given_up.get(number, ()),
                    parent is None or standing.line.known_steps > standing.fork,
                )
            )  # fmt: skip
            if not standing.folded:
                ahead += [(child, depth + 1) for child in reversed(children.get(number, ()))]
        return tuple(found)

    def forget(self, number: int) -> None:
        """Forget what was found out of a line."""
        self._texts.pop(number, None)
        self._apart.pop(number, None)

    def _text(self, number: int, line: Stepper) -> str:
        ids, known = line.ids, self._texts.get(number)
        if known is None or known[0] != ids:
            known = self._texts[number] = ids, line.text
        return known[1]

    def _compare(self, parent: Stepper, standing: Standing, led: "Led | None") -> Apart:
        """Compare a line with its parent at the fork; what was forgotten since is not computed again."""
        line, known = standing.line, self._apart.get(standing.branch)
        ids, others = line.ids, parent.ids
        row = len(ids) - line.step_number + standing.fork - 1
        own, usual = ids[: row + 2], others[: row + 1]
        same = known is not None and known[0][: len(usual)] == usual and known[1][: len(own)] == own  # or further back
        if parent.forgotten or line.forgotten:
            return known[3] if known is not None and same else UNKNOWN
        if led is None and known is not None and same:
            return known[3]
        hangs: Hashable = led is None, _known(parent, row), _known(line, row)
        if not (parent.rows.lasting and line.rows.lasting):  # rows change while the lines grow
            hangs = hangs, tuple(others), tuple(ids)
        elif known is not None and same and None not in known[3]:
            return known[3]
        if known is None or not same or known[2] != hangs:
            known = self._apart[standing.branch] = usual, own, hangs, _apart(parent, standing, led)
        return known[3]


class Led:
    """Leads parents one step on where they stand at a fork, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], Stepper] = {}

    def to(self, parent: Stepper, rows: int) -> Stepper:
        """Return the parent with so many rows, or as it is: where it ends, or stands further back than at the fork."""
        if len(parent.rows) >= rows or len(parent.ids) != rows - 1 or parent.done:
            return parent
        if (id(parent), rows) not in self._found:
            line = parent.branch()
            line.step()
            line.rows.reach(line.ids)
            self._found[id(parent), rows] = line
        return self._found[id(parent), rows]


def _count(children: Mapping[int | None, Iterable[int]], number: int) -> int:
    """Count the lines that come from a line."""
    ahead, counted = list(children.get(number, ())), 0
    while ahead:
        ahead += children.get(ahead.pop(), ())
        counted += 1
    return counted


def _known(line: Stepper, row: int) -> tuple[bool, bool]:
    """Tell whether a row is computed, and whether the row after it is."""
    return len(line.rows) > row, len(line.rows) > row + 1


def _apart(parent: Stepper, standing: Standing, led: Led | None) -> Apart:
    """Compare a line with its parent at the fork.

    What lacks is at most a row of the parent and two of the line, which has none when it comes from a file, and a step
    of a parent that was left where it stood: that is computed, once.
    Where rows change while lines grow it would be computed at each step, and is left unknown. led: None computes
    nothing.
    """
    line = standing.line
    prompt = len(line.ids) - line.step_number
    row = prompt + standing.fork - 1
    if led is not None and parent.rows.lasting:
        _reach(parent, row + 1)
    if led is not None and line.rows.lasting:
        _reach(line, row + 1)
        _reach(line, row + 2)
    if row < 0 or min(len(parent.rows), len(line.rows)) <= row:
        return UNKNOWN
    lost, (usual, own) = None, _chances(parent, line, row)
    if len(line.ids) > row + 1:
        best = int(usual.argmax())
        lost = float(usual[line.ids[row + 1]] - usual[best]) / log(2)
    if led is not None and parent.rows.lasting and line.rows.lasting and len(line.rows) > row + 1:
        parent = led.to(parent, row + 2)
    if min(len(parent.rows), len(line.rows)) <= row + 1:
        return lost, kl(usual, own), None, None
    return lost, kl(usual, own), kl(*_chances(parent, line, row + 1)), _head_apart(parent, line, row + 1)


def _chances(parent: Stepper, line: Stepper, row: int) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities of the token after a row, of both."""
    one, other = (torch.log_softmax(each.rows.logits(row + 1)[row].double(), -1) for each in (parent, line))
    return one, other


def _reach(line: Stepper, rows: int) -> None:
    """Compute the last of the first rows of a line, if only that one lacks and there is something after it."""
    if len(line.rows) == rows - 1 < len(line.ids) - (not line.looks_ahead):
        line.rows.reach(line.ids[:rows])


def _head_apart(parent: Stepper, line: Stepper, row: int) -> Elsewhere | None:
    """Find the weight on the source that differs most in the row after the fork; of a decoder alone, on the prompt."""
    if not (parent.rows.captures and line.rows.captures):
        return None
    one, other = parent.rows.record.rows, line.rows.record.rows
    if min(len(one), len(other)) <= row:
        return None
    best: tuple[float, str, int, int] | None = None
    cross = [kind for kind in line.rows.model.anatomy.kinds if kind.stack == "decoder"]
    wanted = [kind for kind in cross if kind.kind == "cross"] or cross
    for kind in wanted:
        for prefix in line.rows.model.anatomy.attentions(kind):
            site = f"{prefix}.weights"
            if site not in one[row] or site not in other[row]:
                continue
            a, b = (each[row][site][0, :, -1].float() for each in (one, other))
            apart = (a[:, : b.shape[-1]] - b[:, : a.shape[-1]]).abs()
            most = float(apart.max())
            if best is None or most > best[0]:
                best = most, Site.parse(site).prefix, *divmod(int(apart.argmax()), apart.shape[-1])
    if best is None:
        return None
    most, prefix, head, key = best
    tokens = line.source if line.rows.model.anatomy.kind_at(prefix).keys == "source" else line.tokens
    return Elsewhere(prefix, head, key, most, tokens[key])
