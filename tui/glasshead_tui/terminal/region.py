"""The last lines of a terminal, redrawn in the same place, and above them the output that stays.

One thread does all the drawing, a few times a second and for at most a hundredth of the time, so that neither a busy
program nor a terminal that is slow, or held by Ctrl-S, makes the other wait. Between two drawings the cursor rests at
the start of the region and not at its end: a terminal that rewraps lines in a narrower window moves the cursor with
them, and the next drawing still begins in the right place.
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
"""Least seconds between two drawings."""
SHARE = 0.01
"""Most share of the processor's time for drawing."""

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"  # text too long for a line is cut off, or goes on in the next
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Draw = Callable[[int, int], Sequence[Text]]
"""Makes the lines of a region of at most these columns and rows. Called with the region's lock held, in its thread."""


class Region:
    """A region of the terminal of `sys.stdout`, for the duration of the `with`.

    All output during that time appears above it. An error in `draw` is raised in the thread of the `with`, at its end
    or at the next call of `keep`.
    """

    def __init__(self, draw: Draw, *, period: float = PERIOD) -> None:
        self.lock = threading.RLock()
        """Lock for changes of the drawn data."""
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
        """Keep lines above the region; they appear with the next drawing."""
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
            return  # the terminal is gone: stop drawing, but let the work go on
        except BaseException as error:
            self._raised = error
        try:
            self._write("\r" + _CLEAR_BELOW + self._taken(self._size()[0]) + _WRAP + _SHOW)
        except OSError:
            return

    def _drawn(self) -> str:
        """Make the terminal output of one drawing."""
        width, height = self._size()
        with self.lock:
            kept = self._taken(width)
            # One column stays free: behind a full line terminals disagree on the place of the cursor.
            lines = list(self._draw(max(1, width - 1), max(1, height - 1)))[: max(1, height - 1)]
        body = f"{_CLEAR_LINE}\r\n".join(self._rendered(lines)) + _CLEAR_LINE
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return ("\r" + _CLEAR_BELOW + kept if kept else "\r") + _CUT + body + _CLEAR_BELOW + up + "\r" + _WRAP

    def _taken(self, width: int) -> str:
        """Take the lines to keep, once; long ones wrap between words."""
        with self.lock:
            kept, self._kept = self._kept, []
        return "".join(row + "\r\n" for line in kept for row in self._rendered(list(line.wrap(self._console, width))))

    def _rendered(self, lines: Sequence[Text]) -> list[str]:
        """Render lines in the colours of the terminal."""
        with self._console.capture() as capture:
            self._console.print(Text("\n").join(lines), soft_wrap=True, end="")
        return capture.get().split("\n")

    def _size(self) -> tuple[int, int]:
        """Return the current columns and rows of the terminal; a terminal that does not know says 0."""
        columns, rows = os.get_terminal_size(self._terminal.fileno())
        return columns or 80, rows or 24

    def _write(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


class _Above(TextIOBase):
    """A stream whose lines appear above a region, made safe. Of a rewritten line, only the final text appears."""

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
