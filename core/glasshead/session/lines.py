"""Lines: the lines of a session as a tree, the one that the work stands in, and the places that undo goes back to."""

from collections.abc import Iterator, Mapping, Sequence

from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError
from glasshead.session.standing import Standing
from glasshead.session.tree import Branch, GivenUp, Tree
from glasshead.traces.record import BUDGET

Place = tuple[int, int, Ledger]
"""A branch, with a step and the edits."""


class Lines:
    """See the module. Iterating gives the lines in the order in which they were made."""

    def __init__(self) -> None:
        self.here: Standing | None = None
        """Standing of the work; None before the first line."""
        self.before: list[Place] = []
        """Places that undo goes back to, the newest last."""
        self.given_up: Mapping[int, tuple[GivenUp, ...]] = {}
        """Lines that a beam search gave up, by the branch that it began from."""
        self._branches: dict[int, Standing] = {}
        self._tree = Tree()
        self._shown = self._made = 0

    def __iter__(self) -> Iterator[Standing]:
        return (self._branches[number] for number in sorted(self._branches))

    def __contains__(self, branch: object) -> bool:
        return branch in self._branches

    def __getitem__(self, branch: int) -> Standing:
        """Return a line by its number. Raises GlassheadError for one that is not there."""
        if branch not in self._branches:
            raise GlassheadError(f"There is no line {branch}.")
        return self._branches[branch]

    def next_number(self) -> int:
        """Return the number under which the screen knows what is shown next."""
        self._shown += 1
        return self._shown

    def new_branch(self) -> int:
        """Return the number of a line that is made now."""
        self._made += 1
        return self._made

    def stand(self, standing: Standing) -> None:
        """Stand in a line, which is in the tree then."""
        self._branches[standing.branch] = self.here = standing

    def move(self, standing: Standing, *, remember: bool = True, step: int | None = None) -> None:
        """Stand in another line. remember: whether undo goes back · step: that of the present line to go back to."""
        at = self.here
        if remember and at is not None:
            self.before.append((at.branch, at.line.step_number if step is None else step, at.ledger))
        self.stand(standing)
        self.forget()

    def withdraw(self, *, new: bool) -> None:
        """Take the newest move back, as if it had not been. new: whether its line was made for it."""
        assert self.here is not None
        gone = self.here.branch
        self.undo()
        if new:
            del self._branches[gone]
            self._made = gone - 1
            self._tree.forget(gone)

    def add(self, standing: Standing) -> None:
        """Add a line to the tree without going to it."""
        self._branches[standing.branch] = standing
        self.forget()

    def undo(self) -> None:
        """Go back to the newest place before this one. Raises GlassheadError if there is none."""
        if not self.before:
            raise GlassheadError("There is nothing to undo: this is where you began.")
        branch, step, ledger = self.before.pop()
        at = self._branches[branch]
        at.line.goto(step)
        self.stand(at.to(number=self.next_number(), ledger=ledger))

    def count_undos(self) -> int:
        """Count the undos until the edits are others; 0 where none brings that."""
        for count, (_, _, ledger) in enumerate(reversed(self.before), 1):
            if self.here is not None and ledger.active != self.here.ledger.active:
                return count
        return 0

    def change(self, branch: int, **fields: object) -> None:
        """Give a line other values for some fields."""
        changed = self._branches[branch] = self[branch].to(**fields)
        if self.here is not None and self.here.branch == branch:
            self.here = changed

    def delete(self, branch: int) -> None:
        """Delete a line and those that come from it.

        Raises GlassheadError for one that holds the present line, and for one that an edit elsewhere takes values from.
        """
        gone = {self[branch].branch}
        for each in self:
            if each.parent in gone:
                gone.add(each.branch)
        if self.here is not None and self.here.branch in gone:
            raise GlassheadError("You stand in this line: go to another one first.")
        for each in (each for each in self if each.branch not in gone):
            for edit in (entry.item for entry in each.ledger.entries):
                if any(origin.line in gone for origin in edit.origins):
                    raise GlassheadError(f"An edit of line {each.branch} takes its values from this line: {edit}.")
        self._branches = {number: each for number, each in self._branches.items() if number not in gone}
        self.given_up = {number: lines for number, lines in self.given_up.items() if number not in gone}
        self.before = [each for each in self.before if each[0] not in gone]

    def replace(
        self,
        standings: Sequence[Standing],
        here: int,
        before: Sequence[Place],
        given_up: Mapping[int, tuple[GivenUp, ...]],
    ) -> None:
        """Replace all lines, and stand in one of them. Raises GlassheadError for a tree that is none."""
        branches = {each.branch: each for each in standings}
        if here not in branches or any(
            each.parent is not None and not (each.parent in branches and each.parent < each.branch)
            for each in standings
        ):
            raise GlassheadError("These lines are no tree: one comes from a line that is not there.")
        self._branches, self._tree, self._made = branches, Tree(), max(branches)
        self.before = [each for each in before if each[0] in branches]
        self.given_up = {branch: lines for branch, lines in given_up.items() if branch in branches}
        self.stand(branches[here].to(number=self.next_number()))

    def list_branches(self, here: int, *, reach: bool = True) -> tuple[Branch, ...]:
        """List the lines as plain data, in the order in which the tree is drawn. here, reach: see `Tree.branches`."""
        return self._tree.branches(self._branches, here, self.given_up, reach=reach)

    def forget(self) -> None:
        """Forget the values of the lines that were left longest ago, while all together exceed the budget.

        Their tokens stay; what is looked at again is computed again.
        """
        held = [each for each in self if self.here is None or each.branch != self.here.branch]
        for each in held:
            if sum(one.line.bytes for one in self._branches.values()) <= BUDGET:
                return
            each.line.forget()
