"""The worker alone: jobs in their order, what stops them, and whom the answers reach."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glasshead.errors import GlassheadError
from glasshead.found import find
from glasshead.session.file import read_session
from glasshead.session.session import Session
from glasshead_tui.work import leaving
from glasshead_tui.work.jobs import Jobs
from glasshead_tui.work.messages import Checked, MeasuringEdits, NotOpened, Opened, Refused, Stepped
from glasshead_tui.work.worker import Worker


class Ear:
    """Somebody who asks, and keeps the answers."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.enough: Callable[[list[Any]], bool] = lambda heard: False
        self.finished = threading.Event()

    def post_message(self, message: object) -> bool:
        self.heard.append(message)
        if self.enough(self.heard):
            self.finished.set()
        return True

    @property
    def steps(self) -> list[int]:
        return [message.moment.step for message in self.heard if isinstance(message, Stepped)]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def worker(tiny: Path, ear: Ear) -> Worker:
    """A worker on a tiny model, asked to open it."""
    made = Worker(find(tiny), "the black cat")
    made.open(to=ear)
    return made


def work(worker: Worker, ear: Ear, done: Callable[[list[Any]], bool]) -> None:
    """Let the worker work until what the ear heard satisfies `done`."""
    ear.enough = done
    ear.finished.clear()
    thread = threading.Thread(target=worker.run, args=(ear.finished.is_set,))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert done(ear.heard)


def checked(heard: list[Any]) -> bool:
    return isinstance(heard[-1], Checked | NotOpened)


def test_jobs_are_done_in_order_and_then_checked(worker: Worker, ear: Ear) -> None:
    for job in (worker.step, worker.step, worker.back, worker.step):
        job(to=ear)
    work(worker, ear, checked)
    assert isinstance(ear.heard[0], Opened)
    assert ear.steps == [0, 1, 2, 1, 2]
    assert all(check.ok for check in ear.heard[-1].checks)
    assert len(ear.heard[-1].checks) == 4


def test_halt_stops_what_was_asked_for_and_nothing_later(worker: Worker, ear: Ear) -> None:
    worker.end(to=ear)
    worker.step(9, to=ear)
    worker.halt()
    worker.step(to=ear)
    work(worker, ear, checked)
    assert ear.steps == [0, 0, 0, 1]


def test_walking_to_the_end_gives_way_to_what_comes_next(worker: Worker, ear: Ear) -> None:
    worker.end(to=ear)
    worker.begin("a dog", to=ear)
    work(worker, ear, checked)
    assert ear.heard[-1].moment.text == "a dog"
    assert ear.steps == [0, 0, 0]


def test_a_token_of_another_sentence_is_refused(worker: Worker, ear: Ear) -> None:
    work(worker, ear, lambda heard: any(isinstance(message, Stepped) for message in heard))
    first = next(message.moment for message in ear.heard if isinstance(message, Stepped))
    worker.begin("a dog", to=ear)
    ticket = worker.choose(first.candidates[0].id, first, to=ear)
    work(worker, ear, lambda heard: any(isinstance(message, Refused) for message in heard))
    [refused] = [message for message in ear.heard if isinstance(message, Refused)]
    assert "another sentence" in refused.sentence
    assert refused.ticket == ticket


def test_answers_go_to_whoever_asked(worker: Worker, ear: Ear) -> None:
    other = Ear()
    worker.step(to=other)
    work(worker, other, checked)
    assert ear.steps == [0] and other.steps == [1]
    assert not any(isinstance(message, Checked) for message in ear.heard)


def test_what_is_shown_again_is_checked_again(worker: Worker, ear: Ear) -> None:
    worker.end(to=ear)
    work(worker, ear, checked)
    heard = len(ear.heard)
    worker.end(to=ear)
    work(worker, ear, lambda found: len(found) > heard and checked(found))


