"""Preparing a corpus, in stages that can be interrupted anywhere and go on where they were.

Files of one's own are read twice. The first reading finds what is wrong with them before anything else is done, and
keeps 17 bytes of every pair: hashes, by which duplicates are found and validation sentences drawn, and a sample of the
texts, from which the vocabulary is learned. The second reading turns what is left into ids. A recipe's pairs are made
as they are needed. Nothing is held in memory but a chunk of pairs and a few numbers for each of them.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from glasshead.checkpoints import format as checkpoint
from glasshead.errors import GlassheadError
from glasshead.files import replace_text
from glasshead.recipes import recipe
from glasshead.text import Codec, Vocabulary
from glasshead.training.data import corpus
from glasshead.training.data.encoder import LONGEST, Encoder, words
from glasshead.training.data.growing import RECORD, Growing
from glasshead.training.data.ids import Array, Writer, number_type
from glasshead.training.data.lines import Fingerprint
from glasshead.training.data.pairs import Files, Line, Report, read
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings

CHUNK = 2000
"""Pairs that are tokenised at once,"""
CHUNK_CHARACTERS = 500_000
"""or fewer, if they have so many characters."""
COMMIT_SECONDS = 1.0
"""How much work is lost at most when the process is killed."""
VOCABULARY_PAIRS = 100_000
"""How many pairs of own files a vocabulary is learned from,"""
VOCABULARY_CHARACTERS = 20_000_000
"""or fewer, if they have so many characters,"""
UNSPACED_CHARACTERS = 2_000_000
"""or so many in words too long to come again, which are the sentences of a script without spaces: learning takes some
120 bytes for each of these."""
LEARNED_CHARACTERS = 2000
"""How much of one sentence it is learned from: a word of a million letters would take minutes, and teach nothing."""
RECIPE_PAIRS = 30_000
"""How many pairs of a recipe a vocabulary is learned from. It makes at least as many, however short the training is, so
that a trial of a few steps has the vocabulary, and at its beginning the batches, of any other."""
TOKENS_A_PAIR = 10
"""What a recipe's pair has at least, about, on its longer side."""
VOCABULARY = 8000
"""Entries of a vocabulary that nobody gave a size."""
AT_ONCE = 1 << 22
"""Hashes that are sorted at once."""

KEEP, EMPTY, COPY, AGAIN, VALID = range(5)
REASONS = {EMPTY: "empty", COPY: "whose target is their source", AGAIN: "that were there before"}
KINDS, PAIRS, SOURCES, SAMPLE = "scan.kinds", "scan.pairs", "scan.sources", "scan.sample.jsonl"
HASH = np.dtype("<u8")

Told = Callable[[Preparing], None]


def wanted(settings: Settings) -> dict[str, Any]:
    """The settings that decide what a corpus is. Files are known by what they hold, not by their names."""
    names = ["seed", "vocab_size", "vocabulary", "level", "lowercase"]
    if settings.recipe is not None:
        names += ["recipe", "generate"]
    else:
        names += ["source_column", "target_column", "valid_size", "skip_bad", "keep_copies", "keep_duplicates"]
    found = {name: getattr(settings, name) for name in names}
    return {**found, "max_length": limit(settings), "tokenizer": settings.tokenizer is not None}


def limit(settings: Settings) -> int:
    """The tokens of the longest sentence that is kept, its end included: it must fit in the model, and in a batch."""
    return min(settings.max_length, settings.batch_tokens)


def inputs(settings: Settings) -> dict[str, Path]:
    """The files that a corpus is made of, by the settings that name them."""
    found = {**_files(settings).paths}
    found |= {{"pairs": "valid"}.get(name, f"valid_{name}"): path for name, path in _valid(settings).paths.items()}
    if settings.tokenizer is not None:
        with suppress(GlassheadError):  # it may be gone; whoever needs it will see
            folder = _tokenizer_folder(settings.tokenizer)
            found["tokenizer"] = folder / corpus.TOKENIZER
            if (folder / corpus.SOURCE_TOKENIZER).is_file():
                found["source-tokenizer"] = folder / corpus.SOURCE_TOKENIZER
    return found


def _files(settings: Settings) -> Files:
    return _of(settings.pairs, settings.source, settings.target, settings)


def _valid(settings: Settings) -> Files:
    return _of(settings.valid, settings.valid_source, settings.valid_target, settings)


