"""Exhibits in any room: no number is cut, several find their places side by side, tabs show the one that is open."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Size

from glasshead.lab.exhibits import Grid, Table
from glasshead_tui.drawing.exhibits import GridMatrix, cell
from glasshead_tui.drawing.paint import palette_for
from glasshead_tui.panes.lab.exhibit import tabled
from glasshead_tui.panes.lab.showcase import shelved
from glasshead_tui.panes.lab.tabs import tabs
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED

sizes = st.builds(Size, st.integers(10, 120), st.integers(3, 40))
rooms = st.builds(Size, st.integers(90, 200), st.integers(15, 60))


@given(needs=st.lists(sizes, min_size=1, max_size=7), room=rooms, data=st.data())
def test_what_is_shown_has_its_room_and_covers_nothing(needs: list[Size], room: Size, data: st.DataObject) -> None:
    needs = [Size(min(need.width, room.width), min(need.height, room.height)) for need in needs]
    active = data.draw(st.integers(0, len(needs) - 1))
    growing = data.draw(st.lists(st.booleans(), min_size=len(needs), max_size=len(needs)))
    places = shelved(needs, room, active, growing)
    assert active in places
    assert list(places) == list(range(min(places), max(places) + 1))
    for number, place in places.items():
        assert place.width >= needs[number].width and place.height >= needs[number].height
        assert place.right <= room.width and place.bottom <= room.height
        assert not any(place.overlaps(other) for each, other in places.items() if each != number)
    assert sum(place.area for place in places.values()) == room.area, "nothing is left empty"


names = st.text("abcé猫 ", min_size=1, max_size=60)


@given(titles=st.lists(names, min_size=1, max_size=7), columns=st.integers(20, 120), data=st.data())
def test_the_tab_that_is_open_is_always_there(titles: list[str], columns: int, data: st.DataObject) -> None:
    active = data.draw(st.integers(0, len(titles) - 1))
    found = tabs(titles, active, columns)
    assert active in [number for number, _ in found]
    assert sum(cell_len(text) + 4 for _, text in found) <= columns
    assert [number for number, _ in found] == list(range(found[0][0], found[-1][0] + 1))


entries = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(allow_nan=False), st.booleans(), st.none(), st.text("ab é", max_size=40)
)


@given(rows=st.lists(st.tuples(*[entries] * 5), min_size=1, max_size=4), room=st.integers(24, 100))
def test_no_number_of_a_table_is_cut_and_no_line_too_wide(rows: list[tuple[object, ...]], room: int) -> None:
    table = Table(title="", columns=("a", "bb", "ccc", "d", "e"), rows=tuple(rows))  # type: ignore[arg-type]
    lines = ["".join(segment.text for segment in line) for line in tabled(table, room, palette_for("none"))]
    assert all(cell_len(line) <= max(room, 40) for line in lines)
    words = " ".join(lines).split()
    for row in rows:
        for value in row:
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert cell(value) in words


def test_words_of_a_table_are_wrapped_and_none_is_lost() -> None:
    said = "a sentence that is longer than its column can be"
    table = Table(title="", columns=("n", "a heading of several words", "said"), rows=((1, said, said), (2, "b", "c")))
    lines = ["".join(segment.text for segment in line) for line in tabled(table, 40, palette_for("none"))]
    assert all(cell_len(line) <= 40 for line in lines)
    assert sorted(" ".join(lines).split()) == sorted(f"n a heading of several words said 1 {said} {said} 2 b c".split())


def test_a_grid_tells_masked_from_small_and_weights_by_their_root() -> None:
    hidden = -float("inf")
    weights = GridMatrix(
        Grid(title="", rows=("r",), columns=tuple("abcd"), values=((0.0, 1.0, 0.25, hidden),), weights=True)
    )
    assert list(weights.levels(0)) == [0, LEVELS - 1, round((LEVELS - 1) / 2), MASKED]
    scores = GridMatrix(Grid(title="", rows=("r",), columns=tuple("abcd"), values=((-2.0, 4.0, 0.0, float("nan")),)))
    assert list(scores.levels(0)) == [round((LEVELS - 1) / 4), LEVELS - 1, round((LEVELS - 1) / 2), ABSENT]
    assert scores.text(0, 0, 7) == "−2.0000" and weights.text(0, 2, 5) == ".2500"
