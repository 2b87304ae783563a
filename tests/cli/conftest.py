"""Running the command line: in this process where that is enough, in one of its own where streams or imports matter."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.forking import server


@dataclass(frozen=True)
class Result:
    """Result of a command."""

    status: int
    out: str
    err: str


Glasshead = Callable[..., Result]


@pytest.fixture
def here(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ./checkpoints/tiny."""
    shutil.copytree(tiny, tmp_path / "checkpoints" / "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def glasshead(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Glasshead:
    """`glasshead(*words, stdin=…)` in this process, in `here`; a bug comes through as the exception that it is."""

    def call(*words: str, stdin: bytes = b"") -> Result:
        from glasshead_tui.cli import run

        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        status = run(words)
        out, err = capsys.readouterr()
        return Result(status, out, err)

    return call


@pytest.fixture
def process(here: Path) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """`process(*words, env=…)`: the same in a process of its own, from the very start of Python, as bytes."""

    def call(*words: str | bytes, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[bytes]":
        command = [sys.executable, "-m", "glasshead_tui", *words]
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=here,
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def fork(here: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """`fork(*words, stderr=…, first=…)`: the same in a process of its own that has imported all; see tests.forking."""

    def call(*words: str, stderr: int | Path | None = None, first: str = "") -> Result:
        folder = tmp_path_factory.mktemp("fork")
        (folder / "err").touch()
        child = server().start(*words, stdout=folder / "out", stderr=stderr or folder / "err", cwd=here, first=first)
        status = child.wait()
        return Result(status, (folder / "out").read_text("utf-8"), (folder / "err").read_text("utf-8"))

    return call


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal would act upon; line feeds are meant to be there."""
    steering = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u200e\u200f\u061c"}
    steering |= {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
    return [character for character in text if character in steering and character not in "\n\t"]


def strictly(text: str) -> Any:
    """JSON as the standard has it: NaN and Infinity are refused."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)
