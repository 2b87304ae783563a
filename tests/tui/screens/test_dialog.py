"""A dialog over the explorer: what is below it is dimmed as Textual dims it."""

import pytest
from rich.segment import Segment
from tests.tui.conftest import Explore
from textual.geometry import Region
from textual.renderables.background_screen import BackgroundScreen

from glasshead_tui.terminal.inside import render_strips


def cells(pieces: list[Segment]) -> list[tuple[object, ...]]:
    """Each character with its colours."""
    found: list[tuple[object, ...]] = []
    for text, style, _ in pieces:
        look = (style.color and style.color.triplet, style.bgcolor and style.bgcolor.triplet) if style else (None, None)
        found += [(character, *look, style.bold if style else None) for character in text]
    return found


@pytest.mark.parametrize("keys", [("question_mark",), ("slash",), ("question_mark", "ctrl+p")])
async def test_what_is_below_is_dimmed_as_textual_does_it(explore: Explore, keys: tuple[str, ...]) -> None:
    async with explore() as explorer:
        await explorer.press(*keys)
        dialog, below = explorer.app.screen, explorer.app.screen_stack[-2]
        found = dialog.render_lines(dialog.size.region)
        strips = render_strips(below, dialog.size)
        assert len(found) == len(strips) == dialog.size.height
        for line, strip in zip(found, strips, strict=True):
            wanted = list(BackgroundScreen.process_segments(strip, dialog.styles.background))
            assert cells(list(line)) == cells(wanted)
        assert any(character != " " for line in found for character in line.text)
        part = dialog.size.region.shrink((3, 20, 5, 10))
        assert [line.text for line in dialog.render_lines(part)] == [
            line.text[part.x : part.right] for line in found[part.y : part.bottom]
        ]


async def test_a_window_that_has_just_grown_is_covered_whole(explore: Explore) -> None:
    """The dialog, and what is below, may still have the size of before."""
    async with explore(size=(70, 20)) as explorer:
        await explorer.press("question_mark")
        dialog, grown = explorer.app.screen, Region(0, 0, 120, 36)
        found = dialog.render_lines(grown)
        assert [line.cell_length for line in found] == [grown.width] * grown.height
        assert "glasshead" in found[0].text and not found[0].text[70:].strip()
