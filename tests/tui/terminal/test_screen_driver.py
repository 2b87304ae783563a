"""A screen and its terminal: sizes, signals, stopping and coming back, and the end of the terminal."""

import os
import signal
import sys
import termios
from pathlib import Path

import pytest
from tests.tui.pseudo_terminal import Terminal
from tests.tui.runs import make

TAKEN = (b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1000h", b"\x1b[?2004h")
GIVEN_BACK = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
SHELL = "import fcntl, os, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp('bash', ['bash', '--norc', '-i'])"
"""A shell that owns its terminal, and so can stop what runs in it and go on with it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to watch: that screen needs no torch, and is there at once."""
    return make(tmp_path_factory.mktemp("runs") / "run").folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_signal_leaves_the_screen_and_is_the_exit_status(folder: Path, number: signal.Signals) -> None:
    with Terminal("watch", str(folder)) as terminal:
        before = termios.tcgetattr(terminal.host)
        terminal.until("q quit")
        assert termios.tcgetattr(terminal.host) != before
        terminal.program.send_signal(number)
        assert terminal.status() == 128 + number
        for taken, back in zip(TAKEN, GIVEN_BACK, strict=True):
            assert terminal.raw.rfind(back) > terminal.raw.rfind(taken) >= 0
        assert termios.tcgetattr(terminal.host) == before


def test_a_screen_ends_when_its_terminal_is_gone_and_nobody_says_so(folder: Path) -> None:
    with Terminal("watch", str(folder)) as terminal:  # in no session of this terminal: it gets no SIGHUP
        terminal.until("q quit")
        terminal.hang_up()
        assert terminal.program.wait(10) == 128 + signal.SIGHUP


def test_the_terminal_knows_its_size_better_than_the_environment(folder: Path) -> None:
    with Terminal("watch", str(folder), size=(90, 30), env={"COLUMNS": "120", "LINES": "36"}) as terminal:
        terminal.until("q quit")
        assert "q quit" in terminal.screen.display[29]
        terminal.resize(70, 20)
        terminal.program.send_signal(signal.SIGWINCH)
        terminal.until("? help")
        while terminal.read(0.2):
            pass
        assert "q quit" in terminal.screen.display[19]
        assert all(f"\x1b[{row};".encode() not in terminal.raw for row in range(31, 37)), "it drew below the window"


def test_it_stops_and_comes_back_whole(folder: Path, tmp_path: Path) -> None:
    """ctrl+z, and the same from outside; also a stop without a warning."""
    with Terminal(program=("-c", SHELL), size=(90, 30), env={"PS1": "SHELL> "}) as terminal:
        number = tmp_path / "number"
        terminal.until("SHELL>")
        watch = f"{sys.executable} -m glasshead_tui watch {folder}"
        terminal.press(f"sh -c 'echo $$ > {number}; exec {watch}'", "enter")
        terminal.until("q quit", "says now", "row sums to 1.000")
        while terminal.read(0.3):
            pass
        shown = terminal.text.splitlines()
        for stop in ("\x1a", None):  # ctrl+z, and as by another program
            if stop:
                terminal.press(stop)
            else:
                os.kill(int(number.read_text()), signal.SIGTSTP)
            terminal.until("Stopped", "SHELL>")
            terminal.screen.reset()
            terminal.press("fg", "enter")
            terminal.until(*shown)
        terminal.screen.reset()  # as after text of another program
        terminal.press("\x0c")  # ctrl+l
        terminal.until(*shown)
        terminal.press(")")  # it hears keys, and draws
        terminal.until("head 1")
        os.kill(int(number.read_text()), signal.SIGSTOP)  # this one asks nobody
        terminal.until("Stopped", "SHELL>")
        terminal.screen.reset()
        terminal.press("fg", "enter")
        terminal.until("q quit", "head 1")
        terminal.press("q")
        terminal.until("SHELL>")
        terminal.press("echo it ended: $?", "enter")
        terminal.until("it ended: 0")
