"""The tree of lines as rows: each line under its parent, and what a beam search gave up under where that began."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from glasshead.named import brief_head, name_head
from glasshead_tui.drawing.names import bare, named
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.rows import Rows
from glasshead_tui.terminal.visible import clip, fit, visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.tree import Branch, Elsewhere, GivenUp

MOST_LOST = 60
"""Lines that a beam search gave up which are listed of each one."""
DEEPEST = 8
"""Depth up to which a line stands further to the right than its parent."""


class Listed(NamedTuple):
    """A row of the tree."""

    branch: "Branch"
    lost: "GivenUp | None" = None
    """A line that was given up, which began in the branch; None for the branch itself."""
    more: int = 0
    """How many more were given up and are not listed; 0 for any other row."""

    @property
    def stands(self) -> bool:
        """Whether this is a line that one can go to."""
        return self.lost is None and not self.more


def list_rows(branches: "Sequence[Branch]") -> list[Listed]:
    """List the lines, and after each and all that comes from it what a beam search gave up which began there."""
    rows: list[Listed] = []
    above: list[Branch] = []

    def leave(depth: int) -> None:
        while above and above[-1].depth >= depth:
            owner = above.pop()
            rows.extend(Listed(owner, lost) for lost in owner.given_up[:MOST_LOST])
            if rest := len(owner.given_up[MOST_LOST:]):
                rows.append(Listed(owner, None, rest))

    for branch in branches:
        leave(branch.depth)
        rows.append(Listed(branch))
        above.append(branch)
    leave(0)
    return rows


def parent(rows: Sequence[Listed], at: int) -> int | None:
    """Find the row of the parent; of a line that was given up, the one that it began in."""
    chosen = rows[at]
    wanted = chosen.branch.parent if chosen.stands else chosen.branch.number
    return _find(rows, lambda each: each.branch.number == wanted)


def child(rows: Sequence[Listed], at: int) -> int | None:
    """Find the row of the first child."""
    chosen = rows[at]
    return _find(rows, lambda each: chosen.stands and each.branch.parent == chosen.branch.number)


def sibling(rows: Sequence[Listed], at: int, by: int) -> int | None:
    """Find the row of another child of the same parent; of a text, another text. The last one stays the last."""
    chosen = rows[at]
    if not chosen.stands:
        return None
    there = {each.branch.number for each in rows if each.stands}

    def owner(branch: "Branch") -> int | None:
        return branch.parent if branch.parent in there else None

    alike = [place for place, each in enumerate(rows) if each.stands and owner(each.branch) == owner(chosen.branch)]
    return alike[min(max(0, alike.index(at) + by), len(alike) - 1)]


def _find(rows: Sequence[Listed], wanted: Callable[[Listed], bool]) -> int | None:
    return next((at for at, each in enumerate(rows) if each.stands and wanted(each)), None)


def what_made(row: Listed, columns: int) -> str:
    """Say what made a line, after its name if it has one, as deep as it stands in the tree.

    How many are folded away is never cut.
    """
    if not row.stands:
        indent = "  " * min(row.branch.depth + 1, DEEPEST)
        what = f"and {row.more:,} more" if row.lost is None else f"given up after step {row.lost.step}"
        return fit(f"{indent}✂ {what}", columns)
    branch = row.branch
    folded = f" (+{branch.folded})" if branch.folded else ""
    stem = "  " * (min(branch.depth, DEEPEST) - 1) + "└ " if branch.depth else ""
    cause = bare(branch.cause)
    what = f"{branch.name} ({cause})" if branch.name else cause
    return fit(clip(f"{stem}{visible(what)}", columns - len(folded)) + folded, columns)


def looks_elsewhere(found: "Elsewhere", room: int = 4) -> str:
    """Name head and token whose weight differs most from the parent's, with the difference."""
    if not found.apart:
        return "nowhere"
    return f"{brief_head(found.prefix, found.head)}, {named([found.token.text])[0]} {real(found.apart, room)}"


def same_there(branch: "Branch") -> bool:
    """Tell whether a line and its parent have the same distribution at the fork, as where another token was chosen."""
    return branch.left and branch.divergence == 0.0


def describe(row: Listed) -> str:
    """Describe the fork of a line, or why it was given up, in a sentence."""
    branch = row.branch
    if row.lost is not None:
        return visible(f"A beam search gave it up after step {row.lost.step}: {row.lost.why}.")
    if row.more:
        return f"Only the first {MOST_LOST} lines that were given up are listed."
    if branch.parent is None:
        return "A text of its own."
    told = [f"It left its parent at step {branch.fork + 1}" if branch.left else "It has the tokens of its parent"]
    if branch.lost is not None:
        best = "with the parent's best token"
        told[0] += f" {best if branch.lost == 0 else f'with a token {real(-branch.lost, 5)} bits below {best[5:]}'}"
    if branch.divergence is not None:
        if not same_there(branch):
            where = "there" if branch.left else "on the next one"
            after = "" if branch.after is None else f" and {real(branch.after, 5)} one token on"
            told.append(f"KL {real(branch.divergence, 5)} bits {where}{after}")
        elif branch.after is not None:
            told.append(f"KL {real(branch.after, 5)} bits one token on; there both have the same words before them")
    if branch.differs is not None and not branch.differs.apart:
        told.append("after it no weight differs")
    elif branch.differs is not None:
        prefix, head, key, apart, token = branch.differs
        name = named([token.text])[0]
        told.append(f"after it {name_head(prefix, head)} differs most, on {name} (token {key}), by {real(apart, 4)}")
    return visible("; ".join(told) + ".")


def tree_rows(branches: "Sequence[Branch]") -> Rows:
    """Make a row for each line, with what it lost at its fork; then one for each that a beam search gave up."""
    rows: Rows = [
        ("line", "parent", "here", "name", "made by", "left at step", "bits lost", "KL", "KL after",
         "looks elsewhere in", "head", "key", "token", "by", "text")
    ]  # fmt: skip
    for each in branches:
        prefix, head, key, apart, token = each.differs or (None, None, None, None, None)
        rows.append(
            (each.number, each.parent, each.here, each.name or None, each.cause,
             each.fork + 1 if each.parent is not None and each.left else None,
             None if each.lost is None else -each.lost,
             each.divergence, each.after, prefix, head, key, None if token is None else named([token.text])[0],
             apart, each.text)
        )  # fmt: skip
    for each in branches:
        rows += [
            (None, each.number, False, None, f"given up: {lost.why}", lost.step, *(None,) * 8, lost.text)
            for lost in each.given_up
        ]
    return rows


def tree_said(moment: "Moment") -> str:
    """Say how the numbers of the tree come about; empty where there is only one line."""
    if len(moment.branches) < 2:
        return ""
    return (
        "lost: bits that the token at the fork is below the parent's best one; KL(parent ‖ line) there, and after it "
        "where each has taken its own token, in bits; – where another token was taken of the same distribution, as the "
        "same model gives it after the same words; "
        "elsewhere: the weight that differs most in the row after the fork"
    )
