"""The best of several evaluations."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glasshead.training.best import Best


@dataclass
class Found:
    perplexity: float
    bleu: float


FOUND = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(FOUND)
def test_the_first_of_the_lowest_perplexities_is_the_best_and_waiting_counts_from_the_last_better_one(
    found: list[tuple[int, int]],
) -> None:
    best = Best()
    for step, (perplexity, bleu) in enumerate(found, start=1):
        scores: Any = Found(perplexity, bleu)
        best = best.after(step, scores)
    perplexities, bleus = [each[0] for each in found], [each[1] for each in found]
    assert best.step == 1 + perplexities.index(min(perplexities))
    assert (best.bleu, best.perplexity) == (max(bleus), min(perplexities))
    last = max(bleus.index(max(bleus)), perplexities.index(min(perplexities)))
    assert best.waited == len(found) - 1 - last
    assert best.exhausts(best.waited) == (best.waited > 0) and not best.exhausts(0) and not best.exhausts(99)
