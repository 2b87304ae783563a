"""A chart as text: every point stands where its numbers say, and nothing reaches beyond the room."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from glasshead_tui.widgets.chart import Chart, Curve
from glasshead_tui.widgets.printed import printed

PLAIN = Style()


def lines(chart: Chart, columns: int = 60, high: int = 10) -> list[str]:
    return [
        "".join(segment.text for segment in line) for line in printed(chart, columns, high, strong=PLAIN, quiet=PLAIN)
    ]


def points(x: list[float], y: list[float], *, log: bool = False) -> Chart:
    curve = Curve("measured", np.array(x), np.array(y), PLAIN, "o")
    return Chart("title", "unit", (curve,), (min(x), max(x)), log_x=log, log_y=log, x_label="n")


def places(drawing: list[str], high: int = 10) -> list[tuple[int, int]]:
    """Line and column of every point, from the corner of the plot."""
    return [
        (row, column)
        for row, line in enumerate(drawing[2 : 2 + high])
        for column, glyph in enumerate(line[8:])
        if glyph == "o"
    ]


def test_a_straight_line_of_points_is_straight() -> None:
    assert places(lines(points([0, 1, 2, 3], [0, 1, 2, 3]), 60, 12), 12) == [(0, 51), (4, 34), (7, 17), (11, 0)]


def test_a_power_is_straight_on_logarithmic_axes() -> None:
    found = places(lines(points([1, 10, 100, 1000], [1, 100, 1e4, 1e6], log=True), 60, 12), 12)
    columns = [column for _, column in found]
    assert np.diff(columns).tolist() == [-17, -17, -17] and [row for row, _ in found] == [0, 4, 7, 11]


def test_what_has_no_logarithm_is_left_out() -> None:
    chart = points([1, 10, 100], [1, 5, 100], log=True)
    curve = Curve("measured", np.array([1.0, 10, 100, -5, 0]), np.array([0.0, 5, 100, 3, 3]), PLAIN, "o")
    assert len(places(lines(Chart("t", "", (curve,), chart.x, log_x=True, log_y=True)))) == 2


def test_title_legend_and_axes_are_said() -> None:
    drawing = lines(points([0, 10], [0, 5]))
    assert drawing[0] == "title, unit" and drawing[1].startswith("o measured") and drawing[-1].endswith("n")
    assert "10" in drawing[-2]


numbers = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-300)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8),
    st.integers(24, 90),
    st.integers(3, 20),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_nothing_reaches_beyond_the_room(
    found: list[tuple[float, float]], columns: int, high: int, log_x: bool, log_y: bool, marked: bool
) -> None:
    x, y = (np.array(sorted(each)) for each in zip(*found, strict=True))
    positive = x[x > 0]
    reach = (
        (float(x.min()), float(x.max()))
        if not log_x
        else ((float(positive.min()), float(positive.max())) if len(positive) else (1.0, 10.0))
    )
    curve = Curve("c", x, y, PLAIN, "o" if marked else "")
    drawing = lines(Chart("t", "", (curve,), reach, log_x=log_x, log_y=log_y), columns, high)
    assert all(cell_len(line) <= columns for line in drawing[2:])
