"""Ctrl-C as a question: long work is asked to stop, so that it can save what it has."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, a polite kill, and the end of the terminal, as when a connection is lost."""


class Asked:
    """Whether to stop, and what the exit status is then: 128 and the signal's number, as shells have it."""

    def __init__(self) -> None:
        self.status = 128 + signal.SIGINT
        self._asked = threading.Event()

    def __call__(self) -> bool:
        return self._asked.is_set()

    def ask(self, number: int, _frame: Any) -> None:
        """A signal came: the first asks, the second insists.

        With several processes a launcher passes on what the terminal has sent to all of them already, so that each is
        asked twice: there nobody insists.
        """
        if self._asked.is_set() and "LOCAL_RANK" not in os.environ:
            raise KeyboardInterrupt
        self.status = 128 + number
        self._asked.set()


@contextmanager
def interruptible() -> Iterator[Asked]:
    """Within it Ctrl-C and the like only ask to stop; gives what tells whether to."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield asked
        return
    before = {number: signal.signal(number, asked.ask) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
