"""Session: the one thread in which the model is loaded and run. Keys become jobs, jobs become frozen Moments.

The thread does its jobs in order, one forward pass at a time. When none is waiting it checks what is shown. Nothing in
here draws; the app gets messages.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from textual.message import Message

from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    from glasshead.decode import Stepper
    from glasshead.subject import Subject
    from glasshead.text import Token
    from glasshead.trace import Trace
    from glasshead.truth import Check

CANDIDATES = 24
POLL = 0.05
"""Seconds between two looks at whether the app has gone."""
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

    def __init__(self, moment: Moment, *, fresh: bool) -> None:
        """fresh: a new source sentence."""
        super().__init__()
        self.moment, self.fresh = moment, fresh


class Checked(Message):
    """What is shown has been checked."""

    def __init__(self, moment: Moment, checks: "tuple[Check, ...]") -> None:
        super().__init__()
        self.moment, self.checks = moment, checks


class Refused(Message):
    """A job that could not be done, and why."""

    def __init__(self, sentence: str, *, too_long: bool = False) -> None:
        super().__init__()
        self.sentence, self.too_long = sentence, too_long


class NotOpened(Message):
    """The model could not be loaded."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class Session:
    """Jobs for the model. All public methods but `run` return at once, and may be called from any thread."""

    def __init__(self, checkpoint: str, text: str | None, post: Callable[[Message], Any]) -> None:
        """post: takes the messages; called from the session's thread."""
        self._checkpoint, self._text, self._post = checkpoint, text, post
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._halt = False
        self._gone: Callable[[], bool] = lambda: False
        self._subject: Subject | None = None
        self._line: Stepper | None = None
        self._moment: Moment | None = None

    def begin(self, text: str, *, truncate: bool = False) -> None:
        """Start a new line from this source sentence."""
        self._jobs.put(lambda: self._begin(text, truncate))

    def step(self, count: int = 1) -> None:
        """Take steps, as far as there are any."""
        self._jobs.put(lambda: self._walk(count))

    def back(self, count: int = 1) -> None:
        """Undo steps."""
        self._jobs.put(lambda: self._goto(self._stepper.step_number - count))

    def goto(self, step: int) -> None:
        """Go to a step, back or forward."""
        self._jobs.put(lambda: self._goto(step))

    def end(self) -> None:
        """Decode until the end token or the limit."""
        self._jobs.put(lambda: self._walk(self._stepper.limit))

    def choose(self, token: int) -> None:
        """Take this token next."""
        self._jobs.put(lambda: self._choose(token))

    def halt(self) -> None:
        """Stop walking at the next step."""
        self._halt = True

    def run(self, gone: Callable[[], bool]) -> None:
        """Load, then do jobs until `gone()`. A person's mistakes become Refused; a bug is raised."""
        self._gone = gone
        try:
            self._open()
        except GlassheadError as error:
            self._post(NotOpened(str(error)))
            return
        while not gone():
            try:
                job = self._jobs.get(timeout=POLL)
            except Empty:
                continue
            self._halt = False
            self._do(job)
            if self._jobs.empty() and not gone():
                self._check()

    def _do(self, job: Callable[[], None]) -> None:
        from glasshead.errors import TooLongError

        try:
            job()
        except GlassheadError as error:
            self._post(Refused(str(error), too_long=isinstance(error, TooLongError)))

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
        self._check()

    @property
    def _stepper(self) -> "Stepper":
        if self._line is None:
            raise GlassheadError("There is no sentence yet: type one with i.")
        return self._line

    def _begin(self, text: str, truncate: bool) -> None:
        assert self._subject is not None
        self._line = self._subject.start(text, truncate=truncate)
        self._text = text
        self._tell(fresh=True)

    def _walk(self, count: int) -> None:
        line, told = self._stepper, time.monotonic()
        for _ in range(count):
            if line.done or self._halt or self._gone():
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

    def _choose(self, token: int) -> None:
        self._stepper.choose(token)
        self._tell()

    def _tell(self, *, fresh: bool = False) -> None:
        """Post the Moment where the line stands."""
        line = self._stepper
        entropy = 0.0
        if not line.done:
            p = line.probabilities().double()
            entropy = float(-(p * p.clamp_min(1e-300).log2()).sum())
        self._moment = Moment(
            trace=line.outlook,
            source=tuple(line.source),
            tokens=tuple(line.tokens),
            text=self._text or "",
            step=line.step_number,
            done=line.done,
            limit=line.limit,
            candidates=tuple(line.candidates(CANDIDATES)),
            entropy=entropy,
        )
        self._post(Stepped(self._moment, fresh=fresh))

    def _check(self) -> None:
        """Check what is shown, and say so."""
        from glasshead.truth import checks

        if self._moment is not None and self._line is not None:
            self._post(Checked(self._moment, checks(self._moment.trace, self._line.cache_error())))
