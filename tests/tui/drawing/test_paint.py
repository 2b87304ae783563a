"""The scales by the definition of lightness and contrast: in order, readable, and what is no number looks like none."""

from itertools import pairwise

import pytest
from rich.color import Color
from textual.app import App

from glasshead_tui.drawing.paint import Colours, Palette, luminance, palette, palette_for
from glasshead_tui.widgets.scale import ABSENT, ABSENT_GLYPH, LEVELS, MASKED, MASKED_GLYPH, Scale

GROUNDS = [(colours, dark) for colours in ("truecolor", "256", "16", "none") for dark in (True, False)]
MEASURABLE = [(colours, dark) for colours, dark in GROUNDS if colours in ("truecolor", "256")]


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def both(chosen_palette: Palette) -> tuple[Scale, Scale]:
    return chosen_palette.weights, chosen_palette.scores


def test_luminance_is_that_of_the_standard() -> None:
    assert luminance(Color.parse("#ffffff")) == pytest.approx(1.0)
    assert luminance(Color.parse("#000000")) == 0.0
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("colours", "dark"), MEASURABLE)
def test_a_larger_weight_is_always_further_from_the_ground(colours: Colours, dark: bool) -> None:
    lights = [luminance(fill.bgcolor) for fill in palette_for(colours, dark).weights.fills if fill.bgcolor]
    assert len(lights) == LEVELS
    steps = [b - a if dark else a - b for a, b in pairwise(lights)]
    assert min(steps) > 0 if colours == "truecolor" else min(steps) >= 0


@pytest.mark.parametrize(("colours", "dark"), MEASURABLE)
def test_scores_leave_the_middle_in_both_directions(colours: Colours, dark: bool) -> None:
    lights = [luminance(fill.bgcolor) for fill in palette_for(colours, dark).scores.fills if fill.bgcolor]
    outward = [lights[LEVELS // 2 :], lights[LEVELS // 2 - 1 :: -1]]
    for side in outward:
        assert all((b - a if dark else a - b) >= 0 for a, b in pairwise(side))
    assert palette_for(colours, dark).scores.fills[0] != palette_for(colours, dark).scores.fills[-1]


@pytest.mark.parametrize(("colours", "dark"), MEASURABLE)
def test_digits_can_be_read_on_every_level(colours: Colours, dark: bool) -> None:
    for scale in both(palette_for(colours, dark)):
        for fill in scale.fills:
            assert fill.color and fill.bgcolor and contrast(fill.color, fill.bgcolor) >= 4.5


@pytest.mark.parametrize(("colours", "dark"), GROUNDS)
def test_masked_and_absent_look_like_no_number_at_all(colours: Colours, dark: bool) -> None:
    for scale in both(palette_for(colours, dark)):
        assert scale.block(MASKED)[0] == MASKED_GLYPH and scale.block(ABSENT)[0] == ABSENT_GLYPH
        assert not {scale.block(level)[0] for level in range(LEVELS)} & {MASKED_GLYPH, ABSENT_GLYPH}


@pytest.mark.parametrize("dark", [True, False])
def test_sixteen_colours_use_only_the_sixteen(dark: bool) -> None:
    for scale in both(palette_for("16", dark)):
        for style in (*scale.fills, scale.masked, scale.absent, scale.cursor, scale.row, scale.column):
            assert all(
                colour.number is not None and colour.number < 16 for colour in (style.color, style.bgcolor) if colour
            )
            assert style.bgcolor is None or (style.bgcolor.number or 0) < 8, "not every terminal has bright grounds"


def test_without_colour_form_alone_tells_levels_and_signs() -> None:
    bare = palette_for("none")
    for scale in both(bare):
        assert not any(
            style.color or style.bgcolor for style in (*scale.fills, scale.masked, scale.absent, scale.cursor)
        )
    assert len(set(bare.weights.glyphs)) == 5
    below, above = bare.scores.glyphs[: LEVELS // 2], bare.scores.glyphs[LEVELS // 2 :]
    assert below[-1] == above[0] == " " and set(below) & set(above) == {" "}
    assert not bare.coloured and palette_for("16").coloured


def test_half_blocks_keep_both_halves_apart() -> None:
    scale = palette_for("truecolor").weights
    glyph, style = scale.halves(60, 0)
    assert glyph == "▀" and style.color == scale.fills[60].bgcolor and style.bgcolor == scale.fills[0].bgcolor
    assert scale.halves(MASKED, MASKED) == scale.block(MASKED)
    assert scale.halves(40, ABSENT) != scale.halves(40, MASKED) != scale.halves(40, 0)
    assert scale.halves(40, 40)[0] == " "


def test_the_palette_follows_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**environment: str) -> Colours:
        for name in ("NO_COLOR", "COLORTERM", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return palette(App()).colours

    assert made(TERM="xterm-256color", COLORTERM="truecolor") == "truecolor"
    assert made(TERM="xterm-256color") == "256"
    assert made(TERM="xterm") == "16"
    assert made(TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="1") == "none"
