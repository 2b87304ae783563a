"""Scale: the styles that a picture of numbers is painted with.

A number is quantised once to one of `LEVELS` levels and kept as a byte. A level + `VEIL` is the same number behind the
glyph of the mask: it is still seen, and will be hidden. The bytes `MASKED` and `ABSENT` are no numbers: a masked place,
and a place without a value yet. They have their own looks, with and without colour, so that neither can be mistaken for
a small number.
"""

from dataclasses import dataclass, field

from rich.color import Color
from rich.style import Style

LEVELS = 64
VEIL = LEVELS
VEILED = frozenset(range(VEIL, VEIL + LEVELS))
STRIPES = 2
"""Where a place is a single character, or half of one, a veil covers every second of them."""
MASKED = 254
ABSENT = 255

MASKED_GLYPH = "╱"
ABSENT_GLYPH = "·"

_COARSE = 4  # half blocks merge this many levels: longer runs of one colour, fewer bytes to send


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """One style and one glyph for each level, and the looks of everything else.

    `glyphs` are spaces with colour, and a ramp of glyphs without.
    """

    fills: tuple[Style, ...]  # LEVELS styles: a background with readable text
    glyphs: str  # LEVELS characters
    masked: Style
    absent: Style
    hatch: Color | None  # a masked half of a half block
    cursor: Style
    row: Style  # the label of the cursor's row
    column: Style  # the label of the cursor's column
    label: Style  # every other label
    blanks: tuple[Style, ...] = field(init=False)  # the fills without the text colour that a space does not need
    _halves: dict[tuple[int, int], tuple[str, Style]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blanks", tuple(Style(bgcolor=fill.bgcolor) for fill in self.fills))

    @property
    def coloured(self) -> bool:
        """Whether colour shows the levels; otherwise glyphs do."""
        return self.hatch is not None

    def block(self, level: int) -> tuple[str, Style]:
        """Return the character and style of a place without digits."""
        if level == MASKED:
            return MASKED_GLYPH, self.masked
        if level == ABSENT:
            return ABSENT_GLYPH, self.absent
        if level >= VEIL:
            return MASKED_GLYPH, self.fills[level - VEIL]
        return self.glyphs[level], self.blanks[level]

    def digits(self, level: int) -> Style:
        """Return the style of a number on its level."""
        if level == MASKED:
            return self.masked
        return self.absent if level == ABSENT else self.fills[level % VEIL]

    def halves(self, top: int, bottom: int) -> tuple[str, Style]:
        """Return one character for two places, one above the other. Only for a coloured scale."""
        known = self._halves.get((top, bottom))
        if known is None:
            known = self._halves[top, bottom] = self._half(top, bottom)
        return known

    def _half(self, top: int, bottom: int) -> tuple[str, Style]:
        top, bottom = (level if level >= LEVELS else level - level % _COARSE for level in (top, bottom))
        if top == bottom:
            return self.block(top)
        above, below = self._ink(top), self._ink(bottom)
        if above is None:
            return "▄", Style(color=below)
        if below is None:
            return "▀", Style(color=above)
        return "▀", Style(color=above, bgcolor=below)

    def _ink(self, level: int) -> Color | None:
        if level == MASKED:
            return self.hatch
        return None if level == ABSENT else self.fills[level].bgcolor
