"""Draw the README's pictures from the running program: the explorer after some steps, and an experiment of the lab.

A picture is an SVG that names only fonts of the reader's machine: what Textual would load from the network is removed.
"""

import asyncio
import os
import re
from pathlib import Path

os.environ.pop("NO_COLOR", None)
os.environ["COLORTERM"] = "truecolor"

from glasshead.found import find
from glasshead_tui.app import GlassheadApp
from glasshead_tui.screens.explore import ExploreScreen

SENTENCE = "the black cat does not see the small house"
KEYS = {
    "screenshot.svg": ["5", "space", "wait", "k", "k", "wait"],
    "lab.svg": ["L", "n", "wait", "c", "wait", "wait"],
}
"""Keys that lead to each picture."""
SIZE = (124, 38)
FONTS = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace"


async def draw(picture: Path, keys: list[str]) -> None:
    """Open the explorer, press keys, save the picture."""
    app = GlassheadApp(find("english-french"), SENTENCE)
    async with app.run_test(size=SIZE) as pilot:
        explorer = app.screen_stack[0]
        assert isinstance(explorer, ExploreScreen)
        while explorer.moment is None:
            await pilot.pause(0.1)
        for key in keys:
            await (pilot.pause(2) if key == "wait" else pilot.press(NAMES.get(key, key)))
        svg = app.export_screenshot(title="glasshead")
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = re.sub(r"font-family:\s*[^;]+;", f"font-family: {FONTS};", svg)
    svg = re.sub(r'font-family="[^"]*"', f'font-family="{FONTS}"', svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    assert not re.findall(r"(?:url\(|href=|src=)['\"]?https?:", svg), "it loads something"
    picture.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    print(f"{picture.name}: {picture.stat().st_size / 1024:.0f} kB")


NAMES = {"]": "right_square_bracket", ")": "right_parenthesis"}

if __name__ == "__main__":
    for name, keys in KEYS.items():
        asyncio.run(draw(Path(__file__).with_name(name), keys))
