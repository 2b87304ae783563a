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

from glasshead.decoding.pick import Pick, greedy
from glasshead.decoding.stepper import Stepper
from glasshead.edits.edit import Edit
from glasshead.edits.language import as_edit
from glasshead.edits.ledger import NO_EDITS, Ledger, name_change
from glasshead.errors import GlassheadError
from glasshead.session.beside import Beside, Kept, compare, make_twin
from glasshead.session.compared import Compared, compare_lines
from glasshead.session.editing import edit_line
from glasshead.session.guest import Guest
from glasshead.session.lines import Lines, Place
from glasshead.session.moment import Moment, look
from glasshead.session.own_effects import OwnEffect, Progress, own_effects
from glasshead.session.references import References
from glasshead.session.regaining import Way
from glasshead.session.standing import Standing
from glasshead.session.stopping import Stopped, find_missed, find_stop
from glasshead.session.stops import NO_STOPS, Differs, Stops, check_stop, parse_stop
from glasshead.session.tree import Branch, GivenUp
from glasshead.session.truths import edited_checks
from glasshead.subjects import Subject
from glasshead.traces.file import CANDIDATES
from glasshead.truth.trace_checks import Check, checks

NO_TEXT = "There is no sentence yet: type one with i."


class Session:
    """See the module."""

    def __init__(self, subject: Subject, *, keep: Iterable[str] | None = ("*",)) -> None:
        """keep: sites that the lines capture, as for `Subject.start`."""
        self.keep = keep if keep is None else tuple(keep)
        self.subject = subject
        self._lines = Lines()
        self._moment: Moment | None = None
        self._twin: Stepper | None = None
        self._kept = Kept()
        self.references = References(subject, lines=lambda branch: self._lines[branch].line)
        self.stops: Stops = NO_STOPS
        """Breakpoints, at which `walk` stops."""
        self._way: Way | None = None
        """Way to where the work stood before the newest move to another line."""
        self._other: int | None = None
        self._guest: Guest | None = None
        self._stopped: Stopped | None = None
        """Breakpoint at which the newest walk ended."""
        self.pinned: tuple[str, int] | None = None
        """Head that stands beside any other one that is looked at: an attention, e.g. `decoder.1.cross`, and a head."""

    @property
    def standing(self) -> Standing:
        """Present standing. Raises GlassheadError before the first text."""
        if self._lines.here is None:
            raise GlassheadError(NO_TEXT)
        return self._lines.here

    @property
    def text(self) -> str | None:
        """The text of the line, as it was typed; None before the first."""
        return None if self._lines.here is None else self._lines.here.text

    @property
    def line(self) -> Stepper:
        """Present line. Raises GlassheadError before the first text."""
        return self.standing.line

    @property
    def moment(self) -> Moment:
        """Everything to show of the line at its present step. The same object until something moves."""
        if self._moment is None:
            at, ahead = self.standing, self._way is None or self._way.ahead
            effect, other = self._beside(ahead), self._compare()
            self._moment = look(
                at.line, ahead=ahead, text=at.text, number=at.number, changed=at.changed,
                undoable=bool(self._lines.before), undos=self._lines.count_undos(), edits=at.ledger,
                beside=other or effect, effect=effect, stopped=self._stopped, read=self._read(at.text),
                until=self._way.steps if self._way is not None and self._way.open else None,
                alone="" if self._guest is None else self._guest.why, other=self.other, pinned=self.pinned,
            )  # fmt: skip
            self._list_again(reach=self._way is None or not self._way.open)  # now that its newest row is there
        return self._moment

    def _list_again(self, *, reach: bool = True) -> None:
        """Bring the lists of the moment up to date, where nothing else of it has moved. reach: see `Tree.branches`."""
        if self._moment is not None:
            branches = self._lines.list_branches(self.standing.branch, reach=reach)
            over = reach and self.line.done and self._stopped is None
            missed = find_missed(self.stops.active, self.line, self._unedited()) if over else None
            self._moment = replace(self._moment, branches=branches, stops=self.stops, missed=missed)

    def _read(self, text: str) -> str | None:
        """Return a text as the vocabulary sees it; None for a vocabulary that does not say it."""
        normalize: Callable[[str], str] | None = getattr(self.subject.vocabulary.source, "normalize", None)
        return None if normalize is None or self.subject.recorded else normalize(text)

    def _beside(self, ahead: bool = True) -> Beside | None:
        at = self.standing
        if at.base is None or at.base is at.line or not at.line.rows.captures:
            return None
        at.base.goto(at.line.step_number)
        self._twin = make_twin(at.base if self._twin is None else self._twin, at.line, ahead=ahead)
        return compare(at.base, at.line, self._twin, at.ledger.active, CANDIDATES, self._kept, ahead=ahead)

    @property
    def other(self) -> int | None:
        """Branch that the present line is compared with; None for none."""
        return self._other if self._other in self._lines and self._other != self.standing.branch else None

    @property
    def guest(self) -> Guest | None:
        """The other model that stands beside the line; None for none."""
        return self._guest

    def compare_with(self, branch: int | None) -> None:
        """Compare the present line with another one of the tree; None ends that.

        Raises GlassheadError for a line that is not there, and for the present one.
        """
        if branch is not None and self._lines[branch].branch == self.standing.branch:
            raise GlassheadError("You stand in this line: choose another one to compare it with.")
        self._other, self._guest, self._moment = branch, None, None

    def stand_beside(self, model: Subject | Guest | None) -> None:
        """Compare the present line with that of another model at the same text; None ends that."""
        self._guest, self._other, self._moment = Guest.of(model) if isinstance(model, Subject) else model, None, None

    def _compare(self) -> Compared | None:
        line, at = self.line, self.standing
        if self._guest is not None and line.rows.captures:
            return self._guest.compare(line, at.text, truncate=at.truncate, count=CANDIDATES)
        if self.other is None or not line.rows.captures:
            return None
        other = self._lines[self.other]
        return compare_lines(line, other.line, other.name or f"line {other.branch}", CANDIDATES)

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
        at = self._lines.here
        ledger = (at.ledger if at else NO_EDITS) if edits is None else Ledger.of(tuple(map(as_edit, edits)))
        base = self.subject.start(text, truncate=truncate, keep=self.keep, forced=forced)
        line = base
        if ledger.entries:
            line = edit_line(base, ledger, self.references)
            if line.looks_ahead:  # an edit that does not fit the line is found here, before anything moves
                line.rows.reach(line.ids)
        new = self._lines.new_branch()
        standing = Standing(
            line=line, number=self._lines.next_number(), text=text, truncate=truncate, branch=new, family=new,
            parent=None, cause=text, fork=0, ledger=ledger, base=None if line is base else base, tried=tried,
        )  # fmt: skip
        self._move(standing, remember=at is None or not (tried and at.tried))

    @property
    def given_up(self) -> Mapping[int, tuple[GivenUp, ...]]:
        """Lines that a beam search gave up, by the branch that it began from."""
        return self._lines.given_up

    def give_up(self, branch: int, lines: Sequence[GivenUp]) -> None:
        """Note the lines that a beam search from a branch gave up, in place of those of an earlier one."""
        noted = {**self._lines.given_up, branch: tuple(lines)}
        self._lines.given_up = {number: told for number, told in noted.items() if told}
        self._list_again()

    @property
    def standings(self) -> tuple[Standing, ...]:
        """All lines of the tree, in the order in which they were made."""
        return tuple(self._lines)

    @property
    def before(self) -> tuple[Place, ...]:
        """Places that undo goes back to, the newest last: branch, step and edits."""
        return tuple(self._lines.before)

    def restore(
        self,
        standings: Sequence[Standing],
        here: int,
        before: Sequence[Place],
        given_up: Mapping[int, tuple[GivenUp, ...]] | None = None,
    ) -> None:
        """Replace the tree by other lines, and stand in one of them, with nothing beside it.

        Raises GlassheadError for a tree that is none.
        """
        self._lines.replace(standings, here, before, given_up or {})
        self._other = self._guest = None
        self._look_again()

    def walk(self, steps: int, *, stopping: bool = True) -> Iterator[None]:
        """Take steps while there are any; yield after each, so that the caller can look or stop.

        The steps end at a breakpoint, and then the moment tells which one; without `stopping` they go on.
        """
        line = self.line
        for _ in range(steps):
            if line.done:
                return
            self._moment = self._stopped = self._way = None
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
        self._list_again()

    def switch_stop(self, number: int) -> None:
        """Switch a breakpoint off, or on again. Raises GlassheadError for one that is not there."""
        self.stops = self.stops.switch(number)
        self._list_again()

    def remove_stop(self, number: int) -> None:
        """Take a breakpoint out. Raises GlassheadError for one that is not there."""
        self.stops = self.stops.remove(number)
        self._list_again()

    def rewind(self, step: int) -> None:
        """Go back to a step, at most to the start. Costs no run of the model."""
        self.line.goto(min(max(0, step), self.line.step_number))
        self._moment = self._stopped = self._way = None

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
        at, new = self.standing, self._lines.new_branch()
        made = at.to(
            line=line, base=base, number=self._lines.next_number(), branch=new, family=new,
            parent=at.branch if parent is None else parent, cause=cause, fork=fork, tried=False, name="", folded=False,
        )  # fmt: skip
        if stand:
            self._move(made)
        else:
            self._lines.add(made)
            self._list_again()

    @property
    def edits(self) -> Ledger:
        """The edits of the line."""
        return NO_EDITS if self._lines.here is None else self._lines.here.ledger

    def edit(self, *edits: Edit | str, regain: bool = True) -> None:
        """Add edits: the line branches. Raises GlassheadError, and moves nothing, for one that does not fit.

        regain: come to the present step at once; else `regain` leads there, and an edit that does not fit a step on
        the way is found by that.
        """
        ledger = self.standing.ledger
        for each in edits:
            ledger = ledger.add(as_edit(each))
        self._take(ledger, regain)

    def switch_edit(self, number: int, *, regain: bool = True) -> None:
        """Switch an edit of the ledger off, or on again. Raises GlassheadError for one that is not there."""
        self._take(self.standing.ledger.switch(number), regain)

    def remove_edit(self, number: int, *, regain: bool = True) -> None:
        """Take an edit out of the ledger. Raises GlassheadError for one that is not there."""
        self._take(self.standing.ledger.remove(number), regain)

    def clear_edits(self, *, regain: bool = True) -> None:
        """Take all edits out."""
        self._take(NO_EDITS, regain)

    def regain(self) -> Iterator[bool]:
        """Lead the line to where the work stood before other edits came, an undo or a visit; yield after each step.

        True comes once the first token is there that is another one; the moment is then without the row of it. Broken
        off, the line stands where it got to.
        Raises GlassheadError for an edit that does not fit a step on the way: then all is as it was before the edit.
        """
        way = self._way
        if way is None:
            return
        try:
            for changed in way:
                self._moment = None
                if way.new and self.standing.fork != way.fork:
                    self._lines.change(self.standing.branch, fork=way.fork)
                yield changed
                if self._way is not way:  # another move came between
                    return
        except GlassheadError:
            if way.new is not None:
                self._lines.withdraw(new=way.new)
                self._look_again()
            raise
        finally:
            if self._way is way:
                self.stay()

    def stay(self) -> None:
        """Stand where the line is: nobody leads it on."""
        if self._way is not None:
            if self._way.open:
                self._moment = None
            self._way = None
            self._lines.forget()

    def _take(self, ledger: Ledger, regain: bool) -> None:
        """Stand at the line under other edits: as far along as now, or where they begin to reach."""
        at = self.standing
        if ledger == at.ledger:
            return
        steps, ids = at.line.step_number, at.line.ids
        there = [each for each in self._lines if each.family == at.family and each.ledger.active == ledger.active]
        if there:  # where those edits were before, that line comes back
            way = Way(there[0].line, steps, ids, at.line)
            way.begin()
            self._move(there[0].to(number=self._lines.next_number(), ledger=ledger), step=steps)
        else:
            base = at.line.branch() if at.base is None else at.base
            base.goto(min(steps, base.known_steps))
            line = edit_line(base, ledger, self.references, now=at.line, before=at.ledger)
            way = Way(line, steps, ids, at.line, base.branch())  # `base` itself is led along by the moments
            way.begin()
            made = at.to(
                line=line, base=base if ledger.entries else None, ledger=ledger, number=self._lines.next_number(),
                branch=self._lines.new_branch(), parent=at.branch, cause=name_change(at.ledger, ledger), fork=way.fork,
                tried=False, name="", folded=False,
            )  # fmt: skip
            self._move(made)
        way.new = not there
        self._way = way
        if regain:
            for _ in self.regain():
                pass

    def measure_edits(
        self, *, progress: Progress = lambda _done, _of: None, stop: Callable[[], bool] = lambda: False
    ) -> tuple[OwnEffect, ...]:
        """Measure what each edit does by itself: see `own_effects`. The present moment tells it from then on."""
        found = own_effects(self.standing, self.references, progress=progress, stop=stop)
        self._moment = replace(self.moment, own_effects=found)
        return found

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The tree of all lines, in the order in which it is drawn."""
        return self._lines.list_branches(self.standing.branch)

    def visit(self, branch: int) -> None:
        """Stand at another branch. Raises GlassheadError for one that is not there."""
        if self._lines[branch].branch != self.standing.branch:
            ids = self.line.ids
            self._move(self._lines[branch].to(number=self._lines.next_number()))
            self._way = Way(self.line, self.line.step_number, ids)

    def name_branch(self, branch: int, name: str) -> None:
        """Give a branch a name; an empty one takes it away."""
        self._lines.change(branch, name=name.strip())
        self._list_again()

    def fold_branch(self, branch: int) -> None:
        """Fold the branches of a branch away, or out again."""
        self._lines.change(branch, folded=not self._lines[branch].folded)
        self._list_again()

    def delete_branch(self, branch: int) -> None:
        """Delete a branch and those that come from it.

        Raises GlassheadError for one that holds the present line, and for one that an edit elsewhere takes values from.
        """
        self._lines.delete(branch)
        self._moment = None

    def undo(self) -> None:
        """Bring back what the last text, choice, edit or visit replaced: line and step.

        Raises GlassheadError if there is nothing to undo.
        """
        ids = [] if self._lines.here is None else self.line.ids
        self._lines.undo()
        self._look_again()
        self._way = Way(self.line, self.line.step_number, ids)

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

    def _move(self, standing: Standing, *, remember: bool = True, step: int | None = None) -> None:
        """Stand in another line; see `Lines.move`."""
        self._lines.move(standing, remember=remember, step=step)
        self._look_again()

    def _stand(self, standing: Standing) -> None:
        self._lines.stand(standing)
        self._look_again()

    def _look_again(self) -> None:
        """Forget what was seen of the line where the work stood."""
        self._moment = self._twin = self._stopped = self._way = None
