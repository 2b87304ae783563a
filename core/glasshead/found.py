"""Found: something that can be opened, before it is opened. The one way to a Subject; finding costs no torch.

    found = find("english-french")          a bundled name, a name under ./checkpoints, a folder, or a recording
    found.check()                           raises an error for every fault that shows without loading
    subject = found.open()

The shell checks, and passes the Found, not its name, to the thread that opens it. So nothing is looked for twice.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from glasshead.adapters.huggingface.folder import HuggingFolder, is_hugging_face
from glasshead.adapters.huggingface.sound import Sound
from glasshead.checkpoints.find import check_parts, locate, longest_text
from glasshead.checkpoints.format import describe, vocabulary
from glasshead.errors import GlassheadError
from glasshead.opening import AS_IT_IS, Opening
from glasshead.tensors import count_numbers
from glasshead.traces.header import SUFFIX, Header, is_recording, load_header

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.decoding.protocols import Names
    from glasshead.subjects import Subject
    from glasshead.text import Vocabulary

LANGUAGE = {"to": "--to", "source": "--from", "chat": "--chat"}
"""Options of models that know several languages, or chat."""


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

    @property
    def light(self) -> bool:
        """Whether `limit` and `source` come at once, without a library that takes seconds to import."""

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
    opening: Opening = AS_IT_IS
    light: ClassVar = True
    """See `Found`."""

    @cached_property
    def _content(self) -> dict[str, Any]:
        return describe(self.folder)

    def check(self) -> None:
        """See `Found`."""
        meaningless = next((name for name in self.opening.given if name in LANGUAGE), None)
        if meaningless is not None:
            raise GlassheadError(
                f"{self.title} knows the one pair of languages that it was trained on, and no chat: leave out "
                f"{LANGUAGE[meaningless]}."
            )
        check_parts(self.folder, self._content)

    @property
    def card(self) -> Mapping[str, Any]:
        """What the checkpoint says of itself."""
        card: Mapping[str, Any] = self._content["card"]
        return card

    @cached_property
    def limit(self) -> int | None:
        """See `Found`."""
        return longest_text(self.folder, self._content["config"])

    @cached_property
    def _vocabulary(self) -> "Vocabulary":
        return vocabulary(self.folder)

    @cached_property
    def source(self) -> "Names":
        """See `Found`."""
        if not self.opening.ids:
            return self._vocabulary.source
        from glasshead.adapters.ids import IdNames

        return IdNames(self._vocabulary.source.size, self._vocabulary.source)

    def open(self) -> "Subject":
        """See `Found`."""
        import torch

        from glasshead.adapters.native import Native
        from glasshead.adapters.sides import NamedSides
        from glasshead.checkpoints.load import load
        from glasshead.decoding.protocols import Sides
        from glasshead.machine import device_of
        from glasshead.subjects import Subject

        self.check()
        device = device_of(self.opening.device)  # one that is not there is found before time is spent
        module, names, card = load(self.folder)
        module = module.to(device)
        if self.opening.dtype != "auto":
            module = module.to(getattr(torch, self.opening.dtype))
        if not self.opening.ids:
            return Subject(self.title, module, names, self.folder, card, self.opening.capture)
        sides: Sides = NamedSides(self.source, names.target)
        return Subject(self.title, Native(module, bare=True), sides, self.folder, {}, self.opening.capture)


class Foreign(HuggingFolder):
    """A folder of Hugging Face."""

    def open(self) -> "Subject":
        """See `Found`."""
        from glasshead.subjects import Subject

        model = self.load()
        card = {} if self.sound is None else {"examples": [self.sound.title]}
        return Subject(self.title, model, self.sides(model), self.folder, card, self.opening.capture)


@dataclass(frozen=True)
class RecordingFile:
    """A file with the recording of a line, which opens without the model."""

    path: Path
    opening: Opening = AS_IT_IS
    light: ClassVar = True
    """See `Found`."""

    @cached_property
    def _header(self) -> Header:
        return load_header(self.path)

    @property
    def title(self) -> str:
        """See `Found`."""
        return self._header.title

    @property
    def limit(self) -> int | None:
        """See `Found`: the tokens of its text, the only one."""
        return len(self._header.about.ids)

    @cached_property
    def source(self) -> "Names":
        """See `Found`."""
        from glasshead.adapters.recorded_names import RecordedNames

        return RecordedNames.of_source(self._header)

    def check(self) -> None:
        """See `Found`."""
        header = self._header  # reading it checks it
        if self.opening.given:
            raise header.refuse("choose how it reads and runs")
        count_numbers(self.path)

    def open(self) -> "Subject":
        """See `Found`."""
        from glasshead.adapters.recorded import Recorded
        from glasshead.adapters.recorded_names import RecordedSides
        from glasshead.subjects import Subject
        from glasshead.traces.file import load

        self.check()
        recording = load(self.path)
        header = recording.header
        return Subject(header.title, Recorded(recording), RecordedSides.of(header), None, header.about.card)


def find(name: str | Path, opening: Opening = AS_IT_IS, features: Path | None = None) -> Found:
    """Find what a name opens. features: the file of a sound, for a model that hears.

    Raises GlassheadError, with the nearest names, if nothing has that name, and for a sound that nothing hears.
    """
    return _find(name, opening, None if features is None else Sound(path=features))


def _find(name: str | Path, opening: Opening, sound: Sound | None) -> Found:
    path = Path(os.path.expanduser(name))  # noqa: PTH111  Path.expanduser raises for an unknown user
    try:
        if (path.suffix == SUFFIX and not path.is_dir()) or (path.is_file() and is_recording(path)):
            if sound is not None:
                raise GlassheadError(f"{name} is a recording of a line: open it without --features.")
            return RecordingFile(path, opening)
    except (OSError, ValueError):  # too long a name, a NUL character: told below
        pass
    folder, title = locate(name)
    if is_hugging_face(folder):
        return Foreign(folder, title, opening, sound)
    if sound is not None:
        raise GlassheadError(f"{title} reads text and hears nothing: open it without --features.")
    return Checkpoint(folder, title, opening)


def load(
    name: str | Path,
    *,
    features: "str | Path | Tensor | None" = None,
    encoder_outputs: "Tensor | None" = None,
    **opening: Any,
) -> "Subject":
    """Open a bundled name, a name under ./checkpoints, a folder, of a run or of Hugging Face, or a recording.

    features: of a sound, for a model that hears: a file, or a tensor f t · encoder_outputs: in their place, what
    the encoder made of them, 1 k m. Such a sound is decoded as the text `subject.first_sentence`, its name.
    opening: the fields of `Opening`, e.g. `to="fr"` or `device="cuda"`.

    Raises GlassheadError for files that are missing, damaged, foreign or do not fit each other, and for an opening that
    the model does not have.
    """
    wishes = Opening(**opening)
    if features is None and encoder_outputs is None:
        return find(name, wishes).open()
    if isinstance(features, str | Path):
        return find(name, wishes, Path(features)).open()
    return _find(name, wishes, Sound(features=features, states=encoder_outputs)).open()
