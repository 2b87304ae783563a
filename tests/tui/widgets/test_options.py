"""Lists of options that change while they are used."""

import pytest
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.errors import NoWidget
from textual.widgets import OptionList

from glasshead_tui.screens.command_palette import SteadyCommandPalette
from glasshead_tui.widgets.options import Options, Pressable


class Page(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.selected: list[int] = []

    def compose(self) -> ComposeResult:
        yield Options("one", "two", "three")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.selected.append(event.option_index)


def click(widget: OptionList, option: int) -> events.Click:
    """A click as Textual makes it: its style tells the option that was drawn there."""
    style = Style(meta={"option": option})
    return events.Click(widget, 1, 1, 0, 0, 1, False, False, False, screen_x=1, screen_y=1, style=style)


async def test_a_click_selects_an_option_that_is_there_and_no_other() -> None:
    app = Page()
    async with app.run_test() as pilot:
        options = app.query_one(Options)
        options.post_message(click(options, 2))
        await pilot.pause()
        assert app.selected == [2]
        options.clear_options()
        options.post_message(click(options, 2))
        await pilot.pause()
        assert app.selected == [2]


@pytest.mark.parametrize("colour", ["", "1"])
async def test_a_sign_stands_before_the_marked_option_with_colour_and_without(
    monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    monkeypatch.setenv("NO_COLOR", colour) if colour else monkeypatch.delenv("NO_COLOR", raising=False)
    app = Page()
    async with app.run_test() as pilot:
        options = app.query_one(Options)
        for at, wanted in enumerate((["» one", "  two", "  three"], ["  one", "» two", "  three"])):
            options.highlighted = at
            await pilot.pause()
            lines = [options.render_line(y) for y in range(3)]
            assert [line.text.rstrip() for line in lines] == wanted
            assert {line.cell_length for line in lines} == {options.scrollable_content_region.width}


async def test_the_palettes_list_is_such_a_list() -> None:
    app = Page()
    async with app.run_test() as pilot:
        palette = SteadyCommandPalette(providers=[])
        await app.push_screen(palette)
        await pilot.pause()
        assert [type(each).__mro__.index(Pressable) > 0 for each in palette.query(OptionList)] == [True]


async def test_the_palette_may_be_clicked_where_nothing_is_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the window has shrunk, and the screen is not arranged anew yet."""

    def nothing(x: int, y: int) -> object:
        raise NoWidget(f"No widget under screen coordinate ({x}, {y})")

    app = Page()
    async with app.run_test(size=(80, 24)) as pilot:
        palette = SteadyCommandPalette(providers=[])
        await app.push_screen(palette)
        await pilot.pause()
        monkeypatch.setattr(palette._compositor, "get_widget_at", nothing)
        palette.post_message(events.Click(palette, 1, 1, 0, 0, 1, False, False, False, screen_x=20, screen_y=12))
        await pilot.pause()
        monkeypatch.undo()
        assert app.screen is palette
