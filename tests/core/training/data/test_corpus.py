"""The corpus of a run: every pair becomes its ids, and nothing is lost that is not counted."""

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.core.training.data.corpora import NUMBERS, SMALL, Pair, numbers, own, prepared, texts, told, tsv

from glasshead.errors import GlassheadError
from glasshead.recipes import recipe
from glasshead.training.data import made, own_files
from glasshead.training.data.prepare import prepare
from glasshead.training.settings import Settings, resolve


def test_every_pair_becomes_its_ids(tmp_path: Path, plain: Path) -> None:
    corpus = prepared(tmp_path / "data", own(plain))
    assert sorted(texts(corpus) + texts(corpus, "valid")) == sorted(numbers(200))
    assert texts(corpus) == [pair for pair in numbers(200) if pair in set(texts(corpus))]  # in the order of the file
    assert corpus.train.source_lengths.tolist() == [len(corpus.train.source(row)) for row in range(len(corpus.train))]
    assert corpus.vocabulary.joint and corpus.vocabulary.target.size == 300
    assert corpus.test is None and corpus.pairs("test", 9) == []
    assert "198 pairs to train on" in told(corpus) and "2 to be scored on" in told(corpus)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parallel"])
def test_other_kinds_of_files_give_the_same(tmp_path: Path, plain: Path, kind: str) -> None:
    pairs = numbers(200)
    if kind == "parallel":
        for side, name in enumerate(("it.en", "it.fr")):
            (tmp_path / name).write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
        settings = Settings(**SMALL, source=str(tmp_path / "it.en"), target=str(tmp_path / "it.fr"))
    elif kind == "csv":
        rows = ["target,source", *(f"{target},{source}" for source, target in pairs)]
        (tmp_path / "it.csv").write_text("\n".join(rows), encoding="utf-8")
        settings = own(tmp_path / "it.csv")
    else:
        rows = [json.dumps({"en": source, "fr": target}) for source, target in pairs]
        (tmp_path / "it.jsonl").write_text("\n".join(rows), encoding="utf-8")
        settings = own(tmp_path / "it.jsonl", source_column="en", target_column="fr")
    one, other = prepared(tmp_path / "one", own(plain)), prepared(tmp_path / "other", settings)
    assert texts(one) == texts(other) and texts(one, "valid") == texts(other, "valid")


def test_what_is_left_out_is_counted_with_its_first_line(tmp_path: Path) -> None:
    pairs = numbers(100)
    pairs[4] = ("", "rien")
    pairs[7] = ("nothing", "  ")
    pairs[9] = ("taxi", "taxi")
    pairs[20] = pairs[30] = pairs[3]
    pairs[50] = ("one " * 30, "un " * 39)  # with its end, as long as may be
    pairs[60] = ("one " * 30, "un " * 40)
    pairs[70] = ("x" * 5000, "x")
    path = tsv(tmp_path / "it.tsv", pairs)
    corpus = prepared(tmp_path / "data", own(path))
    assert corpus.lines[0] == (
        f"{path}: 7 of 100 pairs left out: 2 empty (first: line 5), 1 whose target is their source (line 10), "
        "2 that were there before (first: line 21), 2 longer than 40 tokens (first: line 61)."
    )
    kept = texts(corpus) + texts(corpus, "valid")
    assert len(kept) == 93 and len(set(kept)) == 93
    assert ("one " * 30).strip() in {source for source, _ in kept}

    more = prepared(tmp_path / "more", own(path, keep_copies=True, keep_duplicates=True))
    assert "4 of 100 pairs left out: 2 empty (first: line 5), 2 longer" in more.lines[0]
    kept = texts(more) + texts(more, "valid")
    assert kept.count(pairs[3]) == 3 and ("taxi", "taxi") in kept


def test_a_pair_must_fit_in_a_batch_too(tmp_path: Path) -> None:
    path = tsv(tmp_path / "it.tsv", [*numbers(50), ("one " * 30, "un")])
    corpus = prepared(tmp_path / "data", own(path, batch_tokens=20))
    assert "1 longer than 20 tokens (line 51)" in corpus.lines[0]


def test_what_is_broken_stops_it_or_is_counted(tmp_path: Path) -> None:
    path = tsv(tmp_path / "it.tsv", numbers(60))
    path.write_bytes(b"alone\n" + path.read_bytes() + b"\xff\tb\nlast\tone\n")
    with pytest.raises(GlassheadError, match=r"it\.tsv, line 1: there is one column.*--skip-bad"):
        prepare(tmp_path / "data", own(path))
    assert not list((tmp_path / "data").iterdir())  # so that it can be tried again with whatever settings
    corpus = prepared(tmp_path / "data", own(path, skip_bad=True))
    assert "2 of 63 pairs left out: 1 of too few columns (line 1), 1 not UTF-8 (line 62)." in corpus.lines[0]


