"""The keys: every one does something, none does two things, and the README's tables are up to date."""

import subprocess
import sys
from pathlib import Path

import pytest
from textual.screen import Screen

from glasshead.errors import GlassheadError
from glasshead_tui.app import Framed
from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.screens.lab import LabScreen
from glasshead_tui.screens.watch import WatchScreen
from glasshead_tui.state import keymaps, keys

ROOT = Path(__file__).resolve().parents[3]


SCREENS: dict[type[Screen[None]], keys.Groups] = {
    ExploreScreen: keymaps.EXPLORE, LabScreen: keymaps.LAB, WatchScreen: keymaps.WATCH
}  # fmt: skip


@pytest.mark.parametrize("groups", SCREENS.values(), ids=[screen.__name__ for screen in SCREENS])
def test_ids_and_keys_are_unique(groups: keys.Groups) -> None:
    listed = keys.list_keys(groups)
    assert len({key.id for key in listed}) == len(listed)
    pressed = [name for key in listed for name in key.keys.split(",")]
    assert len(set(pressed)) == len(pressed)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_key_has_an_action(screen: type[Screen[None]]) -> None:
    for key in keys.list_keys(SCREENS[screen]):
        owner, _, action = key.action.partition("(")[0].rpartition(".")
        assert hasattr({"": screen, "app": Framed}[owner], f"action_{action}"), key


@pytest.mark.parametrize(
    ("table", "groups"),
    [
        (keymaps.EXPLORE_HINTS, keymaps.EXPLORE),
        (keymaps.FORESEEING_HINTS, keymaps.LAB),
        (keymaps.LAB_HINTS, keymaps.LAB),
        (keymaps.ENDED_HINTS, keymaps.LAB),
        (keymaps.WATCH_HINTS, keymaps.WATCH),
    ],
    ids=["explore", "foreseeing", "lab", "ended", "watch"],
)
def test_hints_are_of_keys_that_there_are(table: tuple[keys.Hint, ...], groups: keys.Groups) -> None:
    names = keys.label_keys({}, groups)
    assert [pressed for pressed, *_ in keys.hints(names, table, groups)] == [hint.shown for hint in table]
    moved = keys.hints({**names, "help": "x"}, table, groups)
    assert ("x", "help", 0) in moved


def test_a_key_of_the_lab_can_be_put_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('\ufefftry = "y"\nundo = "w"\n', encoding="utf-8")  # some programs begin UTF-8 with a mark
    assert keymaps.read_keys(file) == {"try": "y", "undo": "w"}


def test_the_readme_tells_all_keys() -> None:
    script = ROOT / ".github" / "keys.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0


def test_no_file_means_no_keys_of_ones_own(tmp_path: Path) -> None:
    assert keymaps.read_keys(tmp_path / "keys.toml") == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("step = ", "TOML"),
        ('stepp = "x"', "step"),
        ("step = 3", "text of keys"),
        ('step = ""', "text of keys"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(content)
    with pytest.raises(GlassheadError, match=told) as error:
        keymaps.read_keys(file)
    assert str(file) in str(error.value)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(GlassheadError, match="TOML"):
        keymaps.read_keys(tmp_path / "keys.toml")
