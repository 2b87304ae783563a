"""Batches: every pair once, little padding, never too wide, the same for the same seed."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.recipes import recipe
from glasshead.text import Codec
from glasshead.training.data import Batch, Example, batches, bucketed, cut, examples


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec.train([f"{place} {word}" for place in range(50) for word in ("one", "two", "three")], vocab_size=0)


def sentences(count: int, longest: int = 30) -> list[tuple[str, str]]:
    """Pairs of letters of many lengths, each with its own number."""
    draw = random.Random(0)
    return [(f"{n}" + "o" * draw.randint(1, longest), f"{n}" + "t" * draw.randint(1, longest)) for n in range(count)]


def pairs_of(codec: Codec, found: Iterator[Batch]) -> tuple[list[tuple[str, str]], list[Batch]]:
    kept = list(found)
    pairs = [
        (codec.decode(source), codec.decode(label))
        for batch in kept
        for source, label in zip(batch.source.tolist(), batch.labels.tolist(), strict=True)
    ]
    return pairs, kept


def test_every_pair_is_in_exactly_one_batch_and_none_is_too_wide(codec: Codec) -> None:
    wanted = sentences(5000)
    pairs, found = pairs_of(codec, batches(iter(wanted), codec, batch_tokens=400, max_length=64, seed=0, pool=20))
    assert Counter(pairs) == Counter(wanted)
    for batch in found:
        assert batch.source.numel() <= 400 and batch.labels.numel() <= 400
        assert batch.target.shape == batch.labels.shape


def test_little_is_padding() -> None:
    dates = recipe("dates")
    it = Codec.train((text for pair in islice(dates.pairs("train", 0), 2000) for text in pair), vocab_size=420)
    stream = batches(dates.pairs("train", 0), it, batch_tokens=2048, max_length=64, seed=0)
    found = list(islice(stream, 100))
    targets = sum(batch.labels.numel() for batch in found)
    assert sum(batch.tokens for batch in found) / targets > 0.95
    assert sum(batch.tokens for batch in found[10:]) / len(found[10:]) > 1200  # sources may be the longer side


def test_what_the_decoder_reads_and_says_is_shifted_by_one(codec: Codec) -> None:
    batch = Batch.of([Example(codec.encode("one"), codec.encode("three")), Example(codec.encode("two"), [5])])
    for row in range(2):
        labels = [number for number in batch.labels[row].tolist() if number != Codec.PAD]
        target = [number for number in batch.target[row].tolist() if number != Codec.PAD]
        assert target == [Codec.BOS, *labels[:-1]] and labels[-1] == Codec.EOS
    assert batch.source[0].tolist() == [*codec.encode("one"), Codec.EOS]
    assert batch.tokens == int((batch.labels != Codec.PAD).sum())


def test_it_is_a_pure_function_of_the_seed(codec: Codec) -> None:
    def run(seed: int) -> list[torch.Tensor]:
        stream = batches(iter(sentences(3000)), codec, batch_tokens=300, max_length=64, seed=seed, pool=10)
        return [batch.source for batch in stream]

    random.seed(1)
    first = run(0)
    random.seed(2)
    again, other = run(0), run(1)
    assert len(first) == len(again) and all(map(torch.equal, first, again))
    assert len(first) != len(other) or not all(map(torch.equal, first, other))


def test_sentences_longer_than_the_model_are_left_out(codec: Codec) -> None:
    wanted = sentences(500)
    pairs, found = pairs_of(codec, batches(iter(wanted), codec, batch_tokens=400, max_length=20, seed=0))
    kept = [pair for pair in wanted if max(len(codec.encode(text)) for text in pair) + 1 <= 20]
    assert 0 < len(kept) < len(wanted)
    assert Counter(pairs) == Counter(kept)
    assert max(batch.labels.shape[1] for batch in found) <= 20


def test_a_corpus_that_never_fits_is_told(codec: Codec) -> None:
    with pytest.raises(GlassheadError, match=r"None of .* sentences fits in 3 tokens"):
        next(batches(iter(sentences(2000)), codec, batch_tokens=400, max_length=3, seed=0))


def test_empty_sentences_are_left_out(codec: Codec) -> None:
    found = examples([("", "one"), ("two", "  "), ("one", "two")], codec, max_length=64)
    assert [(codec.decode(each.source), codec.decode(each.target)) for each in found] == [("one", "two")]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=80), st.integers(41, 300), st.integers())
def test_cutting_keeps_everything_and_the_limit(lengths: list[tuple[int, int]], limit: int, seed: int) -> None:
    pool = [Example([4] * source, [5] * target) for source, target in lengths]
    found = bucketed(pool, limit, random.Random(seed))
    assert Counter(map(id, pool)) == Counter(id(example) for batch in found for example in batch)
    for batch in found:
        assert len(batch) * max(example.length for example in batch) <= limit


def test_batches_are_as_full_as_they_can_be() -> None:
    found = list(cut([Example([4], [5])] * 10, 6))  # two tokens a row, with the end
    assert [len(batch) for batch in found] == [3, 3, 3, 1]
