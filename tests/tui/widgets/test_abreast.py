"""Matrices side by side: as many as keep the form of their cells, and none that would scroll to the side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead_tui.widgets.abreast import APART, outline_abreast
from glasshead_tui.widgets.fitting import Outline, fit_outline

SMALL = Outline(5, 5, 4, 5, 3)
NEEDED = 5 + 5 * 4
"""The columns of its label and the gap after it, then of five numbers of three digits with a gap."""


@pytest.mark.parametrize(("width", "count"), [(51, 2), (77, 3)])
def test_each_needs_the_columns_of_its_labels_and_of_whole_numbers(width: int, count: int) -> None:
    assert width == count * NEEDED + (count - 1) * APART
    found = outline_abreast([SMALL] * count, (width, 20))
    assert found == SMALL._replace(room=NEEDED)
    assert outline_abreast([SMALL] * count, (width - 1, 20)) is None


def test_colours_serve_where_numbers_have_no_room() -> None:
    wide = Outline(9, 9, 4, 5, 3)
    assert outline_abreast([wide] * 2, (51, 20)) is None
    found = outline_abreast([wide] * 2, (65, 20), form="blocks")
    assert found == wide._replace(room=32, form="blocks")
    fit = fit_outline(found, (65, 20))
    assert fit.size(9, 9)[0] <= 32 and fit.staggered
    assert outline_abreast([wide] * 2, (64, 20), form="blocks") is None, "no name would be read across"
    assert outline_abreast([wide] * 3, (65, 20), form="blocks") is None


def test_all_are_measured_for_the_largest() -> None:
    other = Outline(9, 3, 2, 7, 4)
    assert outline_abreast([SMALL, other], (90, 20)) == Outline(9, 5, 4, 7, 4, 44)


@given(
    rows=st.integers(1, 40), columns=st.integers(1, 60), label=st.integers(1, 12), digits=st.sampled_from([3, 4]),
    width=st.integers(10, 300), height=st.integers(6, 60), count=st.integers(2, 3),
)  # fmt: skip
def test_none_is_cut_and_all_look_like_the_first_alone(
    rows: int, columns: int, label: int, digits: int, width: int, height: int, count: int
) -> None:
    outline = Outline(rows, columns, label, label, digits)
    found = outline_abreast([outline] * count, (width, height))
    if found is None:
        return
    alone, each = fit_outline(outline, (width, height)), fit_outline(found, (width, height - 1))
    assert each.form == alone.form and not each.downwards
    assert count * each.size(rows, columns)[0] + (count - 1) * APART <= width
    assert each.form != "digits" or each.cell > digits
