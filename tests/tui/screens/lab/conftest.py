"""A lab whose experiments are known."""

from pathlib import Path

import pytest
from tests.tui.screens.lab.bench import Bench, known

from glasshead_tui.state import course as lesson
from glasshead_tui.state import labbook


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Make every page of the lab the known experiment."""
    bench = Bench()
    monkeypatch.setattr(labbook, "page_of", lambda name: known(bench, name))
    return bench


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the saved place in the lesson."""
    file = tmp_path / "lesson.json"
    monkeypatch.setattr(lesson, "path", lambda: file)
    return file
