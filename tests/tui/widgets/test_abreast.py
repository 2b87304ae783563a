"""Matrices side by side: as many as keep the form of their cells, and none that would scroll to the side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead_tui.widgets.abreast import APART, Outline, count_abreast
from glasshead_tui.widgets.fitting import SHORTEST, fitted

SMALL = Outline(5, 5, 4, 5, 3)


@pytest.mark.parametrize(("width", "count"), [(50, 1), (51, 2), (76, 2), (77, 3), (120, 3)])
def test_each_needs_the_columns_of_its_labels_and_of_whole_numbers(width: int, count: int) -> None:
    needed = 5 + 5 * 4  # the label and its gap, then five numbers of three digits with a gap
    assert (width - (count - 1) * APART) // count >= needed or count == 1
    assert count_abreast([SMALL] * 3, (width, 20)) == count


@given(
    rows=st.integers(1, 40), columns=st.integers(1, 60), label=st.integers(1, 12), digits=st.sampled_from([3, 4]),
    width=st.integers(10, 300), height=st.integers(6, 60), number=st.integers(1, 3),
)  # fmt: skip
def test_none_is_cut_and_all_look_like_the_first_alone(
    rows: int, columns: int, label: int, digits: int, width: int, height: int, number: int
) -> None:
    outline = Outline(rows, columns, label, label, digits)
    count = count_abreast([outline] * number, (width, height))
    assert 1 <= count <= number
    if count == 1:
        return
    alone, each = (
        fitted(rows, columns, room, row_label=label, column_label=label, digits=digits)
        for room in ((width, height), ((width - (count - 1) * APART) // count, height - 1))
    )
    assert each.form == alone.form
    assert count * each.size(rows, columns)[0] + (count - 1) * APART <= width
    assert each.form != "digits" or each.cell > digits >= SHORTEST
