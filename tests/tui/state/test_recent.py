"""The sentences that were typed last: kept for each model, and never in the way."""

import json
from pathlib import Path

import pytest

from glasshead_tui.state import recent


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recent, "path", lambda: tmp_path / "deep" / "sentences.json")
    return tmp_path / "deep" / "sentences.json"


def test_the_newest_come_first_once_each_and_for_one_model(file: Path) -> None:
    for text in ("one", "two", "one", " ", "x" * 5000):
        recent.remember("first", text)
    recent.remember("second", "drei\x1b[2J ‮")
    assert recent.read("first") == ("one", "two") and recent.read("second") == ("drei\x1b[2J ‮",)
    assert recent.read("third") == ()
    for number in range(99):
        recent.remember("first", str(number))
    assert recent.read("first")[:2] == ("98", "97") and len(recent.read("first")) == recent.KEPT
    for number in range(99):
        recent.remember(str(number), "a")
    assert len(json.loads(file.read_text())) == recent.MODELS


@pytest.mark.parametrize("content", ["", "{", "[]", '{"first": 3}', '{"first": [3, "a"]}', "\xff"])
def test_a_file_that_is_not_ours_is_no_trouble(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content, encoding="latin-1")
    assert recent.read("first") in ((), ("a",))
    recent.remember("first", "b")
    assert recent.read("first")[0] == "b"


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise OSError("there is no home folder")

    monkeypatch.setattr(recent, "path", nowhere)
    recent.remember("first", "a")
    assert recent.read("first") == ()
