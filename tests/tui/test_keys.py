"""The keys: every one does something, none does two things, and the README tells the truth about them."""

import subprocess
import sys
from pathlib import Path

import pytest

from glasshead.errors import GlassheadError
from glasshead_tui import keys
from glasshead_tui.screens.explore import ExploreScreen

ROOT = Path(__file__).resolve().parents[2]


def test_ids_and_keys_are_unique():
    assert len({key.id for key in keys.ALL}) == len(keys.ALL)
    pressed = [name for key in keys.ALL for name in key.keys.split(",")]
    assert len(set(pressed)) == len(pressed)


@pytest.mark.parametrize("key", keys.ALL, ids=lambda key: key.id)
def test_every_key_has_an_action(key):
    assert hasattr(ExploreScreen, f"action_{key.action.split('(')[0]}")


def test_the_readme_tells_all_keys():
    script = ROOT / ".github" / "keys.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0


def test_no_file_means_no_keys_of_ones_own(tmp_path):
    assert keys.read(tmp_path / "keys.toml") == {}


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
        keys.read(file)
    assert str(file) in str(error.value)


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "keys.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(GlassheadError, match="TOML"):
        keys.read(tmp_path / "keys.toml")
