"""The slider: stops where they belong, the handle on one of them, a click that names the nearest."""

import pytest
from rich.style import Style
from textual.app import App, ComposeResult

from glasshead_tui.widgets.slider import COMING, DONE, HANDLE, STOP, Slider

LOOKS = (Style(dim=True), Style(), Style(bold=True), Style(reverse=True))


class Frame(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield Slider()

    def on_slider_chosen(self, event: Slider.Chosen) -> None:
        self.chosen.append(event.value)


async def test_stops_stand_in_proportion() -> None:
    app = Frame()
    async with app.run_test(size=(101, 3)) as pilot:
        slider = app.query_one(Slider)
        slider.show([0, 250, 500], 250, done=600, end=1000, styles=LOOKS)
        await pilot.pause()
        text = slider.render_line(0).text
        assert (text[0], text[25], text[50]) == (STOP, HANDLE, STOP)
        assert set(text[1:25] + text[26:50] + text[51:61]) == {DONE} and set(text[61:]) == {COMING}


async def test_a_click_names_the_nearest_stop_and_moves_nothing() -> None:
    app = Frame()
    async with app.run_test(size=(101, 3)) as pilot:
        slider = app.query_one(Slider)
        await pilot.click(Slider, offset=(5, 0))
        slider.show([0, 250, 500], 250, done=600, end=1000, styles=LOOKS)
        for column in (0, 12, 13, 40, 100):
            await pilot.click(Slider, offset=(column, 0))
        assert app.chosen == [0, 0, 250, 500, 500] and slider.handle == 250


@pytest.mark.parametrize(
    ("stops", "handle", "done", "end"),
    [([], None, 0, 0), ([0], 0, 0, 0), ([7], 7, 3, 5), (list(range(5000)), 4999, 4999, 10**15), ([3], None, -1, -1)],
)
async def test_whatever_there_is_fits(stops: list[int], handle: int | None, done: int, end: int) -> None:
    app = Frame()
    async with app.run_test(size=(40, 3)) as pilot:
        slider = app.query_one(Slider)
        slider.show(stops, handle, done=done, end=end, styles=LOOKS)
        await pilot.pause()
        text = slider.render_line(0).text
        assert len(text) == 40 and text.count(HANDLE) == (handle is not None)
