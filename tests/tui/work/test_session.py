"""The session alone: jobs in their order, and what stops them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glasshead_tui.work.messages import Checked, NotOpened, Opened, Refused, Stepped
from glasshead_tui.work.session import Session

Heard = list[Any]


@pytest.fixture
def heard() -> Heard:
    return []


def work(session: Session, heard: Heard, done: Callable[[Heard], bool]) -> None:
    """Let the session work until what it said satisfies `done`."""
    finished = threading.Event()

    def hear(message: Any) -> None:
        heard.append(message)
        if done(heard):
            finished.set()

    session._post = hear
    thread = threading.Thread(target=session.run, args=(finished.is_set,))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert done(heard)


def steps(heard: Heard) -> list[int]:
    return [message.moment.step for message in heard if isinstance(message, Stepped)]


def checked(heard: Heard) -> bool:
    return isinstance(heard[-1], Checked | NotOpened)


def test_jobs_are_done_in_order_and_then_checked(tiny: Path, heard: Heard) -> None:
    session = Session(str(tiny), "the black cat", heard.append)
    for job in (session.step, session.step, session.back, session.step):
        job()
    work(session, heard, checked)
    assert isinstance(heard[0], Opened)
    assert steps(heard) == [0, 1, 2, 1, 2]
    assert all(check.ok for check in heard[-1].checks)
    assert len(heard[-1].checks) == 4


def test_halt_stops_what_was_asked_for_and_nothing_later(tiny: Path, heard: Heard) -> None:
    session = Session(str(tiny), "the black cat", heard.append)
    session.end()
    session.step(9)
    session.halt()
    session.step()
    work(session, heard, checked)
    assert steps(heard) == [0, 0, 0, 1]


def test_walking_to_the_end_gives_way_to_what_comes_next(tiny: Path, heard: Heard) -> None:
    session = Session(str(tiny), "the black cat", heard.append)
    session.end()
    session.begin("a dog")
    work(session, heard, checked)
    assert heard[-1].moment.text == "a dog"
    assert steps(heard) == [0, 0, 0]


def test_a_token_of_another_sentence_is_refused(tiny: Path, heard: Heard) -> None:
    session = Session(str(tiny), "the black cat", heard.append)
    work(session, heard, lambda heard: bool(steps(heard)))
    first = heard[-1].moment if isinstance(heard[-1], Stepped) else heard[1].moment
    session.begin("a dog")
    ticket = session.choose(first.candidates[0].id, first)
    again: Heard = []
    work(session, again, lambda heard: any(isinstance(message, Refused) for message in heard))
    [refused] = [message for message in again if isinstance(message, Refused)]
    assert "another sentence" in refused.sentence
    assert refused.ticket == ticket


def test_a_folder_that_is_no_checkpoint_is_told(tmp_path: Path, heard: Heard) -> None:
    work(Session(str(tmp_path), None, heard.append), heard, checked)
    assert "not a checkpoint" in heard[-1].sentence
