"""Without a home, or with one that is closed, the program opens; what it does without it says."""

from pathlib import Path

import pytest
from tests.tui.pseudo_terminal import Terminal
from tests.tui.runs import make

from glasshead.errors import GlassheadError
from glasshead_tui.app import WatchApp
from glasshead_tui.state import course

NOBODY = """
import pwd, sys
def unknown(number): raise KeyError(number)
pwd.getpwuid = unknown
from glasshead_tui.cli import main
main()
"""
"""The program, run by a user whom the system does not know, as in a container."""
NOWHERE = {"HOME": None, "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None}


def test_it_opens_without_a_home_and_says_what_it_does_without(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with Terminal("watch", str(run.folder), size=(120, 36), env=NOWHERE, program=("-c", NOBODY)) as terminal:
        terminal.until("Your own keys were not read: there is no home folder")
        terminal.press("q")
        assert terminal.status() == 0


def test_keys_that_cannot_be_read_leave_the_usual_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: tmp_path)  # a folder: root may read every file
    app = WatchApp(make(tmp_path / "run").folder)
    assert app._own_keys == {}
    assert app._notices == [f"Your own keys were not read from {tmp_path}: Is a directory."]


def test_without_a_home_the_lesson_begins_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: str) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(course, "user_state_path", lost)
    assert course.read() == course.Place()
    course.forget()
    with pytest.raises(GlassheadError, match="cannot be kept: there is no home folder"):
        course.write(course.Place())
