"""The corpus of a run: sentences as ids, prepared once into a folder of the run, and then mapped into memory.

    manifest.json                origin and settings; written last, so a folder that has it is complete
    tokenizer.json               the vocabulary; if there are two, the target's, and source-tokenizer.json the source's
    train.source.ids, .offsets   ids one after the other, and where each sentence begins; the same for train.target,
                                 valid.source and valid.target
    valid.jsonl                  the pairs held back, as text: ["source", "target"] a line

A prepared corpus is never changed. The user's files may be removed; if they are there, they must still be the same.
"""

import json
from collections.abc import Mapping, Sequence
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

MANIFEST, TEXTS = "manifest.json", "valid.jsonl"
TOKENIZER, SOURCE_TOKENIZER = "tokenizer.json", "source-tokenizer.json"
FORMAT, VERSION = "glasshead corpus", 1

Held = Literal["valid", "test"]


class Corpus:
    """Pairs to train on and pairs to be scored on, with the vocabulary of their ids."""

    def __init__(self, folder: Path) -> None:
        """Open a prepared corpus. Raises GlassheadError if it is missing or incomplete."""
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
        described = self.manifest["splits"][split]
        for name, size in described["sizes"].items():
            if (self.folder / name).stat().st_size != size:
                raise OSError(f"{name} has another size than it was written with")
        return Ids.open(self.folder, split, described["types"])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Vocabulary of the ids."""
        return read_vocabulary(self.folder)

    @property
    def test(self) -> Recipe | None:
        """Recipe that makes test sentences, which differ from those trained on; None for the user's own files."""
        name = self.manifest["wanted"].get("recipe")
        return None if name is None else recipe(name)

    def pairs(self, held: Held, count: int) -> list[Pair]:
        """Return at most `count` pairs that are not trained on, as text; from own files, evenly spread over all.

        Own files have none for "test". A recipe makes `count` of them, if it can.
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


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read the vocabulary of a corpus."""
    target = Codec.load(folder / TOKENIZER)
    separate = folder / SOURCE_TOKENIZER
    return Vocabulary(Codec.load(separate), target) if separate.is_file() else Vocabulary.shared(target)


def write_vocabulary(folder: Path, vocabulary: Vocabulary) -> None:
    """Write the vocabulary of a corpus, for `read_vocabulary`."""
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
    """Make the contents of manifest.json. The fingerprint of the whole does not depend on place and time."""
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
    """List the names of the files with a split's ids."""
    return [name(split, side) for side in ("source", "target") for name in (ids_file, offsets_file)]
