"""Frames: the source of a model that hears. Its encoder makes a frame of every second moment of a sound."""

from collections.abc import Sequence
from dataclasses import dataclass

from glasshead.errors import GlassheadError
from glasshead.text import WORD_START, Token


@dataclass(frozen=True)
class Frames:
    """Names of the frames of a sound: the source of a model that hears."""

    title: str
    """Name of the sound; empty if none was given."""
    size: int
    """Number of frames."""
    seconds: float
    """Length of a frame."""

    def encode(self, text: str) -> list[int]:
        """Return the frames of the sound. Raises GlassheadError for another text than its name."""
        if not self.title:
            raise GlassheadError(
                "This model hears sound and reads no text: give the features of a sound (--features FILE)."
            )
        if text != self.title:
            raise GlassheadError(f"This model hears {self.title} and reads no text: open it on another sound.")
        return list(range(self.size))

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Name frames by the time at which they begin."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        named = [f"{WORD_START}{number * self.seconds:.2f} s" for number in ids]
        return [Token(number, name, p) for number, name, p in zip(ids, named, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the name of the sound, for any of its frames."""
        return self.title if ids else ""

    def cut(self, text: str, limit: int) -> str:
        """Return the text: a sound is heard whole."""
        return text
