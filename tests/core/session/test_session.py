"""A session without a screen: where the work stands after every move, and undo."""

from pathlib import Path

import pytest
import torch

from glasshead.errors import GlassheadError, TooLongError
from glasshead.found import load
from glasshead.session.session import Session
from glasshead.subjects import Subject

UNSCALED, NOWHERE = "*.scores = unscaled", "*.position = 0"


@pytest.fixture(scope="module")
def subject(tiny: Path) -> Subject:
    return load(tiny)


@pytest.fixture
def session(subject: Subject) -> Session:
    made = Session(subject)
    made.begin("the black cat")
    return made


def walk(session: Session, steps: int) -> None:
    for _ in session.walk(steps):
        pass


def where(session: Session) -> tuple[str, list[int], str]:
    """The text, the tokens so far and the change: what a person would say of where they are."""
    return session.moment.text, [token.id for token in session.moment.tokens], session.moment.changed


def test_before_the_first_text_there_is_nothing(subject: Subject) -> None:
    session = Session(subject)
    for move in (lambda: session.moment, lambda: session.line, lambda: session.rewind(0), lambda: session.choose(4)):
        with pytest.raises(GlassheadError, match="no sentence yet"):
            move()
    with pytest.raises(GlassheadError, match="nothing to undo"):
        session.undo()


def test_a_moment_is_frozen_and_the_same_until_something_moves(session: Session) -> None:
    first = session.moment
    assert session.moment is first
    walk(session, 2)
    assert session.moment is not first and (first.step, session.moment.step) == (0, 2)
    session.rewind(-3)
    assert session.moment.step == 0
    session.rewind(9)
    assert session.moment.step == 0, "rewinding never goes on"


def test_a_moment_says_what_its_line_says(session: Session) -> None:
    walk(session, 3)
    moment, line = session.moment, session.line
    assert list(moment.tokens) == line.tokens and list(moment.source) == line.source
    chances = line.probabilities().double()
    assert moment.entropy == pytest.approx(float(-(chances * chances.log2()).nansum()))
    assert list(moment.candidates) == line.candidates(24)
    assert (moment.limit, moment.done, moment.ended) == (line.limit, False, False)
    assert moment.trace.steps == 4


def test_a_moment_says_how_the_vocabulary_reads_the_text(session: Session) -> None:
    assert session.moment.read == session.moment.text == "the black cat"
    session.begin("The  BLACK cat")
    assert session.moment.read == session.subject.codecs.source.normalize("The  BLACK cat") == "the black cat"


def test_walking_can_be_broken_off(session: Session) -> None:
    for number, _ in enumerate(session.walk(10)):
        if number == 3:
            break
    assert session.moment.step == 4
    walk(session, 10_000)
    assert session.moment.done and session.moment.step <= session.moment.limit
    assert session.moment.ended == (session.line.ids[-1] in session.line.rows.model.ends)


def test_every_move_but_a_step_is_undone_in_turn(session: Session) -> None:
    walk(session, 2)
    seen = [where(session)]
    session.choose(session.moment.candidates[3].id)
    seen.append(where(session))
    session.begin("a dog")
    walk(session, 1)
    seen.append(where(session))
    session.edit(UNSCALED)
    walk(session, 2)
    seen.append(where(session))
    session.begin("the small house")
    assert session.moment.changed == UNSCALED, "a new text is decoded under the edits too"
    for wanted in reversed(seen):
        session.undo()
        assert where(session) == wanted
    assert not session.moment.undoable
    with pytest.raises(GlassheadError, match="nothing to undo"):
        session.undo()


def test_the_token_that_would_have_come_is_a_step_and_no_branch(session: Session) -> None:
    session.choose(session.moment.candidates[0].id)
    assert session.moment.step == 1 and not session.moment.undoable


def test_a_branch_costs_no_run_of_the_encoder_and_leaves_the_line_as_it_was(session: Session) -> None:
    walk(session, 3)
    at = session.moment
    line, ids = session.line, session.line.ids
    session.rewind(1)
    session.choose(at.candidates[5].id, session.moment)
    assert session.line is not line and session.line.rows.memory is line.rows.memory
    session.undo()
    assert session.line is line and line.ids == ids[:2]


def test_a_try_after_a_try_takes_its_place(session: Session) -> None:
    before = where(session)
    session.begin("the black cat", edits=[UNSCALED], tried=True)
    session.begin("a dog", edits=[NOWHERE], tried=True)
    assert session.moment.changed == NOWHERE
    session.undo()
    assert where(session) == before
    session.begin("a dog", edits=[], tried=True)
    assert session.moment.changed == "" and session.moment.text == "a dog"


