"""Line: a text as the model reads it, the target that it is asked about, and where the answers stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glasshead.adapters.recorded import Recorded
from glasshead.errors import GlassheadError, brief
from glasshead.named import JOINED, means
from glasshead.text import Token

if TYPE_CHECKING:
    from glasshead.subjects import Subject

LONGEST = 64
"""Most tokens of a target that the model chooses itself."""


@dataclass(frozen=True)
class Line:
    """One text with its target, as ids."""

    source: tuple[int, ...]
    """What the encoder reads; empty for a decoder alone."""
    ids: tuple[int, ...]
    """What the decoder is given: the start, or the prompt, and all of the target but its last token."""
    labels: tuple[int, ...]
    """The tokens that are asked about; of an encoder alone none yet: its own choices at the mask tokens."""
    prompt: int
    """Tokens of the start."""

    @property
    def rows(self) -> tuple[int, ...]:
        """Row of the logits that each label is predicted by."""
        return tuple(range(len(self.ids) - len(self.labels), len(self.ids)))

    def at(self, step: int, label: int | None = None) -> "Line":
        """Ask about one token alone: that of a step, counted from 1, or another in its place.

        Raises GlassheadError for a step that the target does not have.
        """
        if not self.ids:
            raise GlassheadError("This model writes no target, of which one token could be asked about.")
        if not 1 <= step <= len(self.labels):
            raise GlassheadError(f"There is no step {step}: the target has {len(self.labels)} tokens, counted from 1.")
        chosen = self.labels[step - 1] if label is None else label
        return replace(self, ids=self.ids[: self.prompt + step - 1], labels=(chosen,))


def line_of(subject: "Subject", text: str, target: str | None = None, *, longest: int = LONGEST) -> Line:
    """Make the line of a text. target: what shall be written; by default the model's own greedy choice.

    longest: most tokens of a target that the model chooses. Raises GlassheadError for a recording, which cannot be run,
    and as `Subject.start` does.
    """
    if isinstance(subject.model, Recorded):
        raise subject.model.header.refuse("take parts out of it")
    if target is not None:
        return _given(subject, text, target)
    stepper = subject.start(text, keep=None)
    while not stepper.done and stepper.step_number < longest:
        stepper.step()
    ids, steps = stepper.ids, stepper.step_number
    if ids and not steps:
        raise GlassheadError("The text leaves no room for a target: shorten it.")
    return Line(
        source=tuple(token.id for token in stepper.source), ids=tuple(ids[:-1]), labels=tuple(ids[len(ids) - steps :]),
        prompt=len(ids) - steps,
    )  # fmt: skip


@contextmanager
def numbered(number: int, of: int) -> Iterator[None]:
    """Say of which of several texts a mistake is. number: from 1."""
    try:
        yield
    except GlassheadError as error:
        raise GlassheadError(f"Text {number:,} of {of:,}: {error}" if of > 1 else str(error)) from None


def _given(subject: "Subject", text: str, target: str) -> Line:
    """Make the line of a text with its target, up to its first end token. No model is run."""
    prompt, ids = subject.given(text, target)
    end = next((place for place, each in enumerate(ids) if each in subject.model.ends), len(ids) - 1)
    labels = ids[: end + 1]
    return Line(prompt.source, (*prompt.start, *labels[:-1]), labels, len(prompt.start))


def words(subject: "Subject", line: Line) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """Name the tokens of both sides: of the source, and of what the decoder is given."""
    names = subject.vocabulary
    return tuple(names.source.tokens(line.source)), tuple(names.target.tokens(line.ids))


def token_of(subject: "Subject", line: Line, word: str) -> int:
    """Find the token that a word names: one of the target by its name, any by its name, or the first of the word.

    Raises GlassheadError for a word that is no token.
    """
    names = subject.vocabulary.target
    word = word.strip()
    for token in names.tokens(line.labels):
        if means(word, token.text):
            return token.id
    found = [] if word.startswith(JOINED) else names.encode(word)
    if len(found) != 1:
        known = [token.id for token in names.tokens(range(names.size)) if means(word, token.text)]
        found = known or found
    if not found:
        raise GlassheadError(f"{brief(word)} is no token of this model.")
    return found[0]
