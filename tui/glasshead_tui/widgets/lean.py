"""Fewer bytes for the same picture: over a slow line they are the waiting time.

Textual sends each piece of a line with all of its colours and a reset behind it, some forty bytes. A `LeanStrip` sends
only the difference from the piece before it; a line of many small pieces takes half as much.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

_SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}
_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"}
_ENDS |= {"21": "24", "51": "54", "52": "54", "53": "55"}  # the code that ends an attribute
_KEPT = 512  # strips whose lean twin is cached


class LeanStrip(Strip):
    """A strip whose pieces send only changes."""

    @classmethod
    def of(cls, strip: Strip) -> "LeanStrip":
        """Make the lean twin of a strip."""
        return strip if isinstance(strip, LeanStrip) else cls(strip, strip.cell_length)

    def crop(self, start: int, end: int | None = None) -> Strip:
        return self.of(super().crop(start, end))

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        return [self.of(strip) for strip in super().divide(cuts)]

    def render(self, console: Console) -> str:
        system = _SYSTEMS.get(console.color_system or "")
        if system is None or any(style and style.link for _, style, _ in self):
            return super().render(console)
        sent: list[str] = []
        now = plain = Look(frozenset(), "39", "49")
        for text, style, _ in self:
            look = _look(style, system) if style else plain
            if look != now:
                sent.append(_change(now, look))
                now = look
            sent.append(text)
        return "".join(sent) + ("\x1b[0m" if now != plain else "")


class Look(NamedTuple):
    """A style as parts of an SGR sequence."""

    attributes: frozenset[str]
    colour: str
    ground: str


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


class LeanView(ScrollView, can_focus=False, inherit_bindings=False):
    """A scrolling view of lines with exact styles, sent lean. It handles no keys."""

    ALLOW_SELECT = False

    _ground: Style | None = None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._twins: dict[int, tuple[Strip, LeanStrip]] = {}

    @property
    def ground(self) -> Style:
        """The style under all lines: `rich_style`, computed once a frame and not once a line."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    def jump(self, *, x: float | None = None, y: float | None = None) -> None:
        """Scroll at once, and also where the scroll bar that allows it comes only with the next layout."""
        self.scroll_to(x, y, animate=False, force=True)

    def strip(self, line: Sequence[Segment], columns: int) -> Strip:
        """Put a line on the ground, in exactly `columns` columns."""
        ground = self.ground
        segments = [Segment(text, ground + style if style else ground) for text, style, _ in line]
        spare = columns - sum(cell_len(text) for text, _, _ in line)
        if spare < 0:
            return Strip(segments, columns - spare).crop(0, columns)
        if spare:
            segments.append(Segment(" " * spare, ground))
        return Strip(segments, columns)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = None
        return [self._twin(strip) for strip in super().render_lines(crop)]

    def get_line_filters(self) -> Sequence[LineFilter]:
        # The styles are exact already: filtering them again doubles the cost of a frame and would shift 16 colours.
        return super().get_line_filters() if self.app.no_color else ()

    def _twin(self, strip: Strip) -> LeanStrip:
        """Return the lean twin of a strip that Textual caches; the twin caches its rendering."""
        twins = self._twins
        known = twins.get(id(strip))
        if known is None or known[0] is not strip:
            if len(twins) >= _KEPT:
                twins.clear()
            known = twins[id(strip)] = strip, LeanStrip.of(strip)
        return known[1]
