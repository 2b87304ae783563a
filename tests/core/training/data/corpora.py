"""Small corpora with which the tests begin."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from glasshead.training.data.corpus import Corpus
from glasshead.training.data.prepare import prepare
from glasshead.training.settings import Settings

Pair = tuple[str, str]


NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


ZAHLEN = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]


SMALL: dict[str, Any] = {"batch_tokens": 64, "max_length": 40, "vocab_size": 300}


def sentence(number: int, names: list[str]) -> str:
    return " ".join(names[int(digit)] for digit in str(number))


def numbers(count: int, start: int = 100) -> list[Pair]:
    """Pairs, every one with a source of its own."""
    return [(sentence(number, NUMBERS), sentence(number, ZAHLEN)) for number in range(start, start + count)]


def tsv(path: Path, pairs: Iterable[Pair]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


def own(path: Path, **more: Any) -> Settings:
    return Settings(**{**SMALL, "pairs": str(path), **more})


def prepared(folder: Path, settings: Settings) -> Corpus:
    corpus = prepare(folder, settings)
    assert corpus is not None
    return corpus


def texts(corpus: Corpus, split: str = "train") -> list[Pair]:
    """Decode the ids of a split."""
    ids = corpus.train if split == "train" else corpus.valid
    source, target = corpus.vocabulary.source, corpus.vocabulary.target
    return [
        (source.decode(ids.source(row).tolist()), target.decode(ids.target(row).tolist())) for row in range(len(ids))
    ]


def told(corpus: Corpus) -> str:
    return " ".join(corpus.lines)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files, without what differs for good reason: when a file was changed."""
    return {path.name: re.sub(rb'"modified": \d+', b"", path.read_bytes()) for path in folder.iterdir()}


def stopping(after: int) -> Callable[[], bool]:
    """Make a stop signal that is True after `after` calls."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= after
