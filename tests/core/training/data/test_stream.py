"""The stream of micro-batches, and the place in it."""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.training.background import yield_reports
from glasshead.training.data.stream import Stream


class Numbers:
    """A sampler whose batches say where they are from; its epochs are of unequal length."""

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[int, int]]:
        return iter([(number, index) for index in range(3 + number % 2)][start:])


@given(st.integers(0, 40), st.integers(1, 20))
def test_from_any_place_the_stream_goes_on_as_if_it_had_not_stopped(taken: int, more: int) -> None:
    whole = list(islice(Stream(Numbers()), taken + more))  # type: ignore[arg-type]  # all that a stream asks of one
    stream = Stream(Numbers())  # type: ignore[arg-type]
    for _ in range(taken):
        next(stream)
    other = Stream(Numbers())  # type: ignore[arg-type]
    other.seek(*stream.place)
    assert list(islice(other, more)) == whole[taken:]
    assert whole[:8] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0)][: taken + more]


def test_what_is_told_is_yielded_in_order_and_the_result_returned() -> None:
    results: list[str] = []

    def work(told: Callable[[int], None]) -> str:
        for number in range(100):
            told(number)
        return "done"

    def outer() -> Iterator[int]:
        results.append((yield from yield_reports(work)))

    assert list(outer()) == list(range(100))
    assert results == ["done"]


def test_what_is_raised_is_raised_after_what_was_told() -> None:
    def work(told: Callable[[str], None]) -> None:
        told("first")
        raise KeyError("lost")

    told = yield_reports(work)
    assert next(told) == "first"
    with pytest.raises(KeyError, match="lost"):
        next(told)