def test_what_cannot_be_done_moves_nothing(session: Session) -> None:
    walk(session, 1)
    before = where(session)
    for error, text in ((TooLongError, "dog " * 99), (GlassheadError, " ")):
        with pytest.raises(error):
            session.begin(text)
    with pytest.raises(GlassheadError, match="no token"):
        session.choose(10**6)
    for wrong in ("red", "decoder.9.self.heads = 0", "decoder.0.ffn.out[unit=99] = 0"):
        with pytest.raises(GlassheadError):
            session.edit(UNSCALED, wrong)
        with pytest.raises(GlassheadError):
            session.begin("a dog", edits=[wrong])
        with pytest.raises(GlassheadError, match="no edit 0"):
            session.switch_edit(0)
    for move in (session.visit, session.fold_branch, session.delete_branch, lambda n: session.name_branch(n, "x")):
        with pytest.raises(GlassheadError, match="no line 9"):
            move(9)
    assert where(session) == before and not session.moment.undoable
    other = session.moment
    session.begin("a dog")
    with pytest.raises(GlassheadError, match="another sentence"):
        session.choose(4, other)


def test_what_is_shown_is_checked(session: Session) -> None:
    walk(session, 4)
    assert [check.ok for check in session.check()] == [True] * 4


def test_the_way_back_to_the_opened_model_is_never_forgotten(session: Session) -> None:
    session.edit(UNSCALED)
    for number in range(40):
        session.begin("a dog" if number % 2 else "the black cat")
    for _ in range(60):
        if not session.moment.undoable:
            break
        session.undo()
    assert session.moment.changed == "" and not session.edits.entries


def test_it_is_said_how_often_to_undo_until_a_change_is_gone(session: Session) -> None:
    assert session.moment.undos == 0
    session.edit(UNSCALED)
    assert session.moment.undos == 1
    session.begin("a dog")
    session.choose(session.moment.candidates[2].id)
    assert session.moment.undos == 3
    for _ in range(3):
        assert session.moment.changed
        session.undo()
    assert session.moment.changed == ""


def test_a_branch_under_an_edit_survives_another_edit(session: Session) -> None:
    session.edit(UNSCALED)
    session.choose(session.moment.candidates[2].id)
    branch = where(session)
    session.edit(NOWHERE)
    session.undo()
    assert where(session) == branch


def test_a_moment_before_a_branch_offers_nothing_after_it(session: Session) -> None:
    walk(session, 3)
    old = session.moment
    session.rewind(1)
    session.choose(session.moment.candidates[3].id)
    before = where(session)
    with pytest.raises(GlassheadError, match="another sentence"):
        session.choose(old.candidates[1].id, old)
    assert where(session) == before


def test_what_undo_remembers_stays_within_the_budget_of_one_line(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(session, 3)
    one = session.line.rows.record.bytes
    monkeypatch.setattr("glasshead.session.lines.BUDGET", 3 * one)
    for _ in range(8):
        session.begin("the black cat")
        walk(session, 3)
    assert sum(each.line.bytes for each in session.standings) <= 3 * one
    assert len(session.before) == 8
    for _ in range(8):  # their tokens stayed, and what is looked at again is computed again
        session.undo()
        assert session.moment.step == 3 and session.moment.trace.steps == 4


def test_an_edit_that_is_there_already_and_one_that_is_off_move_nothing_but_the_ledger(session: Session) -> None:
    walk(session, 2)
    session.edit(UNSCALED)
    line = session.line
    session.edit(UNSCALED)
    assert session.line is line and session.moment.undos == 1
    session.switch_edit(0)
    assert session.moment.changed == "" and len(session.edits) == 1
    session.remove_edit(0)
    assert not session.edits.entries
    session.undo()
    assert [entry.on for entry in session.edits.entries] == [False]
    session.undo()
    assert [entry.on for entry in session.edits.entries] == [True] and session.line is line


def test_undo_brings_back_the_step_at_which_an_edit_was_made(session: Session) -> None:
    walk(session, 4)
    session.edit(UNSCALED)
    session.rewind(1)
    session.clear_edits()
    assert session.moment.step == 1
    session.undo()
    assert (session.moment.step, session.moment.changed) == (1, UNSCALED)
    session.undo()
    assert (session.moment.step, session.moment.changed) == (4, "")


def test_a_usual_token_of_the_edited_line_is_not_put_into_the_original(session: Session) -> None:
    """Only what a person chose against the model's own choice is chosen in both."""
    alone = session.subject.start("the black cat")
    alone.goto(3)
    session.edit(f"logits[unit={alone.ids[len(alone.ids) - 3]}] = -inf")
    session.choose(session.moment.candidates[0].id)
    walk(session, 2)
    beside = session.moment.beside
    assert beside is not None
    assert [step.original and step.original.id for step in beside.steps] == alone.ids[-3:] and beside.first == 0


def test_a_token_chosen_under_an_edit_stays_when_the_edit_goes(session: Session) -> None:
    session.edit("decoder.1.ffn = skipped")
    chosen = session.moment.candidates[3].id
    session.choose(chosen)
    walk(session, 2)
    session.clear_edits()
    line = session.subject.start("the black cat")
    line.choose(chosen)
    line.goto(3)
    assert session.line.ids == line.ids and session.moment.step == 3
    assert torch.equal(session.line.probabilities(), line.probabilities())
