"""Fewer bytes for the same picture: over a slow line they are the waiting time.

Textual sends each piece of a line with all of its colours and a reset behind it, some forty bytes. A `LeanWriter` sends
only the difference from the piece before it; a line of many small pieces takes half as much.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"}
_ENDS |= {"21": "24", "51": "54", "52": "54", "53": "55"}  # the code that ends an attribute


class LeanWriter:
    """Collects what a terminal is sent. It begins and ends without any colour or attribute."""

    def __init__(self, console: Console) -> None:
        """console: of the terminal."""
        self._console = console
        self._system = _SYSTEMS.get(console.color_system or "")
        self._sent: list[str] = []
        self._now = PLAIN

    def move(self, x: int, y: int) -> None:
        """Go to a column and a line."""
        self._sent.append(f"\x1b[{y + 1};{x + 1}H")

    def write(self, pieces: Iterable[Segment]) -> None:
        """Write pieces of a line."""
        system, sent, now = self._system, self._sent, self._now
        for piece in pieces:
            text, style, _ = piece
            if system is None or (style and style.link):
                if now is not PLAIN:
                    sent.append("\x1b[0m")
                    now = PLAIN
                sent.append(Strip([piece]).render(self._console))
                continue
            look = _look(style, system) if style else PLAIN
            if look is not now and look != now:
                sent.append(_change(now, look))
                now = look
            sent.append(text)
        self._now = now

    def end(self) -> str:
        """Return all that was written."""
        if self._now is not PLAIN:
            self._sent.append("\x1b[0m")
            self._now = PLAIN
        return "".join(self._sent)


class Look(NamedTuple):
    """A style as parts of an SGR sequence."""

    attributes: frozenset[str]
    colour: str
    ground: str


PLAIN = Look(frozenset(), "39", "49")
"""No colour, no attribute."""


@lru_cache(maxsize=4096)
def _change(before: Look, after: Look) -> str:
    """Return the sequence from one look to another."""
    ended = {_ENDS[code] for code in before.attributes - after.attributes}
    codes = sorted(ended)
    # 22 ends bold and dim alike: the one that stays is sent again.
    begun = after.attributes if "22" in ended else after.attributes - before.attributes
    codes += sorted(begun)
    codes += [new for old, new in zip(before[1:], after[1:], strict=True) if old != new]
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(maxsize=4096)
def _look(style: Style, system: ColorSystem) -> Look:
    ground = Style(bgcolor=style.bgcolor) if style.bgcolor else None
    attributes = _codes(style.without_color, system)
    return Look(
        frozenset(attributes.split(";") if attributes else ()),
        _codes(Style(color=style.color or Color.default()), system),
        _codes(ground, system) if ground else "49",
    )


def _codes(style: Style, system: ColorSystem) -> str:
    """Return the numbers of Rich's SGR sequence for a style."""
    return style.render("|", color_system=system).partition("|")[0].removeprefix("\x1b[").removesuffix("m")
