"""Keys that come in one piece do what the same keys do when each waits for the one before it to be answered."""

import pytest
from tests.tui.conftest import Explore, Explorer
from textual._xterm_parser import XTermParser
from textual.widgets import OptionList

from glasshead_tui.screens.ask import Ask, PlainInput

PASTED = "\x1b[200~a dog\nand a cat\x1b[201~"


async def settled(explorer: Explorer) -> None:
    """Wait until nothing is held and nothing is being done."""
    app, worker = explorer.app, explorer.screen._worker
    for _ in range(3):
        await explorer.until(lambda: not app._held and not worker.deciding and worker.idle)
        await explorer.pilot.pause(0.005)


def seen(explorer: Explorer) -> tuple[object, ...]:
    """Collect everything that keys can change: the focus, the step, the screens on top and their contents."""
    moment, top = explorer.moment, explorer.app.screen
    return (
        explorer.screen._looking,
        explorer.screen._count,
        (moment.text, moment.step, [token.id for token in moment.tokens]),
        type(top),
        [line.value for line in top.query(PlainInput)],
        [choices.highlighted for choices in top.query(OptionList)],
    )


KEYS = (
    "  tt)3l",  # the count is for the key behind it
    " t kl t3h]",  # the cursor goes where the steps before it have put it
    "b\rj\rk",  # another candidate, at the step where the line now stands
    ":3\r\r\x1b[B\rk",
    "ithe red cat\r  l",  # what comes after Enter is not part of the sentence
    "ithe red cat\ris a dog\r ",  # as pasted where the terminal does not say that it pastes: nothing is lost
    f"i{PASTED}\r t",
    "/cat\rt2l/black\r2h",
    f"i\x7f\r{PASTED}\r ",  # an empty sentence is refused, and the box stays
)


async def test_keys_in_one_piece_act_one_after_the_other(explore: Explore) -> None:
    async with explore() as slow, explore() as fast:
        for keys in KEYS:
            for event in XTermParser().feed(keys):
                slow.app.post_message(event)
                await settled(slow)
            for event in XTermParser().feed(keys):
                fast.app.post_message(event)
            await settled(fast)
            assert seen(fast) == seen(slow), keys


async def test_a_box_that_waits_can_be_left(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    async with explore() as explorer:
        monkeypatch.setattr(explorer.screen._worker, "begin", lambda *_, **__: 10**9)  # it never answers
        await explorer.press("i", "a", "enter")
        await explorer.until(lambda: isinstance(explorer.app.screen, Ask) and explorer.app.screen.waits)
        await explorer.press("x", "escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)
