"""Lean strips show the same picture as Textual's, judged by a terminal, and take fewer bytes."""

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from glasshead_tui.widgets.lean import LeanStrip

COLOURS = st.sampled_from([None, "default", "red", "bright_blue", "color(75)", "#102030", "#fdf4ac"])
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
)
LINES = st.lists(
    st.builds(Segment, st.text("abc █▄", min_size=1, max_size=4), st.none() | STYLES), min_size=1, max_size=8
)


def seen(text: str) -> list[pyte.screens.Char]:
    """Render a line cell by cell; the Z behind it shows leftover attributes."""
    screen = pyte.Screen(60, 1)
    pyte.Stream(screen).feed(text + "Z")
    return [screen.buffer[0][column] for column in range(60)]


@given(LINES, st.sampled_from(["standard", "256", "truecolor"]))
def test_the_picture_is_the_same(line: list[Segment], system: str) -> None:
    console = Console(
        color_system=system,  # type: ignore[arg-type]  # one of those given above
        force_terminal=True,
    )
    plain = Strip(line)
    lean = LeanStrip.of(Strip(line))
    assert seen(lean.render(console)) == seen(plain.render(console))


@given(LINES, st.integers(0, 20), st.integers(0, 20))
def test_parts_of_it_are_the_same_and_lean(line: list[Segment], start: int, end: int) -> None:
    plain, lean = Strip(line), LeanStrip.of(Strip(line))
    part = lean.crop(start, end)
    assert part.text == plain.crop(start, end).text
    assert isinstance(part, LeanStrip)
    cuts = [min(start, plain.cell_length), plain.cell_length]
    assert [piece.text for piece in lean.divide(cuts)] == [piece.text for piece in plain.divide(cuts)]


def test_it_takes_half_of_the_bytes() -> None:
    console = Console(color_system="truecolor", force_terminal=True)
    line = [Segment("▄", Style(color="#102030" if n % 2 else "#fdf4ac", bgcolor="#121212")) for n in range(80)]
    assert len(LeanStrip.of(Strip(line)).render(console)) < 0.55 * len(Strip(line).render(console))
