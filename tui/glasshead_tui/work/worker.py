"""Worker: the one thread in which the model is loaded and run: a queue in front of a Session.

Keys become jobs, jobs become frozen Moments in messages to whoever asked. One forward pass runs at a time. When no job
came for a while, what is shown is checked. Nothing in here draws.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError, TooLongError
from glasshead_tui.work.jobs import Asker, Job, Jobs
from glasshead_tui.work.messages import (
    About,
    Checked,
    Examined,
    Examining,
    NotOpened,
    Opened,
    Refused,
    ShippedRead,
    Stepped,
)

if TYPE_CHECKING:
    from glasshead.found import Found
    from glasshead.lab.page import Page, Try, Value
    from glasshead.session.moment import Moment
    from glasshead.session.session import Session

POLL = 0.05
"""Seconds between two looks at whether the app has gone."""
QUIET = 0.15
"""Seconds without a job after which what is shown is checked: a check takes longer than a step."""
PACE = 0.08
"""Seconds between two Moments while decoding to the end, or two reports of an experiment: about 12 a second."""
EXAMPLE = "english-french"
"""The model that the sentences of the lab's tries are for; every other one shows them on its own sentence."""


class Worker:
    """Jobs for the model, each with a ticket. All public methods but `run` return at once, from any thread.

    to: whoever asks, to whom the answers go.
    """

    def __init__(self, found: "Found", text: str | None) -> None:
        """found: what `open` opens · text: the first source sentence; None takes an example from the card."""
        self._found, self._text = found, text
        self._jobs = Jobs()
        self._job: Job | None = None
        """The job under way."""
        self._examination = 0
        self._gone: Callable[[], bool] = lambda: False
        self._opened: Session | None = None
        self._unchecked: tuple[Moment, Asker] | None = None
        """The newest moment and who was shown it, until it is checked."""
        self._failed = self._began = False

    def open(self, *, to: Asker) -> int:
        """Load the model and begin the first line."""
        return self._jobs.put(self._open, to)

    def begin(self, text: str, *, truncate: bool = False, to: Asker) -> int:
        """Begin a line from this source sentence."""

        def job() -> None:
            self._session.begin(text, truncate=truncate)
            self._tell(fresh=True)

        return self._jobs.put(job, to, decides=True)

    def step(self, times: int = 1, *, to: Asker) -> int:
        """Take steps, as far as there are any."""
        return self._jobs.put(lambda: self._go(self._session.walk(times)), to, decides=True)

    def back(self, times: int = 1, *, to: Asker) -> int:
        """Undo steps."""
        return self._jobs.put(lambda: self._rewind(self._session.line.step_number - times), to, decides=True)

    def goto(self, step: int, *, to: Asker) -> int:
        """Go to a step, back or forward."""

        def job() -> None:
            ahead = step - self._session.line.step_number
            if ahead > 0:
                self._go(self._session.walk(ahead))
            else:
                self._rewind(step)

        return self._jobs.put(job, to, decides=True)

    def end(self, *, to: Asker) -> int:
        """Decode until the end token or the limit, or until something else is asked for."""
        return self._jobs.put(lambda: self._go(self._session.walk(self._session.line.limit), patient=False), to)

    def choose(self, token: int, moment: "Moment", *, to: Asker) -> int:
        """Take this token next, at the step that the moment shows."""

        def job() -> None:
            self._session.choose(token, moment)
            self._tell()

        return self._jobs.put(job, to, decides=True)

    def attempt(self, attempt: "Try", *, to: Asker) -> int:
        """Begin a line that shows an experiment's matter, on a changed model if the try says so, and take steps."""

        def job() -> None:
            session = self._session
            own = attempt.text if session.opened.name == EXAMPLE else None
            session.change(own or None, attempt.change, attempt.changed)
            self._tell(fresh=True)
            self._go(session.walk(attempt.steps))

        return self._jobs.put(job, to, decides=True)

    def undo(self, *, to: Asker) -> int:
        """Undo the last text, candidate or try."""

        def job() -> None:
            before = self._session.standing
            self._session.undo()
            place = self._session.standing
            self._tell(fresh=(place.subject, place.text) != (before.subject, before.text))

        return self._jobs.put(job, to, decides=True)

    def examine(self, page: "Page", values: "Mapping[str, Value]", *, to: Asker) -> int:
        """Run an experiment. One that was asked for before is stopped, and has no result."""
        given = dict(values)
        self._examination = ticket = self._jobs.put(lambda: self._examine(page, given), to)
        return ticket

    def recall(self, page: "Page", *, to: Asker) -> int:
        """Read the result of an experiment that comes with the program."""

        def job() -> None:
            from glasshead.lab.record import shipped

            self._answer(ShippedRead(ticket=self._ticket, made=shipped(page)))

        return self._jobs.put(job, to)

    def halt(self) -> None:
        """Take no further step for what was asked for so far, and stop an experiment."""
        self._jobs.halt()

    @property
    def deciding(self) -> bool:
        """Whether a job decides what the next key means. Decoding to the end does not: it gives way to all else."""
        return self._began and self._jobs.deciding

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be done."""
        return self._jobs.idle

    def run(self, gone: Callable[[], bool]) -> None:
        """Do jobs until `gone()`, or until the model could not be loaded. A bug is raised, a mistake is answered."""
        self._gone = gone
        quiet = time.monotonic()
        while not gone() and not self._failed:
            job = self._jobs.take(POLL)
            if job is not None:
                self._do(job)
                quiet = time.monotonic()
            elif self._unchecked and time.monotonic() - quiet >= QUIET:
                (moment, to), self._unchecked = self._unchecked, None
                to.post_message(Checked(moment, self._session.check()))

    @property
    def _session(self) -> "Session":
        assert self._opened is not None, "the model is opened first"
        return self._opened

    @property
    def _ticket(self) -> int:
        return 0 if self._job is None else self._job.ticket

    def _answer(self, message: object) -> None:
        assert self._job is not None
        self._job.to.post_message(message)  # type: ignore[arg-type]

    def _do(self, job: Job) -> None:
        self._job = job
        try:
            job.do()
        except GlassheadError as error:
            self._answer(Refused(str(error), ticket=job.ticket, too_long=isinstance(error, TooLongError)))
        finally:
            self._jobs.finish(job)

    def _open(self) -> None:
        from glasshead.decoding.threads import one_thread
        from glasshead.session.session import Session

        one_thread()
        try:
            subject = self._found.open()
        except GlassheadError as error:
            self._failed = True
            self._answer(NotOpened(str(error)))
            return
        self._opened = Session(subject)
        self._answer(Opened(About(name=subject.name, facts=subject.anatomy.facts, limit=subject.limit)))
        try:
            self._session.begin(subject.first_sentence if self._text is None else self._text)
            self._tell(fresh=True)
        finally:
            # A full collection would take tens of milliseconds in the midst of a key press, now that torch is there.
            gc.collect()
            gc.freeze()

    def _examine(self, page: "Page", values: "dict[str, Value]") -> None:
        from glasshead.errors import StoppedError

        ticket, told = self._ticket, 0.0

        def tell(share: float, words: str) -> None:
            nonlocal told
            if self._gone() or self._jobs.halted(ticket) or ticket < self._examination:
                raise StoppedError
            if time.monotonic() - told >= PACE:
                told = time.monotonic()
                self._answer(Examining(ticket=ticket, share=share, words=words))

        given = {"subject": self._session.opened} if page.model else {}
        began = time.perf_counter()
        try:
            tell(0.0, "begins")
            result = page.run(progress=tell, **values, **given)
        except StoppedError:
            return
        self._answer(Examined(ticket=ticket, result=result, seconds=time.perf_counter() - began))

    def _go(self, moves: "Iterator[None]", *, patient: bool = True) -> None:
        """Make moves, and show where they lead. patient: jobs that were asked for meanwhile wait until all are made."""
        told = time.monotonic()
        while not (self._jobs.halted(self._ticket) or not (patient or self._jobs.idle) or self._gone()):
            if next(moves, _ENDED) is _ENDED:
                break
            if time.monotonic() - told >= PACE:
                self._tell()
                told = time.monotonic()
        self._tell()

    def _rewind(self, step: int) -> None:
        self._session.rewind(step)
        self._tell()

    def _tell(self, *, fresh: bool = False) -> None:
        """Show where the line stands."""
        assert self._job is not None
        moment = self._session.moment
        self._began = True
        self._unchecked = moment, self._job.to
        self._answer(Stepped(moment, ticket=self._ticket, fresh=fresh))


_ENDED = object()
