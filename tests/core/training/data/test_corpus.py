"""The corpus of a run: nothing lost that is not told, the same bytes after any interruption, mistakes told before
any training."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from glasshead.checkpoints import format as checkpoint
from glasshead.errors import GlassheadError
from glasshead.recipes import recipe
from glasshead.text import Codec
from glasshead.training.data import ids, made, own_files, splits, stages
from glasshead.training.data.corpus import MANIFEST, Corpus
from glasshead.training.data.growing import RECORD, Growing
from glasshead.training.data.prepare import prepare
from glasshead.training.data.sameness import Sameness
from glasshead.training.events import Preparing
from glasshead.training.settings import Settings, resolve

Pair = tuple[str, str]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ZAHLEN = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]
SMALL = {"batch_tokens": 64, "max_length": 40, "vocab_size": 300}


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
    """What the ids of a split say."""
    ids = corpus.train if split == "train" else corpus.valid
    source, target = corpus.vocabulary.source, corpus.vocabulary.target
    return [
        (source.decode(ids.source(row).tolist()), target.decode(ids.target(row).tolist())) for row in range(len(ids))
    ]


def told(corpus: Corpus) -> str:
    return " ".join(corpus.lines)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return tsv(tmp_path / "plain.tsv", numbers(200))


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


# What is held back.


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=200), st.integers(1, 30))
def test_sources_are_drawn_whole(groups: list[int], size: int) -> None:
    """About as many pairs as wished, never half of the pairs of a source, never everything."""
    same = Sameness(None, lowercase=False, seed=0)
    sources = np.array([int.from_bytes(same.source_key(str(group)), "little") for group in groups], "<u8")
    chosen = np.isin(sources, own_files.drawn(sources, size))
    counts = {group: groups.count(group) for group in groups}
    taken = {group: sum(chosen[place] for place, each in enumerate(groups) if each == group) for group in counts}
    assert all(taken[group] in (0, count) for group, count in counts.items())
    total = sum(taken.values())
    if total < size:  # only where what is left is a source that is most of the corpus
        assert all(counts[group] > max(size, len(groups) // 2) for group in counts if not taken[group])
    else:
        assert total - max(counts.values()) < size


def test_the_split_shares_no_source_and_depends_on_the_seed_alone(tmp_path: Path) -> None:
    """Three translations of every sentence, in different case and spacing: to a vocabulary of lower case all one."""
    pairs = [
        pair
        for source, target in numbers(150)
        for pair in (
            (source, target),
            (f" {source.title()}", f"{target} !"),
            (source.replace(" ", "  "), f"{target} ?"),
        )
    ]
    path = tsv(tmp_path / "it.tsv", pairs)
    found: dict[int, set[str]] = {}
    for seed in (0, 1):
        corpus = prepared(tmp_path / f"data{seed}", own(path, valid_size=20, seed=seed, lowercase=True))
        held = {source for source, _ in texts(corpus, "valid")}
        assert not held & {source for source, _ in texts(corpus)}
        assert len(texts(corpus, "valid")) == 21 and len(texts(corpus)) == 450 - 21
        found[seed] = held
    assert found[0] != found[1]
    backwards = prepared(tmp_path / "back", own(tsv(tmp_path / "back.tsv", pairs[::-1]), valid_size=20, lowercase=True))
    assert {source for source, _ in texts(backwards, "valid")} == found[0]


def test_a_hundredth_is_held_back_unless_told_otherwise(tmp_path: Path) -> None:
    path = tsv(tmp_path / "it.tsv", numbers(1000))
    assert len(prepared(tmp_path / "one", own(path)).valid) == 10
    assert len(prepared(tmp_path / "two", own(path, valid_size=77)).valid) == 77


def test_a_file_to_be_scored_on_and_what_of_it_is_trained_on(tmp_path: Path, plain: Path) -> None:
    held = [*numbers(10, start=1000), *numbers(3), ("", "x"), ("zero", "zero"), ("zero", "zero"), ("one " * 50, "un")]
    path = tsv(tmp_path / "valid.tsv", held)
    corpus = prepared(tmp_path / "data", own(plain, valid=str(path)))
    assert texts(corpus, "valid") == [*held[:13], *held[14:16]]  # copies and duplicates among them are its own affair
    assert len(corpus.train) == 200
    assert f"{path}: 2 of 17 pairs left out: 1 empty (line 14), 1 longer than 40 tokens (line 17)." in corpus.lines
    assert f"3 of the sources in {path} are trained on too" in told(corpus)
    sides = [tmp_path / "v.en", tmp_path / "v.fr"]
    for side, name in enumerate(sides):
        name.write_text("".join(pair[side] + "\n" for pair in held), encoding="utf-8")
    other = prepared(tmp_path / "two", own(plain, valid_source=str(sides[0]), valid_target=str(sides[1])))
    assert texts(other, "valid") == texts(corpus, "valid")


def test_sentences_to_be_scored_on_come_from_the_whole_file_as_text(tmp_path: Path) -> None:
    path = tsv(tmp_path / "it.tsv", numbers(400))
    corpus = prepared(tmp_path / "data", own(path, valid_size=100))
    whole = corpus.pairs("valid", 1000)
    assert len(whole) == 100 and whole == texts(corpus, "valid")
    assert corpus.pairs("valid", 4) == [whole[0], whole[25], whole[50], whole[75]]


# The vocabulary.


def test_separate_vocabularies_and_whole_words(tmp_path: Path, plain: Path) -> None:
    corpus = prepared(tmp_path / "one", own(plain, vocabulary="separate", vocab_size=290))
    assert not corpus.vocabulary.joint and corpus.vocabulary.source.size == 290
    assert sorted(texts(corpus) + texts(corpus, "valid")) == sorted(numbers(200))
    assert "290 subwords of the source" in told(corpus) and "290 subwords of the target" in told(corpus)
    words = prepared(tmp_path / "two", own(plain, level="word", vocab_size=None))
    assert words.vocabulary.target.level == "word"
    assert "words, learned from 198 pairs (it gives no more, the default is 8,000)" in told(words)
    assert sorted(texts(words) + texts(words, "valid")) == sorted(numbers(200))


def test_sentences_held_back_teach_the_vocabulary_nothing(tmp_path: Path) -> None:
    pairs = [(f"{source} {chr(0x4E00 + number)}", target) for number, (source, target) in enumerate(numbers(60))]
    corpus = prepared(tmp_path / "data", own(tsv(tmp_path / "it.tsv", pairs), vocab_size=0))
    known = {corpus.vocabulary.target.name(number) for number in range(corpus.vocabulary.target.size)}
    for split, wanted in (("train", True), ("valid", False)):
        assert {source[-1] in known for source, _ in texts(corpus, split)} == {wanted}


def test_a_word_of_very_many_letters_is_learned_from_in_part(tmp_path: Path) -> None:
    giants = [("ab" * 30_000 + str(number), "x") for number in range(3)]
    corpus = prepared(tmp_path / "data", own(tsv(tmp_path / "it.tsv", [*numbers(50), *giants])))
    assert "3 longer than 40 tokens (first: line 51)" in corpus.lines[0]


def test_the_vocabulary_of_a_checkpoint_or_of_another_run_is_used(tmp_path: Path, plain: Path, tiny: Path) -> None:
    first = prepared(tmp_path / "run" / "data", own(plain, vocabulary="separate", vocab_size=290))
    second = prepared(tmp_path / "two", own(plain, vocab_size=None, tokenizer=str(tmp_path / "run")))
    for mine, other in (
        (first.vocabulary.source, second.vocabulary.source),
        (first.vocabulary.target, second.vocabulary.target),
    ):
        assert [mine.name(number) for number in range(mine.size)] == [
            other.name(number) for number in range(other.size)
        ]
    third = prepared(tmp_path / "three", own(plain, vocab_size=None, tokenizer=str(tiny)))
    assert third.vocabulary.joint
    assert third.vocabulary.target.size == checkpoint.vocabulary(tiny).target.size
    assert f"The vocabulary of {tiny}: {third.vocabulary.target.size:,} subwords." in third.lines
    (tmp_path / "run").rename(tmp_path / "gone")
    again = prepared(tmp_path / "two", own(plain, vocab_size=None, tokenizer=str(tmp_path / "run")))
    assert again.fingerprint == second.fingerprint  # what it was made of may go
    with pytest.raises(GlassheadError, match="There is no folder"):
        prepare(tmp_path / "four", own(plain, vocab_size=None, tokenizer=str(tmp_path / "nowhere")))


# Recipes.


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


# Interruptions.

CHILD = """
import os, signal, sys
from pathlib import Path
from glasshead.training.data import growing, prepare, splits, stages
from glasshead.training.settings import resolve

