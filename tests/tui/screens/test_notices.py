"""Notices stand in place of the hints: they cover nothing, and are read in whole."""

import pytest
from tests.tui.conftest import Explore
from tests.tui.screens.explore.test_every_pane import steady

LONG = " ".join(f"word{number}" for number in range(30))


@pytest.mark.parametrize(
    ("size", "coloured"), [((50, 15), True), ((80, 24), True), ((80, 24), False), ((120, 36), True), ((200, 60), True)]
)
async def test_a_notice_covers_nothing(
    explore: Explore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], coloured: bool
) -> None:
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    async with explore(size=size) as explorer:
        await explorer.until(lambda: not explorer.screen._rest_waits)
        await steady(explorer)
        hints = explorer.screen.query_one("#hints").region
        before = explorer.text.split("\n")
        assert hints.bottom == size[1] and "? help" in " ".join(before[hints.y :])
        await explorer.press("Z")
        await explorer.until(lambda: "There are no edits to take out" in explorer.text)
        after = explorer.text.split("\n")
        assert after[: hints.y] == before[: hints.y] and "? help" not in explorer.text
        await explorer.press("Z")
        assert explorer.text.split("\n") == after, "the same is not told twice"
        await explorer.press("escape")
        await explorer.until(lambda: explorer.text.split("\n") == before)
        explorer.app.notify(LONG, markup=False)
        await explorer.until(lambda: "word29" in explorer.text)
        told = explorer.text.split("\n")[explorer.screen.query_one("#hints").region.y :]
        assert " ".join(" ".join(told).split()) == LONG
        assert "truth" in explorer.text and "step 0" in explorer.text and "│" in explorer.text
        for number in range(4):
            explorer.app.notify(LONG + str(number), markup=False)
        await explorer.until(lambda: "word293" in explorer.text or "…" in explorer.text.split("\n")[-1])
        assert explorer.screen.query_one("#hints").size.height <= max(hints.height, size[1] // 3)
        await explorer.press("escape")
        await explorer.until(lambda: explorer.text.split("\n") == before)


async def test_a_notice_goes_by_itself_or_with_the_next_key(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("C")
        await explorer.until(lambda: "Mark a line and press C" in explorer.text)
        await explorer.press("C")
        await explorer.until(lambda: "Mark a line" not in explorer.text and "You stand in this line" in explorer.text)
        await explorer.press("up")
        await explorer.until(lambda: not explorer.screen._notices and "? help" in explorer.text)
        explorer.app.notify("[/soon] gone", markup=False, timeout=0.01, title="a title")
        assert [each.sentence for each in explorer.screen._notices] == ["a title: [/soon] gone"]
        await explorer.until(lambda: not explorer.screen._notices and "? help" in explorer.text)
