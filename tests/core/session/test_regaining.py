"""The way back after an edit: where a line stands at once, what is shown on the way, and what is left of it."""

import itertools
from typing import Any

import pytest
import torch
from tests.core.helpers import counted, restless
from tests.core.recordings import KINDS, subject_of

from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError
from glasshead.session.references import changes_of
from glasshead.session.session import Session
from glasshead.session.truths import leaks
from glasshead.subjects import Subject

SUBJECT = restless(10)
LATER = "decoder.*.cross.masked[key=1, query=4-] = hidden"
SCALED = "decoder.0.self.heads *= 4"
"""An edit after which the tokens are others."""
THROUGHOUT = ("decoder.1.ffn.out *= -3", "decoder.0.self.out *= -3")
"""Edits that change the tokens of any decoder: the one that fits is taken."""


def begun(subject: Subject = SUBJECT, text: str = "zebra", steps: int = 7) -> Session:
    session = Session(subject)
    session.begin(text)
    for _ in session.walk(steps):
        pass
    assert session.moment.until is None
    return session


def where(session: Session) -> tuple[int, int, list[int], Ledger, int | None]:
    """All that a person would say of where they are."""
    return session.standing.branch, session.line.step_number, session.line.ids, session.edits, session.moment.until


def same_values(one: Session, other: Session) -> bool:
    traces = [each.moment.trace for each in (one, other)]
    return all(torch.equal(traces[0][site], traces[1][site]) for site in traces[0].sites)


def test_an_edit_stands_at_once_where_it_begins_to_reach_and_each_step_from_there_is_one_pass() -> None:
    session = begun()
    ids = session.line.ids
    with counted(SUBJECT.native) as calls:
        session.edit(LATER, regain=False)
        assert calls == {"encode": 0, "decode": 1}, "the first row that it reaches"
        assert session.line.step_number == 4 and session.line.ids == ids[:5] and session.standing.fork == 4
        for number, _ in enumerate(session.regain(), 1):
            assert session.line.step_number == 4 + number
            assert calls["decode"] == number + (len(session.line.rows) == 5 + number)
        assert calls == {"encode": 0, "decode": 4}
    at_once = begun()
    at_once.edit(LATER)
    assert where(session) == where(at_once) and session.line.step_number == 7
    assert session.standing.fork == at_once.standing.fork and same_values(session, at_once)


def test_a_second_edit_shares_what_it_cannot_reach_with_the_line_until_now() -> None:
    session = begun()
    session.edit("encoder.1.self.heads[head=0] *= 5", SCALED)
    edited = session.line
    with counted(SUBJECT.native) as calls:
        session.edit(LATER, regain=False)
        assert calls == {"encode": 0, "decode": 1} and session.line.step_number == 4
    assert session.line.rows.memory is edited.rows.memory
    for _ in session.regain():
        pass
    fresh = SUBJECT.start("zebra", edit=changes_of(SUBJECT, session.edits.active))
    fresh.goto(7)
    assert fresh.ids == session.line.ids
    assert torch.equal(fresh.outlook["logits"], session.moment.trace["logits"])
    session.remove_edit(0)  # that of the encoder: now the line without edits has the source as it is read then
    assert session.line.rows.memory is session.standings[0].line.rows.memory


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bert"])
def test_the_way_is_told_of_the_first_changed_token_and_is_true_all_along(kind: str) -> None:
    """Of every kind of model: each moment on the way is what a fresh decode shows at that step."""
    subject = subject_of(kind)
    session = begun(subject, "abcadc", 5)
    before, there = session.line.ids, session.line.step_number
    edit = THROUGHOUT[0] if "decoder.1.ffn.out" in subject.anatomy.sites else THROUGHOUT[1]
    session.edit(edit, regain=False)
    prompt = len(session.line.prompt.start)
    told = []
    for changed in session.regain():
        line, moment, beside = session.line, session.moment, session.moment.effect
        told += [line.step_number] if changed else []
        assert beside is not None and len(beside.steps) == line.step_number == moment.step
        assert moment.until == (there if line.step_number < there and not line.done else None)
        assert leaks(beside.cone, moment.trace, beside.trace) == (0, None)
        fresh = subject.start("abcadc", edit=changes_of(subject, [edit]))
        fresh.goto(line.step_number)
        wanted = fresh.trace if changed and moment.until else fresh.outlook
        assert fresh.ids == line.ids and torch.equal(wanted["logits"], moment.trace["logits"])
        assert bool(moment.candidates) == (wanted.steps == len(line.ids)) == (beside.next_divergence is not None)
        assert all(check.ok or check.meant for check in session.check())
    parted = [place for place, pair in enumerate(zip(before, session.line.ids, strict=False)) if pair[0] != pair[1]]
    assert told == [place - prompt + 1 for place in parted[:1]]
    assert session.standing.fork == (parted[0] - prompt if parted else there)


