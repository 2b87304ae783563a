"""The heat map: what it draws is the matrix, what it redraws is what changed, what it asks for is what is seen."""

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region

from glasshead_tui.drawing.paint import Colours, palette_for
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED, VEIL


class Triangle:
    """Row + column of what is not masked, modulo the number of levels; the last row is absent."""

    digits = 3

    def __init__(self, size: int, labels: Callable[[int], str] = "t{}".format) -> None:
        self.size = size
        self.row_labels = self.column_labels = [labels(number) for number in range(size)]
        self.asked: list[int] = []

    def levels(self, row: int) -> bytes:
        self.asked.append(row)
        if row == self.size - 1:
            return bytes([ABSENT]) * self.size
        return bytes((row + column) % LEVELS if column <= row else MASKED for column in range(self.size))

    def text(self, row: int, column: int, room: int) -> str:
        return f"{row + column:03}"[-3:]


class Frame(App[None]):
    def __init__(self, matrix: Triangle, cursor: tuple[int, int], colours: Colours) -> None:
        super().__init__()
        self.matrix, self.at, self.colours = matrix, cursor, colours
        self.clicks: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield HeatMap()

    def on_mount(self) -> None:
        self.query_one(HeatMap).show(self.matrix, palette_for(self.colours).weights, self.at)

    def on_heat_map_cursor_moved(self, event: HeatMap.CursorMoved) -> None:
        self.clicks.append((event.row, event.column))


def drawn(heatmap: HeatMap) -> list[str]:
    lines = [heatmap.render_line(y) for y in range(heatmap.size.height)]
    assert all(line.cell_length == cell_len(line.text) == heatmap.size.width for line in lines)
    return [line.text for line in lines]


async def test_few_tokens_hold_their_numbers() -> None:
    matrix = Triangle(6)
    app = Frame(matrix, (2, 1), "truecolor")
    async with app.run_test(size=(60, 7)) as pilot:
        header, *rows = drawn(pilot.app.query_one(HeatMap))
        assert header.split() == ["t0", "t1", "t2", "t3", "t4", "t5"]
        assert rows[1].split()[:3] == ["t1", "001", "002"] and rows[1].count("╱") == rows[2].count("╱") * 4 // 3
        assert rows[2].split()[:4] == ["t2", "002", "[003]", "004"]
        assert rows[5].split() == ["t5", *"······"]


def lit(heatmap: HeatMap) -> list[str]:
    """The names of columns in the colour of the current one."""
    assert heatmap.scale is not None
    colour = heatmap.scale.column.color
    header = (segment for line in range(2) for segment in heatmap.render_line(line))
    return [segment.text for segment in header if segment.style and segment.style.color == colour]


