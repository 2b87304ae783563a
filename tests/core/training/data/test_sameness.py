"""Sentences that are the same to the vocabulary are the same to the corpus: held back together, a duplicate, a copy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from glasshead.text import Codec, Normalization
from glasshead.training.data import splits
from glasshead.training.data.corpus import Corpus
from glasshead.training.data.growing import RECORD
from glasshead.training.data.prepare import prepare
from glasshead.training.data.sameness import Normalizer
from glasshead.training.settings import Settings

Pair = tuple[str, str]

SOURCES = [
    f"{article} {noun} {rest}"
    for article in ("le", "la", "ce")
    for noun in ("été", "élève", "café", "rêve", "musée")
    for rest in ("a été préféré", "n'était pas là", "s'éloigne")
]
WRITTEN: dict[str, Callable[[str], str]] = {
    "decomposed": lambda text: normalize("NFD", text),
    "curly": lambda text: text.replace("'", "’"),
    "unbreakable": lambda text: text.replace(" ", "\u00a0"),
    "spaced": lambda text: "\u3000" + text.replace(" ", "  "),
    "shouted": str.upper,
}
"""The same sentences in other characters."""


def prepared(folder: Path, path: Path, **more: Any) -> Corpus:
    small = {"batch_tokens": 64, "max_length": 60, "vocab_size": 300, "lowercase": True}
    if "tokenizer" in more:
        del small["vocab_size"], small["lowercase"]
    corpus = prepare(folder, Settings(**{**small, "pairs": str(path), **more}))
    assert corpus is not None
    return corpus


def tsv(path: Path, pairs: list[Pair]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8", newline="\n")
    return path


def twice(path: Path, write: Callable[[str], str]) -> Path:
    """Each sentence in both ways, with different targets, so that none is a duplicate."""
    first = [(source, f"un {number}") for number, source in enumerate(SOURCES)]
    return tsv(path, [*first, *((write(source), f"deux {number}") for number, source in enumerate(SOURCES))])


def shared(corpus: Corpus) -> int:
    """Count the held-back sources that are trained on, as the model sees them."""
    learned = {tuple(corpus.train.source(row).tolist()) for row in range(len(corpus.train))}
    return sum(tuple(corpus.valid.source(row).tolist()) in learned for row in range(len(corpus.valid)))


@settings(max_examples=300)
@given(
    st.lists(st.text(st.characters(max_codepoint=255)))
    | st.lists(st.text(st.sampled_from("aÀİΣßᾼ᾿`’▁_ \u00a0\u2028\u0301\u0345\u1fef\u1ffd\x1c\x85\u212b각\u1100\u1161")))
    | st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    st.booleans(),
)
def test_text_is_normalised_as_the_vocabulary_does_it(texts: list[str], lowercase: bool) -> None:
    codec = Codec.train(["a b"], vocab_size=300, lowercase=lowercase)
    library = Tokenizer.from_str(codec._tokenizer.to_str()).normalizer
    quick, early = Normalizer(codec.normalization), Normalization.learned(lowercase=lowercase)
    for text in [*texts, " ".join(texts)]:
        assert quick(text) == codec.normalize(text) == early(text) == library.normalize_str(text)


@pytest.mark.parametrize("kind", WRITTEN)
def test_no_source_that_is_held_back_is_trained_on(tmp_path: Path, kind: str) -> None:
    path = twice(tmp_path / "it.tsv", WRITTEN[kind])
    corpus = prepared(tmp_path / "run" / "data", path, valid_size=10)
    assert shared(corpus) == 0 and 10 <= len(corpus.valid) <= 11 and len(corpus.train) + len(corpus.valid) == 90
    words = prepared(tmp_path / "words", path, valid_size=10, level="word", vocab_size=None)
    assert shared(words) == 0
    kept = prepared(tmp_path / "kept", path, valid_size=10, lowercase=False)
    assert shared(kept) == 0 and 10 <= len(kept.valid) <= 11
    given = prepared(tmp_path / "given", path, valid_size=10, tokenizer=str(tmp_path / "run"))
    assert shared(given) == 0


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_trained_on_and_scored_on_is_counted(tmp_path: Path, kind: str) -> None:
    path = tsv(tmp_path / "it.tsv", [(source, f"x {number}") for number, source in enumerate(SOURCES)])
    valid = tsv(tmp_path / "valid.tsv", [*((WRITTEN[kind](source), "y") for source in SOURCES[:7]), ("un autre", "y")])
    corpus = prepared(tmp_path / "data", path, valid=str(valid))
    assert shared(corpus) == 7
    assert f"7 of the sources in {valid} are trained on too: scores on them say too much." in corpus.lines
    kept = prepared(tmp_path / "kept", path, valid=str(valid), lowercase=False)
    assert (
        f"7 of the sources in {valid} are trained on too (their case aside): scores on them say too much." in kept.lines
    )


@pytest.mark.parametrize("kind", WRITTEN)
def test_duplicates_and_copies_are_those_of_the_vocabulary(tmp_path: Path, kind: str) -> None:
    write = WRITTEN[kind]
    pairs = [(source, f"un {number}") for number, source in enumerate(SOURCES)]
    pairs += [(write(source), target) for source, target in pairs[:5]]
    pairs += [(source, write(source)) for source in SOURCES[:3]]
    path = tsv(tmp_path / "it.tsv", pairs)
    assert "5 that were there before (first: line 46)" in (line := prepared(tmp_path / "data", path).lines[0])
    assert "3 whose target is their source (first: line 51)" in line
    if kind == "shouted":  # other sentences, where case is kept
        assert prepared(tmp_path / "kept", path, lowercase=False).lines[0].endswith("53 pairs.")
    kept = prepared(tmp_path / "all", path, keep_duplicates=True, keep_copies=True)
    assert len(kept.train) + len(kept.valid) == 53


def test_what_the_vocabulary_sees_nothing_in_is_empty(tmp_path: Path) -> None:
    pairs = [(source, f"un {number}") for number, source in enumerate(SOURCES)]
    path = tsv(tmp_path / "it.tsv", [*pairs, ("\u2003", "rien"), ("\x1c", "quelque chose")])
    corpus = prepared(tmp_path / "data", path)
    assert "1 of 47 pairs left out: 1 empty (line 46)" in corpus.lines[0]


def test_what_was_begun_by_other_rules_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "CHUNK", 20)
    path, asked = twice(tmp_path / "it.tsv", WRITTEN["decomposed"]), iter(range(99))
    wanted = Settings(pairs=str(path), batch_tokens=64, max_length=60, vocab_size=300, lowercase=True, valid_size=10)
    assert prepare(tmp_path / "data", wanted, stop=lambda: next(asked) == 6) is None
    record = tmp_path / "data" / RECORD
    found = json.loads(record.read_text())
    assert found["state"]["stage"] != "scan" and found["state"].pop("rules") == 2
    for name in ("scan.sources", "scan.pairs"):  # keys of another kind
        (tmp_path / "data" / name).write_bytes(bytes(range(256)) * 4)
    record.write_text(json.dumps(found))
    again = prepare(tmp_path / "data", wanted)
    assert again is not None and shared(again) == 0
    assert again.fingerprint == prepared(tmp_path / "whole", path, valid_size=10).fingerprint