def test_a_broken_way_leaves_the_line_where_it_got_to_and_undo_brings_back_the_rest() -> None:
    for taken in (0, 1, 3):
        session = begun()
        before = where(session)
        session.edit(SCALED, regain=False)
        for _ in itertools.islice(session.regain(), taken):
            assert session.moment.until == 7
        if taken:
            assert session.moment.until is None, "nobody leads it on"
        assert session.line.step_number == taken and not session.line.done
        for _ in session.walk(2):  # it is a line like any other
            pass
        fresh = SUBJECT.start("zebra", edit=changes_of(SUBJECT, [SCALED]))
        fresh.goto(taken + 2)
        assert session.line.ids == fresh.ids and session.moment.until is None
        assert list(session.regain()) == [], "the way has ended"
        session.undo()
        assert where(session) == before
        session.edit(SCALED)  # and the edit, once more, leads all the way
        assert session.line.step_number == 7 and session.standing.branch == 2


def test_a_move_on_the_way_ends_it() -> None:
    session = begun()
    session.edit(SCALED, regain=False)
    way = session.regain()
    next(way)
    session.undo()
    place = where(session)
    assert list(way) == [] and where(session) == place and session.line.step_number == 7


@pytest.mark.parametrize("stepwise", [False, True])
def test_an_edit_that_does_not_fit_a_later_row_leaves_all_as_it_was(stepwise: bool) -> None:
    edit = "decoder.0.self.weights[key=0 3] = 0.6 renormalised"  # from row 3 on there are both keys
    session = begun()
    session.edit(LATER)
    before, lines = where(session), [each.branch for each in session.standings]
    count = session.moment.undos
    with pytest.raises(GlassheadError, match="more than all of the weight"):
        if stepwise:
            session.edit(edit, regain=False)
            for _ in session.regain():
                assert session.line.step_number < 4
        else:
            session.edit(edit)
    assert where(session) == before and [each.branch for each in session.standings] == lines
    assert session.moment.undos == count and session.moment.trace.steps == 8
    session.edit("decoder.1.ffn = skipped")
    assert session.standing.branch == len(lines) + 1, "its number is free again"


def test_what_was_chosen_is_chosen_again_though_it_is_looked_at_on_the_way() -> None:
    """The line until now has left the original before the choice; the next edit changes no token of the original."""
    session = begun(steps=4)
    chosen = session.moment.candidates[3].id
    session.choose(chosen)
    for _ in session.walk(2):
        pass
    ids = session.line.ids
    session.edit(SCALED)
    assert session.line.ids[:5] != ids[:5]
    session.edit("decoder.0.ffn.out *= 1")
    session.remove_edit(0, regain=False)
    for _ in session.regain():
        assert session.moment.beside is not None
    assert session.line.ids == ids


def test_a_line_that_comes_back_goes_on_from_where_it_was() -> None:
    session = begun(steps=2)
    session.edit(SCALED)
    for _ in session.walk(5):
        pass
    session.clear_edits(regain=False)
    assert session.line.step_number == 3, "the token after the newest row costs nothing"
    assert session.moment.until == 7 and session.standing.branch == 1 and session.moment.beside is None
    told = list(session.regain())
    fresh = SUBJECT.start("zebra")
    fresh.goto(7)
    assert session.line.ids == fresh.ids and session.standing.fork == 0
    assert told == [True, *[False] * 4], "a changed token is there before the first step of the way"
    session.undo()
    assert session.line.step_number == 7 and session.standing.branch == 2


