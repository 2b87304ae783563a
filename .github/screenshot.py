"""Draw the README's picture from the running program: glasshead on the bundled model, some steps in.

The picture is an SVG that names only fonts of the reader's machine: what Textual would load from the network is
taken out.
"""

import asyncio
import os
import re
from pathlib import Path

os.environ.pop("NO_COLOR", None)
os.environ["COLORTERM"] = "truecolor"

from glasshead_tui.app import GlassheadApp
from glasshead_tui.screens.explore import ExploreScreen

PICTURE = Path(__file__).with_name("screenshot.svg")
SENTENCE = "the black cat does not see the small house"
KEYS = ["5", "space", "wait", "k", "k", "wait"]
SIZE = (124, 38)
FONTS = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace"


async def main() -> None:
    """Open, press keys, draw."""
    app = GlassheadApp(checkpoint="english-french", text=SENTENCE)
    async with app.run_test(size=SIZE) as pilot:
        explorer = app.screen_stack[0]
        assert isinstance(explorer, ExploreScreen)
        while explorer.moment is None:
            await pilot.pause(0.1)
        for key in KEYS:
            await (pilot.pause(1.5) if key == "wait" else pilot.press(NAMES.get(key, key)))
        svg = app.export_screenshot(title="glasshead")
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = re.sub(r"font-family:\s*[^;]+;", f"font-family: {FONTS};", svg)
    svg = re.sub(r'font-family="[^"]*"', f'font-family="{FONTS}"', svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    assert not re.findall(r"(?:url\(|href=|src=)['\"]?https?:", svg), "it loads something"
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1024:.0f} kB")


NAMES = {"]": "right_square_bracket", ")": "right_parenthesis"}

if __name__ == "__main__":
    asyncio.run(main())
