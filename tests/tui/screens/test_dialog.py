"""A dialog over the explorer: what is below it is dimmed as Textual dims it."""

import pytest
from rich.segment import Segment
from tests.tui.conftest import Explore
from textual._context import visible_screen_stack
from textual.renderables.background_screen import BackgroundScreen


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
        stack = explorer.app._background_screens
        visible_screen_stack.set(list(stack))
        found = dialog.render_lines(dialog.size.region)
        visible_screen_stack.set(list(stack)[:-1])
        strips = below._compositor.render_strips(dialog.size)
        assert len(found) == len(strips) == dialog.size.height
        for line, strip in zip(found, strips, strict=True):
            wanted = list(BackgroundScreen.process_segments(strip, dialog.styles.background))
            assert cells(list(line)) == cells(wanted)
        assert any(character != " " for line in found for character in line.text)
        part = dialog.size.region.shrink((3, 20, 5, 10))
        visible_screen_stack.set(list(stack))
        assert [line.text for line in dialog.render_lines(part)] == [
            line.text[part.x : part.right] for line in found[part.y : part.bottom]
        ]
