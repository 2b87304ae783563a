"""Going through the time of a training: stops, playing, the slider and the curves."""

import pytest
from tests.tui.runs import Run
from tests.tui.screens.watch.watching import Watch

from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.watch import WatchScreen
from glasshead_tui.widgets.curves import Curves
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.slider import Slider


async def test_time_goes_by_stops(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.says("step 40 · stop 5 of 5")
        for pressed, step in (("left", 30), ("left", 20), ("right", 30), ("home", 0), ("left", 0), ("end", 40)):
            await watching.press(pressed)
            await watching.at(step)
            await watching.says(f"step {step} · stop {step // 10 + 1} of 5")
            assert watching.screen.query_one(Slider).handle == step
        await watching.press("3", "left")
        await watching.at(10)
        await watching.says("12.5% exact", "BLEU 23.4", "chrF 45.6", "validation loss 1.099")
        await watching.press("pagedown")
        await watching.at(40)


async def test_going_to_a_step_goes_to_the_stop_before_it(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("colon", "2", "9", "enter")
        await watching.at(20)
        await watching.press("3", "5", "colon")
        await watching.at(30)
        await watching.press("colon", "x", "enter")
        await watching.until(lambda: "not a step" in watching.text)
        assert isinstance(watching.app.screen, Ask)
        await watching.press("escape")
        await watching.at(30)


async def test_playing_runs_to_the_newest_and_begins_anew(
    watch: Watch, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead_tui.screens.watch.LONGEST", 0.05)
    seen: list[int] = []
    look = WatchScreen._look

    def note(screen: WatchScreen, **changes: object) -> None:
        look(screen, **changes)
        if screen._recorded is not None and screen._recorded.step not in seen[-1:]:
            seen.append(screen._recorded.step)

    monkeypatch.setattr(WatchScreen, "_look", note)
    async with watch(run) as watching:
        await watching.press("space")
        await watching.until(lambda: seen[-1] == 40 and len(seen) > 3 and watching.screen._playing is None)
        assert seen == [40, 0, 10, 20, 30, 40], "every stop is shown"
        await watching.press("home")
        await watching.at(0)
        await watching.press("space")
        await watching.says("playing")
        await watching.press("escape")
        assert watching.screen._playing is None


async def test_the_cursor_stays_where_it_is_while_time_goes_by(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("j", "l", "l", "left")
        await watching.at(30)
        focus = watching.screen._looking
        assert focus is not None and (focus.query, focus.key, focus.step) == (1, 2, 30)
        assert watching.screen.query_one(HeatMap).cursor == (1, 2)


async def test_a_click_on_the_slider_or_a_curve_goes_there(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        slider = watching.screen.query_one(Slider)
        await watching.pilot.click(Slider, offset=(slider.size.width // 4, 0))
        await watching.at(10)
        await watching.pilot.click(Slider, offset=(0, 0))
        await watching.at(0)
        curves = watching.screen.query(Curves).first()
        await watching.pilot.click(curves, offset=(curves.size.width - 4, curves.size.height // 2))
        await watching.at(40)
