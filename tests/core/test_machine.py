"""Sizes of this machine, and in words."""

import os
from pathlib import Path

import pytest

from glasshead import machine


def test_the_memory_is_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CGROUP", tmp_path / "memory.max")
    whole = machine.memory()
    if Path("/proc/meminfo").exists():
        assert f"{whole // 1024} kB" in Path("/proc/meminfo").read_text().splitlines()[0]
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.memory() == whole
    (tmp_path / "memory.max").write_text("123456789\n")
    assert machine.memory() == 123456789


def test_the_disk_of_a_folder_that_is_not_there_is_that_of_its_parent(tmp_path: Path) -> None:
    there = os.statvfs(tmp_path)
    assert machine.disk(tmp_path / "run" / "new") == pytest.approx(there.f_bavail * there.f_frsize, rel=0.05)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (25_300_000_000, "25.3 GB"), (10**20, "100 EB"), (10**400, "over 1,000 EB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert machine.size(count) == words


def test_very_long_numbers_are_not_written_out() -> None:
    assert machine.number(10**20) == f"{10**20:,}"
    assert machine.number(10**400) == "a number of some 401 digits"
    assert len(machine.number(1 << 20_000_000)) < 50
