"""References: the values that edits take from other decodes, computed once each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from torch import Tensor

from glasshead.decoding.stepper import Stepper
from glasshead.edits.changes import Changes, make_changes
from glasshead.edits.edit import Edit, Origin
from glasshead.edits.language import parse
from glasshead.errors import GlassheadError
from glasshead.found import load
from glasshead.subjects import Subject

STEPS = 64
"""Most steps of a decode that values are taken from."""


@dataclass
class References:
    """See the module."""

    subject: Subject
    line: Stepper | None = None
    """Line that is edited, before any edit; None where there are many."""
    lines: Callable[[int], Stepper] | None = None
    """Function to a line of the session by its number."""
    _found: dict[tuple[str, str], Tensor] = field(default_factory=dict)

    def __call__(self, origin: Origin, site: str) -> Tensor:
        """Return the values of a site in a decode. Raises GlassheadError for a decode that does not have them."""
        if origin == Origin() or origin.line is not None:  # a line goes on: nothing is remembered of it
            return self._of_line(origin)[site]
        key = str(origin), site
        if key not in self._found:
            self._found[key] = self._decode(origin, site)
        return self._found[key]

    def _of_line(self, origin: Origin) -> "_Captured":
        if origin.line is not None:
            if self.lines is None:
                raise GlassheadError(f"There is no line {origin.line}: lines have numbers in the explorer only.")
            return _Captured(self.lines(origin.line))
        if self.line is None:
            raise GlassheadError('Of which text? Where there are many, say it: = mean of "a text".')
        return _Captured(self.line)

    def _decode(self, origin: Origin, site: str) -> Tensor:
        if origin.path is not None:
            subject = load(origin.path)
        else:
            subject = self.subject if origin.model is None else load(origin.model)
        line = subject.start(subject.first_sentence if origin.text is None else origin.text, keep=[site])
        while not line.done and line.step_number < STEPS:
            line.step()
        return line.trace[site]


@dataclass(frozen=True)
class _Captured:
    """The values of a line, whatever it keeps."""

    line: Stepper

    def __getitem__(self, site: str) -> Tensor:
        trace = self.line.outlook if self.line.rows.captures else None
        if trace is None or site not in trace:
            raise GlassheadError(f"Nothing was captured of {site} in this line.")
        return trace[site]


def edit_subject(subject: Subject, edits: Iterable[Edit | str]) -> Subject:
    """Return a subject whose every pass is under edits. Raises GlassheadError for one that does not fit."""
    return subject.edited(changes_of(subject, edits))


def changes_of(subject: Subject, edits: Iterable[Edit | str], text: str | None = None) -> Changes:
    """Make the changes of edits, given as values or as text. text: the line itself, for `= mean` and `= at N`."""
    parsed = tuple(parse(each) if isinstance(each, str) else each for each in edits)
    line = None
    if text is not None and any(origin == Origin() for each in parsed for origin in each.origins):
        line = subject.start(text)
        while not line.done and line.step_number < STEPS:
            line.step()
    return make_changes(parsed, subject.anatomy, References(subject, line))
