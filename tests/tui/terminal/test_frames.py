"""A terminal shows the whole picture, of which it is sent only what has changed."""

from random import Random

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from tests.tui.mirror import Mirror
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.strip import Strip
from textual.widgets import Static

from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.terminal.frames import changes
from glasshead_tui.terminal.lean import LeanWriter
from glasshead_tui.widgets.lines import Line, Lines

STYLES = st.none() | st.builds(
    Style, color=st.sampled_from([None, "red", "#102030"]), bold=st.sampled_from([None, True])
)
LINES = st.lists(st.builds(Segment, st.text("ab ─猫", min_size=1, max_size=5), STYLES), max_size=8)
COLUMNS = 30


@given(LINES, LINES)
def test_what_has_changed_makes_the_one_line_the_other(one: list[Segment], other: list[Segment]) -> None:
    console = Console(color_system="truecolor", force_terminal=True)
    before, after = (Strip(line).adjust_cell_length(COLUMNS) for line in (one, other))

    def seen(*strips: Strip) -> list[pyte.screens.Char]:
        screen, shown, writer = pyte.Screen(COLUMNS, 2), None, LeanWriter(console)
        for strip in strips:
            for column, pieces in changes(shown, strip):
                writer.move(column, 0)
                writer.write(pieces)
            shown = strip
        pyte.Stream(screen).feed(writer.end())
        return [screen.buffer[0][column] for column in range(COLUMNS)]

    assert seen(before, after) == seen(after)
    assert list(changes(before, Strip(list(before)))) == []


class Box(Lines):
    DEFAULT_CSS = "Box { border: round white; width: 1fr; height: 1fr; }"

    numbers: tuple[int, ...] = (0,) * 9

    def drawn(self, columns: int, lines: int) -> list[Line]:
        return [[Segment(f"{number:>4} "), Segment("█" * number, Style(color="red"))] for number in self.numbers]


class Above(Dialog[None]):
    def compose(self) -> ComposeResult:
        yield Static("a dialog\nof two lines")


class Desk(LeavableScreen[None]):
    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Box(id="left")
            yield Box(id="right")
        yield Static("a line", id="line")


class Office(App[None]):
    def get_default_screen(self) -> Desk:
        return Desk()


async def test_after_any_changes_the_terminal_shows_the_whole_picture() -> None:
    random = Random(4)
    async with Office().run_test(size=(60, 12)) as pilot:
        app = pilot.app
        desk = app.screen
        mirror = Mirror(app)
        mirror.check()
        for _ in range(60):
            box = desk.query_one(random.choice(("#left", "#right")), Box)
            match random.randrange(6):
                case 0:
                    box.numbers = tuple(random.randrange(20) for _ in range(random.randrange(1, 30)))
                    box.redraw()
                case 1:
                    box.entitle(random.choice(("one", "another", "猫")), f"{random.random():.3f}")
                    box.redraw()
                case 2:
                    box.jump(y=random.randrange(20))
                case 3:
                    box.display = not box.display
                case 4:
                    desk.query_one("#line", Static).update(random.choice(("short", "a much longer line", "猫 猫")))
                case 5 if app.screen is desk:
                    await app.push_screen(Above())
                case _:
                    if app.screen is not desk:
                        await app.pop_screen()
            await pilot.pause()
            mirror.check()


async def test_a_small_change_takes_few_bytes() -> None:
    async with Office().run_test(size=(200, 60)) as pilot:
        mirror = Mirror(pilot.app)
        box = pilot.app.screen.query_one("#left", Box)
        box.numbers = tuple(range(9))
        box.entitle("one")
        box.redraw()
        await pilot.pause()
        mirror.bytes = 0
        box.numbers = (*range(8), 9)
        box.entitle("two")
        box.redraw()
        await pilot.pause()
        mirror.check()
        assert 0 < mirror.bytes < 200, "the number, its bar, and a title"
