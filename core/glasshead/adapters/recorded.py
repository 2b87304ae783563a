"""A recording in the place of its model: a line that goes forward and back along what was recorded, and nowhere else.

Whatever would need the model is refused in a sentence that says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NoReturn

import torch
from torch import Tensor

from glasshead.adapters.recorded_names import RecordedNames
from glasshead.anatomy import Anatomy
from glasshead.decoding.pick import Pick, greedy
from glasshead.decoding.protocols import Limits, Memory, Past, Prompt
from glasshead.decoding.rows import Rows, Watch
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.tap import Change, Seen
from glasshead.text import Token
from glasshead.traces.file import Recording, subset
from glasshead.traces.header import Header
from glasshead.traces.reading import Reading
from glasshead.traces.record import Record


class Recorded:
    """A recording, as decoding asks for a model."""

    training = False
    device = torch.device("cpu")

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        header = recording.header
        self.limits = Limits(*header.limits)
        self.ends, self.size = frozenset(header.ends), header.size

    @property
    def header(self) -> Header:
        """Facts about the recorded line."""
        return self.recording.header

    @property
    def anatomy(self) -> Anatomy:
        """The parts of the model that was recorded."""
        return self.header.anatomy

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Return the recorded beginning, for the ids of the recorded text. Raises GlassheadError for others."""
        header = self.header
        if tuple(ids) != header.about.ids:
            raise header.refuse("read another text")
        start = header.target[: header.prompt]
        return Prompt(tuple(number for number, _ in header.source), tuple(number for number, _, _ in start))

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Raise GlassheadError: nothing is computed here."""
        raise self.header.refuse("read another text")

    def past(self) -> Past:
        """Raise GlassheadError: nothing is computed here."""
        raise self.header.refuse("decode with it")

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Raise GlassheadError: nothing is computed here."""
        raise self.header.refuse("decode with it")

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> AbstractContextManager[Seen]:
        """Raise GlassheadError: nothing is computed here."""
        raise self.header.refuse("watch it")

    def begin(
        self,
        text: str,
        *,
        pick: Pick = greedy,
        keep: Iterable[str] | None = ("*",),
        edit: Mapping[str, Any] | None = None,
        forced: str | None = None,
    ) -> Stepper:
        """Stand before the first step of the recorded line. keep: sites or globs to look at; None for none.

        Raises GlassheadError for another text, and for a wish that needs the model.
        """
        header = self.header
        if text != header.about.text:
            raise header.refuse("read another text")
        if pick is not greedy or forced is not None:
            raise header.refuse("choose tokens in another way")
        if edit:
            raise header.refuse("edit its values")
        kept = None if keep is None else (keep,) if isinstance(keep, str) else tuple(keep)
        names = self.names
        start = header.target[: header.prompt]
        return Stepper(
            RecordedRows(self, kept),
            names,
            Prompt(tuple(number for number, _ in header.source), tuple(number for number, _, _ in start)),
            self.recording.record.source,
            pick=pick,
            ids=[number for number, _, _ in header.target],
            probabilities=[probability for _, _, probability in header.target],
            taken=0,
            about=header.about,
            known=len(header.target) - header.prompt,
        )

    @cached_property
    def names(self) -> RecordedNames:
        """Names of the recorded tokens of the target."""
        return RecordedNames.of_target(self.header)

    def part(self, keep: tuple[str, ...]) -> Record:
        """Return the recorded values at sites. Raises GlassheadError for a glob that matches none of the model's."""
        record, known = self.recording.record, self.anatomy.sites
        if keep == ("*",):
            return record
        for pattern in keep:
            if not any(fnmatchcase(site, pattern) for site in known):
                close = get_close_matches(pattern, known, n=2, cutoff=0.4)
                hint = f" Near it: {', '.join(close)}." if close else ""
                raise GlassheadError(f"No site of this model matches {pattern!r}.{hint}")
        return subset(record, lambda site: any(fnmatchcase(site, pattern) for pattern in keep))


