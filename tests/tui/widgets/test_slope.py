"""Slopes by the order of their numbers and by what they must fill."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from glasshead_tui.widgets.slope import slope

EIGHTHS = {glyph: eighth for eighth, glyph in enumerate(" ▁▂▃▄▅▆▇█")}
NUMBERS = st.lists(st.integers(-1000, 1000).map(lambda number: number / 7), max_size=60)


@given(NUMBERS, st.integers(1, 8))
def test_a_column_for_each_number_as_high_as_it_is_great(values: list[float], lines: int) -> None:
    drawn = slope(values, lines)
    assert [len(line) for line in drawn] == [len(values)] * lines
    columns = list(zip(*drawn, strict=True))
    heights = [sum(EIGHTHS[glyph] for glyph in column) for column in columns]
    for column in columns:  # what is above something that is not full is empty
        filled = [EIGHTHS[glyph] for glyph in reversed(column)]
        assert all(above == 0 or below == 8 for below, above in pairwise(filled))
    if not values:
        return
    low, high = min(values), max(values)
    most = 8 * lines if lines > 1 else 7
    for value, height in zip(values, heights, strict=True):
        wanted = 1 + (value - low) / (high - low) * (most - 1) if high > low else most / 2
        assert abs(height - wanted) <= 0.5 + 1e-9
