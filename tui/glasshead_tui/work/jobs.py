"""Jobs for one thread: done in their order, each with a ticket; answers go to the asker."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from queue import Empty, Queue
from typing import Protocol

from textual.message import Message

DECIDED = 1.0
"""Most seconds that a key waits for earlier jobs."""
PACE = 0.08
"""Seconds between two answers of one job that goes on: about 12 a second."""


class Asker(Protocol):
    """The asker of a job: a screen, or anything else that takes messages."""

    def post_message(self, message: Message) -> bool:
        """Take a message from any thread; return False if the asker has gone."""


@dataclass(frozen=True)
class Job:
    """A function to call, with its ticket and its asker."""

    ticket: int
    do: Callable[[], None]
    to: Asker
    aside: bool = False
    """Whether no key asked for it, as when heads are measured again."""


class Desk:
    """The place of a job that goes on for a while: where it answers, and asks whether it must stop."""

    def __init__(self, ticket: int, answer: Callable[[Message], None], stopped: Callable[[], bool]) -> None:
        self.ticket, self.answer, self.stopped = ticket, answer, stopped
        self._answered = 0.0

    def due(self) -> bool:
        """Tell whether it is time for an answer on the way; the next one is due `PACE` seconds later."""
        if time.monotonic() - self._answered < PACE:
            return False
        self._answered = time.monotonic()
        return True


class Jobs:
    """See the module. Any thread may ask; one takes."""

    def __init__(self) -> None:
        # No SimpleQueue: its timeout never comes if the program was suspended meanwhile (see the watcher).
        self._waiting: Queue[Job] = Queue()
        self._issued = count(1)
        self._newest = self._asked = self._taken = self._stopped = self._done = self._decisive = 0
        self._decisive_since = 0.0

    def put(self, do: Callable[[], None], to: Asker, *, decides: bool = False, aside: bool = False) -> int:
        """Append a job after all earlier ones; return its ticket.

        decides: see `deciding` · aside: see `Job`.
        """
        self._newest = next(self._issued)
        if not aside:
            self._asked = self._newest
        if decides:
            self._decisive, self._decisive_since = self._newest, time.monotonic()
        self._waiting.put(Job(self._newest, do, to, aside))
        return self._newest

    def take(self, patience: float) -> Job | None:
        """Take the next job; None if none comes within `patience` seconds."""
        try:
            job = self._waiting.get(timeout=patience)
        except Empty:
            return None
        self._taken = job.ticket
        return job

    def halt(self) -> None:
        """Stop all jobs that were put so far."""
        self._stopped = self._newest

    def halted(self, ticket: int) -> bool:
        """Tell whether the job with this ticket must stop."""
        return ticket <= self._stopped

    def finish(self, job: Job) -> None:
        """Note that a job is done."""
        self._done = job.ticket

    @property
    def deciding(self) -> bool:
        """Whether an unfinished job decides the meaning of the next key, as a step does.

        A job that takes longer than a user waits does not count.
        """
        return self._done < self._decisive and time.monotonic() - self._decisive_since < DECIDED

    @property
    def newest(self) -> int:
        """Ticket of the newest job but those that were put aside; 0 before the first."""
        return self._asked

    @property
    def idle(self) -> bool:
        """Whether no job is waiting but those that were put aside."""
        return self._taken >= self._asked