def test_undo_leads_through_what_was_forgotten_and_can_be_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    session = begun()
    wanted = {site: session.moment.trace[site].clone() for site in session.moment.trace.sites}
    ids = session.line.ids
    monkeypatch.setattr("glasshead.session.lines.BUDGET", 0)
    session.edit(SCALED)
    edited = session.line.ids
    assert session.standings[0].line.forgotten
    session.undo()
    assert session.line.step_number == 7, "who does not look on the way is there at once"
    changed = []
    for taken, told in enumerate(session.regain(), 1):
        changed += [taken] if told else []
        assert session.line.ids == ids[: taken + 1] and session.moment.trace.steps == taken + (not told)
    assert changed == [next(n for n, (one, other) in enumerate(zip(ids, edited, strict=True)) if one != other)]
    assert all(torch.equal(session.moment.trace[site], value) for site, value in wanted.items()), "bit for bit"
    session.visit(2)
    for _ in itertools.islice(session.regain(), 3):
        pass
    assert session.line.ids == edited[:4]
    for _ in session.walk(9, stopping=False):  # its tokens are known
        pass
    assert session.line.ids[:8] == edited


def test_a_model_that_writes_nothing_has_no_way() -> None:
    subject = subject_of("bert")
    session = Session(subject)
    session.begin("abcadc")
    session.edit("encoder.0.self.heads[head=0] = 0", regain=False)
    assert session.moment.until is None and list(session.regain()) == []


def test_edits_are_taken_from_where_they_first_differ() -> None:
    from glasshead.edits.language import parse
    from glasshead.edits.ledger import apart

    one, two, three = map(parse, (SCALED, LATER, THROUGHOUT[0]))
    cases: list[Any] = [
        ((one,), (one, two), (two,)), ((one, two, three), (one, three), (two, three, three)), ((), (one,), (one,)),
        ((one, two), (two, one), (one, two, two, one)), ((one,), (one,), ()),
    ]  # fmt: skip
    for before, after, wanted in cases:
        assert apart(before, after) == wanted


def test_where_edits_are_off_the_original_comes_back_and_leaves_the_line_where_the_tokens_part() -> None:
    session = begun(steps=4)
    original = session.line.ids
    session.edit(SCALED)
    session.choose(session.moment.candidates[4].id)  # a family of its own, without a line that has no edits
    before = session.line.ids
    session.switch_edit(0)
    parted = next(place for place, pair in enumerate(zip(before, session.line.ids, strict=True)) if pair[0] != pair[1])
    assert session.line.ids[:5] == original and session.standing.fork == parted - 1 < 4


def test_what_was_chosen_is_chosen_again_though_its_line_had_been_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshead.session.lines.BUDGET", 0)
    session = begun(steps=3)
    session.choose(session.moment.candidates[3].id)
    for _ in session.walk(2):
        pass
    ids = session.line.ids
    session.begin("abc")
    session.visit(2)
    assert session.line.forgotten
    session.edit("decoder.0.ffn.out *= 1")
    assert session.line.ids == ids


def test_what_is_taken_from_another_line_is_taken_anew_where_that_went_on() -> None:
    session = begun(steps=2)
    session.begin("abc")
    for _ in session.walk(7):
        pass
    session.edit("decoder.1.ffn.out = from line 1")
    session.visit(1)
    for _ in session.walk(5):
        pass
    session.visit(3)
    session.edit(LATER)
    fresh = SUBJECT.start("abc", edit=session.line.rows.watch.edit)
    fresh.goto(7)
    assert fresh.ids == session.line.ids
    assert torch.equal(fresh.outlook["logits"], session.moment.trace["logits"])


def test_where_the_future_is_seen_an_edit_beside_others_leaves_each_step_its_own_pass() -> None:
    edits = ("decoder.0.self.masked = revealed", "encoder.1.self.heads[head=0] *= 5")
    third = "decoder.0.self.heads[head=1, query=2-] *= 4"
    session = Session(SUBJECT)
    session.begin("zebra")
    session.edit(*edits)
    for _ in session.walk(3):
        pass
    session.edit(third)
    fresh = SUBJECT.start("zebra", edit=changes_of(SUBJECT, (*edits, third)))
    fresh.goto(session.line.step_number)
    assert fresh.ids == session.line.ids
    for one, other in zip(fresh.recall(3), session.line.recall(3), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
