"""The keys: every one does something, none does two things, and the README tells the truth about them."""

import subprocess
import sys
from pathlib import Path

import pytest

from glasshead.errors import GlassheadError
from glasshead_tui.app import GlassheadApp
from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.screens.lab import LabScreen
from glasshead_tui.state import keymaps, keys

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("groups", [keymaps.EXPLORE, keymaps.LAB], ids=["explorer", "lab"])
def test_ids_and_keys_are_unique(groups):
    listed = keys.list_keys(groups)
    assert len({key.id for key in listed}) == len(listed)
    pressed = [name for key in listed for name in key.keys.split(",")]
    assert len(set(pressed)) == len(pressed)


@pytest.mark.parametrize(
    ("screen", "key"),
    [*((ExploreScreen, key) for key in keymaps.ALL), *((LabScreen, key) for key in keys.list_keys(keymaps.LAB))],
    ids=lambda each: getattr(each, "id", None),
)
def test_every_key_has_an_action(screen, key):
    owner, _, name = key.action.split("(")[0].rpartition(".")
    assert hasattr(GlassheadApp if owner == "app" else screen, f"action_{name}")


@pytest.mark.parametrize("table", [keymaps.FORESEEING_HINTS, keymaps.LAB_HINTS, keymaps.ENDED_HINTS])
def test_the_hints_of_the_lab_are_of_keys_that_it_has(table):
    names = keys.label_keys({}, keymaps.LAB)
    assert [pressed for pressed, *_ in keys.hints(names, table, keymaps.LAB)] == [hint.shown for hint in table]
    moved = keys.hints({**names, "help": "x"}, table, keymaps.LAB)
    assert ("x", "help", 0) in moved


def test_a_key_of_the_lab_can_be_put_elsewhere(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text('\ufefftry = "y"\nundo = "w"\n', encoding="utf-8")  # some programs begin UTF-8 with a mark
    assert keymaps.read_keys(file) == {"try": "y", "undo": "w"}


def test_the_readme_tells_all_keys():
    script = ROOT / ".github" / "keys.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0


def test_no_file_means_no_keys_of_ones_own(tmp_path):
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
def test_a_file_that_cannot_be_used_is_named(tmp_path, content, told):
    file = tmp_path / "keys.toml"
    file.write_text(content)
    with pytest.raises(GlassheadError, match=told) as error:
        keymaps.read_keys(file)
    assert str(file) in str(error.value)


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "keys.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(GlassheadError, match="TOML"):
        keymaps.read_keys(tmp_path / "keys.toml")
