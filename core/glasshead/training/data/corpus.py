"""The corpus of a run: sentences as ids, prepared once into a folder of the run and from then on mapped into memory.

    manifest.json                what it was made of and how; written last, so a folder that has it is complete
    tokenizer.json               the vocabulary; of two it is the target's, and source-tokenizer.json the source's
    train.source.ids, .offsets   ids one after the other, and where each sentence begins; the same for train.target,
                                 valid.source and valid.target
    valid.jsonl                  what is held back, as text: ["source", "target"] a line

What was prepared is never changed. Files that it was made of may go; if they are there, they must still be the same.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from glasshead.errors import GlassheadError
from glasshead.recipes import Pair, Recipe, recipe
from glasshead.text import Codec, Vocabulary
from glasshead.training.data.ids import Ids, ids_file, offsets_file
from glasshead.training.data.lines import Fingerprint
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings
from glasshead.training.settings import told as value_told

MANIFEST, TEXTS = "manifest.json", "valid.jsonl"
TOKENIZER, SOURCE_TOKENIZER = "tokenizer.json", "source-tokenizer.json"
FORMAT, VERSION = "glasshead corpus", 1

Told = Callable[[Preparing], None]
Held = Literal["valid", "test"]


class Corpus:
    """Pairs to train on and pairs to be scored on, with the vocabulary that their ids are of."""

    def __init__(self, folder: Path) -> None:
        """Open a corpus that was prepared. Raises GlassheadError if it is not there, or not whole."""
        self.folder = folder
        try:
            self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if (self.manifest["format"], self.manifest["version"]) != (FORMAT, VERSION):
                raise GlassheadError(f"{folder} is not a corpus that this program can read: prepare it again.")
            self.train, self.valid = (self._ids(split) for split in ("train", "valid"))
            self.lines = tuple(self.manifest["lines"])
            self.fingerprint = str(self.manifest["fingerprint"])
        except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise GlassheadError(
                f"The corpus in {folder} is not whole ({type(error).__name__}: {error}): remove the folder, and it is "
                "prepared again."
            ) from None

    def _ids(self, split: str) -> Ids:
        told = self.manifest["splits"][split]
        for name, size in told["sizes"].items():
            if (self.folder / name).stat().st_size != size:
                raise OSError(f"{name} has another size than it was written with")
        return Ids.open(self.folder, split, told["types"])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary, or the two, that the ids are of."""
        return read_vocabulary(self.folder)

    @property
    def test(self) -> Recipe | None:
        """What makes test sentences: the recipe, which makes others than it trains on. None of own files."""
        name = self.manifest["wanted"].get("recipe")
        return None if name is None else recipe(name)

    def pairs(self, held: Held, count: int) -> list[Pair]:
        """At most `count` pairs that are not trained on, as text; of own files evenly from all of them.

        Own files have none for "test". A recipe makes as many as are asked for, if it can.
        """
        if self.test is not None:
            return self.test.sample(held, count)
        total = len(self.valid)
        if held == "test" or not total:
            return []
        count = min(count, total)
        chosen = {index * total // count for index in range(count)}
        with (self.folder / TEXTS).open(encoding="utf-8", newline="\n") as file:
            found = [json.loads(line) for row, line in enumerate(islice(file, total)) if row in chosen]
        return [(source, target) for source, target in found]


def prepare(
    folder: Path,
    settings: Settings,
    *,
    told: Told = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Corpus | None:
    """The corpus of a run: opened if it is there, prepared if not, and if it was begun, gone on with.

    told: hears how far it is. stop: asked often; once it is true, what is done is kept for the next call, and None is
    given.
    Raises GlassheadError for what is wrong with the data, then nothing of the preparation is kept; and if what is there
    was prepared, or begun, with other settings or of other files, with the difference.
    """
    from glasshead.training.data.stages import inputs, preparation, tidy, wanted

    paths = inputs(settings)
    if (folder / MANIFEST).is_file():
        tidy(folder)
        corpus = Corpus(folder)
        same(folder, corpus.manifest["wanted"], wanted(settings), corpus.manifest["inputs"], paths)
        return corpus
    try:
        if not preparation(folder, settings, paths, told, stop).run():
            return None
    except OSError as error:
        raise GlassheadError(
            f"The corpus cannot be written to {folder}: {error.strerror or error}. What was prepared is kept: once "
            "that is mended, the same command goes on."
        ) from error
    return Corpus(folder)


def same(
    folder: Path,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]],
    paths: Mapping[str, Path],
) -> None:
    """Raises GlassheadError, with the differences, if a corpus was made in another way or of other files than now.

    before, now: the settings that matter. inputs: the fingerprints of the files it was made of, those that are known.
    """
    found = [
        f"{name} was {value_told(before.get(name))} and is {value_told(now.get(name))}"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    for role, path in paths.items():
        if role in inputs and path.is_file() and not _unchanged(path, Fingerprint(**inputs[role])):
            size, others = path.stat().st_size, inputs[role]["size"]
            how = f"it had {others:,} bytes and has {size:,}" if size != others else "it says something else"
            found.append(f"{path} is not the file that it was ({how})")
    if found:
        raise GlassheadError(
            f"The corpus in {folder} was made of something else: {'; '.join(found)}. Give what it was made of, or "
            "another --out."
        )


def _unchanged(path: Path, before: Fingerprint) -> bool:
    """Whether a file is the same. It is read only if its size or its time of change does not say so."""
    found = path.stat()
    if found.st_size != before.size:
        return False
    return found.st_mtime_ns == before.modified or Fingerprint.of(path).digest == before.digest


def read_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a corpus."""
    target = Codec.load(folder / TOKENIZER)
    separate = folder / SOURCE_TOKENIZER
    return Vocabulary(Codec.load(separate), target) if separate.is_file() else Vocabulary.shared(target)


def write_vocabulary(folder: Path, vocabulary: Vocabulary) -> None:
    """Write what `read_vocabulary` reads."""
    if vocabulary.joint:
        (folder / SOURCE_TOKENIZER).unlink(missing_ok=True)
    else:
        vocabulary.source.save(folder / SOURCE_TOKENIZER)
    vocabulary.target.save(folder / TOKENIZER)


def manifest(
    wanted: Mapping[str, Any],
    inputs: Mapping[str, Fingerprint],
    splits: Mapping[str, Mapping[str, Any]],
    lines: Sequence[str],
    folder: Path,
) -> dict[str, Any]:
    """What manifest.json says. The fingerprint of the whole is the same wherever and whenever it is prepared."""
    sums = [
        blake2b((folder / name).read_bytes(), digest_size=16).hexdigest()
        for name in (TOKENIZER, SOURCE_TOKENIZER)
        if (folder / name).is_file()
    ]
    made_of = [VERSION, dict(wanted), {role: each.digest for role, each in inputs.items()}, dict(splits), sums]
    return {
        "format": FORMAT,
        "version": VERSION,
        "wanted": dict(wanted),
        "inputs": {role: asdict(each) for role, each in inputs.items()},
        "splits": dict(splits),
        "lines": list(lines),
        "fingerprint": blake2b(json.dumps(made_of, sort_keys=True).encode(), digest_size=16).hexdigest(),
    }


def split_files(split: str) -> list[str]:
    """The names of the files of a split's ids."""
    return [name(split, side) for side in ("source", "target") for name in (ids_file, offsets_file)]
