"""Screens that are left at any moment: before they are there, twice, under another one, and while the program ends."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import Explorer
from textual import events, work
from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from glasshead.found import find
from glasshead_tui.app import GlassheadApp
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.choose import Choose
from glasshead_tui.screens.command_palette import SteadyCommandPalette
from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.leavable import LeavableScreen

OPENED: dict[str, tuple[str, type[LeavableScreen[Any]]]] = {
    "slash": ("find", Ask), "i": ("sentence", Ask), "enter": ("choose", Choose), "question_mark": ("help", Help),
    "ctrl+p": ("palette", SteadyCommandPalette),
}  # fmt: skip
"""Key → the action that opens a dialog, and the dialog."""


Explore = Callable[..., AbstractAsyncContextManager[Explorer]]


@pytest.mark.parametrize("key", OPENED)
async def test_a_dialog_may_be_left_at_any_moment_after_it_was_opened(explore: Explore, key: str) -> None:
    action, kind = OPENED[key]
    async with explore() as explorer:
        for ticks in (0, 1, 2, 3, 5, 8):
            getattr(explorer.screen, f"action_{action}")()
            dialog = explorer.app.screen
            assert isinstance(dialog, kind)
            for _ in range(ticks):
                await asyncio.sleep(0)
            dialog.dismiss()
            getattr(explorer.screen, f"action_{action}")()  # again, at once
            explorer.app.screen.dismiss()
            await explorer.pilot.pause(0)
            assert explorer.app.screen is explorer.screen
        await explorer.press("space")  # and all goes on
        await explorer.step(1)


@pytest.mark.parametrize("key", OPENED)
async def test_a_dialog_that_is_left_twice_leaves_the_screen_below(explore: Explore, key: str) -> None:
    action, _ = OPENED[key]
    async with explore() as explorer:
        explorer.screen.action_help()
        below = explorer.app.screen
        getattr(explorer.screen, f"action_{action}")()
        dialog = explorer.app.screen
        for _ in range(3):
            dialog.dismiss()
        await explorer.pilot.pause(0)
        assert explorer.app.screen is below


@pytest.mark.parametrize("key", OPENED)
async def test_the_program_may_end_at_any_moment_after_a_dialog_was_opened(tiny: Path, key: str) -> None:
    action, _ = OPENED[key]
    for ticks in (0, 3):
        app = GlassheadApp(find(tiny), "the black cat")
        async with app.run_test(size=(120, 36)) as pilot:
            screen = app.screen
            assert isinstance(screen, ExploreScreen)
            for _ in range(200):
                await pilot.pause(0.01)
                if screen.moment is not None:
                    break
            getattr(screen, f"action_{action}")()
            for _ in range(ticks):
                await asyncio.sleep(0)
            app.exit()
            for late in ("down", "pageup", "enter", "escape"):  # they were on their way
                app.post_message(events.Key(late, None))
        assert app.return_code == 0  # and no exception came out of the app


async def test_a_dialog_that_is_closed_under_another_closes_after_it(explore: Explore) -> None:
    async with explore() as explorer:
        explorer.screen.action_find()
        dialog = explorer.app.screen
        explorer.screen.action_help()
        above = explorer.app.screen
        dialog.dismiss()
        assert explorer.app.screen is above
        await explorer.press("escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)


class Answer(Message, bubble=False):
    """What somebody has been waited for."""


async def test_a_late_message_to_a_screen_that_was_left_is_dropped() -> None:
    heard: list[str] = []
    left = asyncio.Event()

    class Dialog(ModalScreen[None], LeavableScreen[None]):
        def compose(self) -> ComposeResult:
            yield Static("here")

        def on_mount(self) -> None:
            self.wait()

        @work
        async def wait(self) -> None:
            await left.wait()
            heard.append("worker")

        def on_answer(self) -> None:
            heard.append("answer")
            self.query_one(Static)

    class Program(App[None]):
        pass

    app = Program()
    async with app.run_test() as pilot:
        dialog = Dialog()
        await app.push_screen(dialog)
        dialog.post_message(Answer())
        await pilot.pause(0)
        assert heard == ["answer"]
        dialog.dismiss()
        while not dialog.gone:
            await asyncio.sleep(0)
        dialog.post_message(Answer())
        with dialog._context():
            dialog.call_later(lambda: heard.append("callback"))
            dialog.call_next(lambda: heard.append("next"))
        left.set()
        await pilot.pause(0.1)
        assert heard == ["answer"]


async def test_a_key_that_was_on_its_way_to_a_dialog_is_for_the_screen_below(explore: Explore) -> None:
    async with explore() as explorer:
        explorer.screen.action_help()
        dialog = explorer.app.screen
        await explorer.until(lambda: dialog.is_mounted)
        assert isinstance(dialog, Help)
        dialog.dismiss()
        while not dialog.gone:
            await asyncio.sleep(0)
        dialog._forward_event(events.Key("space", " "))
        await explorer.step(1)


async def test_what_waits_for_a_refresh_is_done_though_the_dialog_above_was_left() -> None:
    done: list[str] = []

    class Below(LeavableScreen[None]):
        def ask(self) -> None:
            self.call_after_refresh(lambda: done.append("below"))

    class Dialog(ModalScreen[None], LeavableScreen[None]):
        def compose(self) -> ComposeResult:
            yield Static("here")

    class Program(App[None]):
        def get_default_screen(self) -> Screen[None]:
            return Below()

    app = Program()
    async with app.run_test() as pilot:
        below = app.screen
        assert isinstance(below, Below)
        for ticks in range(10):
            done.clear()
            await app.push_screen(dialog := Dialog())
            below.ask()
            for _ in range(ticks):
                await asyncio.sleep(0)
            dialog.dismiss()
            await pilot.pause(0.05)
            assert done == ["below"], ticks


def turn_pages(dialog: Screen[Any]) -> None:
    """Whatever turns pages in the list of a dialog."""
    for name in ("page_up", "page_down", "last", "page_up", "first", "page_down"):
        if isinstance(dialog, SteadyCommandPalette):
            dialog._action_command_list(name)
        else:
            assert isinstance(dialog, Choose)
            dialog.action_list(name)


@pytest.mark.parametrize("action", ["choose", "palette"])
@pytest.mark.parametrize("size", [(1, 1), (4, 30), (5, 30), (6, 30), (120, 36)])
async def test_pages_may_be_turned_at_once_at_any_size(explore: Explore, action: str, size: tuple[int, int]) -> None:
    async with explore() as explorer:
        await explorer.pilot.resize_terminal(*size)
        getattr(explorer.screen, f"action_{action}")()
        dialog = explorer.app.screen
        await explorer.until(lambda: dialog.is_mounted)
        turn_pages(dialog)
        await explorer.pilot.pause(0.3)
        turn_pages(dialog)
        assert explorer.app.screen is dialog
        dialog.dismiss()
        await explorer.pilot.pause(0)


async def test_a_click_where_the_window_ended_by_now_does_nothing(explore: Explore) -> None:
    async with explore() as explorer:
        explorer.screen.action_palette()
        dialog = explorer.app.screen
        await explorer.until(lambda: dialog.is_mounted)
        click = events.Click(
            dialog, x=200, y=100, delta_x=0, delta_y=0, button=1, shift=False, meta=False, ctrl=False, screen_x=200,
            screen_y=100, chain=1,
        )  # fmt: skip
        dialog.post_message(click)
        await explorer.pilot.pause(0.1)
        assert explorer.app.screen is dialog


async def test_the_mouse_may_be_pressed_where_something_was_that_has_gone() -> None:
    """As on a notice whose time is over, before the screen is painted without it."""

    class Page(LeavableScreen[None]):
        def compose(self) -> ComposeResult:
            yield Static("a notice that goes")

    class Program(App[None]):
        def get_default_screen(self) -> Page:
            return Page()

    app = Program()
    async with app.run_test(size=(40, 5)) as pilot:
        notice = app.screen.query_one(Static)
        x, y = notice.region.offset
        assert app.screen.get_widget_and_offset_at(x, y)[0] is notice
        notice._detach()  # as Textual does first when a widget goes
        pressed = events.MouseDown(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
        app.screen._forward_event(pressed)
        assert app.screen.get_widget_and_offset_at(x, y) == (None, None)
        notice._attach(app.screen)
        await pilot.pause()
