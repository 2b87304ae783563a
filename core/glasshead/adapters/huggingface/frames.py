"""Frames: the source of a model that hears. Its encoder makes a frame of every second moment of a recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from glasshead.errors import GlassheadError
from glasshead.text import WORD_START, Token


@dataclass(frozen=True)
class Frames:
    """Names of the frames of a recording: the source of a model that hears."""

    title: str
    """Name of the recording; empty if none was given."""
    size: int
    """Number of frames."""
    seconds: float
    """Length of a frame."""

    def encode(self, text: str) -> list[int]:
        """Return the frames of the recording. Raises GlassheadError for another text than its name."""
        if not self.title:
            raise GlassheadError(
                "This model hears sound and reads no text: give the features of a recording (--features FILE)."
            )
        if text != self.title:
            raise GlassheadError(f"This model hears {self.title} and reads no text: open it on another recording.")
        return list(range(self.size))

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Name frames by the time at which they begin."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        named = [f"{WORD_START}{number * self.seconds:.2f} s" for number in ids]
        return [Token(number, name, p) for number, name, p in zip(ids, named, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the name of the recording, for any of its frames."""
        return self.title if ids else ""

    def cut(self, text: str, limit: int) -> str:
        """Return the text: a recording is heard whole."""
        return text