class RecordedRows(Rows):
    """The rows of a recording: all are there from the beginning, and none can be added or taken away."""

    def __init__(self, model: Recorded, keep: tuple[str, ...] | None) -> None:
        """keep: sites or globs to look at; None for none."""
        self.recorded, self._keep = model, keep
        self.model, self.watch, self.memory = model, Watch(keep, {}, None), None
        self.source = tuple(number for number, _ in model.header.source)
        self.record = model.part(() if keep is None else keep)
        self._whole = model.recording.record.rows

    def __len__(self) -> int:
        return len(self._whole)

    def reach(self, ids: Sequence[int]) -> None:
        """Raise GlassheadError for a row that was not recorded."""
        if ids:
            self._row(ids)

    def through(self, ids: Sequence[int]) -> Tensor:
        """Return the recorded logits after the last of these ids (v). Raises GlassheadError if there are none."""
        row = self._row(ids)
        if "logits" not in self._whole[row]:
            raise GlassheadError(
                f"{self.record.recorded}: the logits were not recorded, only the most probable tokens. "
                "Open the model itself to see them."
            )
        return self._whole[row]["logits"][0, -1]

    def best(self, ids: Sequence[int], count: int) -> tuple[list[int], list[float]]:
        """Return the most probable tokens after these ids as they were recorded, best first."""
        found, row = self.recorded.recording.candidates, self._row(ids)
        assert found is not None  # there are rows
        count = max(count, 0)
        if count > found.ids.shape[1] and "logits" in self._whole[row]:
            return super().best(ids, count)
        return found.ids[row, :count].tolist(), found.probabilities[row, :count].tolist()

    def entropy(self, ids: Sequence[int]) -> float:
        """Return the entropy of the token after these ids as it was recorded, in bits."""
        found = self.recorded.recording.candidates
        assert found is not None
        return float(found.entropy[self._row(ids)])

    @property
    def blanks(self) -> None:
        """Return none: a recording is not recorded again."""
        return

    def fillings(self, count: int) -> list[tuple[int, list[int], list[float], float]] | None:
        """Return what was recorded at each mask token: its place, the most probable tokens, and the entropy in bits."""
        recording, most = self.recorded.recording, max(count, 0)
        if recording.header.blanks is None:
            return None
        found = recording.blanks
        return [
            (place, found.ids[at, :most].tolist(), found.probabilities[at, :most].tolist(), float(found.entropy[at]))
            for at, place in enumerate(recording.header.blanks)
            if found is not None
        ]

    def logits(self, count: int) -> tuple[Tensor, ...]:
        """Return none: a recording is not recorded again."""
        return ()

    def reading(self, ids: Sequence[int], names: Callable[..., list[Token]]) -> Reading:
        """Gather what was recorded of predictions; learned maps are not."""
        return Reading(learned=None, names=names, target=lambda row: self.through(ids[: row + 1]))

    def crop(self, rows: int) -> None:
        """Raise GlassheadError: a recording has one line."""
        raise self.recorded.header.refuse("take another token")

    def branch(self) -> "RecordedRows":
        """Return the same rows: nothing changes them."""
        return self

    def full(self, ids: Sequence[int]) -> NoReturn:
        """Raise GlassheadError: nothing is computed here."""
        raise self.recorded.header.refuse("decode with it")

    @property
    def verifiable(self) -> bool:
        """Whether the pass without the past was run when the recording was made."""
        return self.recorded.header.measured is not None

    def verify(self, ids: Sequence[int]) -> tuple[float, int]:
        """Return what was measured when the recording was made. Raises GlassheadError if nothing was."""
        measured = self.recorded.header.measured
        if measured is None:
            raise self.recorded.header.refuse("compare its steps with a pass without the past")
        return measured

    def _row(self, ids: Sequence[int]) -> int:
        if not 0 < len(ids) <= len(self._whole):
            raise self.recorded.header.refuse("go on")
        return len(ids) - 1
