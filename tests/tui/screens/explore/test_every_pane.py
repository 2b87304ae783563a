"""Every pane at every size, with colour and without: whole, named, filled, and readable without colour."""

import asyncio
import os
import re
from pathlib import Path

import pytest
from tests.tui.conftest import Explore, Explorer
from tests.tui.mirror import Mirror
from tests.tui.screens.explore.still import still

from glasshead_tui.screens.paned import PANES
from glasshead_tui.state import keymaps

KEYS = {key.action: key.keys.split(",")[0] for key in keymaps.ALL}
BEFORE = {"tree": ("x", "plus", *"best<0.5", "enter")}
"""Keys before a pane that fill the lists: an edit and a breakpoint."""
NUMBER = re.compile(r"\d")
PICTURES = Path(__file__).with_name("pictures")
"""What each pane showed when somebody last looked at it and found it good; PICTURES=write draws them again."""
SIDES = "│▁▂▃▄▅▆▇█ ▎"
"""What may stand at the sides of a pane: its border; inside of it, a bar for scrolling is part of the pane."""


@pytest.mark.parametrize(
    ("size", "coloured"),
    [((80, 24), True), ((80, 24), False), ((120, 36), True), ((120, 36), False), ((200, 60), True)],
)
async def test_every_pane_is_whole(
    explore: Explore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], coloured: bool
) -> None:
    if coloured:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    async with explore(size=size) as explorer:
        assert explorer.app.no_color != coloured
        await explorer.press("3", "space")
        await explorer.step(3)
        pictures: dict[str, str] = {}
        mirror = Mirror(explorer.app)
        for name in PANES:
            await explorer.press(*BEFORE.get(name, ()))
            await explorer.until(lambda: explorer.on_top)
            await explorer.press(KEYS[f"show('{name}')"])
            pane = explorer.screen.query_one(f"#{name}")
            await explorer.until(lambda pane=pane: pane.has_class("active") and pane.region.height > 2)  # type: ignore[misc]
            await explorer.until(lambda name=name: name.upper() in explorer.text)  # type: ignore[misc]
            await explorer.until(lambda pane=pane: len(pane.as_rows()) > 1)  # type: ignore[misc]
            await explorer.pilot.pause()
            await steady(explorer)
            mirror.check()
            lines = explorer.text.split("\n")
            assert len(lines) == size[1] and all(len(line) <= size[0] for line in lines)
            left, top, wide, high = pane.region
            shown = [line.ljust(size[0])[left : left + wide] for line in lines[top : top + high]]
            assert shown[0].startswith("╭─ ") and shown[0].endswith("─╮"), (name, shown[0])
            assert shown[-1][0] == "╰" and shown[-1][-1] == "╯", (name, shown[-1])
            assert all(line[0] == "│" and line[-1] == "│" for line in shown[1:-1]), name
            body = "\n".join(line[1:-1] for line in shown[1:-1])
            assert NUMBER.search(body), f"{name} shows no number"
            pictures[name] = still(shown)
            rows = pane.as_rows()  # type: ignore[attr-defined]
            assert len(rows) > 1 and pane.as_text(), name  # type: ignore[attr-defined]
        tabs = " ".join(lines[explorer.screen.query_one("#tabs").region.y :][:2])
        for each in PANES:
            assert f" {KEYS[f'''show('{each}')''']} {each.upper() if each == name else each} " in f" {tabs} ", tabs
    if size != (200, 60):
        compare(pictures, f"{size[0]}x{size[1]}{'' if coloured else '-without-colour'}.txt")


async def steady(explorer: Explorer) -> None:
    """Wait until nothing is asked of the model, and what is shown stays."""
    before = ""
    while before != explorer.text or not explorer.screen._worker.idle:
        before = explorer.text
        await asyncio.sleep(0.05)


def compare(pictures: dict[str, str], name: str) -> None:
    """Compare pictures with those that are kept."""
    kept = PICTURES / name
    if os.environ.get("PICTURES") == "write":
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("\n".join(f"{pane}\n{picture}\n" for pane, picture in pictures.items()), encoding="utf-8")
    wanted = kept.read_text(encoding="utf-8")
    for pane, picture in pictures.items():
        assert f"{pane}\n{picture}\n" in wanted, f"{pane} is drawn otherwise; is it better? PICTURES=write keeps it"