def _of(pairs: str | None, source: str | None, target: str | None, settings: Settings) -> Files:
    one, first, second = (None if name is None else Path(name) for name in (pairs, source, target))
    return Files(one, first, second, settings.source_column, settings.target_column)


def _tokenizer_folder(name: str) -> Path:
    """Where the tokenizers of a checkpoint are, or of a run, even one that has saved no checkpoint yet."""
    data = Path(name) / "data"
    if (data / corpus.MANIFEST).is_file():
        return data
    return checkpoint.find(name)


def _given(name: str) -> Vocabulary:
    """The vocabulary of a checkpoint or run."""
    folder = _tokenizer_folder(name)
    own = (folder / corpus.MANIFEST).is_file()
    return corpus.read_vocabulary(folder) if own else checkpoint.vocabulary(folder)


def _sizes(vocabulary: Vocabulary) -> str:
    source, target = (f"{codec.size:,} {codec.level}s" for codec in (vocabulary.source, vocabulary.target))
    return target if vocabulary.joint else f"{source} of the source and {target} of the target"


def preparation(
    folder: Path, settings: Settings, paths: Mapping[str, Path], told: Told, stop: Callable[[], bool]
) -> "Preparation":
    """What prepares a corpus with these settings."""
    kind = OwnFiles if settings.recipe is None else Made
    return kind(folder, settings, paths, told, stop)


def tidy(folder: Path) -> None:
    """Remove what the preparation of a finished corpus needed, if it was killed before it could do so itself."""
    if (folder / RECORD).is_file():
        for name in (KINDS, PAIRS, SOURCES, SAMPLE, RECORD):
            (folder / name).unlink(missing_ok=True)


class _StopError(Exception):
    """The preparation is to stop; what it has done is committed."""


