"""Notices whose time passes while they are on their way."""

import asyncio
from time import time

import pytest
from textual.timer import Timer
from textual.widgets._toast import Toast

from glasshead_tui.app import Framed
from glasshead_tui.widgets.notices import LEAST, Notice


@pytest.mark.parametrize("passed", [0.0, 1.0, 3.0, 3.0001, 60.0])
def test_a_notice_that_is_late_is_shown_for_a_moment_and_never_for_less_than_none(passed: float) -> None:
    notice = Notice("late", timeout=3.0, raised_at=time() - passed)
    assert Toast(notice)._timeout >= LEAST
    assert notice.has_expired == (passed >= 3.0)
    if passed == 0:
        assert notice.time_left == pytest.approx(3.0, abs=0.5)


async def test_the_apps_make_such_notices() -> None:
    class Program(Framed):
        def __init__(self) -> None:
            super().__init__(lambda gone: None, 0.01)

    app = Program()
    async with app.run_test() as pilot:
        app.screen.notify("a notice", timeout=3)
        await pilot.pause()
        assert [type(each) for each in app._notifications] == [Notice]


async def test_textual_still_searches_for_ever_with_a_negative_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day this fails, our notices can go."""
    looks = 0

    class EnoughError(Exception):
        pass

    def clock() -> float:
        nonlocal looks
        looks += 1
        if looks > 10_000:
            raise EnoughError
        return looks * 1e-6

    monkeypatch.setattr("textual._time.get_time", clock)

    class Target:
        pass

    timer = Timer(Target(), -1.0, repeat=0)  # type: ignore[arg-type]
    with pytest.raises(EnoughError):
        await asyncio.wait_for(timer._run(), 5)
