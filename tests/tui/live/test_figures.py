"""The figures of a training against sums written out."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.played import Sample, evaluated, started, update

from glasshead.training.events import Preparing, Progress
from glasshead_tui.live import figures
from glasshead_tui.live.figures import Course, Figures, Pace, picked, recent, trends

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


@given(NUMBERS, st.integers(1, 8).map(lambda half: 2 * half), st.integers(1, 40))
def test_a_course_keeps_its_means_in_bounded_memory(values: list[float], most: int, parts: int) -> None:
    course = Course(most)
    for value in values:
        course.add(value)
    kept = course.means(most)
    assert len(kept) <= most
    length = 1
    while length * most < len(values):
        length *= 2
    stretches = [values[at : at + length] for at in range(0, len(values), length)]
    assert kept == pytest.approx([math.fsum(each) / len(each) for each in stretches], rel=1e-6, abs=1e-3)
    assert len(course.means(parts)) == min(parts, len(kept))
    assert course.means(1) == pytest.approx([math.fsum(values) / len(values)], rel=1e-6, abs=1e-3)
    assert course.means(0) == []


def test_a_course_leaves_out_what_cannot_be_drawn() -> None:
    course = Course()
    for value in (1.0, math.nan, math.inf, 3.0):
        course.add(value)
    assert course.means(10) == [1.0, 3.0]
    assert Course().means(10) == []


def updates(count: int, *, seed: int = 0, step: int = 1) -> list[Progress]:
    """Updates of any length and size."""
    draw = random.Random(seed)
    found, seconds, total = [], 100.0 * (step - 1), 1000 * (step - 1)
    for number in range(step, step + count):
        tokens = draw.randint(1, 2000)
        seconds, total = seconds + draw.uniform(0.01, 3), total + tokens
        figures = {"loss": draw.uniform(1, 8), "perplexity": draw.uniform(1, 900), "norm": draw.uniform(0, 4)}
        figures |= {"mfu": draw.uniform(0, 1), "tokens": tokens, "seconds": seconds, "total_tokens": total}
        found.append(update(number, **figures))
    return found


def test_the_means_of_updates_weigh_tokens_and_time() -> None:
    some = updates(30)
    found = recent(some)
    tokens = sum(each.tokens for each in some)
    assert found.loss == pytest.approx(sum(each.loss * each.tokens for each in some) / tokens)
    nats = [math.log(each.perplexity) for each in some for _ in range(each.tokens)]
    assert found.perplexity == pytest.approx(math.exp(sum(nats) / len(nats)))
    assert found.norm == pytest.approx(sum(each.norm for each in some) / 30)
    later = some[1:]
    taken = [after.seconds - before.seconds for before, after in pairwise(some)]
    assert found.speed == pytest.approx(sum(each.tokens for each in later) / sum(taken))
    operations = [each.mfu * time for each, time in zip(later, taken, strict=True)]
    assert found.mfu == pytest.approx(sum(operations) / sum(taken))


def test_a_single_update_tells_its_speed_only_when_it_is_the_first_of_all() -> None:
    assert recent([update(1, seconds=0.5, total_tokens=100)]).speed == pytest.approx(200)
    assert recent([update(501, first=501)]).speed is None
    assert recent([update(501, first=501)]).loss == update(501).loss
    assert recent([update(1, mfu=math.nan)]).mfu is None


def test_recent_are_the_last_ten_seconds_but_never_too_few_or_too_many() -> None:
    for each, wanted in ((1.0, figures.FEWEST), (0.2, 51), (0.001, figures.MOST)):
        told = Figures()
        for step in range(1, 1500):
            told.note(update(step, pace=each))
        assert told.recent is not None and told.recent.updates == pytest.approx(wanted, abs=1)


def test_the_pace_counts_a_step_half_after_every_half_life() -> None:
    some = updates(200, step=400)
    pace = Pace(half=30.0)
    for each in some:
        pace.note(each)
    end = some[-1].seconds
    weights = [0.5 ** ((end - each.seconds) / 30) for each in some[1:]]
    taken = [after.seconds - before.seconds for before, after in pairwise(some)]
    # A step's own time lies before its end: it is weighed as it was when the step ended.
    mean = sum(w * t for w, t in zip(weights, taken, strict=True)) / sum(weights)
    left = some[-1].steps - some[-1].step
    assert pace.remaining == pytest.approx(left * mean)


def test_the_time_left_follows_a_change_of_speed_and_forgets_the_first_update() -> None:
    pace = Pace()
    assert pace.remaining is None
    pace.note(update(1, seconds=90.0))  # compiled in it
    assert pace.remaining == pytest.approx(90.0 * 1999)
    seconds = 90.0
    for step in range(2, 102):
        seconds += 0.5
        pace.note(update(step, seconds=seconds))
    assert pace.remaining == pytest.approx(0.5 * (2000 - 101))
    for step in range(102, 402):
        seconds += 1.0
        pace.note(update(step, seconds=seconds))
    assert pace.remaining == pytest.approx(1.0 * (2000 - 401), rel=0.01)
    assert Pace().remaining is None
    resumed = Pace()
    resumed.note(update(700, first=700))
    assert resumed.remaining is None
    resumed.note(update(2000, first=700))
    assert resumed.remaining == 0.0


def test_figures_keep_validation_apart_from_test() -> None:
    told = Figures()
    told.note(Preparing("reading", 1, None))
    assert told.preparing is not None
    told.note(started())
    assert told.preparing is None and told.recent is None
    for event in (evaluated(500), evaluated(1000), evaluated(2000, "test")):
        told.note(event)
    assert [event.step for event in told.validations] == [500, 1000]
    assert told.evaluated is not None and told.evaluated.held == "test"
    perplexity, exact, bleu, chrf = trends(told.validations)
    assert perplexity.values == (7.0, 5.0) and perplexity.change == -2.0 and not perplexity.rising
    assert exact.values == (25.0, 50.0) and exact.rising
    assert bleu.change == pytest.approx(22.5) and chrf.change == pytest.approx(23.75)
    assert trends(told.validations[:1])[0].change == 0.0


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 8))
def test_samples_show_what_is_wrong_without_hiding_what_is_right(rights: list[bool], count: int) -> None:
    samples = [Sample(str(number), "yes", "yes" if right else "no") for number, right in enumerate(rights)]
    chosen = picked(samples, count)  # type: ignore[arg-type]
    assert len(chosen) == min(count, len(samples)) == len({sample.source for sample in chosen})
    wrong, shown = rights.count(False), sum(not sample.right for sample in chosen)
    assert shown >= min(wrong, max(1, count // 2))
    assert shown <= max(1, count // 2) or len(chosen) - shown == rights.count(True)
