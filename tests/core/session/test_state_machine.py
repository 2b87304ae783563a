"""Any moves in any order: a session stands where a fresh decode with the same edits and choices stands, and undo brings
back what was there, bit for bit. What stands beside the line is what it is said to be, and all comes back from a file.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.core.helpers import restless
from torch import Tensor

from glasshead.decoding.pick import Pick, Sample, greedy
from glasshead.decoding.stepper import Stepper
from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError
from glasshead.session.compared import Compared
from glasshead.session.drawing import draw_again
from glasshead.session.file import read_session, write_session
from glasshead.session.guest import FOLLOWS, OWN, Guest, OtherModel
from glasshead.session.references import changes_of
from glasshead.session.searching import search
from glasshead.session.session import Session
from glasshead.session.stops import Measured
from glasshead.session.tree import Branch, Tree
from glasshead.session.truths import IN_CONE, leaks

SUBJECT, OTHER = restless(10), restless(11)
"""The model, and another with the same tokens."""
HEADS = (None, ("decoder.1.cross", 3), ("encoder.0.self", 0))
TEXTS = ("abc", "zebra")
EDITS = (
    "decoder.1.cross.heads[head=3] = 0",
    "decoder.0.self.heads[head=1, query=2-] *= 4",
    "decoder.*.cross.masked[key=1] = hidden",
    "decoder.1.ffn = skipped",
    "decoder.0.self.masked = revealed",
    "encoder.1.self.heads[head=0] *= 5",
)
LIKELY = Measured("best", ">", 0.2)
OF_THE_ENCODER, AHEAD = EDITS[-1], EDITS[-2]


@dataclass(frozen=True)
class Seen:
    """What is shown of one place."""

    branch: int
    step: int
    ids: list[int]
    logits: Tensor | None
    ledger: Ledger
    own: frozenset[int]
    """Places of tokens that the model did not choose itself there."""


def bare(branch: Branch) -> Branch:
    """A line without what tells it apart from its parent."""
    return replace(branch, lost=None, divergence=None, after=None, differs=None)


def apart(branch: Branch) -> tuple[object, ...]:
    """What tells a line apart from its parent."""
    return branch.lost, branch.divergence, branch.after, branch.differs


class Moves(RuleBasedStateMachine):
    """The moves of a session, and what is remembered of them."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(SUBJECT)
        self.undo: list[Seen] = []
        self.chosen: set[tuple[str, tuple[int, ...], int]] = set()
        """Text, tokens before it, and token, for every choice of a person, or of a beam search."""
        self.reopened = False
        """Whether the session was read from a file: its rows were computed again, by other passes."""
        self.reads = 0
        model: Any = SUBJECT.model
        read = type(model).read

        def counting(sources: Sequence[Sequence[int]]) -> Any:
            self.reads += 1
            return read(model, sources)

        model.read = counting

    def teardown(self) -> None:
        del SUBJECT.model.read

    @property
    def line(self) -> Stepper:
        return self.session.line

    def seen(self) -> Seen:
        self.session.moment  # noqa: B018  what is looked at is computed
        line = self.line
        logits = line.rows.through(line.ids).clone() if line.looks_ahead else None
        rows = line.rows.logits(len(line.ids) - 1)
        own = frozenset(place for place, row in enumerate(rows, 1) if line.pick(row, place - 1) != line.ids[place])
        return Seen(self.session.standing.branch, line.step_number, line.ids, logits, self.session.edits, own)

    def stays(self, before: Seen) -> None:
        """A choice stays, under whatever edits, where the tokens before it are the same."""
        ids = self.line.ids
        for place in before.own:
            if len(ids) > place and ids[:place] == before.ids[:place]:
                assert ids[place] == before.ids[place]

    @initialize(text=st.sampled_from(TEXTS))
    def first(self, text: str) -> None:
        self.session.begin(text)

    @rule(text=st.sampled_from(TEXTS))
    def new_text(self, text: str) -> None:
        self.undo.append(self.seen())
        self.session.begin(text)
        assert self.line.step_number == 0

    @rule(steps=st.integers(1, 3))
    def walk(self, steps: int) -> None:
        before = self.line.step_number
        taken = sum(1 for _ in self.session.walk(steps))
        assert self.line.step_number == before + taken
        stopped = self.session.moment.stopped
        if stopped is None:
            assert taken == steps or self.line.done
        else:
            p = torch.softmax(self.line.rows.through(self.line.ids).double() / self.temperature, -1)
            assert stopped.stop == LIKELY and stopped.step == before + taken and float(p.max()) > 0.2

    @rule()
    def stop_at(self) -> None:
        if self.session.stops.entries:
            self.session.switch_stop(0)
        else:
            self.session.add_stop(str(LIKELY))

    @property
    def temperature(self) -> float:
        rule = self.line.rule
        return rule.temperature if isinstance(rule, Sample) else 1.0

    @precondition(lambda self: not self.line.done)
    @rule(rule=st.sampled_from((greedy, Sample(seed=1), Sample(seed=2, temperature=2.5))))
    def pick(self, rule: Pick) -> None:
        before, reads, same = self.seen(), self.reads, self.line.rule == rule
        self.session.pick(rule)
        assert self.line.ids == before.ids and self.reads == reads and self.line.rule == rule
        if not same:
            self.undo.append(before)

    @precondition(lambda self: isinstance(self.line.rule, Sample))
    @rule()
    def draw_again(self) -> None:
        before, rule = self.seen(), self.line.rule
        assert isinstance(rule, Sample)
        steps = draw_again(self.session)
        since, drawn = self.line.step_number, self.line.rule
        assert isinstance(drawn, Sample) and drawn == replace(rule, seed=rule.seed + 1)
        assert self.line.ids == before.ids[: len(self.line.ids)] and steps == max(1, before.step - since)
        self.undo.append(before)

    @rule(steps=st.integers(1, 3))
    def back(self, steps: int) -> None:
        self.session.rewind(self.line.step_number - steps)

    @precondition(lambda self: not self.line.done)
    @rule(rank=st.integers(0, 4))
    def choose(self, rank: int) -> None:
        before, reads = self.seen(), self.reads
        token, usual = self.session.moment.candidates[rank].id, self.line.expected()
        self.session.choose(token, self.session.moment)
        assert self.line.ids == [*before.ids, token] and self.reads == reads
        if token != usual:
            self.undo.append(before)
            self.chosen.add((self.session.text or "", tuple(before.ids), token))

    @rule(text=st.sampled_from(EDITS), steps=st.none() | st.integers(0, 4), looking=st.booleans())
    def edit(self, text: str, steps: int | None, looking: bool) -> None:
        before, reads, lines = self.seen(), self.reads, len(self.session.standings)
        self.session.edit(text, regain=steps is None)
        self.regain(before, steps, looking)
        self.moved(before, reads, lines, steps)

    def regain(self, before: Seen, steps: int | None, looking: bool) -> None:
        """Take some of the steps up to where the line stood; looking: look at the moment after each."""
        if self.session.edits == before.ledger:  # nothing was changed, and a way that was open before still is
            self.session.stay()
            return
        if steps is None:
            assert self.session.moment.until is None
        elif looking:
            assert self.session.moment.until == (before.step if self.behind(before) else None)
        told = False
        for _, changed in zip(range(steps or 0), self.session.regain(), strict=False):
            at = len(self.line.ids) - 1
            assert changed == (not told and self.line.ids != before.ids[: at + 1])
            told = told or changed
            if looking:
                assert self.session.moment.until == (before.step if self.behind(before) else None)
            if looking and changed:  # a moment like no other: its newest token has no row yet
                self.a_fresh_decode_says_the_same(undoable=True)
        assert self.session.moment.until is None or steps == 0

    def behind(self, before: Seen) -> bool:
        return self.line.step_number < before.step and not self.line.done

    @precondition(lambda self: len(self.session.edits) > 0)
    @rule(data=st.data(), remove=st.booleans(), steps=st.none() | st.integers(0, 4), looking=st.booleans())
    def switch(self, data: st.DataObject, remove: bool, steps: int | None, looking: bool) -> None:
        before, reads, lines = self.seen(), self.reads, len(self.session.standings)
        number = data.draw(st.integers(0, len(self.session.edits) - 1))
        (self.session.remove_edit if remove else self.session.switch_edit)(number, regain=steps is None)
        self.regain(before, steps, looking)
        self.moved(before, reads, lines, steps)

    def moved(self, before: Seen, reads: int, lines: int, steps: int | None) -> None:
        if self.session.edits != before.ledger:
            self.undo.append(before)
        active = self.session.edits.active
        assert self.reads - reads <= (OF_THE_ENCODER in map(str, active)), "the source was read again for nothing"
        assert self.line.step_number == before.step or self.line.done or steps is not None
        self.stays(before)
        if len(self.session.standings) > lines:  # it is new, and left its parent where the tokens part
            at = self.session.standing
            parted = (n for n, (one, other) in enumerate(zip(before.ids, self.line.ids, strict=False)) if one != other)
            assert at.parent == before.branch and at.fork == next(parted, len(self.line.ids)) - 1

    @rule(data=st.data())
    def visit(self, data: st.DataObject) -> None:
        before, reads = self.seen(), self.reads
        branch = data.draw(st.sampled_from([each.number for each in self.session.branches]))
        self.session.visit(branch)
        assert self.session.standing.branch == branch and self.reads == reads
        if branch != before.branch:
            self.undo.append(before)

    @precondition(lambda self: self.undo)
    @rule()
    def take_back(self) -> None:
        reads, wanted = self.reads, self.undo.pop()
        self.session.undo()
        found = self.seen()
        assert (found.branch, found.step, found.ids, found.ledger) == (
            wanted.branch, wanted.step, wanted.ids, wanted.ledger,
        )  # fmt: skip
        assert (found.logits is None) == (wanted.logits is None)
        if found.logits is not None and wanted.logits is not None:
            apart = (found.logits - wanted.logits).abs().max()
            assert apart <= (1e-4 if self.reopened else 0), "bit for bit"
        assert self.reads == reads

    @precondition(lambda self: not self.line.done and len(self.session.standings) < 12)
    @rule(width=st.integers(1, 3))
    def search(self, width: int) -> None:
        before, lines = self.seen(), {each.branch for each in self.session.standings}
        found, given_up = search(self.session, width)
        new = [each for each in self.session.standings if each.branch not in lines]
        assert len(new) == found <= width and self.session.standing.branch == new[0].branch
        assert len(self.session.given_up.get(before.branch, ())) == given_up
        for each in new:
            ids = each.line.ids
            assert each.parent == before.branch and each.fork == before.step and each.line.done
            assert ids[: len(before.ids)] == before.ids
            places = range(len(before.ids), len(ids))
            self.chosen |= {(each.text, tuple(ids[:place]), ids[place]) for place in places}
        self.undo.append(before)

    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        """Put another line beside this one, or none; the present one is refused."""
        before, here = self.seen(), self.session.standing.branch
        branch = data.draw(st.none() | st.sampled_from([each.branch for each in self.session.standings]))
        if branch == here:
            with pytest.raises(GlassheadError, match="You stand in this line"):
                self.session.compare_with(branch)
        else:
            self.session.compare_with(branch)
            assert self.session.moment.other == branch and self.session.guest is None
        assert self.line.ids == before.ids

    @rule(beside=st.booleans())
    def stand_beside(self, beside: bool) -> None:
        self.session.stand_beside(Guest.of(OTHER, "other") if beside else None)

    @rule(head=st.sampled_from(HEADS))
    def pin(self, head: tuple[str, int] | None) -> None:
        self.session.pinned = head

    @rule()
    def measure_edits(self) -> None:
        before, moment, reads = self.seen(), self.session.moment, self.reads
        found = self.session.measure_edits()
        after = self.session.moment
        assert [each.edit for each in found] == list(self.session.edits.active) and after.own_effects == found
        assert after.trace is moment.trace and self.line.ids == before.ids and self.session.edits == before.ledger
        effect = moment.effect
        if len(found) == 1 and effect is not None:
            own = found[0].alone
            assert own is not None and own == found[0].added
            assert own.tokens == sum(step.differs for step in effect.steps)
            assert own.next_bits is None or abs(own.next_bits - (effect.next_divergence or 0)) < 1e-6
        self.reads = reads

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete a line with those that come from it, unless the work stands in one of them."""
        lines = self.session.standings
        branch = data.draw(st.sampled_from([each.branch for each in lines]))
        gone = {branch}
        for each in lines:
            if each.parent in gone:
                gone.add(each.branch)
        if self.session.standing.branch in gone:
            with pytest.raises(GlassheadError, match="You stand in this line"):
                self.session.delete_branch(branch)
            gone = set()
        else:
            self.session.delete_branch(branch)
        assert {each.branch for each in self.session.standings} == {each.branch for each in lines} - gone
        self.undo = [each for each in self.undo if each.branch not in gone]

    @rule()
    def reopen(self) -> None:
        """Write the session to a file, and go on with what is read from it."""
        before, session, beside = self.seen(), self.session, self.session.guest
        session.stay()
        with tempfile.TemporaryDirectory() as folder:
            self.session = Session(SUBJECT)
            assert read_session(self.session, write_session(session, Path(folder) / "session.json")) is None
        self.session.stand_beside(beside) if beside is not None else None
        self.reopened = True
        after = self.seen()
        assert (after.branch, after.step, after.ids, after.ledger) == (
            before.branch, before.step, before.ids, before.ledger,
        )  # fmt: skip
        for one, other in zip(session.standings, self.session.standings, strict=True):
            lines = [
                (each.branch, each.parent, each.cause, each.fork, each.ledger, each.line.ids) for each in (one, other)
            ]
            assert lines[0] == lines[1]
        assert self.session.stops == session.stops and self.session.given_up == session.given_up
        assert self.session.other == session.other and self.session.pinned == session.pinned

    @invariant()
    def what_stands_beside_is_what_it_is_said_to_be(self) -> None:
        session = self.session
        if session.text is None:
            return
        moment = session.moment
        assert moment.pinned == session.pinned or moment.pinned in HEADS
        beside = moment.beside
        if session.guest is not None:
            assert isinstance(beside, OtherModel) and not moment.alone
            assert beside.how == (FOLLOWS if self.line.rows.lasting else OWN)
            fresh = OTHER.start(session.text)
            if beside.how == FOLLOWS:
                for token in self.line.ids[1:]:
                    fresh.choose(token)
            else:
                fresh.goto(self.line.step_number)
            assert torch.allclose(beside.trace["logits"], fresh.until(beside.trace.steps)["logits"], atol=1e-4)
        elif session.other is not None:
            other = next(each.line for each in session.standings if each.branch == session.other)
            assert isinstance(beside, Compared) and beside.trace.steps == beside.edited.steps
            assert torch.allclose(beside.trace["logits"], other.branch().until(beside.trace.steps)["logits"], atol=1e-4)
            assert [step.original and step.original.id for step in beside.steps][: other.step_number] == other.ids[1:]
        else:
            assert beside is moment.effect
        for one, two in zip(beside.steps if beside else (), moment.tokens[1:], strict=False):
            assert one.token is not None and one.token.id == two.id

    @invariant()
    def what_is_remembered_of_the_tree_is_what_a_new_one_finds(self) -> None:
        if self.session.text is None:
            return
        session = self.session
        lines = {each.branch: each for each in session.standings}
        fresh = Tree().branches(lines, session.standing.branch, session.given_up)
        told = session.moment.branches
        assert len(told) == len(fresh) == len(lines) and session.moment.stops is session.stops
        for one, other in zip(told, fresh, strict=True):
            assert bare(one) == bare(other)
            for known, found in zip(apart(one), apart(other), strict=True):
                assert found in (known, None), "rows may have been let go"

    @invariant()
    def a_fresh_decode_says_the_same(self, *, undoable: bool | None = None) -> None:
        if self.session.text is None:
            return
        reads = self.reads
        active = self.session.edits.active
        assert self.session.moment.undoable == (bool(self.undo) if undoable is None else undoable)
        fresh = SUBJECT.start(self.session.text, edit=changes_of(SUBJECT, active), pick=self.line.pick)
        for place, token in enumerate(self.line.ids[1:], 1):
            before = tuple(self.line.ids[:place])
            assert token == fresh.expected() or (self.session.text, before, token) in self.chosen
            fresh.choose(token)
        assert fresh.ids == self.line.ids
        if self.line.looks_ahead:
            one, other = self.line.rows.through(self.line.ids), fresh.rows.through(fresh.ids)
            assert torch.allclose(one, other, atol=1e-4)
        moment = self.session.moment
        effect = moment.effect
        if effect is not None:
            assert leaks(effect.cone, effect.edited, effect.trace) == (0, None)
        checks = {check.label: check for check in self.session.check()}
        assert all(check.ok or check.meant for check in checks.values()), checks
        assert all(check.ok for check in checks.values()) or AHEAD in map(str, active)
        assert (IN_CONE in checks) == (effect is not None)
        self.reads = reads


Moves.TestCase.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "20")),
    stateful_step_count=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # shrinking may take minutes
TestMoves = Moves.TestCase
