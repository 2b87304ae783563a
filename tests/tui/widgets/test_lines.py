"""Lines draw again only what changed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region

from glasshead_tui.widgets.lines import Drawing, Line, Lines, beside, cells, pad_line

PIECES = st.builds(Segment, st.text("ab 猫", min_size=1, max_size=3), st.sampled_from([None, Style(bold=True)]))
LINES = st.lists(PIECES, max_size=5)


@given(LINES, st.integers(0, 12))
def test_padded_is_of_the_width_asked_for(line: Line, columns: int) -> None:
    assert cells(pad_line(line, columns)) == columns


def test_beside_keeps_the_second_in_its_column() -> None:
    joined = beside([[Segment("a")]], [[Segment("b")], [Segment("c")]], 4)
    assert ["".join(segment.text for segment in line) for line in joined] == ["a   b", "    c"]


class Poem(Lines):
    INSET = 1
    words: tuple[str, ...] = ("one", "two", "three")

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return [[Segment(word), Segment(" "), Segment(f"{columns}x{lines}")] for word in self.words]


class Shelf(App[None]):
    def compose(self) -> ComposeResult:
        yield Poem()


async def test_only_lines_that_changed_are_drawn_again() -> None:
    async with Shelf().run_test(size=(30, 5)) as pilot:
        poem = pilot.app.query_one(Poem)
        assert poem.render_line(1).text == " two 28x5".ljust(30)
        await pilot.pause()
        asked: list[Region] = []

        def refresh(*regions: Region, **_: object) -> Poem:
            asked.extend(regions)
            return poem

        poem.refresh = refresh  # type: ignore[method-assign]
        poem.words = ("one", "TWO", "three")
        poem.redraw()
        assert asked == [Region(0, 1, 30, 1)]
        poem.words = ("one", "TWO", "three", "four")
        poem.redraw()
        assert [region.y for region in asked[1:]] == [3]


async def test_more_lines_than_room_scroll() -> None:
    async with Shelf().run_test(size=(30, 5)) as pilot:
        poem = pilot.app.query_one(Poem)
        poem.words = tuple(map(str, range(40)))
        poem.redraw()
        await pilot.pause()
        poem.show_lines(30)
        await pilot.pause()
        assert any(poem.render_line(y).text.startswith(" 30 ") for y in range(poem.size.height))


@given(st.lists(LINES, max_size=3), st.integers(0, 4), st.lists(LINES, max_size=3), st.slices(8), st.integers(-9, 9))
def test_a_drawing_is_the_list_of_its_lines(
    first: list[Line], count: int, last: list[Line], part: slice, at: int
) -> None:
    def draw(number: int) -> Line:
        return [Segment(str(number))]

    drawing, whole = Drawing(first, count, draw, last), [*first, *map(draw, range(count)), *last]
    assert list(drawing) == whole and len(drawing) == len(whole) and drawing[part] == whole[part]
    if -len(whole) <= at < len(whole):
        assert drawing[at] == whole[at]
    else:
        with pytest.raises(IndexError):
            drawing[at]


async def test_a_line_is_drawn_when_it_comes_into_sight() -> None:
    drawn: list[int] = []

    class Long(Lines):
        def drawn(self, columns: int, lines: int) -> Sequence[Line]:
            def draw(number: int) -> Line:
                drawn.append(number)
                return [Segment(f"line {number}")]

            return Drawing([[Segment("first")]], 1000, draw)

    class Book(App[None]):
        def compose(self) -> ComposeResult:
            yield Long()

    async with Book().run_test(size=(30, 5)) as pilot:
        assert set(drawn) == set(range(4))
        long = pilot.app.query_one(Long)
        long.jump(y=500)
        await pilot.pause()
        assert "line 501" in "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert set(drawn) == {*range(4), *range(500, 504)} and len(drawn) == 8, "each of them once"


async def test_the_first_and_the_last_lines_stay_and_the_border_counts_the_others() -> None:
    class Ledger(Lines):
        count = 9

        def drawn(self, columns: int, lines: int) -> Sequence[Line]:
            return Drawing([[Segment("head")]], self.count, lambda number: [Segment(str(number))], [[Segment("sum")]])

    class Book(App[None]):
        CSS = "Ledger { border: round white; }"

        def compose(self) -> ComposeResult:
            yield Ledger()

    async with Book().run_test(size=(40, 8)) as pilot:
        ledger = pilot.app.query_one(Ledger)

        def seen() -> str:
            return " ".join(ledger.render_line(y).text.strip() for y in range(ledger.size.height))

        ledger.entitle("day book")
        ledger.say("")
        await pilot.pause()
        drawn: list[int] = []
        render = ledger.render_line
        ledger.render_line = lambda y: drawn.append(y) or render(y)  # type: ignore[method-assign, func-returns-value]
        ledger.entitle("ledger", "in francs")
        ledger.say("")
        await pilot.pause()
        shown = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert " ledger " in shown and " · in francs " in shown
        assert not drawn, "another title draws its own line of the border, and nothing else"
        for chosen, rows, told in (
            (0, "0 1 2 3", "5 more below · in francs"), (5, "3 4 5 6", "3 more above, 2 below · in francs"),
            (8, "5 6 7 8", "5 more above · in francs"),
        ):  # fmt: skip
            ledger.show_lines(1 + chosen)
            await pilot.pause()
            assert seen() == f"head {rows} sum" and str(ledger.border_subtitle) == told
            assert [ledger.line_at(y) for y in (0, 1, 5)] == [0, 1 + int(rows[0]), 10]
        ledger.count = 4
        ledger.redraw()
        await pilot.pause()
        assert seen() == "head 0 1 2 3 sum" and str(ledger.border_subtitle) == "in francs"
