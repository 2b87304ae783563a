"""The walls between the rooms: what climbs a floor, or stands on none, breaks a contract of `make lint`.

Every breach is planted in a copy of the program, where import-linter runs once for all of them.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"glasshead": Path("core/glasshead"), "glasshead_tui": Path("tui/glasshead_tui")}
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


def floors(package: str) -> list[tuple[str, list[str]]]:
    """The floors of a package from the top: what parts its rooms, and the rooms."""
    [contract] = [each for each in CONTRACTS if each.get("containers") == [package] and each["type"] == "layers"]
    return [("|" if "|" in floor else ":", re.findall(r"\w+", floor)) for floor in contract["layers"]]


def rooms(package: str) -> set[str]:
    """The folders of a package."""
    return {path.parent.name for path in (ROOT / SOURCES[package]).glob("*/__init__.py")}


def forbidden(package: str, room: str) -> list[str]:
    """The modules that a room must not import: what stands above it, and a neighbour behind a wall."""
    above: list[str] = []
    for wall, floor in floors(package):
        if room in floor:
            return [f"{package}.{each}" for each in (*above, *(floor if wall == "|" else ())) if each != room]
        above += floor
    return []


# Room → what a file that is planted in it imports. Every other contract has its breach too.
CLIMBS = {f"{package}.{room}": forbidden(package, room) for package in SOURCES for room in sorted(rooms(package))}
BREACHES = {
    "glasshead.training": ["glasshead_tui.state", "rich", "textual", "typer"],
    "glasshead_tui.widgets": ["glasshead.errors", "glasshead.text"],
    "glasshead_tui.panes": ["glasshead.subjects", "glasshead.model", "glasshead.tap", "glasshead.training.loop"],
    "glasshead_tui.screens": ["glasshead.decoding.stepper", "glasshead.session.session", "glasshead.adapters.native"],
    "glasshead.decoding": ["glasshead.model"],
    "glasshead.traces": ["glasshead.training"],
    "glasshead.analysis": ["glasshead.model"],
    "glasshead.truth": ["glasshead.model", "glasshead.adapters.native"],
}
PLANT = "planted"
PLANTED = {room: [*climbs, *BREACHES.get(room, ())] for room, climbs in CLIMBS.items()}
LOOSE = [f"{package}.{name}" for package in SOURCES for name in ("loose", "spare_room")]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter answers to a program that is full of breaches, in one line."""
    home = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", home)
    for folder in SOURCES.values():
        for path in (ROOT / folder).rglob("*.py"):
            copy = home / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        (home / folder / "loose.py").touch()
        (home / folder / "spare_room").mkdir()
        (home / folder / "spare_room" / "__init__.py").touch()
    for room, imports in PLANTED.items():
        package, name = room.split(".")
        lines = "".join(f"import {each}\n" for each in imports)
        (home / SOURCES[package] / name / f"{PLANT}.py").write_text(lines)
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=home, env={**os.environ, "PYTHONPATH": f"{home}/core:{home}/tui", "COLUMNS": "1000"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert f"Contracts: 0 kept, {len(CONTRACTS)} broken." in done.stdout, done.stdout
    return " ".join(done.stdout.split())


def told(report: str) -> Iterator[tuple[str, str]]:
    """Importer and imported of every import that the report names."""
    yield from re.findall(r"([\w.]+) -> ([\w.]+) \(", report)


@pytest.mark.parametrize("room", PLANTED)
def test_a_file_that_climbs_a_floor_or_goes_through_a_wall_breaks_a_contract(report: str, room: str) -> None:
    found = {imported for importer, imported in told(report) if importer == f"{room}.{PLANT}"}
    assert found >= set(PLANTED[room])


@pytest.mark.parametrize("module", LOOSE)
def test_a_module_that_stands_on_no_floor_breaks_a_contract(report: str, module: str) -> None:
    assert re.search(rf"not listed as layers: (- [\w.]+ )*- {module}\b", report)


@pytest.mark.parametrize("package", SOURCES)
def test_every_room_stands_on_one_floor_and_only_those_on_the_top_may_know_all(package: str) -> None:
    listed = [room for _, floor in floors(package) for room in floor]
    assert len(set(listed)) == len(listed) and rooms(package) <= set(listed)
    assert {room for room in listed if not forbidden(package, room)} <= set(floors(package)[0][1])
