"""Preparing a corpus from the user's files: scanned once, then encoded."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from glasshead.errors import GlassheadError
from glasshead.spaces import WHITE_SPACE
from glasshead.training.data import splits
from glasshead.training.data.encoder import LONGEST, words
from glasshead.training.data.ids import Array
from glasshead.training.data.origin import held_back, own_pairs
from glasshead.training.data.pairs import Files, Report, read
from glasshead.training.data.sameness import Sameness
from glasshead.training.data.splits import AGAIN, COPY, EMPTY, KEEP, REASONS, VALID, full
from glasshead.training.data.stages import (
    KINDS,
    LEARNED_CHARACTERS,
    PAIRS,
    SAMPLE,
    SOURCES,
    UNSPACED_CHARACTERS,
    VOCABULARY,
    VOCABULARY_CHARACTERS,
    VOCABULARY_PAIRS,
    Preparation,
)
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings

AT_ONCE = 1 << 22
"""Number of hashes that are sorted at once."""


HASH = np.dtype("<u8")


class OwnFiles(Preparation):
    """Pairs of the user's own files."""

    stages = ("scan", "learn", "hold", "encode", "finish")

    def __init__(self, folder: Path, settings: Settings, *rest: Any) -> None:
        self.own, self.held = own_pairs(settings), held_back(settings)
        for files in (self.own, self.held):
            if files.paths:
                files.check()  # before an earlier preparation is touched
        columns = settings.source_column is not None or settings.target_column is not None
        if columns and "pairs" not in {**self.own.paths, **self.held.paths}:
            raise GlassheadError("--source-column and --target-column are for --pairs: parallel lines have no columns.")
        super().__init__(folder, settings, *rest)
        self.same = Sameness(self.given, lowercase=settings.lowercase, seed=settings.seed)
        self._verdict: Array | None = None

    def scan(self) -> None:
        """Read everything once; find faults, and hash the pairs to find duplicates."""
        report = self._report(self.own)
        what = f"reading {self.own.name}"
        kinds, pairs, sources = bytearray(), bytearray(), bytearray()
        sample: list[str] = []
        before = self._bytes(KINDS)
        done, sound = len(before), int((before == KEEP).sum())

        def write() -> None:
            for name, data in ((KINDS, kinds), (PAIRS, pairs), (SOURCES, sources)):
                self.files.append(name, bytes(data))
                data.clear()
            self.files.append(SAMPLE, "".join(sample).encode())
            sample.clear()

        same = self.same
        for line in read(self.own, report=report, skip_bad=self.settings.skip_bad, after=self.state["after"]):
            source, target = same.source(line.source), same.target(line.target)
            kind = EMPTY if not source or not target else COPY if source == target else KEEP
            key = same.pair_key(source, target)
            kinds.append(kind)
            pairs += key
            sources += same.source_key(source)
            if kind == KEEP:
                sound += 1
                # The smallest hashes are a random sample of the whole file; the bound falls as pairs are added.
                if int.from_bytes(key, "little") * sound < 2 * VOCABULARY_PAIRS << 64:
                    texts = [text.strip(WHITE_SPACE)[:LEARNED_CHARACTERS] for text in (line.source, line.target)]
                    sample.append(json.dumps([done, *texts], ensure_ascii=False) + "\n")
            done += 1
            if len(kinds) >= splits.CHUNK:
                write()
                self.step(what, done, None, after=line.end, report=report.state())
        write()
        self.state["inputs"].update(self._fingerprints(self.own, report, ""))
        self._verdict = self._judge(report)

    def _report(self, files: Files) -> Report:
        state = self.state["report"]
        return Report(files.name) if state is None else Report.of(state)

    def _fingerprints(self, files: Files, report: Report, prefix: str) -> dict[str, Any]:
        known = zip(files.paths, report.fingerprints, strict=True)
        return {("valid" if prefix and role == "pairs" else prefix + role): asdict(each) for role, each in known}

    def verdict(self) -> Array:
        """Return the fate of every pair that was read: KEEP, EMPTY, COPY, AGAIN or VALID."""
        if self._verdict is None:
            self._verdict = self._judge()
        return self._verdict

    def _bytes(self, name: str) -> Array:
        return np.fromfile(self.folder / name, np.uint8) if self.files.size(name) else np.empty(0, np.uint8)

    def _judge(self, report: Report | None = None) -> Array:
        """Decide the fate of every pair. report: of the first reading.

        Raises GlassheadError if nothing is left, or if nothing can be held back.
        """
        self.files.flush()
        found = self._bytes(KINDS)
        copies = int((found == COPY).sum())
        if self.settings.keep_copies:
            found[found == COPY] = KEEP
        elif copies and copies == (found != EMPTY).sum():
            raise GlassheadError(
                f"{self.own.name}: the target of every pair is its source. Is it the right column, or file? If they "
                "are meant to be the same, say --keep-copies."
            )
        kept = np.flatnonzero(found == KEEP)
        if not len(kept):
            bad = "" if report is None else " ".join(report.lines())
            raise GlassheadError(f"{self.own.name}: no pair is left to train on, all are empty. {bad}".strip())
        if not self.settings.keep_duplicates:
            found[kept[repeated(self._hashes(PAIRS)[kept])]] = AGAIN
            kept = np.flatnonzero(found == KEEP)
        if not self.held.paths:
            size = self.settings.valid_size
            size = max(1, min(2000, len(kept) // 100)) if size is None else size
            if size >= len(kept):
                again = int((found == AGAIN).sum())
                why = f" ({again:,} that were there before left out; --keep-duplicates keeps them)" if again else ""
                raise GlassheadError(
                    f"{self.own.name}: of {len(kept):,} different pairs{why} {size:,} cannot be held back for scoring. "
                    "Give more pairs, a smaller --valid-size, or a file for scoring as --valid."
                )
            sources = self._hashes(SOURCES)[kept]
            found[kept[np.isin(sources, drawn(sources, size))]] = VALID
            if not (found == VALID).any() or not (found == KEEP).any():
                raise GlassheadError(
                    f"{self.own.name}: there are too few different sources to hold some back for scoring. Give more "
                    "pairs, or a file for scoring as --valid."
                )
        return found

    def _hashes(self, name: str) -> Array:
        return np.memmap(self.folder / name, HASH, mode="r")

    def learn(self) -> None:
        """Learn the vocabulary from a sample of the pairs to train on."""
        found, keys = self.verdict(), self._hashes(PAIRS)
        rows, sizes = [], []
        for row, source, target in self._sample():
            if found[row] == KEEP:
                rows.append(row)
                long = sum(len(word) for text in (source, target) for word in words(text) if len(word) > LONGEST)
                sizes.append((len(source) + len(target), long))
        order = np.argsort(keys[np.array(rows, np.int64)], kind="stable")[:VOCABULARY_PAIRS]
        total = np.cumsum(np.array(sizes, np.int64)[order], axis=0)
        order = order[(total <= (VOCABULARY_CHARACTERS, UNSPACED_CHARACTERS)).all(1)]
        chosen = {rows[place] for place in order}
        self.learn_from(
            lambda: ((source, target) for row, source, target in self._sample() if row in chosen),
            len(chosen),
            VOCABULARY,
        )

    def _sample(self) -> Iterator[tuple[int, str, str]]:
        with (self.folder / SAMPLE).open(encoding="utf-8", newline="\n") as file:
            for line in file:
                row, source, target = json.loads(line)
                yield row, source, target

    def hold(self) -> None:
        """Encode the pairs that are held back, if they have a separate file."""
        if not self.held.paths:
            return
        (valid,) = self.splits("valid")
        report = Report(self.held.name)
        sources = bytearray()
        for line in read(self.held, report=report, skip_bad=self.settings.skip_bad):
            source = self.same.source(line.source)
            if not source or not self.same.target(line.target):
                report.leave_out(REASONS[EMPTY], line.number)
                continue
            sources += self.same.source_key(source)
            valid.add(line)
            if full(valid):
                valid.flush(report, texts=True)
                self.poll(f"reading {self.held.name}", report.pairs)
        valid.flush(report, texts=True)
        self.state["inputs"].update(self._fingerprints(self.held, report, "valid_"))
        self.state["lines"] += report.lines()
        if not valid.writer.pairs:
            raise GlassheadError(f"{self.held.name}: no pair is left to be scored on. {' '.join(report.lines())}")
        learned = self._hashes(SOURCES)[self.verdict() == KEEP]
        both = int(np.isin(np.frombuffer(bytes(sources), HASH), learned).sum())
        if both:
            aside = " (their case aside)" if self.same.keeps_case else ""
            self.state["lines"].append(
                f"{both:,} of the sources in {self.held.name} are trained on too{aside}: scores on them say too much."
            )

    def encode(self) -> None:
        """Read everything again, and encode it."""
        found = self.verdict()
        train, valid = self.splits("train", "valid")
        report = self._report(self.own)
        row = self.state["row"]
        what = f"tokenising {self.own.name}"
        held = not self.held.paths
        for line in read(self.own, report=report, skip_bad=self.settings.skip_bad, after=self.state["after"]):
            fate = int(found[row]) if row < len(found) else KEEP
            row += 1
            if fate == KEEP:
                train.add(line)
            elif fate == VALID:
                valid.add(line)
            else:
                report.leave_out(REASONS[fate], line.number)
            if full(train, valid):
                train.flush(report, texts=False)
                valid.flush(report, texts=held)
                self.step(what, row, len(found), after=line.end, row=row, report=report.state())
        train.flush(report, texts=False)
        valid.flush(report, texts=held)
        self._progress(Preparing(what, row, len(found)))
        for role, each in self._fingerprints(self.own, report, "").items():
            if each["digest"] != self.state["inputs"][role]["digest"]:
                raise GlassheadError(
                    f"{self.paths[role]} was changed between two readings. Start again when it is done."
                )
        self.state["lines"] = [*report.lines(), *self.state["lines"]]
        if held:
            self.state["lines"].append(
                f"{valid.writer.pairs:,} pairs are held back for scoring, by their sources: none of them is trained on."
            )


def repeated(hashes: Array) -> Array:
    """Find the hashes that came before; the memory this takes does not grow with their number."""
    found = np.zeros(len(hashes), np.bool_)
    bits = max(0, (len(hashes) - 1) // AT_ONCE).bit_length()
    for part in range(1 << bits):
        places = np.flatnonzero(hashes >> np.uint64(64 - bits) == part) if bits else np.arange(len(hashes))
        order = places[np.argsort(hashes[places], kind="stable")]
        values = hashes[order]
        found[order[1:][values[1:] == values[:-1]]] = True
    return found


def drawn(sources: Array, size: int) -> Array:
    """Draw hashes of sources that together have about `size` pairs, not fewer if possible.

    The smallest hashes are taken, which is as good as any draw. A source that makes up most of the corpus is never
    taken.
    """
    share = 2 * size / len(sources)
    while True:
        low = sources if share >= 1 else sources[sources < int(share * 2**64)]
        values, counts = np.unique(low, return_counts=True)
        usual = counts <= max(size, len(sources) // 2)
        values, counts = values[usual], counts[usual]
        needed = int(np.searchsorted(np.cumsum(counts), size)) + 1
        if needed <= len(values) or share >= 1:
            return values[:needed]
        share *= 4
