"""Text for a command: a word of the command line, or lines of standard input."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from glasshead.errors import GlassheadError
from glasshead.spaces import is_blank

LONGEST = 1 << 20
"""Bytes of a line of standard input."""


class Cutter(Protocol):
    """Whatever cuts a text into tokens."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""

    def cut(self, text: str, limit: int) -> str:
        """Return the longest beginning of a text that has at most `limit` tokens."""


def sentence(text: str) -> str:
    """Check a sentence of the command line. Raises GlassheadError for an empty one."""
    if is_blank(text):
        raise GlassheadError("The sentence is empty: give one, in quotes.")
    return text


def lines(stream: BinaryIO, *, needed: bool = True) -> Iterator[tuple[int, str]]:
    """Yield the lines of a stream with their numbers from 1, without line ends. Empty lines are included.

    Raises GlassheadError at a line that is not UTF-8 or has no end, and, where text is needed, if there is none at all.
    """
    some = False
    for number, raw in enumerate(iter(lambda: stream.readline(LONGEST + 1), b""), 1):
        if len(raw) > LONGEST:  # a device gives zeros for ever, and no line end
            raise GlassheadError(
                f"Line {number} of standard input is longer than {LONGEST:,} bytes, which is no sentence. "
                "Give text, a sentence a line."
            )
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise GlassheadError(
                f"Line {number} of standard input is not valid UTF-8: byte 0x{raw[error.start]:02x} "
                f"at place {error.start + 1}. "
                "Convert it first, for example with `iconv -t utf-8`."
            ) from None
        some = some or not is_blank(line)
        yield number, line
    if needed and not some:
        raise GlassheadError("Standard input holds no text: give a sentence a line.")


def fitting(text: str, names: Cutter, limit: int | None, *, truncate: bool) -> str:
    """Return the text if it has at most `limit` tokens (None is any number); with truncate, cut it there.

    Raises GlassheadError, with the limit, for a longer text.
    """
    if limit is None:
        return text
    if truncate:
        return names.cut(text, limit)
    count = len(names.encode(text))
    if count > limit:
        raise GlassheadError(
            f"The sentence has {count:,} tokens; this model takes at most {limit:,}. "
            "Shorten it, or keep what fits with --truncate."
        )
    return text
