"""The Makefile, with a Python that only notes what it is asked: what is installed when, and when nothing is."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

# Stands for python3, and for the python of the environments that it makes.
PYTHON = """#!/bin/sh
case "$*" in
    "-c ") exit 0 ;;
    "-c import sys; sys.exit(sys.version_info < (3, 11))") exit {too_old} ;;
    "--version") echo "Python {version}"; exit 0 ;;
    "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    "-m pip --disable-pip-version-check --version") exit 0 ;;
esac
echo "$*" >> "{log}"
case "$*" in *--editable*) test ! -e "{log}.fail" ;; esac
"""


@dataclass
class Clone:
    """A clone at a path with spaces, and the stand-in for Python."""

    folder: Path
    log: Path
    python: Path

    def make(self, *words: str) -> tuple[int, str, list[str]]:
        """Run make; return its status, its output, and Python's arguments."""
        self.log.write_text("")
        outer = ("MAKE", "MFLAGS", "ARGS")  # the tests themselves may have been started by make
        environment = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
        done = subprocess.run(
            ["make", *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
            env={**environment, "PYTHON": str(self.python)},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr, self.log.read_text().splitlines()


def stand_in(path: Path, log: Path, *, version: str = "3.12.1", too_old: int = 0) -> Path:
    path.write_text(PYTHON.format(log=log, version=version, too_old=too_old))
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    folder = tmp_path / "a path with spaces" / "glass head"
    folder.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    log = tmp_path / "asked"
    return Clone(folder, log, stand_in(tmp_path / "python", log))


def installs(asked: list[str]) -> list[str]:
    """List pip's installations from this folder."""
    return [each.rsplit(" ", 1)[1] for each in asked if " --editable " in each]


def test_the_first_call_makes_everything_and_the_second_asks_pip_nothing(clone: Clone) -> None:
    status, told, asked = clone.make("run")
    assert status == 0, told
    assert asked[0] == "-m venv --clear .venv" and asked[-1] == "-m glasshead_tui"
    assert installs(asked) == ["."]
    assert all("--constraint constraints.txt" in each for each in asked if " install " in each)
    assert clone.make("run") == (0, "", ["-m glasshead_tui"])


def test_the_tests_bring_their_extras_and_serve_the_explorer_too(clone: Clone) -> None:
    assert installs(clone.make("test")[2]) == [".[dev]"]
    assert clone.make("run")[2] == ["-m glasshead_tui"]
    [asked] = clone.make("test", "ARGS=-k one")[2]
    assert asked.startswith("-m pytest ") and asked.endswith(" -k one")
    assert installs(clone.make("lint")[2]) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_what_changed_is_installed_again(clone: Clone, name: str) -> None:
    clone.make("run")
    later = (clone.folder / ".venv" / ".installed").stat().st_mtime + 5
    os.utime(clone.folder / name, (later, later))
    status, _, asked = clone.make("run")
    assert (status, installs(asked)) == (0, ["."])
    assert "-m venv --clear .venv" not in asked


def test_a_clone_that_was_moved_is_installed_again(clone: Clone) -> None:
    clone.make("run")
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    assert installs(clone.make("run")[2]) == ["."]
    assert clone.make("run")[2] == ["-m glasshead_tui"]


def no_python(environment: Path) -> None:
    (environment / "bin" / "python").unlink()


def dead_python(environment: Path) -> None:
    (environment / "bin" / "python").unlink()
    (environment / "bin" / "python").symlink_to("/nowhere/python3")


def killed_while_installing(environment: Path) -> None:
    (environment / ".installed").unlink()
    (environment / ".installing").touch()


def without_anything(environment: Path) -> None:
    shutil.rmtree(environment)
    environment.mkdir()


@pytest.mark.parametrize(
    "harm", [no_python, dead_python, killed_while_installing, without_anything], ids=lambda each: each.__name__
)
def test_an_environment_that_is_not_whole_is_made_anew(clone: Clone, harm: Callable[[Path], None]) -> None:
    clone.make("run")
    harm(clone.folder / ".venv")
    status, told, asked = clone.make("run")
    assert status == 0, told
    assert asked[0] == "-m venv --clear .venv" and installs(asked) == ["."] and asked[-1] == "-m glasshead_tui"


def test_what_could_not_be_installed_is_tried_again(clone: Clone) -> None:
    failing = clone.log.with_name(clone.log.name + ".fail")
    failing.touch()
    status, _, asked = clone.make("run")
    assert status != 0 and "-m glasshead_tui" not in asked
    failing.unlink()
    status, _, asked = clone.make("run")
    assert status == 0 and asked[-1] == "-m glasshead_tui"
    assert "-m venv --clear .venv" not in asked, "what had been downloaded was thrown away"


def test_an_old_python_is_told_in_a_sentence(clone: Clone, tmp_path: Path) -> None:
    clone.python = stand_in(tmp_path / "old", clone.log, version="3.9.7", too_old=1)
    status, told, _ = clone.make("run")
    assert status != 0
    assert "needs Python 3.11 or newer" in told and "3.9.7" in told
    assert not (clone.folder / ".venv").exists()


def test_a_python_that_is_not_there_is_told_in_a_sentence(clone: Clone, tmp_path: Path) -> None:
    clone.python = tmp_path / "no python"
    status, told, _ = clone.make("run")
    assert status != 0 and "needs Python 3.11 or newer" in told


def requirement(text: str) -> str:
    """The name of the package that is required, as the index writes it."""
    name = re.match(r"[\w.-]+", text)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_the_constraints_pin_everything_and_name_no_index() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines), "no address, no local version"
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    assert {requirement(each) for each in wanted} <= set(names)


def test_continuous_integration_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK) or sys.platform == "win32"
    text = script.read_text()
    assert "set -euo pipefail" in text and "make lint" in text and "make test" in text
