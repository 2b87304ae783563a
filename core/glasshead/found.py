"""Found: something that can be opened, before it is. The one door to a Subject; looking costs no torch.

    found = find("english-french")          a bundled name, a name under ./checkpoints, or a folder
    found.check()                           raises a sentence for what can be known to be wrong without loading it
    subject = found.open()

The shell checks; what it found, and not its name, travels to the thread that opens it. So nothing is looked for twice.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from glasshead.checkpoints.find import check_parts, locate, longest_length
from glasshead.checkpoints.format import describe, vocabulary

if TYPE_CHECKING:
    from glasshead.decoding.protocols import Names
    from glasshead.subject import Subject


class Found(Protocol):
    """Whatever can be opened, of any format."""

    @property
    def title(self) -> str:
        """The name to call it by."""

    @property
    def limit(self) -> int | None:
        """Most tokens of a text; None where there is no limit. Raises GlassheadError where the files do not say."""

    @property
    def source(self) -> "Names":
        """The tokenizer of the source, without the model. Raises GlassheadError for a damaged one."""

    def check(self) -> None:
        """Look at headers and at which files are there. Raises GlassheadError for what is missing, cut or foreign."""

    def open(self) -> "Subject":
        """Load it. Raises GlassheadError for parts that are damaged or do not fit each other."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder of the project's own format."""

    folder: Path
    title: str
    """Its folder's name, or of a run in training the run's."""

    @cached_property
    def _content(self) -> dict[str, Any]:
        return describe(self.folder)

    def check(self) -> None:
        """See `Found`."""
        check_parts(self.folder, self._content)

    @cached_property
    def limit(self) -> int | None:
        """See `Found`."""
        return longest_length(self.folder, self._content["config"]) - 1

    @cached_property
    def source(self) -> "Names":
        """See `Found`."""
        return vocabulary(self.folder).source

    def open(self) -> "Subject":
        """See `Found`."""
        from glasshead.checkpoints.load import load
        from glasshead.subject import Subject

        model, names, card = load(self.folder)
        return Subject(self.title, model, names, self.folder, card)


def find(name: str | Path) -> Found:
    """What a name opens. Raises GlassheadError, with the nearest names, where there is nothing of that name."""
    return Checkpoint(*locate(name))


def load(name: str | Path) -> "Subject":
    """Open a checkpoint: a bundled name, a name under ./checkpoints, or a folder, of a run in training too.

    Raises GlassheadError with a sentence for what is missing, damaged, foreign or does not fit.
    """
    return find(name).open()
