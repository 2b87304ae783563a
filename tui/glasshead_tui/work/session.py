"""Session: the one thread in which the model is loaded and run. Keys become jobs, jobs become frozen Moments.

The thread does its jobs in order, one forward pass at a time. When none came for a while it checks what is shown.
Nothing in here draws; the app gets messages.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

from textual.message import Message

from glasshead.errors import GlassheadError, TooLongError
from glasshead_tui.work.messages import (
    About,
    Checked,
    Examined,
    Examining,
    Moment,
    NotOpened,
    Opened,
    Refused,
    ShippedRead,
    Stepped,
)

if TYPE_CHECKING:
    from glasshead.decoding.stepper import Stepper
    from glasshead.lab.page import Page, Try, Value
    from glasshead.subject import Subject

CANDIDATES = 24
POLL = 0.05
"""Seconds between two looks at whether the app has gone."""
QUIET = 0.15
"""Seconds without a job after which what is shown is checked: a check takes longer than a step."""
PACE = 0.08
"""Seconds between two Moments while decoding to the end, or two tellings of an experiment: about 12 a second."""
DECIDED = 1.0
"""Seconds that a key waits at most for what was asked for before it."""
EXAMPLE = "english-french"
"""The model that the sentences of the lab's tries are for; every other one shows them on its own sentence."""


REMEMBERED = 16
"""Lines that undo brings back at most: each holds its trace."""


@dataclass(frozen=True)
class _Before:
    """What a branch, a new sentence or a try took the place of."""

    subject: "Subject"
    changed: str
    tried: bool
    text: str | None
    truncate: bool
    line: "Stepper"


