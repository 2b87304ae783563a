"""The choice of cell sizes: as large as fits, never larger."""

from hypothesis import given
from hypothesis import strategies as st

from glasshead_tui.widgets.fitting import fitted

SIZES = st.integers(1, 3000)
ROOMS = st.tuples(st.integers(20, 300), st.integers(5, 90))
ORDER = {"digits": 2, "blocks": 1, "halves": 0}


@given(SIZES, SIZES, ROOMS, st.integers(1, 30), st.integers(1, 30))
def test_what_is_not_tiny_fits_the_width(
    rows: int, columns: int, room: tuple[int, int], row_label: int, column_label: int
) -> None:
    fit = fitted(rows, columns, room, row_label=row_label, column_label=column_label, digits=3)
    width, height = fit.size(rows, columns)
    assert fit.form == "halves" or width + (height > room[1]) <= room[0]
    assert fit.labels <= room[0] // 2 and fit.header <= room[1]
    if fit.lines > 1:
        assert height <= room[1]


@given(SIZES, SIZES, ROOMS)
def test_a_wider_room_never_makes_cells_smaller(rows: int, columns: int, room: tuple[int, int]) -> None:
    def form(width: int) -> int:
        fit = fitted(rows, columns, (width, room[1]), row_label=6, column_label=6, digits=3)
        return ORDER[fit.form]

    assert form(room[0]) <= form(room[0] + 1)


@given(SIZES, SIZES, ROOMS, st.integers(3, 4), st.integers(1, 12))
def test_no_cell_is_narrower_than_fits(rows: int, columns: int, room: tuple[int, int], digits: int, label: int) -> None:
    fit = fitted(rows, columns, room, row_label=label, column_label=6, digits=digits)
    most = min(label, max(4, room[0] // 6)) + 1
    high = min(6, max(1, room[1] // 4))
    shortest = 3 if digits == 3 else digits + 1

    def fits(cell: int, header: int, labels: int) -> bool:
        return labels + columns * cell + (header + rows > room[1]) <= room[0]

    def across(cell: int) -> int:
        return high if cell < 3 else 1 if cell > 6 or room[1] < 8 else 2

    if fit.form == "digits":
        assert fit.header == across(fit.cell) and fit.cell >= shortest
        assert not any(fits(cell, across(cell), most) for cell in range(max(fit.cell, digits) + 1, 10))
        if fit.cell == 3:
            assert not fits(4, across(4), min(most, 5)), "there is room for both decimals"
        if fit.labels < most:
            assert not fits(fit.cell, fit.header, fit.labels + 1), "labels are as long as fits"
    else:
        assert not fits(shortest, across(shortest), min(most, 5)), "there is room for numbers"
        if fit.form == "halves":
            assert not fits(2, high, most)
        elif fit.cell < 4:
            assert not fits(fit.cell + 1, across(fit.cell + 1), most)


def test_what_a_person_sees() -> None:
    def form(tokens: int, room: tuple[int, int]) -> tuple[str, int, int]:
        fit = fitted(tokens, tokens, room, row_label=6, column_label=6, digits=3)
        return fit.form, fit.cell, fit.lines

    assert form(9, (76, 13)) == ("digits", 7, 1)
    assert form(14, (80, 20)) == ("digits", 5, 1)
    assert form(10, (110, 40)) == ("digits", 9, 3)
    assert form(14, (62, 20)) == ("digits", 4, 1)  # the labels give way by a column
    assert form(23, (76, 40)) == ("digits", 3, 1)
    assert form(30, (76, 40))[:2] == ("blocks", 2)
    assert form(64, (110, 40))[:2] == ("halves", 1)
    assert form(2048, (190, 50))[:2] == ("halves", 1)


def test_without_colour_a_line_is_a_row() -> None:
    fit = fitted(100, 100, (60, 30), row_label=3, column_label=3, digits=3, coloured=False)
    assert fit.stacked == 1


def test_one_may_insist() -> None:
    for form in ("digits", "blocks", "halves"):
        assert fitted(300, 300, (60, 30), row_label=3, column_label=3, digits=3, form=form).form == form
