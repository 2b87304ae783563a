"""Preparing a corpus, in stages that can be interrupted anywhere and continue from there.

The user's files are read twice. The first reading finds their faults before anything else is done. It keeps 17 bytes of
every pair (hashes, to find duplicates and draw validation sentences) and a sample of the texts, from which the
vocabulary is learned. The second reading encodes the remaining pairs. A recipe's pairs are made as they are needed.
Memory holds only a chunk of pairs and a few numbers for each of them.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from glasshead.errors import GlassheadError
from glasshead.files import replace_text
from glasshead.text import Codec, Vocabulary
from glasshead.training.data import corpus
from glasshead.training.data.encoder import Encoder
from glasshead.training.data.growing import RECORD, GrowingFiles
from glasshead.training.data.ids import Writer, number_type
from glasshead.training.data.lines import Fingerprint
from glasshead.training.data.origin import given_vocabulary, limit, same, seen, wanted
from glasshead.training.data.splits import Split
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings

COMMIT_SECONDS = 1.0
"""Seconds of work that are lost at most if the process is killed."""
VOCABULARY_PAIRS = 100_000
"""Most pairs of the user's files from which a vocabulary is learned."""
VOCABULARY_CHARACTERS = 20_000_000
"""Most characters of these pairs."""
UNSPACED_CHARACTERS = 2_000_000
"""Most characters of these pairs in words too long to come again, which are sentences of a script without spaces:
learning takes about 120 bytes for each of these characters."""
LEARNED_CHARACTERS = 2000
"""Most characters of one sentence from which it is learned: a word of a million letters would take minutes, and teach
nothing."""
RECIPE_PAIRS = 30_000
"""Pairs of a recipe from which a vocabulary is learned. A recipe makes at least this many, even for a short training,
so that a trial of a few steps has the same vocabulary, and the same first batches, as a long training."""
TOKENS_A_PAIR = 10
"""Approximate least number of tokens on the longer side of a recipe's pair."""
VOCABULARY = 8000
"""Default number of entries of a vocabulary."""

RULES = 2
"""Version of the rules by which sentences are the same. A preparation under other rules is begun again. Version 1
compared the text as it stands in the file."""

KINDS, PAIRS, SOURCES, SAMPLE = "scan.kinds", "scan.pairs", "scan.sources", "scan.sample.jsonl"

Progress = Callable[[Preparing], None]


def _sizes(vocabulary: Vocabulary) -> str:
    source, target = (f"{codec.size:,} {codec.level}s" for codec in (vocabulary.source, vocabulary.target))
    return target if vocabulary.joint else f"{source} of the source and {target} of the target"


def tidy(folder: Path) -> None:
    """Remove the files of a preparation that finished, but was killed before it could remove them itself."""
    if (folder / RECORD).is_file():
        for name in (KINDS, PAIRS, SOURCES, SAMPLE, RECORD):
            (folder / name).unlink(missing_ok=True)


class _StopError(Exception):
    """The preparation has to stop; its work is committed."""


class Preparation:
    """The common stages of all preparations: learn a vocabulary, encode the pairs to hold back and to train on.

    The state that a stage needs to continue is in `state`, which is committed together with the files.
    """

    stages: tuple[str, ...]

    def __init__(
        self, folder: Path, settings: Settings, paths: Mapping[str, Path], progress: Progress, stop: Callable[[], bool]
    ) -> None:
        """Raise GlassheadError if a preparation was begun here with other settings or files."""
        self.folder, self.settings, self.paths, self._progress, self._stop = folder, settings, paths, progress, stop
        self.limit = limit(settings)
        self.given = None if settings.tokenizer is None else given_vocabulary(settings.tokenizer)
        self.files = GrowingFiles(folder)
        self.state: dict[str, Any] = self.files.state
        self._committed = time.monotonic()
        if self.state:
            same(folder, self.state["wanted"], wanted(settings), self.state["inputs"], paths)
            changed = self.state["stage"] == self.stages[0] and self.state["seen"] != seen(paths)
            if changed or self.state.get("rules", 1) != RULES:
                self.files.forget()  # the readings of a changed file are useless
        if not self.files.state:
            self.state = {
                "rules": RULES, "wanted": wanted(settings), "seen": seen(paths), "inputs": {}, "lines": []
            }  # fmt: skip
            self.begin(self.stages[0])

    def run(self) -> bool:
        """Run the remaining stages; return False if it was asked to stop. The work done is kept."""
        try:
            for stage in self.stages[self.stages.index(self.state["stage"]) :]:
                if self.state["stage"] != stage:
                    self.begin(stage)
                getattr(self, stage)()
        except _StopError:
            return False
        except GlassheadError as error:
            if isinstance(error.__cause__, OSError):  # a failing disk or a disconnected share may come back
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
        """Make the work so far permanent, with these changes of the state."""
        self.state.update(changes)
        self.files.commit(self.state)
        self._committed = time.monotonic()

    def step(self, what: str, done: int, total: int | None, **changes: Any) -> None:
        """Report that a part of a stage is done, commit it if it is time, and stop if asked to."""
        self._progress(Preparing(what, done, total))
        stop = self._stop()
        if stop or time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit(**changes)
        if stop:
            raise _StopError

    def poll(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Report progress within a stage so short that it begins again if it is interrupted; stop if asked to."""
        self._progress(Preparing(what, done, total))
        if self._stop():
            raise _StopError

    # The vocabulary.

    def learn_from(self, pairs: Callable[[], Iterator[tuple[str, str]]], count: int, default: int) -> None:
        """Learn the vocabulary from pairs, or take the given one. count: number of pairs."""
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
        """Make the splits that encode pairs with the learned vocabulary and write them."""
        vocabulary = corpus.read_vocabulary(self.folder)
        source = Encoder(vocabulary.source)
        target = source if vocabulary.joint else Encoder(vocabulary.target)
        self.types = [number_type(vocabulary.source.size).name, number_type(vocabulary.target.size).name]
        return [Split(self.files, name, (source, target), self.types, self.limit) for name in names]

    # The end.

    def finish(self) -> None:
        """Check that one update's worth of pairs is left, then write the manifest."""
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
        """Raise GlassheadError if there are fewer pairs than one update takes, or none."""
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