@pytest.mark.parametrize(
    ("pairs", "more", "match"),
    [
        ([("", "")] * 5, {}, "no pair is left to train on"),
        ([(name, name) for name in NUMBERS], {}, "the target of every pair is its source.*--keep-copies"),
        (numbers(30), {"max_length": 2, "vocab_size": 0}, "No pair is left to be scored on.*30 longer than 2 tokens"),
        (numbers(30), {"valid_size": 30}, "of 30 different pairs 30 cannot be held back"),
        ([("one", "un"), ("one", "une"), ("One ", "uns")], {}, "too few different sources"),
        (numbers(30), {"vocab_size": 9000}, r"--vocab-size is 9,000, but the corpus supports \d+ subwords at most"),
        (numbers(30), {"vocab_size": 99, "level": "word"}, "--vocab-size is 99, but the corpus supports 24 words"),
        (numbers(30), {"vocab_size": 9000, "vocabulary": "separate"}, "subwords of the source at most"),
        (numbers(30), {"source_column": "en"}, "line 1: there is no column 'en'"),
    ],
)
def test_a_corpus_that_nothing_can_be_learned_from(
    tmp_path: Path, pairs: list[Pair], more: dict[str, Any], match: str
) -> None:
    path = tsv(tmp_path / "it.tsv", pairs)
    with pytest.raises(GlassheadError, match=match):
        prepare(tmp_path / "data", own(path, **more))


@pytest.mark.parametrize("accumulate", [1, 3])
def test_less_than_one_update_takes_is_told_and_what_would_do(tmp_path: Path, plain: Path, accumulate: int) -> None:
    with pytest.raises(GlassheadError, match=r"198 pairs to train on, with .* tokens, and one update takes") as error:
        prepare(tmp_path / "data", own(plain, batch_tokens=4096, accumulate=accumulate))
    (would,) = re.findall(r"--batch-tokens (\d+)", str(error.value))
    prepared(tmp_path / "data", own(plain, batch_tokens=int(would), accumulate=accumulate))
    with pytest.raises(GlassheadError, match="one update takes"):
        prepare(tmp_path / "more", own(plain, batch_tokens=int(would) + 1, accumulate=accumulate))


def test_files_are_looked_at_before_anything_is_done(tmp_path: Path, plain: Path) -> None:
    with pytest.raises(GlassheadError, match=r"There is no file .*valid"):
        prepare(tmp_path / "data", own(plain, valid=str(tmp_path / "valid.tsv")))
    with pytest.raises(GlassheadError, match="parallel lines have no columns"):
        settings = Settings(**SMALL, source=str(plain), target=str(tsv(tmp_path / "b", numbers(9))), source_column="1")
        prepare(tmp_path / "data", settings)
    assert not (tmp_path / "data").exists()


def test_a_recipe_makes_what_it_is_asked_for(tmp_path: Path) -> None:
    reverse = recipe("reverse")
    settings = resolve({"recipe": "reverse", "generate": 6000, "steps": 3, "seed": 5, "eval_size": 20})
    corpus = prepared(tmp_path / "data", settings)
    assert texts(corpus) == list(islice(reverse.pairs("train", 5), 6000))
    assert texts(corpus, "valid") == corpus.pairs("valid", 20) == reverse.sample("valid", 20)
    assert corpus.pairs("test", 7) == reverse.sample("test", 7) and corpus.test is reverse
    assert corpus.vocabulary.target.normalize("ABC") == "abc"


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"steps": 1}, 30_000),
        ({"steps": 60}, 30_000),
        ({"steps": 1000}, 1000 * 2048 // 10),
        ({"steps": 1000, "accumulate": 2}, 1000 * 2048 // 10),
        ({"recipe": "english-french"}, 1_000_000),
        ({"steps": 60, "generate": 77}, 77),
    ],
)
def test_how_many_pairs_a_recipe_makes(tmp_path: Path, given: dict[str, Any], count: int) -> None:
    settings = resolve({"recipe": "reverse", **given})
    assert made.Made(tmp_path, settings, {}, lambda _: None, lambda: False).state["count"] == count


def test_duplicates_are_found_a_part_at_a_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, 300, np.uint64, endpoint=False)
    hashes = np.concatenate([hashes, hashes[::3], hashes[:5]])
    values = hashes.tolist()
    wanted = [value in values[:place] for place, value in enumerate(values)]
    assert own_files.repeated(hashes).tolist() == wanted
    monkeypatch.setattr(own_files, "AT_ONCE", 50)
    assert own_files.repeated(hashes).tolist() == wanted
    assert own_files.repeated(hashes[:0]).tolist() == []