@pytest.mark.parametrize("width", [44, 54, 60])
async def test_long_names_stand_whole_in_two_lines_in_turns_each_over_its_column(width: int) -> None:
    names = ["teacher", "drinks", "some", "water", "house", "of", "small", "church"]
    app = Frame(Triangle(8, names.__getitem__), (2, 1), "truecolor")
    async with app.run_test(size=(width, 12)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        fit, lines = heatmap.measures, drawn(heatmap)
        assert fit.staggered and not fit.downwards and fit.cell in (4, 5, 6)
        assert [line.split() for line in lines[:2]] == [names[::2], names[1::2]]
        for column, name in enumerate(names):
            at = lines[column % 2].index(name)
            left = fit.labels + column * fit.cell
            assert left - fit.cell < at < left + fit.cell and at <= left + fit.cell // 2 < at + len(name) + fit.cell
        assert lit(heatmap) == ["drinks"]
        heatmap.cursor = 2, 6
        assert lit(heatmap) == ["small"]


@pytest.mark.parametrize("colours", ["truecolor", "256", "16", "none"])
async def test_many_tokens_are_blocks_with_labels_written_downwards(colours: Colours) -> None:
    app = Frame(Triangle(20, lambda number: "abcdefghij"[number % 10] + "xy"), (3, 2), colours)
    async with app.run_test(size=(50, 30)) as pilot:
        lines = drawn(pilot.app.query_one(HeatMap))
        assert [line[4:8:2] for line in lines[:3]] == ["ab", "xx", "yy"]
        assert "[]" in lines[3 + 3] and lines[3 + 3].startswith("dxy")
        assert lines[3 + 19].count("·") == 40
        assert lines[3].count("╱") == 2 * 19


async def test_very_many_tokens_cost_only_the_rows_in_view() -> None:
    matrix = Triangle(2048)
    app = Frame(matrix, (0, 0), "truecolor")
    async with app.run_test(size=(100, 40)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        await pilot.pause()
        assert max(matrix.asked) < 2 * 40
        matrix.asked.clear()
        heatmap.cursor = (1500, 1400)
        await pilot.pause()
        assert matrix.asked and min(matrix.asked) > 1400 and max(matrix.asked) < 1600
        assert "▾ t1400" in drawn(heatmap)[1] or "t1400 ▾" in drawn(heatmap)[1]
        assert any(line.split()[0] == "t1500" for line in drawn(heatmap)[2:])


async def test_half_blocks_show_two_rows_a_line_in_their_colours() -> None:
    scale = palette_for("truecolor").weights
    app = Frame(Triangle(60), (59, 59), "truecolor")
    async with app.run_test(size=(80, 40)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        strip = heatmap.render_line(heatmap.measures.header + 10).crop(
            heatmap.measures.labels, heatmap.measures.labels + 1
        )
        (cell,) = strip
        expected = scale.halves(20, 21)[1]
        assert cell.text in "▀ " and cell.style is not None
        assert cell.style.bgcolor == expected.bgcolor


@pytest.mark.parametrize("size", [12, 30, 300])
async def test_moving_the_cursor_redraws_its_two_rows_and_the_labels(size: int) -> None:
    app = Frame(Triangle(size), (4, 4), "truecolor")
    async with app.run_test(size=(100, 40)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        await pilot.pause()
        before = drawn(heatmap)
        asked: list[Region] = []

        def refresh(*regions: Region, **_: object) -> HeatMap:
            asked.extend(regions)
            return heatmap

        heatmap.refresh = refresh  # type: ignore[method-assign]
        heatmap.cursor = (6, 5)
        after = drawn(heatmap)
        changed = {y for y, (one, other) in enumerate(zip(before, after, strict=True)) if one != other}
        redrawn = {y for region in asked for y in region.line_range}
        assert changed <= redrawn
        assert len(redrawn) <= heatmap.measures.header + 2 * heatmap.measures.lines
        assert asked and all(region.area for region in asked)


@pytest.mark.parametrize("size", [8, 30, 200])
async def test_a_click_names_the_cell_and_moves_nothing(size: int) -> None:
    app = Frame(Triangle(size), (0, 0), "truecolor")
    async with app.run_test(size=(100, 40)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        fit = heatmap.measures
        await pilot.click(HeatMap, offset=(fit.labels + 5 * fit.cell, fit.header + fit.line(6)))
        await pilot.click(HeatMap, offset=(0, fit.header))
        await pilot.click(HeatMap, offset=(fit.labels, 0))
        assert app.clicks == [(6, 5)]
        assert heatmap.cursor == (0, 0)


async def test_the_cursor_stays_in_sight_wherever_it_goes() -> None:
    app = Frame(Triangle(400), (0, 0), "truecolor")
    async with app.run_test(size=(60, 20)) as pilot:
        heatmap = pilot.app.query_one(HeatMap)
        for cell in ((0, 0), (399, 399), (200, 10), (201, 390), (3, 3)):
            heatmap.cursor = cell
            await pilot.pause()
            lines = drawn(heatmap)
            assert any(f"t{cell[0]}" in line.split() for line in lines[2:])
            assert f"t{cell[1]}" in lines[1]


async def test_wide_characters_and_long_labels_stay_in_their_columns() -> None:
    app = Frame(Triangle(8, lambda number: "猫" * (number + 1)), (0, 0), "truecolor")
    async with app.run_test(size=(70, 10)) as pilot:
        drawn(pilot.app.query_one(HeatMap))
    app = Frame(Triangle(25, lambda number: "猫" * (number + 1)), (0, 0), "none")
    async with app.run_test(size=(70, 20)) as pilot:
        drawn(pilot.app.query_one(HeatMap))


async def test_nothing_to_show() -> None:
    app = Frame(Triangle(0), (0, 0), "truecolor")
    async with app.run_test(size=(30, 10)) as pilot:
        assert not "".join(drawn(pilot.app.query_one(HeatMap))).strip()


async def test_marked_cells_are_underlined_in_the_middle_of_their_cells() -> None:
    matrix, marked = Triangle(6), [(3, 1), (3, 2), (4, 0)]
    rooms: list[tuple[tuple[int, int], Colours]] = [((60, 7), "truecolor"), ((20, 9), "none")]
    for size, colours in rooms:
        app = Frame(matrix, (0, 0), colours)
        async with app.run_test(size=size) as pilot:
            heatmap = app.query_one(HeatMap)
            heatmap.show(
                matrix, palette_for(colours).weights, (0, 0), lambda row: [(row, at) in marked for at in range(6)]
            )
            await pilot.pause()
            first, cell = heatmap.measures.labels, heatmap.measures.cell
            found = set()
            for row in range(1, 6):
                at = 0
                for segment in heatmap.render_line(heatmap.measures.header + heatmap.measures.line(row)):
                    if segment.style and segment.style.underline:
                        found |= {(row, (column - first) // cell) for column in range(at, at + len(segment.text))}
                    at += len(segment.text)
            assert found == set(marked)


class Veiled(Triangle):
    """The same, with the numbers of what will be masked."""

    def levels(self, row: int) -> bytes:
        return bytes((row + column) % LEVELS + VEIL * (column > row) for column in range(self.size))


@pytest.mark.parametrize("colours", ["truecolor", "none"])
async def test_what_will_be_masked_keeps_its_number_or_its_colour_and_has_the_glyph_of_the_mask(
    colours: Colours,
) -> None:
    for size, form in ((6, "digits"), (36, "blocks"), (76, "halves")):
        app = Frame(Veiled(size), (0, 0), colours)
        async with app.run_test(size=(90, 20)) as pilot:
            heatmap = pilot.app.query_one(HeatMap)
            fit = heatmap.measures
            assert fit.form == form and heatmap.scale is not None
            line = heatmap.render_line(fit.header + fit.line(2) + (fit.lines - 1) // 2)
            body = line.crop(fit.labels, fit.labels + 6 * fit.cell)
            glyphs, grounds = body.text, {part.style.bgcolor for part in body if part.style}
            if form == "digits":
                assert glyphs.split() == ["002", "003", "004", "╱", "005", "╱", "006", "╱", "007"]
            elif form == "blocks":
                assert [glyphs[at] == "╱" for at in range(0, len(glyphs), fit.cell)] == [False] * 3 + [True] * 3
            elif colours == "none":
                assert [glyph == "╱" for glyph in glyphs] == [False, False, False, False, True, False]
            else:
                hatch = heatmap.scale.hatch
                inks = [color for part in body if part.style for color in (part.style.color, part.style.bgcolor)]
                assert inks.count(hatch) == 2, "one of three in its upper row, one of two in the lower"
            if colours == "truecolor":
                assert {heatmap.scale.fills[level].bgcolor for level in (2, 3, 4)} & grounds
