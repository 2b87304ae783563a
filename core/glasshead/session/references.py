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
        """Return the values of a site in a decode. Raises GlassheadError for a decode that does not have them.

        Of a line that stands somewhere these are the values to its end, so that they do not depend on where it stands.
        """
        if origin == Origin() or origin.line is not None:  # a line may take other tokens: nothing is remembered of it
            return self._of_line(origin, site)
        key = str(origin), site
        if key not in self._found:
            self._found[key] = self._decode(origin, site)
        return self._found[key]

    def _of_line(self, origin: Origin, site: str) -> Tensor:
        if origin.line is not None and self.lines is None:
            raise GlassheadError(f"There is no line {origin.line}: lines have numbers in the explorer only.")
        line = self.line if origin.line is None or self.lines is None else self.lines(origin.line)
        if line is None:
            raise GlassheadError('Of which text? Where there are many, say it: = mean of "a text".')
        if line.rows.captures and site in line.rows.watch.sites(line.rows.model):
            return _end(line.branch()).outlook[site]
        again = self.subject.start(line.about.text, truncate=True, keep=[site])
        again.follow(line, line.step_number)
        return _end(again).outlook[site]

    def _decode(self, origin: Origin, site: str) -> Tensor:
        if origin.path is not None:
            subject = load(origin.path)
        else:
            subject = self.subject if origin.model is None else load(origin.model)
        text = subject.first_sentence if origin.text is None else origin.text
        return _end(subject.start(text, keep=[site])).outlook[site]


def _end(line: Stepper) -> Stepper:
    """Take steps to the end of a line, but no more than a number of them from its start."""
    while not line.done and line.step_number < STEPS:
        line.step()
    return line


def edit_subject(subject: Subject, edits: Iterable[Edit | str]) -> Subject:
    """Return a subject whose every pass is under edits. Raises GlassheadError for one that does not fit."""
    return subject.edited(changes_of(subject, edits))


def changes_of(subject: Subject, edits: Iterable[Edit | str], text: str | None = None) -> Changes:
    """Make the changes of edits, given as values or as text. text: the line itself, for `= mean` and `= at N`."""
    parsed = tuple(parse(each) if isinstance(each, str) else each for each in edits)
    own = text is not None and any(origin == Origin() for each in parsed for origin in each.origins)
    line = subject.start(text, keep=None) if own and text is not None else None
    return make_changes(parsed, subject.anatomy, References(subject, line))