class Session:
    """Jobs for the model, each with a ticket. All public methods but `run` return at once, from any thread."""

    def __init__(self, checkpoint: str, text: str | None, post: Callable[[Message], Any]) -> None:
        """post: takes the messages; called from the session's thread."""
        self._checkpoint, self._text, self._post = checkpoint, text, post
        # No SimpleQueue: its timeout never comes where the program was stopped meanwhile (see the watcher).
        self._jobs: Queue[tuple[int, Callable[[], None]]] = Queue()
        self._issued = count(1)
        self._newest = self._stopped = self._ticket = self._examination = 0
        self._done = self._decisive = 0
        self._decisive_since = 0.0
        self._gone: Callable[[], bool] = lambda: False
        self._opened: Subject | None = None
        self._subject: Subject | None = None
        """The one that decodes: what was opened, or that with a change."""
        self._changed = ""
        self._line: Stepper | None = None
        self._tried = False
        """Whether a try began the line."""
        self._past: deque[_Before] = deque(maxlen=REMEMBERED)
        """What undo brings back, the newest last."""
        self._truncate = False
        self._lines = 0
        self._moment: Moment | None = None

    def begin(self, text: str, *, truncate: bool = False) -> int:
        """Start a new line from this source sentence."""
        return self._put(lambda: self._begin(text, truncate), decides=True)

    def step(self, times: int = 1) -> int:
        """Take steps, as far as there are any."""
        return self._put(lambda: self._walk(times), decides=True)

    def back(self, times: int = 1) -> int:
        """Undo steps."""
        return self._put(lambda: self._goto(self._stepper.step_number - times), decides=True)

    def goto(self, step: int) -> int:
        """Go to a step, back or forward."""
        return self._put(lambda: self._goto(step), decides=True)

    def end(self) -> int:
        """Decode until the end token or the limit, or until something else is asked for."""
        return self._put(lambda: self._walk(self._stepper.limit, patient=False))

    def choose(self, token: int, moment: Moment) -> int:
        """Take this token next, at the step that the moment shows."""
        return self._put(lambda: self._choose(token, moment), decides=True)

    def attempt(self, attempt: "Try") -> int:
        """Start a new line that shows what an experiment is about, on a changed model if it says so, and take steps."""
        return self._put(lambda: self._attempt(attempt), decides=True)

    def undo(self) -> int:
        """Bring back what was there before the last branch, new sentence or try: model, sentence and step."""
        return self._put(self._undo, decides=True)

    def examine(self, page: "Page", values: "Mapping[str, Value]") -> int:
        """Run an experiment. One that was asked for before is stopped, and has no result."""
        self._examination = ticket = self._put(lambda: self._examine(page, dict(values)))
        return ticket

    def recall(self, page: "Page") -> int:
        """Read the result of an experiment that comes with the program."""
        return self._put(lambda: self._recall(page))

    def halt(self) -> None:
        """Take no further step for what was asked for so far, and stop an experiment."""
        self._stopped = self._newest

    @property
    def deciding(self) -> bool:
        """Whether something was asked for that decides what the next key means, as a step does. What takes longer than
        a person waits for does not count, nor does decoding to the end, which gives way to whatever is asked for next.
        """
        asked = self._line is not None and self._done < self._decisive
        return asked and time.monotonic() - self._decisive_since < DECIDED

    @property
    def idle(self) -> bool:
        """Nothing waits to be done."""
        return self._jobs.empty()

    def run(self, gone: Callable[[], bool]) -> None:
        """Load, then do jobs until `gone()`. A person's mistakes become Refused; a bug is raised."""
        self._gone = gone
        try:
            self._open()
        except GlassheadError as error:
            self._post(NotOpened(str(error)))
            return
        checked: Moment | None = None
        quiet = time.monotonic()
        while not gone():
            try:
                self._ticket, job = self._jobs.get(timeout=POLL)
            except Empty:
                if self._moment is not checked and time.monotonic() - quiet >= QUIET:
                    checked = self._moment
                    self._check()
                continue
            self._do(job)
            self._done = self._ticket
            quiet = time.monotonic()

    def _put(self, job: Callable[[], None], *, decides: bool = False) -> int:
        self._newest = next(self._issued)
        if decides:
            self._decisive, self._decisive_since = self._newest, time.monotonic()
        self._jobs.put((self._newest, job))
        return self._newest

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except GlassheadError as error:
            self._post(Refused(str(error), ticket=self._ticket, too_long=isinstance(error, TooLongError)))

    def _open(self) -> None:
        from glasshead.decoding.threads import one_thread
        from glasshead.subject import first_sentence, load

        one_thread()
        subject = self._opened = self._subject = load(self._checkpoint)
        config = subject.config
        shape = (
            f"{config.encoder_layers}+{config.decoder_layers} layers",
            f"{config.heads} heads",
            f"d {config.d_model}",
            f"{subject.parameters / 1e6:.1f} M parameters",
        )
        self._post(Opened(About(name=subject.name, shape=shape, limit=subject.limit)))
        self._do(lambda: self._begin(first_sentence(subject) if self._text is None else self._text, truncate=False))
        # A full collection would take tens of milliseconds in the midst of a key press, now that torch is there.
        gc.collect()
        gc.freeze()

    @property
    def _stepper(self) -> "Stepper":
        if self._line is None:
            raise GlassheadError("There is no sentence yet: type one with i.")
        return self._line

    def _begin(self, text: str, truncate: bool) -> None:
        assert self._subject is not None
        before = self._present()
        self._start(self._subject, self._changed, text, truncate)
        self._remember(before)
        self._tried = False
        self._tell(fresh=True)

    def _present(self) -> _Before | None:
        """What undo would bring back."""
        if self._line is None or self._subject is None:
            return None
        return _Before(self._subject, self._changed, self._tried, self._text, self._truncate, self._line)

    def _remember(self, before: _Before | None) -> None:
        if before is not None:
            self._past.append(before)

    def _start(self, subject: "Subject", changed: str, text: str, truncate: bool) -> None:
        """A new line, if this subject can have it; nothing is another if it cannot."""
        self._line = subject.start(text, truncate=truncate)
        self._subject, self._changed = subject, changed
        self._lines += 1
        self._text, self._truncate = text, truncate

    def _attempt(self, attempt: "Try") -> None:
        subject = self._opened
        assert subject is not None
        own = subject.name == EXAMPLE and attempt.text
        text, truncate = (attempt.text, False) if own else (self._text, self._truncate)
        if not text:
            raise GlassheadError("There is no sentence yet: type one with i.")
        if attempt.change:
            subject = subject.changed(**attempt.change)
        before = self._present()
        self._start(subject, attempt.changed if attempt.change else "", text, truncate)
        if not self._tried:  # a try after a try takes its place
            self._remember(before)
        self._tried = True
        self._tell(fresh=True)
        self._walk(attempt.steps)

    def _undo(self) -> None:
        if self._past:
            before = self._past.pop()
            fresh = (before.subject, before.text) != (self._subject, self._text)
            self._subject, self._changed, self._tried = before.subject, before.changed, before.tried
            self._text, self._truncate, self._line = before.text, before.truncate, before.line
            self._lines += 1
            self._tell(fresh=fresh)
            return
        if not self._changed or self._opened is None:
            raise GlassheadError("There is nothing to undo: this is where you began.")
        step = self._stepper.step_number
        self._start(self._opened, "", self._text or "", self._truncate)
        self._walk(step)

    def _recall(self, page: "Page") -> None:
        from glasshead.lab.record import shipped

        self._post(ShippedRead(ticket=self._ticket, made=shipped(page)))

    def _examine(self, page: "Page", values: "dict[str, Value]") -> None:
        from glasshead.errors import StoppedError

        ticket, told = self._ticket, 0.0

        def tell(share: float, words: str) -> None:
            nonlocal told
            if self._gone() or ticket <= self._stopped or ticket < self._examination:
                raise StoppedError
            if time.monotonic() - told >= PACE:
                told = time.monotonic()
                self._post(Examining(ticket=ticket, share=share, words=words))

        given = {"subject": self._opened} if page.model else {}
        began = time.perf_counter()
        try:
            tell(0.0, "begins")
            result = page.run(progress=tell, **values, **given)
        except StoppedError:
            return
        self._post(Examined(ticket=ticket, result=result, seconds=time.perf_counter() - began))

    def _walk(self, steps: int, *, patient: bool = True) -> None:
        """Take steps. patient: what was asked for meanwhile waits until they are taken."""
        line, told = self._stepper, time.monotonic()
        for _ in range(steps):
            halted = self._ticket <= self._stopped or not (patient or self._jobs.empty())
            if line.done or halted or self._gone():
                break
            line.step()
            if time.monotonic() - told >= PACE:
                self._tell()
                told = time.monotonic()
        self._tell()

    def _goto(self, step: int) -> None:
        line = self._stepper
        if step <= line.step_number:
            line.goto(max(0, step))
            self._tell()
        else:
            self._walk(step - line.step_number)

    def _choose(self, token: int, moment: Moment) -> None:
        if moment.line != self._lines:
            raise GlassheadError("That token was offered for another sentence: nothing was taken.")
        line = self._stepper.branch()
        line.goto(moment.step)
        usual = line.branch().step().id
        line.choose(token)
        if token != usual:  # else it is a step as any other
            self._remember(self._present())
        self._line = line
        self._tell()

    def _tell(self, *, fresh: bool = False) -> None:
        """Post the Moment where the line stands."""
        line = self._stepper
        entropy = 0.0
        if not line.done:
            chances = line.probabilities().double()
            entropy = float(-(chances * chances.clamp_min(1e-300).log2()).sum())
        self._moment = Moment(
            trace=line.outlook,
            source=tuple(line.source),
            tokens=tuple(line.tokens),
            text=self._text or "",
            line=self._lines,
            step=line.step_number,
            done=line.done,
            limit=line.limit,
            candidates=tuple(line.candidates(CANDIDATES)),
            entropy=entropy,
            changed=self._changed,
            undoable=bool(self._past),
        )
        self._post(Stepped(self._moment, ticket=self._ticket, fresh=fresh))

    def _check(self) -> None:
        """Check what is shown, and say so."""
        from glasshead.truth.trace_checks import checks

        if self._moment is not None and self._line is not None:
            self._post(Checked(self._moment, checks(self._moment.trace, *self._line.verify())))
