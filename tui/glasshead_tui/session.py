"""Session: the one thread in which the model is loaded and run. Keys become jobs, jobs become frozen Moments.

The thread does its jobs in order, one forward pass at a time. When none came for a while it checks what is shown.
Nothing in here draws; the app gets messages.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from textual.message import Message

from glasshead.errors import GlassheadError, TooLongError

if TYPE_CHECKING:
    from glasshead.decode import Stepper
    from glasshead.subject import Subject
    from glasshead.text import Token
    from glasshead.trace import Trace
    from glasshead.truth import Check

CANDIDATES = 24
POLL = 0.05
"""Seconds between two looks at whether the app has gone."""
QUIET = 0.15
"""Seconds without a job after which what is shown is checked: a check takes longer than a step."""
PACE = 0.08
"""Seconds between two Moments while decoding to the end: about 12 a second."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All that is shown of one point of a line."""

    trace: "Trace"
    source: "tuple[Token, ...]"
    tokens: "tuple[Token, ...]"
    """The target so far, with the start token."""
    text: str
    """The source as it was typed."""
    line: int
    """Which source sentence this is, counted from 1."""
    step: int
    done: bool
    limit: int
    """Most steps that can be taken."""
    candidates: "tuple[Token, ...]"
    entropy: float
    """Of the next token, in bits."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the header says of the model."""

    name: str
    shape: tuple[str, ...]
    """In the order of importance."""
    limit: int
    """Most tokens of a source."""


class Opened(Message):
    """The model is loaded."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self.about = about


class Stepped(Message):
    """The line is somewhere else, or another line."""

    def __init__(self, moment: Moment, *, ticket: int, fresh: bool) -> None:
        """ticket: of the job that did it · fresh: a new source sentence."""
        super().__init__()
        self.moment, self.ticket, self.fresh = moment, ticket, fresh


class Checked(Message):
    """What is shown has been checked."""

    def __init__(self, moment: Moment, checks: "tuple[Check, ...]") -> None:
        super().__init__()
        self.moment, self.checks = moment, checks


class Refused(Message):
    """A job that could not be done, and why."""

    def __init__(self, sentence: str, *, ticket: int, too_long: bool = False) -> None:
        super().__init__()
        self.sentence, self.ticket, self.too_long = sentence, ticket, too_long


class NotOpened(Message):
    """The model could not be loaded."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class Session:
    """Jobs for the model, each with a ticket. All public methods but `run` return at once, from any thread."""

    def __init__(self, checkpoint: str, text: str | None, post: Callable[[Message], Any]) -> None:
        """post: takes the messages; called from the session's thread."""
        self._checkpoint, self._text, self._post = checkpoint, text, post
        self._jobs: SimpleQueue[tuple[int, Callable[[], None]]] = SimpleQueue()
        self._issued = count(1)
        self._newest = self._stopped = self._ticket = 0
        self._gone: Callable[[], bool] = lambda: False
        self._subject: Subject | None = None
        self._line: Stepper | None = None
        self._lines = 0
        self._moment: Moment | None = None

    def begin(self, text: str, *, truncate: bool = False) -> int:
        """Start a new line from this source sentence."""
        return self._put(lambda: self._begin(text, truncate))

    def step(self, times: int = 1) -> int:
        """Take steps, as far as there are any."""
        return self._put(lambda: self._walk(times))

    def back(self, times: int = 1) -> int:
        """Undo steps."""
        return self._put(lambda: self._goto(self._stepper.step_number - times))

    def goto(self, step: int) -> int:
        """Go to a step, back or forward."""
        return self._put(lambda: self._goto(step))

    def end(self) -> int:
        """Decode until the end token or the limit, or until something else is asked for."""
        return self._put(lambda: self._walk(self._stepper.limit, patient=False))

    def choose(self, token: int, moment: Moment) -> int:
        """Take this token next, at the step that the moment shows."""
        return self._put(lambda: self._choose(token, moment))

    def halt(self) -> None:
        """Take no further step for what was asked for so far."""
        self._stopped = self._newest

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
            quiet = time.monotonic()

    def _put(self, job: Callable[[], None]) -> int:
        self._newest = next(self._issued)
        self._jobs.put((self._newest, job))
        return self._newest

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except GlassheadError as error:
            self._post(Refused(str(error), ticket=self._ticket, too_long=isinstance(error, TooLongError)))

    def _open(self) -> None:
        from glasshead_tui.loading import load
        from glasshead_tui.opening import first_sentence

        subject = self._subject = load(self._checkpoint)
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
        self._line = self._subject.start(text, truncate=truncate)
        self._lines += 1
        self._text = text
        self._tell(fresh=True)

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
        self._stepper.goto(moment.step)
        self._stepper.choose(token)
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
        )
        self._post(Stepped(self._moment, ticket=self._ticket, fresh=fresh))

    def _check(self) -> None:
        """Check what is shown, and say so."""
        from glasshead.truth import checks

        if self._moment is not None and self._line is not None:
            self._post(Checked(self._moment, checks(self._moment.trace, *self._line.verify())))
