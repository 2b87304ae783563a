"""Ctrl-C as a request: long work is asked to stop, so that it can save its results."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, a polite kill, and the end of the terminal, e.g. a lost connection."""
SIGPIPE = 13
"""A reader who has gone. Python hears of it by an error, not by this signal; the exit status is the same."""


class Asked:
    """The request to stop, and its exit status: 128 and the signal's number, as in shells."""

    def __init__(self) -> None:
        self.status = 128 + signal.SIGINT
        self._asked = threading.Event()

    def __call__(self) -> bool:
        return self._asked.is_set()

    def ask(self, number: int, _frame: Any) -> None:
        """Handle a signal: the first one asks, the second one insists.

        With several processes a launcher passes on signals that the terminal has sent to all of them already, so that
        each is asked twice: there the second does not insist.
        """
        if self._asked.is_set() and "LOCAL_RANK" not in os.environ:
            raise KeyboardInterrupt
        self.status = 128 + number
        self._asked.set()


@contextmanager
def interruptible() -> Iterator[Asked]:
    """Turn Ctrl-C and similar signals into a request to stop."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield asked
        return
    before = {number: signal.signal(number, asked.ask) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