stages.COMMIT_SECONDS, splits.CHUNK = 0.0, 20
left = int(sys.argv[2])
flush = growing.flush

def counted(*given):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if given[0:1] and isinstance(given[0], Path):
        flush(*given)

growing.flush = counted  # in the middle of a commit: files have grown, the record does not know yet
prepare.prepare(Path(sys.argv[1]), resolve(eval(sys.argv[3])), told=counted)
"""


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files, without what differs for good reason: when a file was changed."""
    return {path.name: re.sub(rb'"modified": \d+', b"", path.read_bytes()) for path in folder.iterdir()}


def killed(folder: Path, given: dict[str, Any], after: Iterable[int]) -> int:
    """Prepare with a process that is killed again and again, each time so many deeds later. How often it died."""
    deaths = 0
    for left in [*after, 1_000_000]:
        done = subprocess.run([sys.executable, "-c", CHILD, str(folder), str(left), repr(given)], check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        deaths += 1
    return deaths


def test_killed_and_gone_on_with_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    pairs = [*numbers(150), *numbers(20), ("", ""), ("one " * 60, "un")]
    path = tsv(tmp_path / "it.tsv", pairs)
    path.write_bytes(path.read_bytes() + b"\xff\tb\nalone\n")
    given = {**SMALL, "pairs": str(path), "skip_bad": True, "valid_size": 15}
    whole = prepared(tmp_path / "whole", resolve(given))
    assert killed(tmp_path / "parts", given, [9, 23, 37, 30, 26]) >= 4
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")
    assert Corpus(tmp_path / "parts").fingerprint == whole.fingerprint


def test_a_recipe_killed_and_gone_on_with_is_the_same_to_the_byte(tmp_path: Path) -> None:
    given = {"recipe": "reverse", "generate": 300, "batch_tokens": 64, "eval_size": 20}
    prepared(tmp_path / "whole", resolve(given))
    assert killed(tmp_path / "parts", given, [12, 30]) == 2
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")


def stopping(after: int) -> Callable[[], bool]:
    """True once it was asked so many times."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= after


@pytest.mark.parametrize("source", ["file", "recipe"])
def test_stopped_wherever_and_gone_on_with(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    valid = tsv(tmp_path / "valid.tsv", numbers(70, start=2000))
    settings = (
        own(tsv(tmp_path / "it.tsv", numbers(200)), valid=str(valid))
        if source == "file"
        else resolve({"recipe": "reverse", "generate": 200, "batch_tokens": 64, "eval_size": 20})
    )
    whole = prepared(tmp_path / "whole", settings)
    sittings = 1
    while (parts := prepare(tmp_path / "parts", settings, stop=stopping(sittings % 4))) is None:
        sittings += 1
        assert sittings < 60
    assert sittings > 3
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole") and parts.fingerprint == whole.fingerprint


def test_what_a_killed_end_left_is_tidied(tmp_path: Path, plain: Path) -> None:
    prepared(tmp_path / "data", own(plain))
    before = bytes_of(tmp_path / "data")
    for name in (RECORD, stages.KINDS, stages.SAMPLE):
        (tmp_path / "data" / name).write_text("{}")
    prepared(tmp_path / "data", own(plain))
    assert bytes_of(tmp_path / "data") == before


def test_a_full_disk_is_told_and_what_was_done_is_kept(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepared(tmp_path / "whole", own(plain))

    def full(self: Growing, name: str, data: bytes) -> None:
        if name.startswith("train"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, name, data)

    append = Growing.append
    monkeypatch.setattr(Growing, "append", full)
    with pytest.raises(GlassheadError, match=r"No space left on device.*the same command goes on"):
        prepare(tmp_path / "data", own(plain))
    monkeypatch.undo()
    what: list[str] = []
    assert prepare(tmp_path / "data", own(plain), told=lambda event: what.append(event.what)) is not None
    assert not [each for each in what if each.startswith("reading")]
    assert Corpus(tmp_path / "data").fingerprint == whole.fingerprint
    (tmp_path / "file").write_text("x")
    with pytest.raises(GlassheadError, match="cannot be written to"):
        prepare(tmp_path / "file" / "data", own(plain))


# The same corpus, or another.


def test_a_finished_corpus_is_opened_without_its_files(tmp_path: Path, plain: Path) -> None:
    first = prepared(tmp_path / "data", own(plain))
    events: list[Preparing] = []
    plain.rename(tmp_path / "gone.tsv")
    again = prepare(tmp_path / "data", own(plain), told=events.append)
    assert again is not None and again.fingerprint == first.fingerprint and again.lines == first.lines and not events
    (tmp_path / "gone.tsv").rename(plain)
    os.utime(plain, (1, 1))
    prepared(tmp_path / "data", own(plain))  # another time, the same content
    other = tsv(tmp_path / "other.tsv", numbers(200))
    assert prepared(tmp_path / "data", own(other)).fingerprint == first.fingerprint  # another name, the same content


@pytest.mark.parametrize("finished", [True, False])
def test_another_file_or_setting_is_refused_with_the_difference(
    tmp_path: Path, plain: Path, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    folder = tmp_path / "data"
    stop = stopping(9) if not finished else lambda: False
    assert (prepare(folder, own(plain), stop=stop) is not None) == finished
    for more, difference in (
        ({"max_length": 30}, "max_length was 40 and is 30"),
        ({"vocab_size": None}, "vocab_size was 300 and is not given"),
        ({"seed": 7, "keep_copies": True}, "seed was 0 and is 7; keep_copies was false and is true"),
    ):
        with pytest.raises(GlassheadError, match=difference):
            prepare(folder, own(plain, **more))
    data = plain.read_bytes()
    plain.write_bytes(data.replace(b"one", b"uno"))
    with pytest.raises(GlassheadError, match=r"is not the file that it was \(it says something else\)"):
        prepare(folder, own(plain))
    plain.write_bytes(data + b"more\tplus\n")
    with pytest.raises(GlassheadError, match=r"it had .* bytes and has"):
        prepare(folder, own(plain))
    plain.write_bytes(data)
    prepared(folder, own(plain))


def test_a_file_that_changes_while_it_is_first_read_is_read_anew(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    assert prepare(tmp_path / "data", own(plain), stop=stopping(2)) is None
    tsv(plain, numbers(150, start=5000))
    corpus = prepared(tmp_path / "data", own(plain))
    assert sorted(texts(corpus) + texts(corpus, "valid")) == sorted(numbers(150, start=5000))


def test_a_file_that_changes_between_its_two_readings_is_told(tmp_path: Path, plain: Path) -> None:
    def change(event: Preparing) -> None:
        if event.what.startswith("learning"):
            tsv(plain, numbers(200, start=300))

    with pytest.raises(GlassheadError, match="was changed between two readings"):
        prepare(tmp_path / "data", own(plain), told=change)


def test_a_share_that_goes_away_costs_nothing_but_time(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    assert prepare(tmp_path / "data", own(plain), stop=stopping(3)) is None

    def away(self: object, size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    begun = bytes_of(tmp_path / "data")
    monkeypatch.setattr("glasshead.training.data.lines._Raw.read", away)
    monkeypatch.setattr("glasshead.training.data.pairs.Files.check", lambda files: None)
    with pytest.raises(GlassheadError, match=r"plain\.tsv, after line 0: it cannot be read on: Input/output error"):
        prepare(tmp_path / "data", own(plain))
    assert bytes_of(tmp_path / "data") == begun


def test_a_damaged_corpus_is_told(tmp_path: Path, plain: Path) -> None:
    folder = tmp_path / "data"
    prepared(folder, own(plain))
    ids = folder / "train.source.ids"
    data = ids.read_bytes()
    ids.write_bytes(data[:-2])
    with pytest.raises(GlassheadError, match=r"is not whole .*another size"):
        prepare(folder, own(plain))
    ids.unlink()
    with pytest.raises(GlassheadError, match="is not whole"):
        prepare(folder, own(plain))
    ids.write_bytes(data)
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text()[:100])
    with pytest.raises(GlassheadError, match="is not whole"):
        prepare(folder, own(plain))


def test_duplicates_are_found_a_part_at_a_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, 300, np.uint64, endpoint=False)
    hashes = np.concatenate([hashes, hashes[::3], hashes[:5]])
    seen: set[int] = set()
    wanted = [value in seen or bool(seen.add(value)) for value in hashes.tolist()]
    assert own_files.repeated(hashes).tolist() == wanted
    monkeypatch.setattr(own_files, "AT_ONCE", 50)
    assert own_files.repeated(hashes).tolist() == wanted
    assert own_files.repeated(hashes[:0]).tolist() == []


def test_large_vocabularies_have_wider_numbers() -> None:
    assert ids.number_type(65_536).itemsize == 2 and ids.number_type(65_537).itemsize == 4
    assert Codec.PAD == 0  # what numpy fills with
