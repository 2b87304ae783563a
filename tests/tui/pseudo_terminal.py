"""A program in a real pseudo-terminal, with the screen that a person would see."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence

import pyte
from tests.forking import Fork, server

GLASSHEAD = ("-m", "glasshead_tui")
"""The program from its very start, imports included."""
KEYS = {
    "space": " ",
    "enter": "\r",
    "escape": "\x1b",
    "left": "\x1b[D",
    "right": "\x1b[C",
    "up": "\x1b[A",
    "down": "\x1b[B",
}
# What is asked of a terminal and pyte does not know; it knows how to cut lines off (7).
UNKNOWN = re.compile(rb"\x1b\[(?!\?7[lh])[<>=?][0-9;]*[a-zA-Z]|\x1b\[[0-9;]*t|\x1bP.*?\x1b\\", re.S)


class Terminal:
    """`glasshead WORDS…`, or another Python program, in a pty of columns × rows."""

    def __init__(
        self,
        *words: str,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str | None] | None = None,
        program: Sequence[str] | None = None,
    ) -> None:
        """env: changes of the environment. program: what Python runs; else a fork has imported all before it begins."""
        columns, rows = size
        self.raw = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._host: int | None
        self._host, guest = pty.openpty()
        fcntl.ioctl(guest, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": None, "COLUMNS": None, "LINES": None}
        wanted = {**os.environ, **usual, **(env or {})}
        given = {name: value for name, value in wanted.items() if value is not None}
        self.program: subprocess.Popen[bytes] | Fork
        if program is None:
            self.program = server().start(*words, stdin=guest, stdout=guest, env=given)
        else:
            command = [sys.executable, *program, *words]
            self.program = subprocess.Popen(
                command, stdin=guest, stdout=guest, stderr=guest, env=given, start_new_session=True
            )
        os.close(guest)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.program.wait()
        if self._host is not None:
            self.hang_up()

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what comes within some time; whether anything came."""
        if not select.select([self.host], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.host, 1 << 16)
        except OSError:
            return False
        self.raw += got
        self._stream.feed(UNKNOWN.sub(b"", got))
        return bool(got)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            os.write(self.host, KEYS.get(key, key).encode())
            self.read(0.03)

    @property
    def host(self) -> int:
        """The terminal's side of the line, while it is there."""
        assert self._host is not None
        return self._host

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self.host)
        self._host = None

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size, and let the program know."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.host, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self) -> str:
        """The screen, as lines of text."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, *parts: str, limit: float = 60.0) -> None:
        """Wait until all these are on the screen; fail, showing it, when they do not come."""
        end = time.monotonic() + limit
        while not all(part in self.text for part in parts):
            assert time.monotonic() < end, f"{parts} did not come:\n{self.text}"
            self.read()

    def until_gone(self, part: str, limit: float = 60.0) -> None:
        """Wait until this is on the screen no more."""
        end = time.monotonic() + limit
        while part in self.text:
            assert time.monotonic() < end, f"{part} did not go:\n{self.text}"
            self.read()

    def status(self, limit: float = 60.0) -> int:
        """The exit status, once the program has ended."""
        end = time.monotonic() + limit
        while self.program.poll() is None:
            assert time.monotonic() < end, f"it did not end:\n{self.text}"
            self.read()
        while self.read():
            pass
        return self.program.wait()
