"""A region of the terminal, by what arrives at the other end of a pty."""

import os
import pty
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import TextIO

import pytest
from rich.text import Text

from glasshead_tui.terminal.region import Draw, Region


class Line:
    """Both ends of a terminal: what is printed here can be read there."""

    def __init__(self) -> None:
        self.host, self.guest = pty.openpty()
        self.file: TextIO = os.fdopen(self.guest, "w", encoding="utf-8")
        self.got = b""

    def read(self, seconds: float = 0.2) -> None:
        """Take in what comes within some time."""
        os.set_blocking(self.host, False)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.got += os.read(self.host, 1 << 16)
            except BlockingIOError:
                time.sleep(0.005)

    def region(self, draw: Draw, period: float = 0.01) -> Region:
        """A region of this terminal."""
        with redirect_stdout(self.file):
            return Region(draw, period=period)


@pytest.fixture
def line() -> Iterator[Line]:
    """A terminal, for a while."""
    made = Line()
    yield made
    os.close(made.host)
    try:
        made.file.close()
    except OSError:
        return  # one test closes the other end


def test_drawing_takes_no_more_than_its_share_of_the_time(line: Line) -> None:
    drawn = []

    def draw(_width: int, _height: int) -> list[Text]:
        drawn.append(time.monotonic())
        end = time.thread_time() + 0.008
        while time.thread_time() < end:
            pass
        return [Text("busy")]

    with line.region(draw, 0.001):
        line.read(2.0)
    assert 1 <= len(drawn) <= 3  # 8 ms are a hundredth of 0.8 s


def test_a_terminal_that_takes_nothing_holds_nobody_up(line: Line) -> None:
    with line.region(lambda *_: [Text("x" * 70)] * 20, 0.001) as region:
        time.sleep(0.3)  # nobody reads: what is drawn fills the terminal's buffer, as after Ctrl-S
        began = time.monotonic()
        for number in range(1000):
            region.keep(Text(f"kept {number}"))
            print("printed", number)
        assert time.monotonic() - began < 1.0
        reader = threading.Thread(target=line.read, args=(1.5,))
        reader.start()
    reader.join()
    kept = [part for part in line.got.decode().split() if part.isdigit()]
    assert kept == [str(number) for number in range(1000) for _ in range(2)]


def test_a_terminal_that_is_gone_ends_nothing(line: Line) -> None:
    with line.region(lambda *_: [Text("here")]) as region:
        line.read(0.1)
        os.close(line.host)
        time.sleep(0.1)
        region.keep(Text("nobody reads this"))
        time.sleep(0.1)
        region.keep(Text("nor this"))
    line.host = os.open(os.devnull, os.O_RDONLY)
    assert b"here" in line.got


def test_what_cannot_be_drawn_is_a_bug_of_who_draws(line: Line) -> None:
    def draw(_width: int, _height: int) -> list[Text]:
        raise ZeroDivisionError("in the drawing")

    with pytest.raises(ZeroDivisionError, match="in the drawing"), line.region(draw) as region:
        while True:
            region.keep(Text("kept"))
            time.sleep(0.01)
    line.read()
    assert line.got.endswith(b"\x1b[?7h\x1b[?25h")


def test_streams_are_given_back_with_what_was_begun(line: Line) -> None:
    before = sys.stdout
    with line.region(lambda *_: []):
        assert sys.stdout is not before
        print("\x1b[31mwhole\x1b[0m\nrewritten\rhal", end="")
        sys.stdout.write("f")
    assert sys.stdout is before
    line.read()
    assert b"whole" in line.got and b"half" in line.got and b"rewritten" not in line.got
