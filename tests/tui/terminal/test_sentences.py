"""Sentences from the command line and from standard input."""

import io

import pytest

from glasshead.errors import GlassheadError
from glasshead_tui.terminal.sentences import LONGEST, lines


def test_a_line_without_an_end_is_refused_before_memory_is_full() -> None:
    class Zeros(io.RawIOBase):
        """A device that gives zeros for ever."""

        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, room: memoryview) -> int:  # type: ignore[override]
            room[:] = bytes(len(room))
            Zeros.given += len(room)
            return len(room)

    with pytest.raises(GlassheadError, match=r"Line 1 of standard input is longer than 1,048,576 bytes"):
        list(lines(io.BufferedReader(Zeros())))
    assert Zeros.given < 2 * LONGEST


def test_lines_come_with_their_numbers() -> None:
    stream = io.BytesIO("\ufeffa dog\n\r\nthe cat\r\n".encode() + b"x" * LONGEST)
    found = list(lines(stream))
    assert found[:3] == [(1, "a dog"), (2, ""), (3, "the cat")]
    assert found[3] == (4, "x" * LONGEST)
