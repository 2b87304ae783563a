"""The lab book: stops of a control, sizes, and how far a lesson has come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.lab import NAMES, page_of
from glasshead.lab.page import Control
from glasshead_tui.state.course import Place
from glasshead_tui.state.labbook import LabBook, Visit, turned

stops = st.lists(st.integers(-50, 50), min_size=1, max_size=8, unique=True).map(lambda found: tuple(sorted(found)))


@given(stops=stops, value=st.integers(-60, 60), by=st.integers(-5, 5).filter(bool))
def test_turning_goes_through_the_stops_in_their_order(stops: tuple[int, ...], value: int, by: int) -> None:
    control = Control(name="n", usual=1, help="", stops=stops)
    after = turned(control, value, by)
    further = sorted((stop for stop in stops if (stop - value) * by > 0), reverse=by < 0)
    assert after == (further[min(abs(by), len(further)) - 1] if further else value)


def test_choices_words_and_yes_or_no_are_turned_too() -> None:
    choice = Control(name="draw", usual="normal", help="", stops=("normal", "uniform", "signs"), choice=True)
    assert [turned(choice, "normal", by) for by in (-1, 1, 2, 9)] == ["normal", "uniform", "signs", "signs"]
    free = Control(name="text", usual="", help="", stops=("a", "b"))
    assert [turned(free, "typed", by) for by in (1, -1)] == ["a", "b"]
    yes = Control(name="masked", usual=True, help="")
    assert [turned(yes, True, by) for by in (-1, 1)] == [False, True]
    with pytest.raises(GlassheadError, match="no stops"):
        turned(Control(name="text", usual="", help=""), "", 1)


def test_sizes_keep_what_was_typed_until_the_usual_values_come_back() -> None:
    scaling = page_of("scaling")
    visit = Visit(page=scaling, values={**scaling.values(), "text": "a dog"})
    visit.to_size("full")
    assert visit.values == {**scaling.values("full"), "text": "a dog"}
    visit.to_size("usual")
    assert visit.values == scaling.values()


def test_pages_end_where_there_are_no_more_and_a_lesson_has_a_last_page() -> None:
    book = LabBook(at=NAMES[-1])
    assert not book.go(1) and book.at == NAMES[-1]
    lesson = LabBook(at=NAMES[-1], lesson=True)
    assert lesson.go(1) and lesson.ended
    assert not lesson.go(1) and lesson.ended
    assert lesson.go(-1) and not lesson.ended and lesson.at == NAMES[-1]
    assert lesson.go(-1) and lesson.at == NAMES[-2]


@pytest.mark.parametrize("typed", ["0", "11", "", "scale", "99999999999999999999"])
def test_what_is_no_experiment_is_told(typed: str) -> None:
    book = LabBook(at="heads")
    with pytest.raises(GlassheadError, match="no experiment"):
        book.find(typed)
    assert book.at == "heads"


def test_an_earlier_lesson_is_gone_on_with() -> None:
    place = Place(at="scaling", answers={"scaling": 2, "norms": 9}, right={"scaling": 2, "heads": 0})
    book = LabBook(at=place.at, lesson=True, place=place)
    assert book.visit.seen and book.visit.answer == 2 and book.visit.outcome is None
    assert book.kept() == Place(at="scaling", answers={"scaling": 2}, right={"scaling": 2, "heads": 0})
