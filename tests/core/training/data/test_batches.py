"""Batches: every pair once an epoch, little padding, never too wide, the same for the same seed."""

import time
from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead.recipes import recipe
from glasshead.text import Codec
from glasshead.training.data.batches import Batch, Rows, Sampler, batch, cut, target_tokens
from glasshead.training.data.encoder import Encoder
from glasshead.training.data.ids import Ids, Side

lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=80)
quick = settings(max_examples=80)


def ids_of(lengths: list[tuple[int, int]]) -> Ids:
    """Make pairs of given lengths, every token with a number of its own side."""
    return Ids.of(([4 + row % 7] * source, [20 + row % 5] * target) for row, (source, target) in enumerate(lengths))


def lognormal(count: int, seed: int = 0) -> Ids:
    """Lengths as translations have them: log-normal, those of the two sides correlated."""
    draw = np.random.default_rng(seed)
    source = np.exp(draw.normal(3.1, 0.6, count))
    target = source * np.exp(draw.normal(0.05, 0.25, count))
    ends = np.cumsum(np.clip(np.round([source, target]), 1, 255).astype(int), axis=1)
    sides = [Side(np.full(end[-1], 5, np.uint16), np.concatenate(([0], end))) for end in ends]
    return Ids(*sides)


@pytest.fixture(scope="module")
def real() -> Ids:
    return lognormal(60_000)


def slots(rows: Rows, ids: Ids) -> tuple[int, int]:
    """Count the places of a batch, and its tokens, in the matrices themselves."""
    built = batch(ids, rows)
    return built.source.numel() + built.labels.numel(), int((built.source != 0).sum() + (built.labels != 0).sum())


@quick
@given(lengths, st.integers(41, 300), st.integers(0, 2**40), st.integers(0, 3), st.integers(1, 4))
def test_every_pair_is_in_exactly_one_batch_and_none_is_too_wide(
    lengths: list[tuple[int, int]], limit: int, seed: int, epoch: int, pool: int
) -> None:
    ids = ids_of(lengths)
    found = list(Sampler(ids, batch_tokens=limit, seed=seed, pool=pool).epoch(epoch))
    assert Counter(row for rows in found for row in rows.tolist()) == Counter(range(len(ids)))
    for rows in found:
        widest = max(max(lengths[row]) for row in rows.tolist()) + 1
        assert len(rows) * widest <= limit


@quick
@given(lengths, st.integers(41, 300), st.data())
def test_starting_later_is_leaving_out_the_first(
    lengths: list[tuple[int, int]], limit: int, data: st.DataObject
) -> None:
    sampler = Sampler(ids_of(lengths), batch_tokens=limit, seed=3, pool=2)
    whole = list(sampler.epoch(1))
    start = data.draw(st.integers(0, len(whole) + 2))
    rest = list(sampler.epoch(1, start))
    assert len(rest) == max(0, len(whole) - start)
    assert all(map(np.array_equal, rest, whole[start:]))


def test_it_is_a_pure_function_of_seed_and_epoch(real: Ids) -> None:
    def rows(seed: int, epoch: int) -> list[list[int]]:
        return [rows.tolist() for rows in Sampler(real, batch_tokens=2000, seed=seed).epoch(epoch)]

    np.random.seed(1)
    first = rows(0, 0)
    np.random.seed(2)
    assert rows(0, 0) == first
    assert rows(0, 1) != first and rows(1, 0) != first and rows(1, 0) != rows(0, 1)


def test_little_is_padding_and_the_share_is_counted_right(real: Ids) -> None:
    sampler = Sampler(real, batch_tokens=4096, seed=0)
    held, used = np.sum([slots(rows, real) for rows in sampler.epoch(0)], axis=0)
    assert sampler.padding == pytest.approx(1 - used / held, abs=1e-12)
    assert sampler.padding <= 0.10


def test_a_real_corpus_too_has_little_padding() -> None:
    pairs = list(islice(recipe("english-french").pairs("train", 0), 8000))
    codec = Codec.train((text for pair in pairs[:1000] for text in pair), vocab_size=1000)
    encoder = Encoder(codec)
    sides = (encoder.encode([pair[side] for pair in pairs]) for side in (0, 1))
    assert Sampler(Ids.of(zip(*sides, strict=True)), batch_tokens=2048, seed=0).padding <= 0.10


def test_batches_are_as_full_as_they_can_be() -> None:
    assert cut(np.full(10, 2), 6).tolist() == [3, 6, 9, 10]
    assert cut(np.array([2, 2, 3, 9, 9]), 9).tolist() == [3, 4, 5]
    assert cut(np.array([4, 30]), 9).tolist() == [1, 2]  # what never fits is a batch of its own
    widths = np.sort(np.random.default_rng(0).integers(2, 50, 500))
    ends = cut(widths, 300).tolist()
    for begin, end in zip([0, *ends], ends, strict=False):
        assert (end - begin) * widths[end - 1] <= 300
        assert end == len(widths) or (end - begin + 1) * widths[end] > 300


def test_batches_of_a_pool_come_in_no_order_of_length(real: Ids) -> None:
    widths = [int(real.target_lengths[rows].max()) for rows in Sampler(real, batch_tokens=4096, seed=0).epoch(0)]
    rising = sum(before <= after for before, after in pairwise(widths))
    assert 0.35 < rising / len(widths) < 0.65


@quick
@given(lengths, st.data())
def test_a_batch_holds_its_sentences_and_nothing_else(lengths: list[tuple[int, int]], data: st.DataObject) -> None:
    ids = ids_of(lengths)
    rows = data.draw(st.lists(st.integers(0, len(ids) - 1), min_size=1, max_size=9))
    found = batch(ids, np.array(rows))
    assert isinstance(found, Batch) and found.source.dtype == found.target.dtype == found.labels.dtype == torch.int64
    for place, row in enumerate(rows):
        source, target = ids.source(row).tolist(), ids.target(row).tolist()
        for matrix, wanted in (
            (found.source, [*source, Codec.EOS]),
            (found.target, [Codec.BOS, *target]),
            (found.labels, [*target, Codec.EOS]),
        ):
            line = matrix[place].tolist()
            assert line[: len(wanted)] == wanted and not any(line[len(wanted) :])
    assert found.source.shape[1] == max(len(ids.source(row)) for row in rows) + 1
    assert found.target.shape == found.labels.shape
    assert found.labels.shape[1] == max(len(ids.target(row)) for row in rows) + 1
    assert found.tokens == int((found.labels != Codec.PAD).sum()) == target_tokens(ids, np.array(rows))


def test_building_a_batch_takes_little_time(real: Ids) -> None:
    """Well under 2 ms for 4,096 tokens; the best of a few, since the machine may be busy with other things."""
    rows = next(Sampler(real, batch_tokens=4096, seed=0).epoch(0))
    took = []
    for _ in range(20):
        began = time.perf_counter()
        batch(real, rows)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.001


def test_ids_of_no_pairs_and_of_unequal_sides() -> None:
    assert len(Ids.of([])) == 0
    assert list(Sampler(Ids.of([]), batch_tokens=100, seed=0).epoch(0)) == []
    with pytest.raises(ValueError, match="1 sources and 0 targets"):
        Ids(Ids.of([([4], [5])]).sources, Ids.of([]).targets)
