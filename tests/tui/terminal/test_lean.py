"""What is written lean shows the same picture as Textual's strips, judged by a terminal, and takes fewer bytes."""

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from glasshead_tui.terminal.lean import LeanWriter

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
    screen = pyte.Screen(100, 1)
    pyte.Stream(screen).feed(text + "Z")
    return [screen.buffer[0][column] for column in range(100)]


def lean(console: Console, *lines: list[Segment]) -> str:
    writer = LeanWriter(console)
    for line in lines:
        writer.write(line)
    return writer.end()


@given(st.lists(LINES, max_size=3), st.sampled_from(["standard", "256", "truecolor"]))
def test_the_picture_is_the_same(lines: list[list[Segment]], system: str) -> None:
    console = Console(
        color_system=system,  # type: ignore[arg-type]  # one of those given above
        force_terminal=True,
    )
    plain = "".join(Strip(line).render(console) for line in lines)
    assert seen(lean(console, *lines)) == seen(plain)


def test_it_takes_half_of_the_bytes() -> None:
    console = Console(color_system="truecolor", force_terminal=True)
    line = [Segment("▄", Style(color="#102030" if n % 2 else "#fdf4ac", bgcolor="#121212")) for n in range(80)]
    assert len(lean(console, line)) < 0.55 * len(Strip(line).render(console))
