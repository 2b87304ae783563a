"""The names of recorded tokens. No torch: a text is checked before anything is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glasshead.text import Token
from glasshead.traces.header import Header


@dataclass(frozen=True)
class RecordedNames:
    """The tokenizer of one side, as far as it was recorded: the recorded text and the recorded tokens."""

    header: Header
    texts: Mapping[int, str]
    """Texts of the tokens, by id."""

    @classmethod
    def of_source(cls, header: Header) -> "RecordedNames":
        """Make those of the source; without an encoder the text is a part of the target."""
        return cls(header, dict(header.source) or cls.of_target(header).texts)

    @classmethod
    def of_target(cls, header: Header) -> "RecordedNames":
        """Make those of the target."""
        return cls(header, {**dict(header.names), **{number: text for number, text, _ in header.target}})

    @property
    def size(self) -> int:
        """Entries of the target's vocabulary."""
        return self.header.size

    def encode(self, text: str) -> list[int]:
        """Return the ids of the recorded text. Raises GlassheadError for any other."""
        if text != self.header.about.text:
            raise self.header.refuse("read another text")
        return list(self.header.about.ids)

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids; one that was not recorded is spelled as a number."""
        given: Sequence[float | None] = [None] * len(ids) if probabilities is None else probabilities
        return [Token(number, self.texts.get(number, f"<{number}>"), p) for number, p in zip(ids, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the recorded text of the line up to these ids. Raises GlassheadError for ids of another line."""
        line = [number for number, _, _ in self.header.target[: len(ids)]]
        step = len(ids) - self.header.prompt
        if step < 0 or line != list(ids):
            raise self.header.refuse("write another text")
        return self.header.text_after(step)

    def cut(self, text: str, limit: int) -> str:
        """Return the recorded text as it is. Raises GlassheadError for any other."""
        self.encode(text)
        return text


@dataclass(frozen=True)
class RecordedSides:
    """The names of both sides."""

    source: RecordedNames
    target: RecordedNames

    @classmethod
    def of(cls, header: Header) -> "RecordedSides":
        """Make them of a header."""
        return cls(RecordedNames.of_source(header), RecordedNames.of_target(header))
