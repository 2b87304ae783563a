"""The cache: what is put in comes out, however it grew, was cropped, branched or reordered."""

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead.decoding.cache import Cache


def token(value: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Key and value of one position: b=1 h=2 k=1, of widths 3 and 4."""
    return torch.full((1, 2, 1, 3), value), torch.full((1, 2, 1, 4), -value)


moves = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(1, 40)),
        st.tuples(st.just("crop"), st.integers(0, 60)),
        st.tuples(st.just("branch"), st.integers(0, 3)),
        st.tuples(st.just("turn to"), st.integers(0, 3)),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(moves)
def test_lines_of_memory_never_mix(history: Any) -> None:
    """Against plain lists, one for every branch."""
    lists: list[list[float]] = [[]]
    caches, now, fresh = [Cache(2)], 0, 0.0
    for move, number in history:
        if move == "join":
            new = [fresh + i for i in range(number)]
            fresh += number
            for layer in range(2):
                parts = [token(value + 1000 * layer) for value in new]
                key, value = caches[now][layer][0].join(*(torch.cat(part, 2) for part in zip(*parts, strict=True)))
                wanted = torch.tensor([*lists[now], *new]) + 1000 * layer
                assert torch.equal(key[0, 0, :, 0], wanted)
                assert torch.equal(value[0, 1, :, 3], -wanted)
                assert key.shape[-1] == 3
                assert value.shape[-1] == 4
            lists[now] += new
        elif move == "crop":
            caches[now].crop(number)
            del lists[now][number:]
        elif move == "branch" and len(caches) < 4:
            caches.append(caches[now].branch())
            lists.append(list(lists[now]))
        elif move == "turn to":
            now = number % len(caches)
        assert [cache.length for cache in caches] == [len(each) for each in lists]


def test_the_source_is_remembered_once_and_given_back() -> None:
    cache = Cache(1)
    _, source = cache[0]
    assert source.fixed is None
    key, value = torch.randn(1, 2, 5, 3), torch.randn(1, 2, 5, 4)
    assert source.join(key, value) == (key, value)
    assert source.fixed == (key, value)
    cache.crop(0)
    assert source.fixed == (key, value), "the source is not of any step"


def test_rows_can_be_reordered() -> None:
    cache = Cache(1)
    own, source = cache[0]
    key = torch.arange(3.0)[:, None, None, None].expand(3, 2, 4, 3)
    own.join(key, key)
    source.join(key, key)
    cache.reorder(torch.tensor([2, 0, 0, 1]))
    more = torch.full((4, 2, 1, 3), 9.0)
    k, v = own.join(more, more)
    wanted = torch.tensor([[2.0, 2, 2, 2, 9], [0, 0, 0, 0, 9], [0, 0, 0, 0, 9], [1, 1, 1, 1, 9]])
    assert torch.equal(k[:, 0, :, 0], wanted)
    assert torch.equal(v[:, 1, :, 2], wanted)
    assert source.fixed is not None
    assert source.fixed[0][:, 0, 0, 0].tolist() == [2, 0, 0, 1]
    cache.reorder(torch.tensor([0]))
    assert own.length == 5


reorderings = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(1, 40)),
        st.tuples(st.just("crop"), st.integers(0, 60)),
        st.tuples(st.just("reorder"), st.lists(st.integers(0, 9), min_size=1, max_size=6)),
        st.tuples(st.just("branch"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(reorderings)
def test_rows_that_change_places_never_mix(history: Any) -> None:
    """Against plain lists, one for every row; of branches, each keeps what it had."""
    rows: list[list[float]] = [[], [], []]
    cache, fresh = Cache(1), 0.0
    left: list[tuple[Cache, list[list[float]]]] = []
    for move, number in history:
        if move == "join":
            for row in rows:
                row += [fresh := fresh + 1 for _ in range(number)]
            new = torch.tensor([row[-number:] for row in rows])[:, None, :, None]
            key, value = cache[0][0].join(new.expand(-1, 2, -1, 3), -new.expand(-1, 2, -1, 4))
            assert torch.equal(key[:, 1, :, 2], torch.tensor(rows))
            assert torch.equal(value[:, 0, :, 3], -torch.tensor(rows))
        elif move == "crop":
            cache.crop(number)
            rows = [row[:number] for row in rows]
        elif move == "reorder":
            places = [place % len(rows) for place in number]
            cache.reorder(torch.tensor(places), sources=False)
            rows = [list(rows[place]) for place in places]
        else:
            left.append((cache, [list(row) for row in rows]))
            cache = cache.branch()
    for before, wanted in left:
        end = torch.zeros(len(wanted), 2, 1, 3)
        key, _ = before[0][0].join(end, torch.zeros(len(wanted), 2, 1, 4))
        assert torch.equal(key[:, 0, :-1, 0], torch.tensor(wanted))


def test_the_source_stays_where_lines_only_change_places_above_it() -> None:
    cache = Cache(1)
    own, source = cache[0]
    key = torch.arange(2.0)[:, None, None, None].expand(2, 1, 3, 2)
    own.join(key, key)
    fixed = source.join(key, key)
    cache.reorder(torch.tensor([1, 0]), sources=False)
    assert source.fixed is fixed
    assert own.join(key, key)[0][:, 0, 0, 0].tolist() == [1, 0]
