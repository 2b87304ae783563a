"""Session: one person's work with a subject. Moves change where a line stands; `moment` is everything to show of it.

    session = Session(glasshead.load("english-french"))
    session.begin("the black cat")
    for _ in session.walk(3):
        ...                                     # a step was taken; break off here to stop
    session.choose(session.moment.candidates[1].id)
    session.undo()

Every change of a line except a step can be undone: a new text, another candidate, a changed model. There is no thread
and no screen here: a caller with several threads makes one move at a time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.session.moment import Moment, look
from glasshead.subjects import Subject
from glasshead.traces.record import BUDGET
from glasshead.truth.trace_checks import Check, checks

REMEMBERED = 16
"""Lines that undo brings back at most. Their traces together stay within the budget of one."""


@dataclass(frozen=True)
class Standing:
    """Where the work stands: a line, the subject that decodes it, and the text that it began with."""

    subject: Subject
    line: Stepper
    number: int
    text: str
    truncate: bool
    changed: str
    """Difference between the subject and the one that was opened."""
    tried: bool
    """Whether `change` began the line."""


class Session:
    """See the module."""

    def __init__(self, subject: Subject, *, keep: Iterable[str] | None = ("*",)) -> None:
        """keep: sites that the lines capture, as for `Subject.start`."""
        self._keep = keep if keep is None else tuple(keep)
        self.opened = subject
        """Subject as it was opened, even if a changed one decodes now."""
        self._standing: Standing | None = None
        self._before: list[Standing] = []
        """Places that undo can bring back, the newest last."""
        self._lines = 0
        self._moment: Moment | None = None

    @property
    def standing(self) -> Standing:
        """Present standing. Raises GlassheadError before the first text."""
        if self._standing is None:
            raise GlassheadError("There is no sentence yet: type one with i.")
        return self._standing

    @property
    def text(self) -> str | None:
        """The text of the line, as it was typed; None before the first."""
        return None if self._standing is None else self._standing.text

    @property
    def line(self) -> Stepper:
        """Present line. Raises GlassheadError before the first text."""
        return self.standing.line

    @property
    def moment(self) -> Moment:
        """Everything to show of the line at its present step. The same object until something moves."""
        if self._moment is None:
            at, back = self.standing, bool(self._before)
            self._moment = look(
                at.line, text=at.text, number=at.number, changed=at.changed, undoable=back, undos=self._undos()
            )
        return self._moment

    def _undos(self) -> int:
        """Count the undos until the change of the present subject is gone; 0 where none brings that."""
        for count, each in enumerate(reversed(self._before), 1):
            if each.changed != self.standing.changed:
                return count
        return 0

    def begin(self, text: str, *, truncate: bool = False, forced: str | None = None) -> None:
        """Begin a line from a text. forced: as for `Subject.start`.

        Raises GlassheadError, and moves nothing, for a text that cannot be decoded.
        """
        at = self._standing
        subject, changed = (self.opened, "") if at is None else (at.subject, at.changed)
        self._move(self._started(subject, changed, text, truncate, forced=forced))

    def walk(self, steps: int) -> Iterator[None]:
        """Take steps while there are any; yield after each, so that the caller can look or stop."""
        line = self.line
        for _ in range(steps):
            if line.done:
                return
            self._moment = None
            line.step()
            yield

    def rewind(self, step: int) -> None:
        """Go back to a step, at most to the start. Costs no run of the model."""
        self.line.goto(min(max(0, step), self.line.step_number))
        self._moment = None

    def choose(self, token: int, at: Moment | None = None) -> None:
        """Take a token at the step that a moment shows: the line branches there.

        Raises GlassheadError for a moment of another line, and for a token that does not exist.
        """
        standing = self.standing
        if at is not None and at.line != standing.number:
            raise GlassheadError("That token was offered for another sentence: nothing was taken.")
        line = standing.line.branch()
        line.goto(standing.line.step_number if at is None else at.step)
        usual = line.expected()
        line.choose(token)
        if token == usual:  # a step like any other: going back undoes it
            self._stand(replace(standing, line=line))
        else:
            self._move(replace(standing, line=line, number=self._next(), tried=False))

    def change(self, text: str | None, fields: Mapping[str, Any], changed: str) -> None:
        """Begin a line on a subject with other fields of Config. changed: its description · text: None keeps the text.

        A change is made to the subject as it was opened; a second change replaces the first, also for undo.
        """
        at = self._standing
        truncate = at is not None and text is None and at.truncate
        text = self.text if text is None else text
        if not text:
            raise GlassheadError("There is no sentence yet: type one with i.")
        subject = self.opened.changed(**fields) if fields else self.opened
        standing = self._started(subject, changed if fields else "", text, truncate, tried=True)
        self._move(standing, remember=at is None or not at.tried)

    def undo(self) -> None:
        """Bring back what the last text, choice or change replaced: subject, text and step.

        Raises GlassheadError if there is nothing to undo.
        """
        if not self._before:
            raise GlassheadError("There is nothing to undo: this is where you began.")
        self._stand(replace(self._before.pop(), number=self._next()))

    def check(self) -> tuple[Check, ...]:
        """Check the present moment; each statement is computed in another way than the values were captured."""
        measured = self.line.verify() if self.line.verifiable else ()
        return checks(self.moment.trace, *measured)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a recording of the present line, as far as it is known. See `Stepper.save`."""
        return self.line.save(path, changed=self.standing.changed, overwrite=overwrite)

    def _started(
        self,
        subject: Subject,
        changed: str,
        text: str,
        truncate: bool,
        *,
        tried: bool = False,
        forced: str | None = None,
    ) -> Standing:
        line = subject.start(text, truncate=truncate, keep=self._keep, forced=forced)
        return Standing(subject, line, self._next(), text, truncate, changed, tried)

    def _next(self) -> int:
        self._lines += 1
        return self._lines

    def _move(self, standing: Standing, *, remember: bool = True) -> None:
        if remember and self._standing is not None:
            self._before.append(self._standing)
            self._forget()
        self._stand(standing)

    def _forget(self) -> None:
        """Let go of the oldest standings, but not of the way back to the opened subject."""
        while len(self._before) > 1 and (
            len(self._before) > REMEMBERED or sum(each.line.rows.record.bytes for each in self._before) > BUDGET
        ):
            later = [*self._before[1:], self._standing]
            needed = [each.changed != after.changed for each, after in zip(self._before, later, strict=True) if after]
            del self._before[needed.index(False) if False in needed else 0]

    def _stand(self, standing: Standing) -> None:
        self._standing, self._moment = standing, None
