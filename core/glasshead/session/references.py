"""References: the values that edits take from other decodes, computed once each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from torch import Tensor

from glasshead.decoding.rows import Again
from glasshead.decoding.stepper import Stepper
from glasshead.edits.changes import Changes, make_changes
from glasshead.edits.edit import Edit, Origin
from glasshead.edits.language import as_edit
from glasshead.errors import GlassheadError
from glasshead.found import load
from glasshead.site import Site
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
    _decodes: dict[Origin, Stepper] = field(default_factory=dict)
    _found: dict[tuple[Origin, str], Tensor] = field(default_factory=dict)
    _whole: tuple[Stepper, Stepper] | None = None
    """The line, and the same one decoded to its end."""

    def __call__(self, origin: Origin, site: str) -> Tensor:
        """Return the values of a site in a decode. Raises GlassheadError for a decode that does not have them."""
        if origin == Origin():
            return self._value(self._to_the_end(), site)
        if origin.line is not None:  # a line goes on: nothing is remembered of it
            if self.lines is None:
                raise GlassheadError(f"There is no line {origin.line}: lines have numbers in the explorer only.")
            return self._value(self.lines(origin.line), site)
        if (origin, site) not in self._found:
            self._found[origin, site] = self._value(self._decode(origin), site)
        return self._found[origin, site]

    def _to_the_end(self) -> Stepper:
        """Decode the line itself as far as it goes: what an edit takes from it does not depend on the present step."""
        if self.line is None:
            raise GlassheadError(
                "There are many texts here, and an edit takes a value of one: say of which, as in "
                '= mean of "a text", or make it where there is one line, as in show, trace and explore.'
            )
        if self._whole is None or self._whole[0] is not self.line:
            self._whole = self.line, _walk(self.line.branch())
        return self._whole[1]

    def _decode(self, origin: Origin) -> Stepper:
        """Decode once, without capturing; a recording has all that it has."""
        if origin not in self._decodes:
            subject = self.subject
            if origin.path is not None or origin.model is not None:
                subject = load(origin.path or origin.model or "")
            keep = ("*",) if subject.recorded else None
            text = subject.first_sentence if origin.text is None else origin.text
            self._decodes[origin] = _walk(subject.start(text, keep=keep))
        return self._decodes[origin]

    def _value(self, line: Stepper, site: str) -> Tensor:
        """Return a site of all rows that steps started from; what the line does not capture is computed in one pass."""
        if line.recorded:
            return line.trace[site]
        if line.rows.captures and site in line.rows.watch.sites(line.rows.model):
            return line.outlook[site]
        ids = line.ids[:-1] if line.step_number else line.ids
        source = tuple(token.id for token in line.source)
        value = Again(line.rows.model, source, tuple(ids), line.rows.watch.edit)([site])[site][0].float().cpu().clone()
        return value.squeeze(-1) if Site.parse(site).axes == "q" else value


def _walk(line: Stepper) -> Stepper:
    while not line.done and line.step_number < STEPS:
        line.step()
    return line


def edit_subject(subject: Subject, edits: Iterable[Edit | str]) -> Subject:
    """Return a subject whose every pass is under edits. Raises GlassheadError for one that does not fit."""
    return subject.edited(changes_of(subject, edits))


def changes_of(subject: Subject, edits: Iterable[Edit | str], text: str | None = None) -> Changes:
    """Make the changes of edits, given as values or as text. text: the line itself, for `= mean` and `= at N`."""
    parsed = tuple(map(as_edit, edits))
    own = text is not None and any(origin == Origin() for each in parsed for origin in each.origins)
    line = subject.start(text, keep=None) if own and text is not None else None
    return make_changes(parsed, subject.anatomy, References(subject, line))
