"""Jobs for one thread: done in their order, each with a ticket, its answers going to whoever asked for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from queue import Empty, Queue
from typing import Protocol

from textual.message import Message

DECIDED = 1.0
"""Seconds that a key waits at most for what was asked for before it."""


class Asker(Protocol):
    """Whoever asks for a job: a screen, or anything that can be posted to."""

    def post_message(self, message: Message) -> bool:
        """Take a message from any thread. One that has gone does not take it."""


@dataclass(frozen=True)
class Job:
    """Something to be done."""

    ticket: int
    do: Callable[[], None]
    to: Asker


class Jobs:
    """See the module. Any thread may ask; one takes."""

    def __init__(self) -> None:
        # No SimpleQueue: its timeout never comes where the program was stopped meanwhile (see the watcher).
        self._waiting: Queue[Job] = Queue()
        self._issued = count(1)
        self._newest = self._stopped = self._done = self._decisive = 0
        self._decisive_since = 0.0

    def put(self, do: Callable[[], None], to: Asker, *, decides: bool = False) -> int:
        """Ask for something to be done after all that was asked for before; its ticket. decides: see `deciding`."""
        self._newest = next(self._issued)
        if decides:
            self._decisive, self._decisive_since = self._newest, time.monotonic()
        self._waiting.put(Job(self._newest, do, to))
        return self._newest

    def take(self, patience: float) -> Job | None:
        """The next job; None where none comes within `patience` seconds."""
        try:
            return self._waiting.get(timeout=patience)
        except Empty:
            return None

    def halt(self) -> None:
        """Let nothing that was asked for so far go on."""
        self._stopped = self._newest

    def halted(self, ticket: int) -> bool:
        """Whether the job with this ticket must not go on."""
        return ticket <= self._stopped

    def finish(self, job: Job) -> None:
        """Note that a job is done."""
        self._done = job.ticket

    @property
    def deciding(self) -> bool:
        """Whether something was asked for that decides what the next key means, as a step does.

        What takes longer than a person waits for does not count.
        """
        return self._done < self._decisive and time.monotonic() - self._decisive_since < DECIDED

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be done."""
        return self._waiting.empty()