def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path, ear: Ear) -> None:
    class Broken:
        title = "broken"

        def open(self) -> None:
            raise GlassheadError("It is broken.")

    broken: Any = Broken()
    worker = Worker(broken, None)
    worker.open(to=ear)
    work(worker, ear, checked)
    assert [type(message) for message in ear.heard] == [NotOpened]
    assert ear.heard[0].sentence == "It is broken."


def test_a_text_that_is_read_in_the_thread_and_does_not_fit_is_told(tiny: Path, ear: Ear) -> None:
    def read() -> str:
        raise GlassheadError("The sentence is too long.")

    worker = Worker(find(tiny), read)
    worker.open(to=ear)
    work(worker, ear, checked)
    assert [message.sentence for message in ear.heard] == ["The sentence is too long."]


def test_a_text_may_be_read_in_the_thread(tiny: Path, ear: Ear) -> None:
    worker = Worker(find(tiny), lambda: "the zebra")
    worker.open(to=ear)
    work(worker, ear, checked)
    assert [message.moment.text for message in ear.heard if isinstance(message, Stepped)] == ["the zebra"]


def test_what_is_put_aside_is_in_nobodys_way(ear: Ear) -> None:
    jobs = Jobs()
    asked = jobs.put(lambda: None, ear)
    assert not jobs.idle and jobs.newest == asked
    aside = jobs.put(lambda: None, ear, aside=True)
    first = jobs.take(0)
    assert first is not None and first.ticket == asked and not first.aside
    assert jobs.idle and jobs.newest == asked, "neither decoding to the end nor playing gives way to it"
    jobs.halt()
    second = jobs.take(0)
    assert second is not None and second.ticket == aside and jobs.halted(aside), "esc stops it all the same"
    jobs.put(lambda: None, ear)
    assert not jobs.idle


EDIT = "decoder.*.ffn.out *= -3"