class Preparation:
    """The stages that all preparations have: learn a vocabulary, turn what is held back and what is trained on to ids.

    What a stage must know to go on is in `state`, which is committed together with the files.
    """

    stages: tuple[str, ...]

    def __init__(
        self, folder: Path, settings: Settings, paths: Mapping[str, Path], told: Told, stop: Callable[[], bool]
    ) -> None:
        """Raises GlassheadError if one was begun here with other settings or files."""
        self.folder, self.settings, self.paths, self._told, self._stop = folder, settings, paths, told, stop
        self.limit = limit(settings)
        self.given = None if settings.tokenizer is None else _given(settings.tokenizer)
        self.files = Growing(folder)
        self.state: dict[str, Any] = self.files.state
        self._committed = time.monotonic()
        if self.state:
            corpus.same(folder, self.state["wanted"], wanted(settings), self.state["inputs"], paths)
            if self.state["stage"] == self.stages[0] and self.state["seen"] != seen(paths):
                self.files.forget()  # what was read of a file that has changed since is of no use
        if not self.files.state:
            self.state = {"wanted": wanted(settings), "seen": seen(paths), "inputs": {}, "lines": []}
            self.begin(self.stages[0])

    def run(self) -> bool:
        """Go through the stages that are left. False if it was asked to stop; what was done is kept."""
        try:
            for stage in self.stages[self.stages.index(self.state["stage"]) :]:
                if self.state["stage"] != stage:
                    self.begin(stage)
                getattr(self, stage)()
        except _StopError:
            return False
        except GlassheadError as error:
            if isinstance(error.__cause__, OSError):  # a disk that failed, or a share that is away: it may come back
                raise
            self.files.forget()
            for name in (corpus.TOKENIZER, corpus.SOURCE_TOKENIZER):
                (self.folder / name).unlink(missing_ok=True)
            raise
        finally:
            self.files.close()
        return True

    def begin(self, stage: str) -> None:
        """Commit that the stages before this one are done."""
        self.commit(stage=stage, after=0, row=0, report=None)

    def commit(self, **changes: Any) -> None:
        """What was done so far stays, with these changes of the state."""
        self.state.update(changes)
        self.files.commit(self.state)
        self._committed = time.monotonic()

    def step(self, what: str, done: int, total: int | None, **changes: Any) -> None:
        """A part of a stage is done and may be committed: tell it, stop if that is wanted."""
        self._told(Preparing(what, done, total))
        stop = self._stop()
        if stop or time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit(**changes)
        if stop:
            raise _StopError

    def poll(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Within a stage that is so short that it begins again when it is interrupted."""
        self._told(Preparing(what, done, total))
        if self._stop():
            raise _StopError

    # The vocabulary.

    def learn_from(self, pairs: Callable[[], Iterator[tuple[str, str]]], count: int, default: int) -> None:
        """Learn the vocabulary from pairs, or take the one that is wished for. count: how many pairs there are."""
        self.poll("learning the vocabulary")
        settings = self.settings
        if self.given is not None:
            vocabulary = self.given
            self.state["lines"].append(f"The vocabulary of {settings.tokenizer}: {_sizes(vocabulary)}.")
            for role in ("tokenizer", "source-tokenizer"):
                if role in self.paths:
                    self.state["inputs"][role] = asdict(Fingerprint.of(self.paths[role]))
        else:
            texts = {
                "": (text for pair in pairs() for text in pair),
                " of the source": (source for source, _ in pairs()),
                " of the target": (target for _, target in pairs()),
            }
            size = default if settings.vocab_size is None else settings.vocab_size
            sides = ("",) if settings.vocabulary == "joint" else (" of the source", " of the target")
            codecs = [self._learned(texts[side], size, side, count) for side in sides]
            vocabulary = Vocabulary(codecs[0], codecs[-1])
        corpus.write_vocabulary(self.folder, vocabulary)

    def _learned(self, texts: Iterator[str], size: int, side: str, count: int) -> Codec:
        settings = self.settings
        codec = Codec.train(
            (text[:LEARNED_CHARACTERS] for text in texts),
            vocab_size=size,
            lowercase=settings.lowercase,
            level="word" if settings.level == "word" else "subword",
        )
        entries = f"{codec.size:,} {codec.level}s{side}"
        if settings.vocab_size is not None and codec.size < size:
            raise GlassheadError(
                f"--vocab-size is {size:,}, but the corpus supports {entries} at most. Give that, or leave it out."
            )
        short = f" (it gives no more, the default is {size:,})" if codec.size < size else ""
        self.state["lines"].append(f"A vocabulary of {entries}, learned from {count:,} pairs{short}.")
        return codec

    # Ids.

    def splits(self, *names: str) -> "list[Split]":
        """What writes the ids of these splits, with the vocabulary that was learned."""
        vocabulary = corpus.read_vocabulary(self.folder)
        source = Encoder(vocabulary.source)
        target = source if vocabulary.joint else Encoder(vocabulary.target)
        self.types = [number_type(vocabulary.source.size).name, number_type(vocabulary.target.size).name]
        return [Split(self.files, name, (source, target), self.types, self.limit) for name in names]

    # The end.

    def finish(self) -> None:
        """See that there is enough, and write the manifest."""
        train, valid = self.splits("train", "valid")
        if not valid.writer.pairs:
            raise GlassheadError(f"No pair is left to be scored on. {' '.join(self.state['lines'])}")
        self._enough(train.writer)
        pairs = train.writer.pairs
        tokens = [f"{train.writer.tokens(side) + pairs:,} {side}" for side in ("source", "target")]
        last = (
            f"{pairs:,} pairs to train on, with {' and '.join(tokens)} tokens; {valid.writer.pairs:,} to be scored on."
        )
        splits = {
            split.name: {
                "pairs": split.writer.pairs,
                "types": self.types,
                "sizes": {name: self.files.size(name) for name in corpus.split_files(split.name)},
            }
            for split in (train, valid)
        }
        known = {role: Fingerprint(**each) for role, each in self.state["inputs"].items()}
        lines = [*self.state["lines"], last]
        found = corpus.manifest(self.state["wanted"], known, splits, lines, self.folder)
        replace_text(self.folder / corpus.MANIFEST, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        tidy(self.folder)

    def _enough(self, train: Writer) -> None:
        """Raises GlassheadError if there is less than one update takes, or nothing at all."""
        if not train.pairs:
            raise GlassheadError(f"No pair is left to train on. {' '.join(self.state['lines'])}")
        settings = self.settings
        update = settings.batch_tokens * settings.accumulate
        if max(train.tokens("source"), train.tokens("target")) + train.pairs >= update:
            return
        offsets = [
            np.fromfile(self.folder / name, "<i8") for name in corpus.split_files("train") if name.endswith(".offsets")
        ]
        widths = np.maximum(*(np.diff(each) for each in offsets)) + 1
        have = int(widths.sum())
        if have >= update:
            return
        fitting = (
            width
            for width in range(have // settings.accumulate, 15, -1)
            if widths[widths <= width].sum() >= width * settings.accumulate
        )
        best = next(fitting, None)
        do = "" if best is None else f", or say --batch-tokens {best}"
        taken = f"{settings.batch_tokens:,}" + (f" × {settings.accumulate}" if settings.accumulate > 1 else "")
        raise GlassheadError(
            f"{train.pairs:,} pair{'s' if train.pairs != 1 else ''} to train on, with {have:,} tokens, and one update "
            f"takes {taken} of them: give more pairs{do}.\n" + "\n".join(self.state["lines"])
        )


class Split:
    """Collects pairs, and turns them to ids a chunk at a time."""

    def __init__(
        self, files: Growing, name: str, encoders: tuple[Encoder, Encoder], types: Sequence[str], limit: int
    ) -> None:
        self.name, self.writer = name, Writer(files, name, types)
        self._files, self._encoders, self._limit = files, encoders, limit
        self._waiting: list[Line] = []
        self.characters = 0

    def add(self, line: Line) -> None:
        """One pair more."""
        self._waiting.append(line)
        self.characters += len(line.source) + len(line.target)

    def __len__(self) -> int:
        """Pairs that are waiting."""
        return len(self._waiting)

    def flush(self, report: Report, *, texts: bool) -> None:
        """Write what is waiting, but what is too long. texts: as text too, for the sentences that are held back."""
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
    """Whether enough is waiting to be written."""
    return sum(map(len, splits)) >= CHUNK or sum(split.characters for split in splits) >= CHUNK_CHARACTERS


class OwnFiles(Preparation):
    """Pairs of the user's own files."""

    stages = ("scan", "learn", "hold", "encode", "finish")

    def __init__(self, folder: Path, settings: Settings, *rest: Any) -> None:
        self.own, self.held = _files(settings), _valid(settings)
        for files in (self.own, self.held):
            if files.paths:
                files.check()  # before anything that was begun is touched
        columns = settings.source_column is not None or settings.target_column is not None
        if columns and "pairs" not in {**self.own.paths, **self.held.paths}:
            raise GlassheadError("--source-column and --target-column are for --pairs: parallel lines have no columns.")
        super().__init__(folder, settings, *rest)
        self._verdict: Array | None = None

    def scan(self) -> None:
        """Read everything once: is it sound, and what of it is twice there?"""
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

        seed = self._seed
        for line in read(self.own, report=report, skip_bad=self.settings.skip_bad, after=self.state["after"]):
            source, target = line.source.strip(), line.target.strip()
            kind = EMPTY if not source or not target else COPY if source == target else KEEP
            key = blake2b(f"{source}\0{target}".encode(), digest_size=8).digest()
            kinds.append(kind)
            pairs += key
            sources += hashed(source, seed)
            if kind == KEEP:
                sound += 1
                # Those with the smallest hashes are a draw from the whole file; how small they must be shows with time.
                if int.from_bytes(key, "little") * sound < 2 * VOCABULARY_PAIRS << 64:
                    texts = [source[:LEARNED_CHARACTERS], target[:LEARNED_CHARACTERS]]
                    sample.append(json.dumps([done, *texts], ensure_ascii=False) + "\n")
            done += 1
            if len(kinds) >= CHUNK:
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

    @property
    def _seed(self) -> bytes:
        return str(self.settings.seed).encode()[:64]

    def verdict(self) -> Array:
        """What becomes of every pair that was read: KEEP, EMPTY, COPY, AGAIN or VALID."""
        if self._verdict is None:
            self._verdict = self._judge()
        return self._verdict

    def _bytes(self, name: str) -> Array:
        return np.fromfile(self.folder / name, np.uint8) if self.files.size(name) else np.empty(0, np.uint8)

    def _judge(self, report: Report | None = None) -> Array:
        """report: what the first reading found. Raises GlassheadError if nothing is left, or can be held back."""
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
        """The vocabulary, from a sample of what is trained on."""
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
        """What is held back, if it is a file of its own."""
        if not self.held.paths:
            return
        (valid,) = self.splits("valid")
        report = Report(self.held.name)
        sources = bytearray()
        for line in read(self.held, report=report, skip_bad=self.settings.skip_bad):
            if not line.source.strip() or not line.target.strip():
                report.leave_out(REASONS[EMPTY], line.number)
                continue
            sources += hashed(line.source.strip(), self._seed)
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
            self.state["lines"].append(
                f"{both:,} of the sources in {self.held.name} are trained on too: scores on them say too much."
            )

    def encode(self) -> None:
        """Read everything again, and turn it to ids."""
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
        self._told(Preparing(what, row, len(found)))
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


class Made(Preparation):
    """Pairs that a recipe makes. Duplicates and copies among them are as they should be."""

    stages = ("learn", "hold", "encode", "finish")

    def __init__(self, folder: Path, settings: Settings, *rest: Any) -> None:
        super().__init__(folder, settings, *rest)
        assert self.settings.recipe is not None
        self.recipe = recipe(self.settings.recipe)
        if "count" not in self.state:
            self.state["count"] = self._count()

    def _count(self) -> int:
        """How many pairs are made: as many as are asked for, else what the steps take if no pair is to come twice."""
        settings = self.settings
        if settings.generate is not None:
            return settings.generate
        # Not by how many processes and batches make an update: the same work may be shared out in many ways.
        taken = settings.steps * settings.batch_tokens // TOKENS_A_PAIR
        return max(RECIPE_PAIRS, min(taken, self.recipe.size))

    def learn(self) -> None:
        """The vocabulary, from the first pairs."""
        count = min(RECIPE_PAIRS, self.state["count"])
        self.learn_from(
            lambda: islice(self.recipe.pairs("train", self.settings.seed), count), count, self.recipe.vocab_size
        )

    def hold(self) -> None:
        """What is held back; more of it is made whenever it is asked for."""
        self.poll(f"making {self.recipe.name} pairs")
        (valid,) = self.splits("valid")
        report = Report(f"{self.recipe.name}, held back", "pair")
        for number, pair in enumerate(self.recipe.sample("valid", self.settings.eval_size), 1):
            report.pairs += 1
            valid.add(Line(*pair, number, number))
        valid.flush(report, texts=True)
        if report.left_out:
            self.state["lines"] += report.lines()

    def encode(self) -> None:
        """Make the pairs to train on, and turn them to ids."""
        (train,) = self.splits("train")
        state, total = self.state["report"], self.state["count"]
        report = Report(self.recipe.name, "pair") if state is None else Report.of(state)
        draw = self.recipe.chance("train", self.settings.seed)
        if state is not None:
            version, numbers, gauss = self.state["draw"]
            draw.setstate((version, tuple(numbers), gauss))
        what = f"making {self.recipe.name} pairs"
        made = self.recipe.pairs("train", self.settings.seed, draw)
        for number, pair in enumerate(islice(made, total - report.pairs), report.pairs + 1):
            report.pairs += 1
            train.add(Line(*pair, number, number))
            if full(train):
                train.flush(report, texts=False)
                self.step(what, number, total, report=report.state(), draw=draw.getstate())
        train.flush(report, texts=False)
        self._told(Preparing(what, total, total))
        self.state["lines"] = [*report.lines(), *self.state["lines"]]


def seen(paths: Mapping[str, Path]) -> dict[str, list[int]]:
    """Size and time of change of files, as far as they are there."""
    found = {role: path.stat() for role, path in paths.items() if path.is_file()}
    return {role: [each.st_size, each.st_mtime_ns] for role, each in found.items()}


def hashed(source: str, seed: bytes) -> bytes:
    """8 bytes that decide whether a source is held back.

    Case and spacing count for nothing: to a model of lower case they make no other sentence, and it must not be scored
    on what it was trained on.
    """
    return blake2b(" ".join(source.lower().split()).encode(), digest_size=8, key=seed).digest()


def repeated(hashes: Array) -> Array:
    """Which of them were there before; the memory it takes does not grow with their number."""
    found = np.zeros(len(hashes), np.bool_)
    bits = max(0, (len(hashes) - 1) // AT_ONCE).bit_length()
    for part in range(1 << bits):
        places = np.flatnonzero(hashes >> np.uint64(64 - bits) == part) if bits else np.arange(len(hashes))
        order = places[np.argsort(hashes[places], kind="stable")]
        values = hashes[order]
        found[order[1:][values[1:] == values[:-1]]] = True
    return found


def drawn(sources: Array, size: int) -> Array:
    """The hashes of sources that together have about `size` pairs, not fewer if that can be.

    The smallest hashes are taken, which is as good as any draw. A source that is most of the corpus is never taken.
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
