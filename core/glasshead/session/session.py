"""Session: one person's work with a subject. Moves change where a line stands; `moment` is everything to show of it.

    session = Session(glasshead.load("english-french"))
    session.begin("the black cat")
    for _ in session.walk(3):
        ...                                     # a step was taken; break off here to stop
    session.edit("decoder.1.cross.heads[head=3] = 0")
    session.choose(session.moment.candidates[1].id)
    session.undo()

The lines are a tree: a new text is a root, another token and an edit are branches. Every change of a line except a step
can be undone. There is no thread and no screen here: a caller with several threads makes one move at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from glasshead.decoding.pick import Pick, greedy
from glasshead.decoding.stepper import Stepper
from glasshead.edits.changes import Changes, make_changes
from glasshead.edits.edit import Edit
from glasshead.edits.language import as_edit
from glasshead.edits.ledger import NO_EDITS, Ledger
from glasshead.errors import GlassheadError
from glasshead.session.beside import Beside, compare, make_twin
from glasshead.session.compared import Compared, compare_lines
from glasshead.session.moment import Moment, look
from glasshead.session.references import References
from glasshead.session.standing import Standing
from glasshead.session.stopping import Stopped, find_stop
from glasshead.session.stops import NO_STOPS, Differs, Stops, check_stop, parse_stop
from glasshead.session.tree import Branch, GivenUp, Tree
from glasshead.session.truths import edited_checks
from glasshead.subjects import Subject
from glasshead.traces.file import CANDIDATES
from glasshead.traces.record import BUDGET
from glasshead.truth.trace_checks import Check, checks

NO_TEXT = "There is no sentence yet: type one with i."


class Session:
    """See the module."""

    def __init__(self, subject: Subject, *, keep: Iterable[str] | None = ("*",)) -> None:
        """keep: sites that the lines capture, as for `Subject.start`."""
        self._keep = keep if keep is None else tuple(keep)
        self.subject = subject
        self._standing: Standing | None = None
        self._branches: dict[int, Standing] = {}
        self._tree = Tree()
        self._before: list[tuple[int, int, Ledger]] = []
        """Branches that undo goes back to, with step and edits, the newest last."""
        self._lines = self._made = 0
        self._moment: Moment | None = None
        self._twin: Stepper | None = None
        self._references = References(subject, lines=self._line_of)
        self.stops: Stops = NO_STOPS
        """Breakpoints, at which `walk` stops."""
        self.given_up: Mapping[int, tuple[GivenUp, ...]] = {}
        """Lines that a beam search gave up, by the branch that it began from."""
        self._other: int | None = None
        self._stopped: Stopped | None = None
        """Breakpoint at which the newest walk ended."""

    @property
    def standing(self) -> Standing:
        """Present standing. Raises GlassheadError before the first text."""
        if self._standing is None:
            raise GlassheadError(NO_TEXT)
        return self._standing

    @property
    def text(self) -> str | None:
        """The text of the line, as it was typed; None before the first."""
        return None if self._standing is None else self._standing.text

    @property
    def line(self) -> Stepper:
        """Present line. Raises GlassheadError before the first text."""
        return self.standing.line

    @property
    def moment(self) -> Moment:
        """Everything to show of the line at its present step. The same object until something moves."""
        if self._moment is None:
            at, effect = self.standing, self._beside()
            self._moment = look(
                at.line, text=at.text, number=at.number, changed=at.changed, undoable=bool(self._before),
                undos=self._undos(), edits=at.ledger, beside=self._compare() or effect, effect=effect,
                stopped=self._stopped, read=self._read(at.text), other=self.other,
            )  # fmt: skip
            self.list_again()  # now that its newest row is there
        return self._moment

    def list_again(self) -> None:
        """Bring the lists of the moment up to date, where nothing else of it has moved."""
        if self._moment is not None:
            self._moment = replace(self._moment, branches=self.branches, stops=self.stops)

    def _read(self, text: str) -> str | None:
        """Return a text as the vocabulary sees it; None for a vocabulary that does not say it."""
        normalize: Callable[[str], str] | None = getattr(self.subject.vocabulary.source, "normalize", None)
        return None if normalize is None or self.subject.recorded else normalize(text)

    def _beside(self) -> Beside | None:
        at = self.standing
        if at.base is None or at.base is at.line or not at.line.rows.captures:
            return None
        at.base.goto(at.line.step_number)
        self._twin = make_twin(at.base, at.line) if self._twin is None else make_twin(self._twin, at.line)
        return compare(at.base, at.line, self._twin, at.ledger.active, CANDIDATES)

    @property
    def other(self) -> int | None:
        """Branch that the present line is compared with; None for none."""
        return self._other if self._other in self._branches and self._other != self.standing.branch else None

    def compare_with(self, branch: int | None) -> None:
        """Compare the present line with another one of the tree; None ends that.

        Raises GlassheadError for a line that is not there, and for the present one.
        """
        if branch is not None and self._at(branch).branch == self.standing.branch:
            raise GlassheadError("You stand in this line: choose another one to compare it with.")
        self._other, self._moment = branch, None

    def _compare(self) -> Compared | None:
        line = self.line
        if self.other is None or not line.rows.captures:
            return None
        other = self._branches[self.other]
        return compare_lines(line, other.line, other.name or f"line {other.branch}", CANDIDATES)

    def _undos(self) -> int:
        """Count the undos until the edits are others; 0 where none brings that."""
        for count, (_, _, ledger) in enumerate(reversed(self._before), 1):
            if ledger.active != self.standing.ledger.active:
                return count
        return 0

    def begin(
        self,
        text: str,
        *,
        truncate: bool = False,
        forced: str | None = None,
        edits: Iterable[Edit | str] | None = None,
        tried: bool = False,
    ) -> None:
        """Begin a line from a text. forced: as for `Subject.start` · edits: in place of those that are there ·
        tried: whether a try of the lab begins it; a second one replaces the first for undo.

        Raises GlassheadError, and moves nothing, for a text or an edit that does not fit.
        """
        at = self._standing
        ledger = (at.ledger if at else NO_EDITS) if edits is None else Ledger.of(tuple(map(as_edit, edits)))
        base = self.subject.start(text, truncate=truncate, keep=self._keep, forced=forced)
        line = self._edited(base, base, ledger) if ledger.entries else base
        new = self._new_branch()
        standing = Standing(
            line=line, number=self._next(), text=text, truncate=truncate, branch=new, family=new, parent=None,
            cause=text, fork=0, ledger=ledger, base=None if line is base else base, tried=tried,
        )  # fmt: skip
        self._move(standing, remember=at is None or not (tried and at.tried))

    @property
    def standings(self) -> tuple[Standing, ...]:
        """All lines of the tree, in the order in which they were made."""
        return tuple(self._branches[number] for number in sorted(self._branches))

    @property
    def before(self) -> tuple[tuple[int, int, Ledger], ...]:
        """Places that undo goes back to, the newest last: branch, step and edits."""
        return tuple(self._before)

    def make_standing(
        self,
        text: str,
        ledger: Ledger,
        ids: Sequence[int],
        original: Sequence[int],
        *,
        truncate: bool,
        pick: Pick = greedy,
        **fields: Any,
    ) -> Standing:
        """Make a line with these tokens, not yet in the tree. original: tokens of the line without the edits."""
        base = self.subject.start(text, truncate=truncate, keep=self._keep, pick=pick)
        for token in original:
            base.choose(token)
        line = base
        if ledger.entries:
            start = base.branch()
            start.goto(0)
            line = self._edited(start, start, ledger)
            for token in ids:
                line.choose(token)
        return Standing(
            line=line, number=0, text=text, truncate=truncate, ledger=ledger, base=None if line is base else base,
            **fields,
        )  # fmt: skip

    def restore(self, standings: Sequence[Standing], here: int, before: Sequence[tuple[int, int, Ledger]]) -> None:
        """Replace the tree by other lines, and stand in one of them. Raises GlassheadError for a tree that is none."""
        branches = {each.branch: each for each in standings}
        if here not in branches or any(
            each.parent is not None and not (each.parent in branches and each.parent < each.branch)
            for each in standings
        ):
            raise GlassheadError("These lines are no tree: one comes from a line that is not there.")
        self._branches, self._tree, self._made = branches, Tree(), max(branches)
        self._before = [each for each in before if each[0] in branches]
        self._stand(branches[here].to(number=self._next()))

    def walk(self, steps: int, *, stopping: bool = True) -> Iterator[None]:
        """Take steps while there are any; yield after each, so that the caller can look or stop.

        The steps end at a breakpoint, and then the moment tells which one; without `stopping` they go on.
        """
        line = self.line
        for _ in range(steps):
            if line.done:
                return
            self._moment = self._stopped = None
            line.step()
            self._stopped = find_stop(self.stops.active, line, self._unedited()) if stopping else None
            yield
            if self._stopped is not None:
                return

    def _unedited(self) -> Stepper | None:
        """Lead the line without the edits along, if a breakpoint compares with it."""
        at = self.standing
        if at.base is None or not any(isinstance(stop, Differs) for stop in self.stops.active):
            return None
        at.base.goto(at.line.step_number)
        return at.base

    def add_stop(self, text: str) -> None:
        """Add a breakpoint, or switch it on again. Raises GlassheadError for a text that is none, and for a place that
        the model does not have.
        """
        stop = parse_stop(text)
        check_stop(stop, self.subject.anatomy)
        self.stops = self.stops.add(stop)
        self.list_again()

    def switch_stop(self, number: int) -> None:
        """Switch a breakpoint off, or on again. Raises GlassheadError for one that is not there."""
        self.stops = self.stops.switch(number)
        self.list_again()

    def remove_stop(self, number: int) -> None:
        """Take a breakpoint out. Raises GlassheadError for one that is not there."""
        self.stops = self.stops.remove(number)
        self.list_again()

    def rewind(self, step: int) -> None:
        """Go back to a step, at most to the start. Costs no run of the model."""
        self.line.goto(min(max(0, step), self.line.step_number))
        self._moment = self._stopped = None

    def choose(self, token: int, at: Moment | None = None) -> None:
        """Take a token at the step that a moment shows: the line branches there.

        Raises GlassheadError for a moment of another line, and for a token that does not exist.
        """
        standing = self.standing
        if at is not None and at.line != standing.number:
            raise GlassheadError("That token was offered for another sentence: nothing was taken.")
        line = standing.line.branch()
        line.goto(standing.line.step_number if at is None else at.step)
        usual, step = line.expected(), line.step_number
        base = standing.base
        if base is not None and token != usual:  # the original takes the same token, if it has come to the same place
            base = base.branch()
            base.goto(step)
            if base.ids == line.ids:
                base.choose(token)
        made = line.choose(token)
        if token == usual:  # a step like any other: going back undoes it
            self._stand(standing.to(line=line, base=base))
        else:
            self.branch_off(line, base, cause=made.text, fork=step)

    def pick(self, rule: Pick, *, step: int | None = None, parent: int | None = None) -> None:
        """Pick the tokens from a step on by another rule: the line branches. Does nothing if it is the rule already.

        step: by default the present one · parent: branch that the line comes from, by default the present one.
        Raises GlassheadError where there is no next token, and for a recording.
        """
        at = self.standing
        if step is None and at.line.done:
            raise GlassheadError("The line is done: there is no next token to pick. Go back, or start another.")
        step = at.line.step_number if step is None else step
        turned = [each.branch() for each in (at.line, at.base) if each is not None]
        for each in turned:
            each.goto(step)
        if turned[0].rule != rule:
            line, *base = [each.turned(rule) for each in turned]
            cause = "greedy" if rule is greedy else str(rule)
            self.branch_off(line, base[0] if base else None, cause=cause, fork=step, parent=parent)

    def branch_off(
        self,
        line: Stepper,
        base: Stepper | None,
        *,
        cause: str,
        fork: int,
        parent: int | None = None,
        stand: bool = True,
    ) -> None:
        """Add a line of other tokens to the tree. base: the same without the edits · cause, fork: as for `Standing` ·
        parent: by default the present line · stand: whether to stand in it then.
        """
        at, new = self.standing, self._new_branch()
        made = at.to(
            line=line, base=base, number=self._next(), branch=new, family=new,
            parent=at.branch if parent is None else parent, cause=cause, fork=fork, tried=False, name="", folded=False,
        )  # fmt: skip
        if stand:
            self._move(made)
        else:
            self._branches[new] = made
            self._forget()
            self.list_again()

    @property
    def edits(self) -> Ledger:
        """The edits of the line."""
        return NO_EDITS if self._standing is None else self._standing.ledger

    def edit(self, *edits: Edit | str) -> None:
        """Add edits: the line branches. Raises GlassheadError, and moves nothing, for one that does not fit."""
        ledger = self.standing.ledger
        for each in edits:
            ledger = ledger.add(as_edit(each))
        self._take(ledger)

    def switch_edit(self, number: int) -> None:
        """Switch an edit of the ledger off, or on again. Raises GlassheadError for one that is not there."""
        self._take(self.standing.ledger.switch(number))

    def remove_edit(self, number: int) -> None:
        """Take an edit out of the ledger. Raises GlassheadError for one that is not there."""
        self._take(self.standing.ledger.remove(number))

    def clear_edits(self) -> None:
        """Take all edits out."""
        self._take(NO_EDITS)

    def _take(self, ledger: Ledger) -> None:
        """Stand at the line under other edits, as far along as now."""
        at = self.standing
        if ledger == at.ledger:
            return
        steps = at.line.step_number
        for branch in self._branches.values():  # where those edits were before, that line comes back
            if branch.family == at.family and branch.ledger.active == ledger.active:
                branch.line.follow(at.line, steps)
                branch.line.goto(min(steps, branch.line.step_number))
                self._move(branch.to(number=self._next(), ledger=ledger), steps=steps)
                return
        base = at.line.branch() if at.base is None else at.base
        line = self._edited(base, at.line, ledger)
        fork = next((n for n, (a, b) in enumerate(zip(at.line.ids, line.ids, strict=False)) if a != b), None)
        prompt = len(line.ids) - line.step_number
        new = [entry.item for entry in ledger.entries if entry not in at.ledger.entries and entry.on]
        gone = [entry.item for entry in at.ledger.entries if entry not in ledger.entries and entry.on]
        cause = ", ".join([*map(str, new), *(f"without {edit}" for edit in gone)]) or "the same edits"
        self._move(
            at.to(
                line=line, base=base if ledger.entries else None, ledger=ledger, number=self._next(),
                branch=self._new_branch(), parent=at.branch, cause=cause, tried=False, name="", folded=False,
                fork=steps if fork is None else max(0, fork - prompt),
            )
        )  # fmt: skip

    def _edited(self, base: Stepper, now: Stepper, ledger: Ledger) -> Stepper:
        """Return a line under edits: from `base`, with what was chosen in `now`, as far along as that."""
        base.goto(now.step_number)
        if ledger.active:
            changes = self._changes(base, ledger)
            line = base.edited(changes, changes.first_row)
        else:  # there are none, or all are switched off: the rows stay, and nothing is computed again
            line = base.branch()
        line.follow(now, now.step_number, base)
        if line.looks_ahead:  # an edit that does not fit the line is found here, before anything moves
            line.rows.reach(line.ids)
        return line

    def _changes(self, base: Stepper, ledger: Ledger) -> Changes:
        self._references.line = base
        return make_changes(ledger.active, self.subject.anatomy, self._references)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The tree of all lines, in the order in which it is drawn."""
        return self._tree.branches(self._branches, self.standing.branch, self.given_up)

    def visit(self, branch: int) -> None:
        """Stand at another branch. Raises GlassheadError for one that is not there."""
        if self._at(branch).branch != self.standing.branch:
            self._move(self._at(branch).to(number=self._next()))

    def name_branch(self, branch: int, name: str) -> None:
        """Give a branch a name; an empty one takes it away."""
        self._change(branch, name=name.strip())

    def fold_branch(self, branch: int) -> None:
        """Fold the branches of a branch away, or out again."""
        self._change(branch, folded=not self._at(branch).folded)

    def delete_branch(self, branch: int) -> None:
        """Delete a branch and those that come from it. Raises GlassheadError for one that holds the present line."""
        gone = {self._at(branch).branch}
        for number, each in sorted(self._branches.items()):
            if each.parent in gone:
                gone.add(number)
        if self.standing.branch in gone:
            raise GlassheadError("You stand in this line: go to another one first.")
        self._branches = {number: each for number, each in self._branches.items() if number not in gone}
        self.given_up = {number: lines for number, lines in self.given_up.items() if number not in gone}
        self._before = [each for each in self._before if each[0] not in gone]
        self._moment = None

    def _change(self, branch: int, **fields: object) -> None:
        self._branches[branch] = self._at(branch).to(**fields)
        if self.standing.branch == branch:
            self._standing = self._branches[branch]
        self.list_again()

    def _line_of(self, branch: int) -> Stepper:
        return self._at(branch).line

    def _at(self, branch: int) -> Standing:
        if branch not in self._branches:
            raise GlassheadError(f"There is no line {branch}.")
        return self._branches[branch]

    def undo(self) -> None:
        """Bring back what the last text, choice, edit or visit replaced: line and step.

        Raises GlassheadError if there is nothing to undo.
        """
        if not self._before:
            raise GlassheadError("There is nothing to undo: this is where you began.")
        branch, step, ledger = self._before.pop()
        at = self._branches[branch]
        at.line.goto(step)
        self._stand(at.to(number=self._next(), ledger=ledger))

    def check(self) -> tuple[Check, ...]:
        """Check the present moment; each statement is computed in another way than the values were captured."""
        measured = self.line.verify() if self.line.verifiable else ()
        found = checks(self.moment.trace, *measured)
        beside = self.moment.effect
        if beside is None:
            return found
        return edited_checks(found, beside)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a recording of the present line, as far as it is known. See `Stepper.save`."""
        return self.line.save(path, changed=self.standing.changed, overwrite=overwrite)

    def _next(self) -> int:
        self._lines += 1
        return self._lines

    def _new_branch(self) -> int:
        self._made += 1
        return self._made

    def _move(self, standing: Standing, *, remember: bool = True, steps: int | None = None) -> None:
        """steps: step of the present line before the move, if that went along it."""
        at = self._standing
        if remember and at is not None:
            self._before.append((at.branch, at.line.step_number if steps is None else steps, at.ledger))
        self._stand(standing)
        self._forget()

    def _forget(self) -> None:
        """Forget the values of the lines that were left longest ago, while all together exceed the budget.

        Their tokens stay; what is looked at again is computed again.
        """
        here = self.standing.branch
        held = [each for number, each in self._branches.items() if number != here]
        for each in held:
            if sum(one.line.bytes for one in self._branches.values()) <= BUDGET:
                return
            each.line.forget()

    def _stand(self, standing: Standing) -> None:
        self._branches[standing.branch] = standing
        self._standing, self._moment, self._twin, self._stopped = standing, None, None, None
