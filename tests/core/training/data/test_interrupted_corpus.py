"""A corpus whose making was killed, stopped or ran into a full disk is the same to the byte in the end."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.core.training.data.corpora import SMALL, bytes_of, numbers, own, prepared, stopping, tsv

from glasshead.errors import GlassheadError
from glasshead.training.data import splits, stages
from glasshead.training.data.corpus import Corpus
from glasshead.training.data.growing import RECORD, GrowingFiles
from glasshead.training.data.prepare import prepare
from glasshead.training.settings import resolve

CHILD = """
import os, signal, sys
from pathlib import Path
from glasshead.training.data import growing, prepare, splits, stages
from glasshead.training.settings import resolve

stages.COMMIT_SECONDS, splits.CHUNK = 0.0, 20
left = int(sys.argv[2])
flush = growing.flush

def counted(*given):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if given[0:1] and isinstance(given[0], Path):
        flush(*given)

growing.flush = counted  # in the middle of a commit: files have grown, the record does not know yet
prepare.prepare(Path(sys.argv[1]), resolve(eval(sys.argv[3])), progress=counted)
"""


def killed(folder: Path, given: dict[str, Any], after: Iterable[int]) -> int:
    """Prepare in a process that is killed again and again, each time some deeds later. Return the number of deaths."""
    deaths = 0
    for left in [*after, 1_000_000]:
        done = subprocess.run([sys.executable, "-c", CHILD, str(folder), str(left), repr(given)], check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        deaths += 1
    return deaths


def test_killed_and_gone_on_with_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    pairs = [*numbers(150), *numbers(20), ("", ""), ("one " * 60, "un")]
    path = tsv(tmp_path / "it.tsv", pairs)
    path.write_bytes(path.read_bytes() + b"\xff\tb\nalone\n")
    given = {**SMALL, "pairs": str(path), "skip_bad": True, "valid_size": 15}
    whole = prepared(tmp_path / "whole", resolve(given))
    assert killed(tmp_path / "parts", given, [9, 23, 37, 30, 26]) >= 4
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")
    assert Corpus(tmp_path / "parts").fingerprint == whole.fingerprint


def test_a_recipe_killed_and_gone_on_with_is_the_same_to_the_byte(tmp_path: Path) -> None:
    given = {"recipe": "reverse", "generate": 300, "batch_tokens": 64, "eval_size": 20}
    prepared(tmp_path / "whole", resolve(given))
    assert killed(tmp_path / "parts", given, [12, 30]) == 2
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("source", ["file", "recipe"])
def test_stopped_wherever_and_gone_on_with(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    valid = tsv(tmp_path / "valid.tsv", numbers(70, start=2000))
    settings = (
        own(tsv(tmp_path / "it.tsv", numbers(200)), valid=str(valid))
        if source == "file"
        else resolve({"recipe": "reverse", "generate": 200, "batch_tokens": 64, "eval_size": 20})
    )
    whole = prepared(tmp_path / "whole", settings)
    sittings = 1
    while (parts := prepare(tmp_path / "parts", settings, stop=stopping(sittings % 4))) is None:
        sittings += 1
        assert sittings < 60
    assert sittings > 3
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole") and parts.fingerprint == whole.fingerprint


def test_what_a_killed_end_left_is_tidied(tmp_path: Path, plain: Path) -> None:
    prepared(tmp_path / "data", own(plain))
    before = bytes_of(tmp_path / "data")
    for name in (RECORD, stages.KINDS, stages.SAMPLE):
        (tmp_path / "data" / name).write_text("{}")
    prepared(tmp_path / "data", own(plain))
    assert bytes_of(tmp_path / "data") == before


def test_a_full_disk_is_told_and_what_was_done_is_kept(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepared(tmp_path / "whole", own(plain))

    def full(self: GrowingFiles, name: str, data: bytes) -> None:
        if name.startswith("train"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, name, data)

    append = GrowingFiles.append
    monkeypatch.setattr(GrowingFiles, "append", full)
    with pytest.raises(GlassheadError, match=r"No space left on device.*the same command goes on"):
        prepare(tmp_path / "data", own(plain))
    monkeypatch.undo()
    what: list[str] = []
    assert prepare(tmp_path / "data", own(plain), progress=lambda event: what.append(event.what)) is not None
    assert not [each for each in what if each.startswith("reading")]
    assert Corpus(tmp_path / "data").fingerprint == whole.fingerprint
    (tmp_path / "file").write_text("x")
    with pytest.raises(GlassheadError, match="cannot be written to"):
        prepare(tmp_path / "file" / "data", own(plain))