@pytest.fixture
def slow(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker that stands after six steps, and shows on the way only what must be shown."""
    monkeypatch.setattr("glasshead_tui.work.worker.PACE", 1e9)
    return worker


def shown(ear: Ear) -> list[tuple[int, int | None, bool]]:
    """What was shown, after the first moment and the six steps: step, step on the way to, and whether it is edited."""
    moments = [message.moment for message in ear.heard if isinstance(message, Stepped)][2:]
    return [(moment.step, moment.until, bool(moment.edits.active)) for moment in moments]


def test_an_edit_is_shown_once_a_token_changes_and_then_where_the_line_stood(slow: Worker, ear: Ear) -> None:
    slow.step(6, to=ear)
    slow.edit(EDIT, to=ear)
    slow.step(to=ear)
    slow.undo(to=ear)
    work(slow, ear, checked)
    early, late, on, back = shown(ear)
    assert early[1:] == (6, True) and late == (6, None, True) and on == (7, None, True) and back == (6, None, False)
    moments = [message.moment for message in ear.heard if isinstance(message, Stepped)][1:]
    assert moments[0].tokens[: early[0]] == moments[1].tokens[: early[0]]
    assert moments[0].tokens[early[0]].id != moments[1].tokens[early[0]].id, (
        "the newest token is the first that differs"
    )
    assert moments[1].beside is not None and moments[1].beside.first == early[0] - 1
    assert all(check.ok for check in ear.heard[-1].checks)
    tickets = [message.ticket for message in ear.heard if isinstance(message, Stepped)]
    assert tickets[2] == tickets[3] < tickets[4], "both answer the edit"


def test_measuring_edits_is_told_by_the_moment_gives_way_and_is_stopped_by_halt(worker: Worker, ear: Ear) -> None:
    edits = [f"decoder.{layer}.cross.heads[head={head}] = 0" for layer in (0, 1) for head in (0, 1)]
    worker.goto(4, to=ear)
    worker.edit(*edits, to=ear)
    first = worker.measure_edits(to=ear)
    work(worker, ear, checked)
    told = [each for each in ear.heard if isinstance(each, Stepped)][-1]
    assert told.ticket == first and [str(each.edit) for each in told.moment.own_effects] == edits
    assert [each.ticket for each in ear.heard if isinstance(each, MeasuringEdits)][:1] == [first]
    worker.step(to=ear)
    second = worker.measure_edits(to=ear)
    worker.back(to=ear)  # it waits already
    work(worker, ear, lambda heard: any(isinstance(each, Refused) for each in heard))
    assert [each.ticket for each in ear.heard if isinstance(each, Refused)] == [second]
    third = worker.measure_edits(to=ear)
    worker.halt()
    work(worker, ear, lambda heard: isinstance(heard[-1], Refused) and heard[-1].ticket == third)
    assert not any(each.ticket in (second, third) for each in ear.heard if isinstance(each, Stepped))


def test_halt_on_the_way_leaves_the_line_there_and_undo_brings_the_rest_back(slow: Worker, ear: Ear) -> None:
    def halting(message: object) -> bool:
        if isinstance(message, Stepped) and message.moment.until is not None:
            slow.halt()
            slow.undo(to=ear)
        return heard(message)

    heard, ear.post_message = ear.post_message, halting  # type: ignore[method-assign]
    slow.step(6, to=ear)
    slow.edit(EDIT, to=ear)
    work(slow, ear, checked)
    early, halted, back = shown(ear)
    assert early[:2] == (halted[0], 6) and halted[1:] == (None, True) and back == (6, None, False)


def test_halt_before_the_way_leaves_the_line_where_the_edit_begins_to_reach(slow: Worker, ear: Ear) -> None:
    work(slow, ear, checked)
    slow.step(6, to=ear)
    work(slow, ear, lambda heard: checked(heard) and heard[-1].moment.step == 6)
    slow.edit(EDIT, to=ear)
    slow.halt()
    slow.undo(to=ear)
    work(slow, ear, lambda heard: checked(heard) and heard[-1].moment.line > 2)
    assert shown(ear) == [(0, None, True), (6, None, False)]


def test_an_edit_that_does_not_fit_a_later_step_is_refused_and_what_was_there_is_shown_again(
    worker: Worker, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = "decoder.0.self.weights[key=0 3] = 0.6 renormalised"  # from step 3 on there are both keys
    worker.step(6, to=ear)
    monkeypatch.setattr("glasshead_tui.work.worker.PACE", 0.0)
    worker.edit(edit, to=ear)
    work(worker, ear, checked)
    found = [message for message in ear.heard if isinstance(message, Stepped | Refused)]
    refused = next(message for message in found if isinstance(message, Refused))
    assert "more than all of the weight" in refused.sentence
    assert any(message.moment.until for message in found if isinstance(message, Stepped))
    last = [message.moment for message in found if isinstance(message, Stepped)][-1]
    assert (last.step, last.until, last.edits.active) == (6, None, ()) and found[-1] is refused


def test_the_end_gives_a_pass_up_and_loses_nothing(
    tiny: Path, tmp_path: Path, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "PATIENCE", 0.0)
    file, found = tmp_path / "work.json", find(tiny)
    given_up = 0
    for looks in (*range(1, 40, 6), 1000):
        worker = Worker(found, "the black cat", session=file)
        worker.open(to=ear)
        worker.edit("decoder.0.cross.heads[head=0] = 0", to=ear)
        left = iter(range(looks))
        ear.heard.clear()
        worker.run(lambda left=left: next(left, None) is None)  # type: ignore[misc]
        given_up += not any(isinstance(message, Checked) for message in ear.heard)
        worker.close()
        shown = [message for message in ear.heard if isinstance(message, Stepped)]
        assert file.exists() == bool(shown)
        if shown:
            session = Session(found.open())
            read_session(session, file)
            assert session.text == "the black cat"
            assert [str(each) for each in session.moment.edits.active] == [
                str(each) for each in shown[-1].moment.edits.active
            ]
            assert all(check.ok for check in session.check())
            file.unlink()
    assert 0 < given_up < 8
