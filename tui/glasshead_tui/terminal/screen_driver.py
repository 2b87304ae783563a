"""A full screen's relation to its terminal: it asks for the size, leaves at a signal, stops and comes back.

Textual 8.2.8 trusts COLUMNS and LINES more than the terminal, does not restore a terminal when a signal ends the
program, comes back from a stop to a blank screen, and runs for ever on a terminal that is gone. This file can go once a
version of Textual does better.
"""

import asyncio
import os
import select
import signal
import time
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""A polite kill, a lost connection, ctrl+\\ from elsewhere. Ctrl-C is a key on a screen."""
LOOK = 1.0
"""Seconds between two looks at whether the terminal is still there."""
SETTLE = 0.05
"""Seconds in which the system stops the program after a request."""


class Output:
    """The stream that a screen is drawn on. Once its terminal is gone, no write fails, now or at the end."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, if there is a terminal."""
        try:
            self._stream.write(text)
        except OSError:
            self._to_nobody()

    def flush(self) -> None:
        """Send the buffer."""
        try:
            self._stream.flush()
        except OSError:
            self._to_nobody()

    def fileno(self) -> int:
        """Return the file descriptor of the stream."""
        return self._stream.fileno()

    def _to_nobody(self) -> None:
        """Send the rest of the buffer nowhere: it would fail again with every flush."""
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self._stream.fileno())
        os.close(nobody)


class ScreenDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with the behaviour described above."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._file: Any = Output(self._file)
        if self._size is None:
            self._size = self._get_terminal_size()
        self._look: asyncio.TimerHandle | None = None
        self._hear_stops(True)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                self._loop.add_signal_handler(number, self._end, number)
        self._look_after()

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        for number in ENDING:
            self._loop.remove_signal_handler(number)
        if self._look is not None:
            self._look.cancel()
        super().stop_application_mode()

    def _end(self, number: int) -> None:
        """Leave the screen as with its own key; the exit status names the signal."""
        self._app.exit(return_code=128 + number)

    def _look_after(self) -> None:
        """End when the terminal is gone, even without a signal."""
        looked = select.poll()
        looked.register(self.fileno, 0)
        if any(found & select.POLLHUP for _, found in looked.poll(0)):
            self._end(signal.SIGHUP)
        else:
            self._look = self._loop.call_later(LOOK, self._look_after)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return the current columns and rows of the terminal, whatever the environment says."""
        for number in (self._file.fileno(), self.fileno):
            try:
                columns, rows = os.get_terminal_size(number)
            except OSError:
                continue
            if columns and rows:
                return columns, rows
        return 80, 24

    def _sigtstp_application(self, *_: object) -> None:
        """Give the terminal back, stop, and take it again when the shell continues the program."""
        self.suspend_application_mode()
        self._hear_stops(False)
        os.kill(os.getpid(), signal.SIGTSTP)  # not SIGSTOP: where no shell could wake us the system ignores it
        time.sleep(SETTLE)
        self._hear_stops(True)
        self._come_back()

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal again after a stop that did not ask first."""
        self.suspend_application_mode()
        self._come_back()

    def _hear_stops(self, hear: bool) -> None:
        """Handle stops, or leave them to the system.

        They are handled in the loop, not between any two lines of the program: a handler that writes during a write
        would wait for itself for ever.
        """
        for number, handler in (
            (signal.SIGTSTP, self._sigtstp_application),
            (signal.SIGCONT, self._sigcont_application),
        ):
            if hear:
                self._loop.add_signal_handler(number, handler)
            else:
                self._loop.remove_signal_handler(number)

    def _come_back(self) -> None:
        self._must_signal_resume = True
        self.resume_application_mode()
