"""One split of a corpus, encoded a chunk of pairs at a time."""

import json
from collections.abc import Sequence

from glasshead.training.data import corpus
from glasshead.training.data.encoder import Encoder
from glasshead.training.data.growing import GrowingFiles
from glasshead.training.data.ids import Writer
from glasshead.training.data.pairs import Line, Report

CHUNK = 2000
"""Most pairs that are encoded at once."""


CHUNK_CHARACTERS = 500_000
"""Most characters of pairs that are encoded at once."""


KEEP, EMPTY, COPY, AGAIN, VALID = range(5)


REASONS = {EMPTY: "empty", COPY: "whose target is their source", AGAIN: "that were there before"}


class Split:
    """Collects pairs, and encodes them a chunk at a time."""

    def __init__(
        self, files: GrowingFiles, name: str, encoders: tuple[Encoder, Encoder], types: Sequence[str], limit: int
    ) -> None:
        self.name, self.writer = name, Writer(files, name, types)
        self._files, self._encoders, self._limit = files, encoders, limit
        self._waiting: list[Line] = []
        self.characters = 0

    def add(self, line: Line) -> None:
        """Add a pair to those waiting."""
        self._waiting.append(line)
        self.characters += len(line.source) + len(line.target)

    def __len__(self) -> int:
        """Count the pairs that are waiting."""
        return len(self._waiting)

    def flush(self, report: Report, *, texts: bool) -> None:
        """Write the waiting pairs, without those that are too long. texts: also as text, for pairs held back."""
        one, other = self._encoders
        long = f"longer than {self._limit:,} tokens"
        lines = []
        for line in self._waiting:
            if one.exceeds(line.source, self._limit) or other.exceeds(line.target, self._limit):
                report.leave_out(long, line.number)
            else:
                lines.append(line)
        self._waiting.clear()
        self.characters = 0
        if not lines:
            return
        ids = one.encode([line.source for line in lines]), other.encode([line.target for line in lines])
        kept: tuple[list[list[int]], list[list[int]]] = ([], [])
        written = []
        for line, source, target in zip(lines, *ids, strict=True):
            if not source or not target:
                report.leave_out(REASONS[EMPTY], line.number)
            elif max(len(source), len(target)) >= self._limit:
                report.leave_out(long, line.number)
            else:
                kept[0].append(source)
                kept[1].append(target)
                written.append(line)
        self.writer.append(*kept)
        if texts:
            rows = (json.dumps([line.source, line.target], ensure_ascii=False) + "\n" for line in written)
            self._files.append(corpus.TEXTS, "".join(rows).encode())


def full(*splits: Split) -> bool:
    """Tell whether enough pairs are waiting to be written."""
    return sum(map(len, splits)) >= CHUNK or sum(split.characters for split in splits) >= CHUNK_CHARACTERS
