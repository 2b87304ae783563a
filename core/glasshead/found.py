"""Found: something that can be opened, before it is opened. The one way to a Subject; finding costs no torch.

    found = find("english-french")          a bundled name, a name under ./checkpoints, or a folder
    found.check()                           raises an error for every fault that shows without loading
    subject = found.open()

The shell checks, and passes the Found, not its name, to the thread that opens it. So nothing is looked for twice.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from glasshead.adapters.huggingface.folder import HuggingFolder, is_hugging_face
from glasshead.checkpoints.find import check_parts, locate, longest_text
from glasshead.checkpoints.format import describe, vocabulary

if TYPE_CHECKING:
    from glasshead.decoding.protocols import Names
    from glasshead.subject import Subject


class Found(Protocol):
    """A model that can be opened, of any format."""

    @property
    def title(self) -> str:
        """Name for the user."""

    @property
    def limit(self) -> int | None:
        """Most tokens of a text; None if there is no limit. Raises GlassheadError if the files do not say."""

    @property
    def source(self) -> "Names":
        """Tokenizer of the source, without the model. Raises GlassheadError for a damaged one."""

    def check(self) -> None:
        """Check headers and the presence of files. Raises GlassheadError for a missing, truncated or foreign file."""

    def open(self) -> "Subject":
        """Load the model. Raises GlassheadError for parts that are damaged or do not fit each other."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder of the project's own format."""

    folder: Path
    title: str
    """Name of its folder, or for a run in training of the run."""

    @cached_property
    def _content(self) -> dict[str, Any]:
        return describe(self.folder)

    def check(self) -> None:
        """See `Found`."""
        check_parts(self.folder, self._content)

    @cached_property
    def limit(self) -> int | None:
        """See `Found`."""
        return longest_text(self.folder, self._content["config"])

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


class Foreign(HuggingFolder):
    """A folder of Hugging Face."""

    def open(self) -> "Subject":
        """See `Found`."""
        from glasshead.adapters.huggingface.names import Shared
        from glasshead.subject import Subject

        return Subject(self.title, self.load(), Shared(self.source, self.source), self.folder, {})


def find(name: str | Path) -> Found:
    """Find what a name opens. Raises GlassheadError, with the nearest names, if nothing has that name."""
    folder, title = locate(name)
    return Foreign(folder, title) if is_hugging_face(folder) else Checkpoint(folder, title)


def load(name: str | Path) -> "Subject":
    """Open a checkpoint: a bundled name, a name under ./checkpoints, or a folder, also that of a run in training.

    Raises GlassheadError for files that are missing, damaged, foreign or do not fit each other.
    """
    return find(name).open()
