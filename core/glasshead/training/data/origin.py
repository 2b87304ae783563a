"""The origin of a corpus: its files and settings, and whether they are still the same."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from glasshead.checkpoints import format as checkpoint
from glasshead.checkpoints.find import find_folder
from glasshead.errors import GlassheadError
from glasshead.symbols import Symbols
from glasshead.text import Vocabulary
from glasshead.training.data import corpus
from glasshead.training.data.lines import Fingerprint
from glasshead.training.data.pairs import Files
from glasshead.training.settings import Settings, describe_value


def same(
    folder: Path,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]],
    paths: Mapping[str, Path],
) -> None:
    """Raise GlassheadError, with the differences, if a corpus was made with other settings or files than now.

    before, now: the settings that matter. inputs: the known fingerprints of the files it was made from.
    """
    found = [
        f"{name} was {describe_value(before.get(name))} and is {describe_value(now.get(name))}"
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
    """Tell whether a file is the same. It is read only if its size is the same and its time of change is not."""
    found = path.stat()
    if found.st_size != before.size:
        return False
    return found.st_mtime_ns == before.modified or Fingerprint.of(path).digest == before.digest


def wanted(settings: Settings) -> dict[str, Any]:
    """Collect the settings that decide the contents of a corpus. Files count by their contents, not by their names."""
    names = ["seed", "vocab_size", "vocabulary", "level", "lowercase"]
    if settings.recipe is not None:
        names += ["recipe", "generate"]
    else:
        names += ["source_column", "target_column", "valid_size", "skip_bad", "keep_copies", "keep_duplicates"]
    found = {name: getattr(settings, name) for name in names}
    return {**found, "max_length": limit(settings), "tokenizer": settings.tokenizer is not None}


def limit(settings: Settings) -> int:
    """Compute the tokens of the longest sentence to keep, its end included: it must fit in the model and in a batch."""
    return min(settings.max_length, settings.batch_tokens)


def inputs(settings: Settings) -> dict[str, Path]:
    """Collect the files that a corpus is made from, by the settings that name them."""
    found = {**own_pairs(settings).paths}
    found |= {{"pairs": "valid"}.get(name, f"valid_{name}"): path for name, path in held_back(settings).paths.items()}
    if settings.tokenizer is not None:
        with suppress(GlassheadError):  # it may be gone; its reader will raise the error
            folder = tokenizer_folder(settings.tokenizer)
            found["tokenizer"] = folder / corpus.TOKENIZER
            if (folder / corpus.SOURCE_TOKENIZER).is_file():
                found["source-tokenizer"] = folder / corpus.SOURCE_TOKENIZER
    return found


def own_pairs(settings: Settings) -> Files:
    return _of(settings.pairs, settings.source, settings.target, settings)


def held_back(settings: Settings) -> Files:
    return _of(settings.valid, settings.valid_source, settings.valid_target, settings)


def _of(pairs: str | None, source: str | None, target: str | None, settings: Settings) -> Files:
    one, first, second = (None if name is None else Path(name) for name in (pairs, source, target))
    return Files(one, first, second, settings.source_column, settings.target_column)


def tokenizer_folder(name: str) -> Path:
    """Find the folder of the tokenizers of a checkpoint or run, even of a run without a checkpoint yet."""
    data = Path(name) / "data"
    if (data / corpus.MANIFEST).is_file():
        return data
    return find_folder(name)


def given_vocabulary(name: str) -> Vocabulary:
    """Read the vocabulary of a checkpoint or run. Raises GlassheadError for one that no training can use."""
    folder = tokenizer_folder(name)
    own = (folder / corpus.MANIFEST).is_file()
    found = corpus.read_vocabulary(folder) if own else checkpoint.vocabulary(folder)
    if isinstance(found.source, Symbols) or isinstance(found.target, Symbols):
        raise GlassheadError(
            f"The tokenizer of {name} is another's, with its own special tokens: a training cannot use it. Give the "
            "name of a checkpoint that `glasshead train` made."
        )
    return found


def seen(paths: Mapping[str, Path]) -> dict[str, list[int]]:
    """Read size and time of change of the files that exist."""
    found = {role: path.stat() for role, path in paths.items() if path.is_file()}
    return {role: [each.st_size, each.st_mtime_ns] for role, each in found.items()}
