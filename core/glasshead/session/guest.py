"""Guest: another model at the text of the present line, or another checkpoint of the same run.

    session.stand_beside(glasshead.load("runs/mine/checkpoints/step-00002000"))
    session.moment.beside                       the present line next to that of the other model

Where both models have the same tokens, the other one is given those of the present line: what differs then comes from
the model alone. What it would have written itself is the original line. A model with other tokens, or a recording,
writes its own target, and what is subtracted is what stands at the same position.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from glasshead.checkpoints.find import home
from glasshead.decoding.protocols import Names
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.found import Found, RecordingFile
from glasshead.session.beside import Kept, compare, make_twin
from glasshead.session.compared import Compared, compare_lines
from glasshead.site import Site
from glasshead.subjects import Subject

STEP = re.compile(r"step-0*(\d+)")
"""The name of a checkpoint in a run."""
FOLLOWS, OWN = "given these tokens", "its own target"
"""What the line of the other model consists of."""


@dataclass(frozen=True, eq=False)
class OtherModel(Compared):
    """The present line next to that of another model."""

    how: str = OWN
    same_tokens: bool = False
    """Whether both models have the same tokens under the same ids, so that there is a difference of logits."""

    def check(self, site: str) -> None:
        """Raise GlassheadError for a value that only one of the models has, or that has another shape in the other.

        `q` stands for all that belongs to a row: it has a difference only if both models are built alike.
        """
        here, there, name = self.edited.anatomy, self.trace.anatomy, self.names[1]
        if site not in there.sites:
            raise GlassheadError(f"There is no difference: {name} has no {site}.")
        super().check(site)
        if site == "logits" and not self.same_tokens:
            raise GlassheadError(f"There is no difference of logits: {name} has other tokens.")
        if Site.parse(site).name == "q" and (here.sites, here.width) != (there.sites, there.width):
            raise GlassheadError(
                f"There is no difference: {name} is built otherwise, d {there.width} with {len(there.sites)} sites, "
                f"not d {here.width} with {len(here.sites)}. Look at one model, then at the other."
            )
        shapes = [tuple(trace[site].shape) for trace in (self.edited, self.trace)]
        if shapes[0] != shapes[1]:
            one, other = (" × ".join(map(str, shape)) for shape in shapes)
            raise GlassheadError(f"{site} has no difference: {one} numbers in this model, {other} in {name}.")


@dataclass(eq=False)
class Guest:
    """See the module. It keeps its line from moment to moment."""

    subject: Subject
    name: str
    """What it is called on the screen."""
    place: str | None = None
    """What opens it again: a bundled name, a folder or a recording; None for a model that is nowhere else."""
    _text: tuple[str, bool] | None = None
    _base: Stepper | None = None
    """What it writes itself."""
    _twin: Stepper | None = None
    """Its line at the tokens of the present one."""
    _kept: Kept = field(default_factory=Kept)
    _same: tuple[Names, bool] | None = None
    """The tokens of the present model, and whether this one has the same."""
    why: str = ""
    """Why it does not stand beside the line; empty if it does."""

    @classmethod
    def of(cls, subject: Subject, name: str | None = None) -> "Guest":
        """Make a guest of a subject. name: by default its own. Raises GlassheadError for a model without attention."""
        if not subject.kinds:
            raise GlassheadError(f"{subject.name} has no attention: there is nothing to compare in it.")
        return cls(subject, name or subject.name, None if subject.folder is None else _place(subject.folder))

    def compare(self, line: Stepper, text: str, *, truncate: bool, count: int) -> Compared | None:
        """Compare a line with that of this model; None, with the reason in `why`, for a text that it does not take.

        text: what the line reads · count: candidates of the other model.
        """
        self.why = ""
        try:
            return self._compare(line, text, truncate, count)
        except GlassheadError as error:  # the line goes on without it
            self.why = f"{self.name} does not stand beside this line: {error}"
            return None

    def _compare(self, line: Stepper, text: str, truncate: bool, count: int) -> Compared:
        base = self._begin(text, truncate=truncate)
        base.goto(line.step_number)
        same = self._has_same_tokens(line, base)
        follows = same and not self.subject.recorded and line.rows.lasting == base.rows.lasting
        if follows and line.prompt.start == base.prompt.start and (line.done or line.step_number < base.limit):
            self._twin = twin = make_twin(base if self._twin is None else self._twin, line)
            if line.recorded:
                found = compare_lines(line, twin, self.name, count)
            else:
                found = _as_compared(base, line, twin, count, self._kept)
            how, stands = FOLLOWS, None
        else:
            found = compare_lines(line, base, self.name, count)
            found = found if same else replace(found, next_divergence=None)
            how, stands = OWN, found.stands
        return OtherModel(
            found.steps, found.next_divergence, found.edits, found.edited, found.trace, found.candidates,
            found.entropy, ("this model", self.name), stands, how, same,
        )  # fmt: skip

    def _begin(self, text: str, *, truncate: bool) -> Stepper:
        """Begin the own line of a text, unless it is there."""
        if self._base is None or self._text != (text, truncate):
            self._base = self._twin = None
            self._base, self._text = self.subject.start(text, truncate=truncate), (text, truncate)
        return self._base

    def _has_same_tokens(self, line: Stepper, base: Stepper) -> bool:
        """Tell whether the ids of a line mean the same to both models."""
        if line.rows.model.size != base.rows.model.size:
            return False
        if line.recorded or base.recorded:  # which names only the tokens that were recorded
            ids = line.ids if line.recorded else base.ids
            return [token.text for token in line.names.tokens(ids)] == [token.text for token in base.names.tokens(ids)]
        if self._same is None or self._same[0] is not line.names:
            self._same = line.names, have_same_tokens(line.names, base.names)
        return self._same[1]


def open_guest(found: Found, beside: Subject) -> Guest:
    """Open a model that was found beside a subject. Raises GlassheadError for one that cannot be opened."""
    found.check()
    subject = found.open()
    name = STEP.sub(r"step \1", subject.name)
    guest = Guest.of(subject, name if subject.name != beside.name else f"the other {name}")
    if isinstance(found, RecordingFile):
        guest.place = _place(found.path)
    return guest


def _place(path: Path) -> str:
    """Write where a model is, so that it is found again from any folder."""
    path = path.resolve()
    return path.name if path.parent == home().resolve() else str(path)


def have_same_tokens(one: Names, other: Names) -> bool:
    """Tell whether two tokenizers have the same tokens under the same ids."""
    if one is other:
        return True
    ids = list(range(one.size))
    return one.size == other.size and all(
        a.text == b.text for a, b in zip(one.tokens(ids), other.tokens(ids), strict=True)
    )


def _as_compared(base: Stepper, line: Stepper, twin: Stepper, count: int, kept: Kept) -> Compared:
    """Compare a line with what another model writes itself, and with that model at the tokens of the line."""
    found = compare(base, line, twin, (), count, kept)
    return Compared(found.steps, found.next_divergence, (), found.edited, found.trace, found.candidates, found.entropy)
