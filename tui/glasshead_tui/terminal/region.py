"""The last lines of a terminal, drawn again and again in the same place, and above them what is to stay.

One thread does all the drawing, a few times a second and never for more than a hundredth of the time, so that neither
a busy program nor a terminal that is slow, or held by Ctrl-S, makes the other wait. Between two drawings the cursor
rests at the start of the region and not at its end: a terminal that wraps lines anew when its window gets narrower
moves the cursor with them, and what is drawn next still begins where it should.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from io import TextIOBase
from typing import TextIO

from rich.console import Console
from rich.text import Text

from glasshead_tui.terminal.visible import visible

PERIOD = 0.5
"""Seconds between two drawings, at least."""
SHARE = 0.01
"""Of the processor's time, what drawing may take."""

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"  # what is too long for a line is cut off there, or goes on in the next
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Draw = Callable[[int, int], Sequence[Text]]
"""Lines for a region of at most so many columns and rows. Called with the region's lock held, in its thread."""


class Region:
    """A region of the terminal that `sys.stdout` is, for as long as the `with` lasts; then it is gone.

    What is printed meanwhile, by whomever, appears above it. What raises in `draw` is raised in the thread of the
    `with`, where it is left or `keep` is called next.
    """

    def __init__(self, draw: Draw, *, period: float = PERIOD) -> None:
        self.lock = threading.RLock()
        """To be held while what is drawn changes."""
        self._draw, self._period = draw, period
        self._console = Console(highlight=False, legacy_windows=False)
        self._terminal = self._console.file
        self._kept: list[Text] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="region", daemon=True)
        self._raised: BaseException | None = None
        self._streams = ExitStack()

    def __enter__(self) -> "Region":
        self._streams.enter_context(redirect_stdout(self._streams.enter_context(_Above(self, sys.stdout))))
        if sys.stderr.isatty():
            self._streams.enter_context(redirect_stderr(self._streams.enter_context(_Above(self, sys.stderr))))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._streams.close()
        finally:
            self._ended.set()
            self._thread.join()
        if self._raised is not None:
            raise self._raised

    def keep(self, *lines: Text) -> None:
        """Lines that are to stay, above the region; they appear when it is drawn next."""
        if self._raised is not None:
            raise self._raised
        with self.lock:
            self._kept += lines

    def _run(self) -> None:
        try:
            self._write(_HIDE)
            pause = 0.0
            while not self._ended.wait(pause):
                began = time.thread_time()
                self._write(self._drawn())
                pause = max(self._period, (time.thread_time() - began) / SHARE)
        except OSError:
            return  # the terminal is gone: there is nobody to draw for, and no reason to end what is going on
        except BaseException as error:
            self._raised = error
        try:
            self._write("\r" + _CLEAR_BELOW + self._taken(self._size()[0]) + _WRAP + _SHOW)
        except OSError:
            return

    def _drawn(self) -> str:
        """What the terminal is sent for one drawing."""
        width, height = self._size()
        with self.lock:
            kept = self._taken(width)
            # One column stays free: behind a full line terminals disagree on where the cursor is.
            lines = list(self._draw(max(1, width - 1), max(1, height - 1)))[: max(1, height - 1)]
        body = f"{_CLEAR_LINE}\r\n".join(self._rendered(lines)) + _CLEAR_LINE
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return ("\r" + _CLEAR_BELOW + kept if kept else "\r") + _CUT + body + _CLEAR_BELOW + up + "\r" + _WRAP

    def _taken(self, width: int) -> str:
        """The lines to be kept, ready to be sent, once; long ones go on in the next line, cut between words."""
        with self.lock:
            kept, self._kept = self._kept, []
        return "".join(row + "\r\n" for line in kept for row in self._rendered(list(line.wrap(self._console, width))))

    def _rendered(self, lines: Sequence[Text]) -> list[str]:
        """Lines with the colours that the terminal has."""
        with self._console.capture() as capture:
            self._console.print(Text("\n").join(lines), soft_wrap=True, end="")
        return capture.get().split("\n")

    def _size(self) -> tuple[int, int]:
        """Columns and rows of the terminal, now; a terminal that does not know says 0."""
        columns, rows = os.get_terminal_size(self._terminal.fileno())
        return columns or 80, rows or 24

    def _write(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


class _Above(TextIOBase):
    """A stream whose lines appear above a region, as text that steers nothing. Of a line that is rewritten, the end."""

    def __init__(self, region: Region, stream: TextIO) -> None:
        self._region, self._stream, self._begun = region, stream, ""

    def write(self, text: str) -> int:
        with self._region.lock:
            *lines, self._begun = (self._begun + text).split("\n")
            self._region.keep(*map(self._shown, lines))
        return len(text)

    def close(self) -> None:
        if self._begun:
            self.write("\n")
        super().close()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @staticmethod
    def _shown(line: str) -> Text:
        return Text(visible(_COLOURS.sub("", line.rstrip("\r").rpartition("\r")[2])))
