"""`glasshead lab NAME` where a person sits there: it asks before it shows, and takes nothing that is no answer."""

from pathlib import Path

from tests.tui.pseudo_terminal import Terminal

SMALL = ("lab", "scaling", "--d-k", "16", "--keys", "4", "--queries", "500", "--model")


def test_it_asks_before_it_shows(tiny: Path) -> None:
    with Terminal(*SMALL, str(tiny), size=(100, 60)) as terminal:
        terminal.until("What do you foresee? a–d")
        assert "variance of the scores" not in terminal.text
        terminal.press("x", "enter")
        terminal.until("'x' is no answer: it is one of a, b, c, d.")
        terminal.press("c", "enter")
        terminal.until("what it then says")
        assert terminal.status() == 0
        assert b"As you foresaw: c" in terminal.raw or b"You foresaw c" in terminal.raw


def test_enter_alone_just_shows_it(tiny: Path) -> None:
    with Terminal(*SMALL, str(tiny), size=(100, 60)) as terminal:
        terminal.until("What do you foresee?")
        terminal.press("enter")
        terminal.until("what it then says")
        assert terminal.status() == 0 and b"The numbers say: " in terminal.raw
