"""Bars by what they must add up to, in eighths of a column."""

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.sparks import Pooled, pooled, sparks

EIGHTHS = {" ": 0, **{glyph: eighth for eighth, glyph in enumerate("▏▎▍▌▋▊▉█", 1)}}
HEIGHTS = {" ": 0, **{glyph: eighth for eighth, glyph in enumerate("▁▂▃▄▅▆▇█", 1)}}
NUMBERS = st.lists(st.integers(-(10**9), 10**9).map(lambda number: number / 1000), min_size=1, max_size=40)
UP, DOWN = Style(color="blue"), Style(color="red")


@given(st.floats(0, 1), st.integers(1, 40))
def test_a_bar_is_as_long_as_its_fraction(fraction: float, columns: int) -> None:
    eighths = sum(EIGHTHS[glyph] for glyph in bar(fraction, columns))
    assert abs(eighths - fraction * columns * 8) <= 0.5 or (eighths == 1 and fraction > 0)
    assert (eighths == 0) == (fraction == 0)
    assert len(bar(fraction, columns)) <= columns


@given(NUMBERS, st.integers(1, 100))
def test_pooling_keeps_what_is_furthest_from_zero(values: list[float], columns: int) -> None:
    kept = pooled(values, columns)
    assert kept.columns <= columns
    assert max(map(abs, kept.values)) == max(map(abs, values))
    for at, value in enumerate(kept.values):
        group = values[at * kept.group : (at + 1) * kept.group]
        assert value in group and abs(value) == max(map(abs, group))
    assert bool(kept.note) == (kept.group > 1)


@given(NUMBERS)
def test_two_lines_put_the_sign_above_and_below_the_axis(values: list[float]) -> None:
    above, below = sparks(Pooled(tuple(values), 1, 1), 2, UP, DOWN)
    upper = "".join(segment.text for segment in above)
    lower = "".join(segment.text for segment in below)
    hangs = "".join(("v" if segment.style else ".") * len(segment.text) for segment in below)
    peak = max(map(abs, values)) or 1
    for value, top, low, hanging in zip(values, upper, lower, hangs, strict=True):
        wanted = value / peak * 8
        height = HEIGHTS[top] if hanging == "." else HEIGHTS[low] - 8
        assert abs(height - wanted) <= 0.5 or (abs(height) == 1 and height * value > 0)


@given(NUMBERS)
def test_one_line_tells_the_sign_by_colour_or_else_by_form(values: list[float]) -> None:
    for up, down in ((UP, DOWN), (Style(), Style())):
        (line,) = sparks(Pooled(tuple(values), 1, 1), 1, up, down)
        looks = [segment.style for segment in line for _ in segment.text]
        for value, look in zip(values, looks, strict=True):
            assert look is not None
            if value and up != down:
                assert look == (up if value > 0 else down)
            elif value:
                assert bool(look.reverse) == (value < 0)


def test_a_number_that_is_none_does_not_break_the_rest() -> None:
    (line,) = sparks(Pooled((float("nan"), 1.0, float("inf"), float("-inf")), 1, 1), 1, UP, DOWN)
    assert "".join(segment.text for segment in line) == " ▇▇▇"


def test_nothing_to_draw() -> None:
    assert pooled([], 10).columns == 0 and pooled([1.0], 0).columns == 0
    assert bar(0.5, 0) == ""
