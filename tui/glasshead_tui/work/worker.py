"""Worker: the one thread in which the model is loaded and run: a queue in front of a Session.

Keys become jobs, jobs become frozen Moments in messages to the asker. One forward pass runs at a time. After a while
without jobs the shown moment is checked. Nothing in here draws.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError, StoppedError, ThereError, TooLongError
from glasshead_tui.state.ranked_by import RankedBy
from glasshead_tui.work import studies
from glasshead_tui.work.garbage import keep, loading
from glasshead_tui.work.jobs import PACE, Asker, Desk, Job, Jobs
from glasshead_tui.work.leaving import Leaving
from glasshead_tui.work.messages import (
    Checked,
    NextWeighed,
    NotOpened,
    Opened,
    Refused,
    Saved,
    Scripted,
    Searched,
    ShippedRead,
    Stepped,
)
from glasshead_tui.work.opening import describe, find_again, open_subject, write_loading
from glasshead_tui.work.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from textual.message import Message

    from glasshead.decoding.pick import Pick
    from glasshead.edits.edit import Edit
    from glasshead.found import Found
    from glasshead.lab.page import Page, Try, Value
    from glasshead.session.moment import Moment
    from glasshead.session.session import Session
    from glasshead.traces.shown import NotYetError

POLL = 0.05
"""Seconds between two checks for the end of the app."""
QUIET = 0.15
"""Seconds without a job after which the shown moment is checked: a check takes longer than a step."""
EXAMPLE = "english-french"
"""Model for which the sentences of the lab's tries are written; other models keep their own sentence."""

Change = Callable[["Session"], None]
"""Something that is done to a session."""


