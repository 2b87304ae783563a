"""The lines of a session as a tree, as plain data for a pane: what each has lost at its fork, and where it differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import torch

from glasshead.decoding.stepper import Stepper
from glasshead.session.beside import kl
from glasshead.session.standing import Standing
from glasshead.site import Site


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
    """Step at which it left its parent."""
    folded: int
    """Lines that are folded away under it."""
    lost: float | None
    """Bits that its token at the fork loses to the best one there, as the parent's model sees it; None if unknown."""
    divergence: float | None
    """KL(parent ‖ line) of the token at the fork, in bits: 0 for a token that was chosen, more under an edit."""
    differs: tuple[str, int, int, float] | None
    """Attention, head and key whose weight differs most from the parent's after the fork, and by how much."""
    given_up: tuple[GivenUp, ...] = ()
    """Lines that a beam search gave up which began here; none if it is folded."""


def list_branches(
    standings: Mapping[int, Standing], here: int, given_up: Mapping[int, tuple[GivenUp, ...]]
) -> tuple[Branch, ...]:
    """List the lines from the roots down, each after its parent. Those under a folded one are left out."""
    children: dict[int | None, list[int]] = {}
    for number, each in standings.items():
        children.setdefault(each.parent if each.parent in standings else None, []).append(number)
    found: list[Branch] = []

    def count(number: int) -> int:
        return sum(1 + count(child) for child in children.get(number, ()))

    def add(number: int, depth: int) -> None:
        standing = standings[number]
        parent = standings.get(standing.parent) if standing.parent is not None else None
        lost, divergence, differs = (None, None, None) if parent is None else _apart(parent.line, standing)
        found.append(
            Branch(
                number, standing.parent, depth, number == here, standing.name, standing.cause, standing.line.text,
                standing.fork, count(number) if standing.folded else 0, lost, divergence, differs,
                () if standing.folded else given_up.get(number, ()),
            )
        )  # fmt: skip
        if not standing.folded:
            for child in children.get(number, ()):
                add(child, depth + 1)

    for root in children.get(None, ()):
        add(root, 0)
    return tuple(found)


def _apart(
    parent: Stepper, standing: Standing
) -> tuple[float | None, float | None, tuple[str, int, int, float] | None]:
    """Compare a line with its parent at the fork, as far as both are computed."""
    line = standing.line
    if parent.forgotten or line.forgotten:
        return None, None, None
    prompt = len(line.ids) - line.step_number
    row = prompt + standing.fork - 1
    one, other = parent.rows.logits(row + 1), line.rows.logits(row + 1)
    if row < 0 or min(len(one), len(other)) <= row:
        return None, None, None
    usual, own = (torch.log_softmax(each[row].double(), -1) for each in (one, other))
    lost = None
    if len(line.ids) > row + 1:
        best = int(usual.argmax())
        lost = float(usual[line.ids[row + 1]] - usual[best]) / log(2)
    return lost, kl(usual, own), _head_apart(parent, line, row + 1)


def _head_apart(parent: Stepper, line: Stepper, row: int) -> tuple[str, int, int, float] | None:
    """Find the weight on the source that differs most in the row after the fork; of a decoder alone, on the prompt."""
    best: tuple[str, int, int, float] | None = None
    if not (parent.rows.captures and line.rows.captures):
        return None
    one, other = parent.rows.record.rows, line.rows.record.rows
    if min(len(one), len(other)) <= row:
        return None
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
            if best is None or most > best[3]:
                head, key = divmod(int(apart.argmax()), apart.shape[-1])
                best = Site.parse(site).prefix, head, key, most
    return best
