"""Held-back pairs: whole sources, drawn by the seed alone, and unseen by the vocabulary."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.core.training.data.corpora import numbers, own, prepared, texts, told, tsv

from glasshead.training.data import own_files
from glasshead.training.data.sameness import Sameness


@hypothesis_settings(max_examples=40)
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
