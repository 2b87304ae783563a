"""Leading the decode: it stops at breakpoints, and plays at a pace without being in the way of keys."""

from pathlib import Path

from tests.tui.conftest import Explore, Explorer

import glasshead
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.steering import PACES
from glasshead_tui.screens.stops import StopList


async def add(explorer: Explorer, text: str) -> None:
    """Type a breakpoint into the question that is open."""
    await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
    question = explorer.app.screen
    question.query_one(PlainInput).value = text
    await explorer.press("enter")


async def test_steps_stop_at_breakpoints_which_are_listed(explore: Explore, tiny: Path) -> None:
    line = glasshead.load(tiny).start("the black cat")
    line.goto(4)
    third = line.produced[2].text
    met = next(at for at, token in enumerate(line.produced, 1) if token.text == third)
    async with explore(size=(80, 24)) as explorer:
        await explorer.press("U")
        await add(explorer, "tokn = x")
        await explorer.until(lambda: "Did you mean token" in " ".join(explorer.text.split()))
        await add(explorer, f'token = "{third}"')
        await explorer.until(lambda: isinstance(explorer.app.screen, StopList))
        await explorer.until(lambda: f"on   token = {third}" in explorer.text)
        await explorer.press("a")
        await add(explorer, "9.cross looks at cat > 0.5")
        await explorer.until(lambda: "there is no layer 9" in " ".join(explorer.text.split()))
        await explorer.press("escape", "escape", "end")
        await explorer.step(met)
        await explorer.until(lambda: f"Stopped after step {met} by the breakpoint" in explorer.text)
        assert explorer.moment.stopped is not None
        await explorer.press("U", "space")
        await explorer.until(lambda: "off  token" in explorer.text)
        await explorer.press("escape", "home", "4", "space")
        await explorer.step(4)
        await explorer.until(lambda: "Stopped after" not in explorer.text)
        await explorer.press("U", "enter", "escape", "home", "p")
        await explorer.step(met)
        await explorer.until(lambda: not explorer.screen.playing)
        await explorer.press("U", "r")
        await explorer.until(lambda: "none yet" in explorer.text)


async def test_play_takes_steps_until_another_move_or_the_end(explore: Explore, noticed: list[str]) -> None:
    async with explore(size=(80, 24)) as explorer:
        screen = explorer.screen
        await explorer.press("9", "greater_than_sign")
        assert screen._pace == len(PACES) - 1 and any("4 steps a second" in each for each in noticed)
        await explorer.press("p")
        await explorer.until(lambda: explorer.moment.step >= 2)
        assert screen.playing and "▶ playing 4 steps a second" in explorer.text
        await explorer.until(lambda: screen.query_one(TruthPane)._checks is not None)  # checked between two steps
        await explorer.press("s", "less_than_sign")  # looking elsewhere does not stop it
        assert screen.playing and "2 steps a second" in explorer.text
        await explorer.press("b")
        await explorer.until(lambda: not screen.playing)
        stood = explorer.moment.step
        await explorer.pilot.pause(0.6)
        assert explorer.moment.step == stood and "▶" not in explorer.text.splitlines()[-1]
        await explorer.press("p", "p")
        await explorer.step(stood + 1)
        assert not screen.playing
        await explorer.press("p", "i")
        await explorer.until(lambda: not screen.playing)
        await explorer.press("escape", "end")
        await explorer.until(lambda: explorer.moment.done)
        await explorer.press("p")
        assert not screen.playing and "home goes back" in noticed[-1]
