"""Thumbnails: every picture is there, where the labels say, and a click says which one it was."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from glasshead_tui.drawing.paint import Colours, palette_for
from glasshead_tui.widgets.thumbnails import Group, Place, Thumbnails, arranged

GROUPS = st.lists(
    st.builds(Group, st.sampled_from(["", "title"]), st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=3
)


class Numbers:
    """Pictures that are one level all over; one of them is not known yet."""

    groups = (Group("first", 2, 3), Group("second", 1, 3))

    def picture(self, place: Place, columns: int, lines: int) -> Sequence[bytes] | None:
        if place == Place(1, 0, 2):
            return None
        return [bytes([(10 * place.row + place.column) % 64]) * columns] * lines


class Wall(App[None]):
    def __init__(self, colours: Colours) -> None:
        super().__init__()
        self.colours = colours
        self.clicked: list[Place] = []

    def compose(self) -> ComposeResult:
        yield Thumbnails()

    def on_mount(self) -> None:
        self.query_one(Thumbnails).show_gallery(Numbers(), palette_for(self.colours).weights, Place(0, 1, 1))

    def on_thumbnails_selected(self, event: Thumbnails.Selected) -> None:
        self.clicked.append(event.place)


@given(GROUPS, st.integers(10, 200), st.integers(3, 80))
def test_pictures_are_as_large_as_fits(groups: list[Group], columns: int, lines: int) -> None:
    shape = arranged(groups, columns, lines)
    larger = arranged(groups, columns + 40, lines + 20)
    assert larger.columns * larger.lines >= shape.columns * shape.lines


@pytest.mark.parametrize("colours", ["truecolor", "none"])
@pytest.mark.parametrize("size", [(14, 6), (40, 12), (120, 30)])
async def test_every_picture_can_be_clicked_where_it_stands(colours: Colours, size: tuple[int, int]) -> None:
    app = Wall(colours)
    async with app.run_test(size=size) as pilot:
        wall = pilot.app.query_one(Thumbnails)
        spots = list(wall._spots)
        assert [place for _, place in spots] == [Place(0, r, c) for r in (0, 1) for c in range(3)] + [
            Place(1, 0, c) for c in range(3)
        ]
        for region, place in spots:
            app.clicked.clear()
            await pilot.click(Thumbnails, offset=(region.x, region.y))
            assert app.clicked == [place]


async def test_the_selected_one_stands_between_brackets_and_the_unknown_one_waits() -> None:
    app = Wall("truecolor")
    async with app.run_test(size=(14, 6)) as pilot:
        wall = pilot.app.query_one(Thumbnails)
        lines = [wall.render_line(y).text for y in range(6)]
        assert lines[0].startswith("first") and lines[2][4:9].count("[") == 1 and "]" in lines[2]
        assert "…" in "".join(lines)
        fill = palette_for("truecolor").weights.fills[10 - 10 % 4].bgcolor
        region = next(region for region, place in wall._spots if place == Place(0, 1, 0))
        (cell,) = wall.render_line(region.y).crop(region.x, region.x + 1)
        assert cell.style is not None and cell.style.bgcolor == fill


class Wide(Numbers):
    """Thirty rows of nine and of thirty-two pictures."""

    groups = (Group("first", 30, 9), Group("second", 2, 32))

    def picture(self, place: Place, columns: int, lines: int) -> Sequence[bytes]:
        return [bytes([place.column]) * columns] * lines


@pytest.mark.parametrize("size", [(28, 15), (25, 6), (78, 15)])
async def test_a_picture_that_has_no_room_is_reached_by_selecting_it(size: tuple[int, int]) -> None:
    app = Wall("truecolor")
    async with app.run_test(size=size) as pilot:
        wall = pilot.app.query_one(Thumbnails)
        for place in (Place(0, 29, 8), Place(0, 0, 0), Place(1, 1, 31), Place(1, 0, 13)):
            wall.show_gallery(Wide(), palette_for("truecolor").weights, place)
            await pilot.pause()
            region = next(region for region, each in wall._spots if each == place)
            assert region.right <= size[0] and all(each.right <= size[0] for each, _ in wall._spots)
            top = round(wall.scroll_y)
            assert top <= region.y and region.bottom <= top + size[1]
            text = wall.render_line(region.y - top).text
            assert text[region.x - 1] == "[" and text[region.right] == "]"
            seen = sorted({each.column for _, each in wall._spots if each.group == place.group})
            assert seen == list(range(seen[0], seen[-1] + 1))
            lines = "\n".join(wall.render_line(y - top).text for y in range(len(wall._lines)))
            count = Wide.groups[place.group].columns
            assert (f"columns {seen[0]}–{seen[-1]} of 0–{count - 1}" in lines) == (len(seen) < count)


@pytest.mark.parametrize("group", [Group("deep", 30, 9), Group("flat", 3, 8), Group("many", 2, 24)])
@pytest.mark.parametrize("room", [(29, 10), (44, 16), (76, 16)])
async def test_layers_and_heads_are_always_numbered(group: Group, room: tuple[int, int]) -> None:
    wall = Thumbnails()
    gallery = Numbers()
    gallery.groups = (group,)  # type: ignore[assignment]
    wall.gallery, wall.scale, wall.selected = gallery, palette_for("none").weights, Place(0, 1, 1)
    lines = ["".join(segment.text for segment in line) for line in wall.drawn(*room)]
    at = next(number for number, line in enumerate(lines) if line.split()[:2] == ["0", "1"])
    heads = list(map(int, lines[at].split()))
    assert heads == list(range(heads[0], heads[-1] + 1)) and (len(heads) == group.columns or "of 0–" in lines[at - 1])
    numbered = [int(line.split()[0]) for line in lines[at + 1 :] if line[:2].strip().isdecimal()]
    assert numbered == list(range(group.rows))