class Worker:
    """Jobs for the model, each with a ticket. All public methods but `run` return at once, from any thread.

    to: the asker, who gets the answers.
    """

    def __init__(
        self,
        found: "Found",
        text: str | Callable[[], str] | None,
        forced: str | None = None,
        edits: "tuple[Edit, ...]" = (),
        session: "Path | None" = None,
        beside: "Found | None" = None,
    ) -> None:
        """found: the model to open · text: the first source sentence, or what gives it; None takes an example from the
        card · forced: a target that the first line follows · edits: those that it begins with · session: file whose
        lines are opened if it is there, and which `close` writes · beside: a model that stands beside it, in place of
        the one in that file.
        """
        self._file, self._beside = session, beside
        self._found, self._text, self._forced, self._edits = found, text, forced, edits
        self._jobs = Jobs()
        self._job: Job | None = None
        """Job under way."""
        self._examination = 0
        self._gone: Callable[[], bool] = lambda: False
        self._opened: Session | None = None
        self._wanted = Wanted()
        self._unchecked: tuple[Moment, Asker] | None = None
        """Newest moment and its asker, until it is checked."""
        self._failed = self._began = False

    @property
    def folder(self) -> "Path | None":
        """Folder of the model; None of one that has none, as a recording."""
        return getattr(self._found, "folder", None)

    def open(self, *, to: Asker) -> int:
        """Load the model and begin the first line; then load the one that stands beside it."""
        return self._jobs.put(self._open, to)

    def begin(self, text: str, *, truncate: bool = False, to: Asker) -> int:
        """Begin a line from this source sentence."""

        def job() -> None:
            self._session.begin(text, truncate=truncate)
            self._show(fresh=True)

        return self._jobs.put(job, to, decides=True)

    def step(self, times: int = 1, *, to: Asker) -> int:
        """Take steps while there are any."""
        return self._jobs.put(lambda: self._go(self._session.walk(times)), to, decides=True)

    def play(self, *, to: Asker) -> int:
        """Take a step that no key waits for."""
        return self._jobs.put(lambda: self._go(self._session.walk(1)), to)

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
        """Decode until the end token or the limit, or until another job comes."""
        return self._jobs.put(lambda: self._go(self._session.walk(self._session.line.limit), patient=False), to)

    def choose(self, token: int, moment: "Moment", *, to: Asker) -> int:
        """Take this token next, at the step that the moment shows."""

        def job() -> None:
            self._session.choose(token, moment)
            self._show()

        return self._jobs.put(job, to, decides=True)

    def attempt(self, attempt: "Try", *, to: Asker) -> int:
        """Begin a line that shows an experiment's effect, on a changed model if the try says so, and take steps."""

        def job() -> None:
            session = self._session
            own = attempt.text if session.subject.name == EXAMPLE else None
            at = session.standing
            session.begin(own or at.text, truncate=not own and at.truncate, edits=attempt.edits, tried=True)
            self._show(fresh=True)
            self._go(session.walk(attempt.steps, stopping=False))

        return self._jobs.put(job, to, decides=True)

    def weigh(self, rule: "Mapping[str, float | None]", *, to: Asker) -> int:
        """Weigh the next token by a sampling rule, given by the fields of a `Sample`."""

        def job() -> None:
            from glasshead.session.picking import weigh

            self._answer(NextWeighed(weigh(self._session.line, _sampling(rule)), self._ticket))

        return self._jobs.put(job, to)

    def pick(self, rule: "Mapping[str, float | None] | None", *, to: Asker) -> int:
        """Pick the tokens from here on by a sampling rule; None picks the best ones."""
        return self._move(lambda session: session.pick(_sampling(rule)), to)

    def draw_again(self, *, to: Asker) -> int:
        """Draw the tokens again since sampling began, with the next seed."""

        def job() -> None:
            from glasshead.session.drawing import draw_again

            self._go(self._session.walk(draw_again(self._session)))

        return self._jobs.put(job, to, decides=True)

    def search(self, width: int, *, to: Asker) -> int:
        """Search on with a beam, and add each finished line to the tree."""

        def job() -> None:
            from glasshead.session.searching import search

            desk = self._desk()
            try:
                found, given_up = search(self._session, width, stop=desk.stopped)
            except StoppedError:
                return
            desk.answer(Searched(found, given_up, desk.ticket))
            self._show()

        return self._jobs.put(job, to)

    def undo(self, *, to: Asker) -> int:
        """Undo the last text, candidate, edit, visit or try."""
        return self._move(lambda session: session.undo(), to)

    def edit(self, *edits: str, to: Asker) -> int:
        """Add edits to the line."""
        return self._move(lambda session: session.edit(*edits, regain=False), to)

    def switch_edit(self, number: int, *, to: Asker) -> int:
        """Switch an edit off, or on again."""
        return self._move(lambda session: session.switch_edit(number, regain=False), to)

    def remove_edit(self, number: int, *, to: Asker) -> int:
        """Take an edit out."""
        return self._move(lambda session: session.remove_edit(number, regain=False), to)

    def clear_edits(self, *, to: Asker) -> int:
        """Take all edits out."""
        return self._move(lambda session: session.clear_edits(regain=False), to)

    def visit(self, branch: int, *, to: Asker) -> int:
        """Go to another line of the tree."""
        return self._move(lambda session: session.visit(branch), to)

    def compare(self, branch: int | None, *, to: Asker) -> int:
        """Compare the present line with another one; None ends that."""
        return self._move(lambda session: session.compare_with(branch), to)

    def stand_beside(self, found: "Found", *, to: Asker) -> int:
        """Open another model beside this one, at the same text. `compare` with None ends that."""

        def move(session: "Session") -> None:
            from glasshead.session.guest import open_guest

            with loading():
                guest = open_guest(found, session.subject)
            session.stand_beside(guest)

        return self._move(move, to)

    def pin(self, head: tuple[str, int] | None) -> None:
        """Let the file of the session keep a head that is pinned; None for none."""
        if self._opened is not None:
            self._opened.pinned = head

    def measure_edits(self, *, to: Asker) -> int:
        """Measure what each edit of the line does by itself. It gives way to any other job."""
        return self._jobs.put(lambda: studies.measure_edits(self._session, self._show, self._aside()), to, aside=True)

    def _move(self, move: "Callable[[Session], None]", to: Asker) -> int:
        """Put a job that brings another line, which is then led to where the line before stood."""

        def job() -> None:
            before = self._session.standing.text
            move(self._session)
            self._go(self._session.regain(), fresh=self._session.standing.text != before)

        return self._jobs.put(job, to, decides=True)

    def arrange(self, change: "Change", *, to: Asker) -> int:
        """Change a list of the session: the names, folds and lines of the tree, or the breakpoints."""

        def job() -> None:
            change(self._session)
            self._show()

        return self._jobs.put(job, to)

    def save(self, path: "Path", *, overwrite: bool = False, to: Asker) -> int:
        """Write a recording of the present line."""

        def job() -> None:
            written = self._session.save(path, overwrite=overwrite)
            self._answer(Saved(str(written), written.stat().st_size, self._ticket))

        return self._jobs.put(job, to)

    def measure(self, moment: "Moment", *, to: Asker) -> int:
        """Measure what the heads of a moment do, from its weights; with gold, if its recipe knows the line.

        It gives way to any other job.
        """
        return self._jobs.put(lambda: studies.measure(self._session, moment, self._aside()), to, aside=True)

    def rank(self, about: RankedBy, *, to: Asker) -> int:
        """Rank the heads of the model without edits by what a line, or its next token, loses without each.

        It gives way to any other job.
        """
        return self._jobs.put(lambda: studies.rank(self._session, about, self._aside()), to, aside=True)

    def compute(self, needs: "Sequence[NotYetError]", *, to: Asker) -> None:
        """Compute what is looked at, in place of all that was asked for before. It gives way to any other job.

        `halt` does not stop it: what is shown must come.
        """
        self._wanted.ask(needs, to)
        if needs:
            self._jobs.put(lambda: self._compute(to), to, aside=True)

    def write_script(self, site: str, head: int | None, *, test: bool, to: Asker) -> int:
        """Write the present state as Python that looks at a site; as a test that asserts its numbers."""

        def job() -> None:
            from glasshead.session.script import make_script, make_test

            write = make_test if test else make_script
            text = write(self._session, write_loading(self._found, self._session.subject), site, head)
            self._answer(Scripted(text, test, self._ticket))

        return self._jobs.put(job, to)

    def close(self) -> None:
        """Write the session to its file, if it has one, and all of it was read. Raises GlassheadError if that fails."""
        if self._file is not None and self._opened is not None and self._began:
            from glasshead.session.file import write_session

            write_session(self._opened, self._file)

    def examine(self, page: "Page", values: "Mapping[str, Value]", *, to: Asker) -> int:
        """Run an experiment. An earlier one is stopped, and has no result."""
        given = dict(values)
        self._examination = ticket = self._jobs.put(lambda: self._examine(page, given), to)
        return ticket

    def recall(self, page: "Page", *, to: Asker) -> int:
        """Read the result of an experiment that ships with the program."""

        def job() -> None:
            from glasshead.lab.record import shipped

            self._answer(ShippedRead(ticket=self._ticket, made=shipped(page)))

        return self._jobs.put(job, to)

    def halt(self) -> None:
        """Stop all jobs so far, between two steps, and a running experiment."""
        self._jobs.halt()

    @property
    def deciding(self) -> bool:
        """Whether a job decides the meaning of the next key. Decoding to the end does not: it gives way to any job."""
        return self._began and self._jobs.deciding

    @property
    def idle(self) -> bool:
        """Whether no job is waiting."""
        return self._jobs.idle

    @property
    def newest(self) -> int:
        """Ticket of the newest job; measuring and ranking do not count."""
        return self._jobs.newest

    def run(self, gone: Callable[[], bool]) -> None:
        """Do jobs until `gone()`, or until loading fails. A GlassheadError becomes an answer; any other is raised."""
        self._gone = gone
        with suppress(StoppedError), Leaving(gone) as self._leaving:
            if self._opened is not None:
                self._leaving.watch_passes()
            self._serve(gone)

    def _serve(self, gone: Callable[[], bool]) -> None:
        quiet = time.monotonic()
        while not gone() and not self._failed:
            job = self._jobs.take(POLL)
            if job is not None:
                self._do(job)
                quiet = quiet if job.aside else time.monotonic()
            elif self._unchecked and time.monotonic() - quiet >= QUIET:
                (moment, to), self._unchecked = self._unchecked, None
                try:
                    to.post_message(Checked(moment, self._session.check()))
                except GlassheadError as error:  # nothing is claimed then, and the reason is said
                    to.post_message(Refused(str(error), ticket=0))

    @property
    def _session(self) -> "Session":
        assert self._opened is not None, "the model is opened first"
        return self._opened

    @property
    def _asker(self) -> Asker:
        assert self._job is not None
        return self._job.to

    @property
    def _ticket(self) -> int:
        return 0 if self._job is None else self._job.ticket

    def _answer(self, message: "Message") -> None:
        self._asker.post_message(message)

    def _desk(self) -> Desk:
        ticket = self._ticket
        return Desk(ticket, self._answer, lambda: self._gone() or self._jobs.halted(ticket))

    def _aside(self) -> Desk:
        """Return the desk of a job that no key asked for: it gives way to those that a key did."""
        desk = self._desk()
        return Desk(desk.ticket, self._answer, lambda: desk.stopped() or not self._jobs.idle)

    def _do(self, job: Job) -> None:
        self._job = job
        try:
            job.do()
        except GlassheadError as error:
            kinds = {"too_long": isinstance(error, TooLongError), "there": isinstance(error, ThereError)}
            self._answer(Refused(str(error), ticket=job.ticket, **kinds))
        finally:
            self._jobs.finish(job)

    def _open(self) -> None:
        try:
            with loading():
                from glasshead.decoding.threads import one_thread
                from glasshead.session.session import Session

                one_thread()
                given = self._text() if callable(self._text) else self._text
                subject = open_subject(self._found)
        except GlassheadError as error:
            self._failed = True
            self._answer(NotOpened(str(error)))
            return
        self._opened = Session(subject)
        self._leaving.watch_passes()
        self._answer(Opened(describe(subject)))
        kept: str | None = None
        try:
            if self._file is not None and self._file.exists():
                from glasshead.session.file import read_session

                kept = read_session(self._session, self._file)
            if given is not None or self._session.text is None:
                text = subject.first_sentence if given is None else given
                self._session.begin(text, forced=self._forced, edits=self._edits)
            self._show(fresh=True)
        finally:
            keep()  # what the first pass has loaded
        if self._beside is not None:
            self.stand_beside(self._beside, to=self._asker)
        elif kept is not None:
            self._stand_beside_again(kept)

    def _compute(self, to: Asker) -> None:
        if self._wanted.serve(lambda: self._gone() or not self._jobs.idle) and not self._gone():
            self._jobs.put(lambda: self._compute(to), to, aside=True)

    def _stand_beside_again(self, place: str) -> None:
        try:
            self.stand_beside(find_again(place, self._found), to=self._asker)
        except GlassheadError as error:
            self._answer(Refused(str(error), ticket=0))

    def _examine(self, page: "Page", values: "dict[str, Value]") -> None:
        ticket, stopped = self._ticket, self._desk().stopped
        desk = Desk(ticket, self._answer, lambda: stopped() or ticket < self._examination)  # a later one stops it
        studies.examine(self._session, page, values, desk)

    def _go(self, moves: "Iterator[bool] | Iterator[None]", *, patient: bool = True, fresh: bool = False) -> None:
        """Make moves, and show the line now and then, and at the end; at once after a move that gives True.

        patient: finish all moves before later jobs · fresh: whether the line is a new one.
        """
        shown, since = None, time.monotonic()
        while not (self._jobs.halted(self._ticket) or not (patient or self._jobs.idle) or self._gone()):
            try:
                made = next(moves, _ENDED)
            except GlassheadError:
                if shown is not None:  # it is there no more
                    self._show()
                raise
            if made is _ENDED:
                break
            self._wanted.turn()
            if made or time.monotonic() - since >= PACE:
                shown = self._show(fresh=fresh and shown is None)
                since = time.monotonic()
        self._session.stay()
        if shown is None or shown is not self._session.moment:
            self._show(fresh=fresh and shown is None)

    def _rewind(self, step: int) -> None:
        self._session.rewind(step)
        self._show()

    def _show(self, *, fresh: bool = False) -> "Moment":
        """Answer with the present moment, and return it."""
        moment = self._session.moment
        self._began = True
        self._unchecked = moment, self._asker
        self._answer(Stepped(moment, ticket=self._ticket, fresh=fresh))
        return moment


def _sampling(rule: "Mapping[str, Any] | None") -> "Pick":
    from glasshead.decoding.pick import Sample, greedy

    return greedy if rule is None else Sample(**rule)


_ENDED = object()
