"""Colour scales for truecolor, 256, 16 and no colours.

Lightness rises evenly along a scale, so that equal steps of the number look like equal steps, and the order survives
colour blindness and a grey projector. Scales are mixed in OKLab (Björn Ottosson, "A perceptual color space for image
processing", 2020), quantised to 64 levels once, and kept in tables; nothing is mixed while drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from rich.color import Color, ColorSystem
from rich.style import Style
from textual.app import App

from glasshead_tui.widgets.scale import LEVELS, Scale

Triplet = tuple[float, float, float]
Colours = Literal["truecolor", "256", "16", "none"]

_WEIGHTS = {
    True: ("#14161e", "#1a2f57", "#1b5b86", "#1d8b8f", "#4db67a", "#b4d552", "#fdf4ac"),
    False: ("#fbfbf6", "#dcedc0", "#93d0ae", "#41a4aa", "#2a719e", "#2b4482", "#1c194b"),
}
_SCORES = {
    True: ("#ffb27d", "#c96a2b", "#6f3c1d", "#14161e", "#1d4a7d", "#3580c6", "#8fcbff"),
    False: ("#8a3c08", "#d98145", "#f4c9a8", "#fbfbf6", "#aed2f2", "#4b90cf", "#134a85"),
}
# With few colours a scale is a list of steps, darkest ground first, chosen by hand: the nearest of few colours to a
# mixed one jumps in hue. Numbers are the terminal's own; only those below 16 are reliable.
_STEPS: dict[tuple[Colours, bool], tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    # weights, scores below zero, scores above zero
    ("256", True): (
        (233, 17, 18, 24, 30, 36, 78, 150, 186, 192, 229),
        (215, 172, 130, 94, 52, 233),
        (233, 17, 19, 25, 32, 117),
    ),
    ("256", False): (
        (231, 194, 151, 115, 73, 67, 25, 19, 17),
        (94, 130, 172, 215, 223, 231),
        (231, 153, 111, 68, 25, 18),
    ),
    # Only the first eight: not every terminal has bright grounds.
    ("16", True): ((0, 4, 6, 2, 3, 7), (3, 1, 0), (0, 4, 6)),
    ("16", False): ((7, 3, 6, 4, 0), (1, 3, 7), (7, 6, 4)),
}
# Shades mean more, horizontal lines mean less than nothing.
_WEIGHTS_GLYPHS = " ░▒▓█"
_SCORES_GLYPHS = ("≡=~ ", _WEIGHTS_GLYPHS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Palette:
    """All styles of the panes, chosen once from the abilities of the terminal."""

    colours: Colours
    weights: Scale  # 0 … 1
    scores: Scale  # negative … 0 … positive
    query: Style  # the query
    key: Style  # the key
    positive: Style
    negative: Style
    quiet: Style  # explanations
    strong: Style  # values
    good: Style
    bad: Style

    @property
    def coloured(self) -> bool:
        """Whether there is colour; without it, shapes alone must distinguish."""
        return self.colours != "none"


def palette(app: App[object]) -> Palette:
    """Choose the styles for the terminal and the theme of `app`."""
    if app.no_color:
        return palette_for("none", app.current_theme.dark)
    systems: dict[str | None, Colours] = {"truecolor": "truecolor", "256": "256", "standard": "16", "windows": "16"}
    return palette_for(systems.get(app.console.color_system, "none"), app.current_theme.dark)


@cache
def palette_for(colours: Colours, dark: bool = True) -> Palette:
    """Choose the styles for a number of colours, on a dark or a light ground."""
    if colours == "none":
        return _without_colour()
    ink = _inks(colours, dark)
    weights = Scale(
        fills=_fills(colours, dark, signed=False),
        glyphs=" " * LEVELS,
        masked=Style(color=ink["masked"]),
        absent=Style(color=ink["absent"]),
        hatch=ink["hatch"],
        cursor=Style(color=ink["ground"], bgcolor=ink["cursor"], bold=True),
        row=Style(color=ink["query"], bold=True),
        column=Style(color=ink["key"], bold=True),
        label=Style(color=ink["quiet"]),
    )
    return Palette(
        colours=colours,
        weights=weights,
        scores=replace(weights, fills=_fills(colours, dark, signed=True)),
        query=weights.row,
        key=weights.column,
        positive=Style(color=_short(ink["positive"])),
        negative=Style(color=_short(ink["negative"])),
        quiet=weights.label,
        strong=Style(bold=True),
        good=Style(color=ink["good"]),
        bad=Style(color=ink["bad"], bold=True),
    )


def _without_colour() -> Palette:
    plain, loud = Style(), Style(reverse=True, bold=True)
    weights = Scale(
        fills=(plain,) * LEVELS,
        glyphs=_ramp(_WEIGHTS_GLYPHS, LEVELS),
        masked=plain,
        absent=plain,
        hatch=None,
        cursor=loud,
        row=loud,
        column=loud,
        label=plain,
    )
    return Palette(
        colours="none",
        weights=weights,
        scores=replace(weights, glyphs="".join(_ramp(glyphs, LEVELS // 2) for glyphs in _SCORES_GLYPHS)),
        query=Style(bold=True),
        key=Style(underline=True),
        positive=plain,
        negative=plain,
        quiet=plain,
        strong=Style(bold=True),
        good=plain,
        bad=loud,
    )


def _inks(colours: Colours, dark: bool) -> dict[str, Color]:
    """List the single colours by meaning. Rich takes them to the nearest of 256."""
    names = ("ground", "cursor", "query", "key", "positive", "negative", "quiet", "masked", "absent", "hatch", "good")
    if colours == "16":
        numbers = (0, 5, 11, 13, 6, 3, 7, 8, 8, 8, 10, 9) if dark else (7, 5, 3, 5, 4, 1, 8, 8, 7, 7, 2, 1)
        return {name: Color.from_ansi(number) for name, number in zip((*names, "bad"), numbers, strict=True)}
    codes = (
        "#14161e #ff4f8b #ffd166 #c3a6ff #5fb0f5 #f08c4a #9aa0b0 #666c7c #585e6e #343744 #7bd88f #ff6b6b"
        if dark
        else "#ffffff #d6005f #8a5a00 #6a3fc0 #1f6fb8 #b8551a #5d6270 #8b909e #9a9fac #c9ccd6 #1f7a3d #c4162a"
    )
    return {name: _colour(_lab(code)) for name, code in zip((*names, "bad"), codes.split(), strict=True)}


def _fills(colours: Colours, dark: bool, *, signed: bool) -> tuple[Style, ...]:
    """Make a style for each level: its background shows the value, its text has a contrast of at least 4.5."""
    if colours == "truecolor":
        stops = [_lab(code) for code in (_SCORES if signed else _WEIGHTS)[dark]]
        middle = len(stops) // 2
        parts = (stops[: middle + 1], stops[middle:]) if signed else (stops,)
        grounds = [_colour(lab) for part in parts for lab in _even(part, LEVELS // len(parts))]
    else:
        weights, below, above = _STEPS[colours, dark]
        spread = [_spread(steps, LEVELS // 2) for steps in (below, above)] if signed else [_spread(weights, LEVELS)]
        grounds = [Color.from_ansi(number) for numbers in spread for number in numbers]
    return tuple(Style(color=_text_on(ground), bgcolor=ground) for ground in grounds)


def _spread(steps: Sequence[int], count: int) -> list[int]:
    return [steps[index * len(steps) // count] for index in range(count)]


def _short(colour: Color) -> Color:
    """Return the nearest of the 256 colours: bars change colour often, and these take half the bytes to send."""
    return colour if colour.is_system_defined else colour.downgrade(ColorSystem.EIGHT_BIT)


def _ramp(glyphs: str, count: int) -> str:
    return "".join(glyphs[index * len(glyphs) // count] for index in range(count))


def _even(stops: Sequence[Triplet], count: int) -> list[Triplet]:
    """Interpolate `count` colours through the stops, in equal steps of lightness."""
    first, last = stops[0][0], stops[-1][0]
    mixed = []
    for index in range(count):
        light = first + (last - first) * index / (count - 1)
        low, high = next((a, b) for a, b in pairwise(stops) if (b[0] - light) * (last - first) >= -1e-9)
        part = (light - low[0]) / (high[0] - low[0])
        mixed.append((light, low[1] + (high[1] - low[1]) * part, low[2] + (high[2] - low[2]) * part))
    return mixed


def _colour(lab: Triplet) -> Color:
    return Color.from_rgb(*(round(part * 255) for part in _srgb(lab)))


def _text_on(ground: Color) -> Color:
    """Choose black or white text, whichever stands out more (contrast at least 4.5).

    It is quieter where there is contrast to spare, at the low end: a page of tiny numbers should not shout.
    """
    if ground.number is not None and ground.number < 16:  # the terminal decides how bright these are: use plain text
        return Color.from_ansi({0: 7, 1: 15, 4: 15}.get(ground.number, 0))
    light = luminance(ground)
    if light < 0.03:
        return Color.from_rgb(176, 180, 192)
    return Color.from_rgb(255, 255, 255) if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 else Color.from_rgb(0, 0, 0)


def luminance(colour: Color) -> float:
    """Compute the relative luminance of a colour, 0 for black and 1 for white (WCAG 2)."""
    red, green, blue = (_linear(part / 255) for part in colour.get_truecolor())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(code: str) -> Triplet:
    return _lab_of([int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def _lab_of(srgb: Sequence[float]) -> Triplet:
    red, green, blue = map(_linear, srgb)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    mid = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    )


def _srgb(lab: Triplet) -> Triplet:
    light, a, b = lab
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short),
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _gamma(part: float) -> float:
    part = min(1.0, max(0.0, part))
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
