"""The records of CSV (RFC 4180), each with its first and last line; a faulty one is yielded as a Fault."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import Self

from glasshead.training.data.lines import LONGEST, Fault


class _BrokenError(Exception):
    """The reader of CSV cannot continue with the next line."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


UNCLOSED = Fault(
    "with a quote that is not closed",
    f"a quoted field begins here and does not end in the file, or within {LONGEST:,} bytes",
)


class _Feed:
    """Lines for `csv.reader`, one by one as it takes them, and again if it took too many for a record."""

    def __init__(self, lines: Iterator[tuple[int, str | Fault]]) -> None:
        self._lines = lines
        self._waiting: deque[tuple[int, str | Fault]] = deque()
        self.taken: list[tuple[int, str | Fault]] = []
        self._size = 0

    def begin(self) -> None:
        """Begin a record."""
        self.taken.clear()
        self._size = 0

    def put_back(self) -> None:
        """Put back all lines of this record except the first."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        number, text = self._waiting.popleft() if self._waiting else next(self._lines)
        self.taken.append((number, text))
        if isinstance(text, Fault):
            raise _BrokenError(UNCLOSED if text.too_long and (len(self.taken) > 1 or text.quotes % 2) else text)
        self._size += len(text) + 1
        if self._size > LONGEST + 1:
            raise _BrokenError(UNCLOSED)
        return text + "\n"


def records(lines: Iterator[tuple[int, str | Fault]]) -> Iterator[tuple[int, int, list[str] | Fault]]:
    """Yield first line, last line and fields of every record of CSV; a blank line has no fields.

    A broken record is one line: the lines taken for its continuation are read again as records.
    """
    feed = _Feed(lines)
    reader = csv.reader(feed, strict=True)
    while True:
        feed.begin()
        cells: list[str] | Fault
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _BrokenError as error:
            cells = error.fault
        except csv.Error as error:
            ended = "unexpected end" in str(error)
            cells = UNCLOSED if ended else Fault("not CSV", f"this is not CSV ({error})")
        if isinstance(cells, Fault):
            feed.put_back()
        yield feed.taken[0][0], feed.taken[-1][0], cells
