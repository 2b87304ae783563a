"""The writing side of metrics.jsonl: standard JSON, one line an event, cut back exactly when a run goes on."""

import json
import math
from pathlib import Path

import pytest

from glasshead.errors import GlassheadError
from glasshead.training.events import Prepared, Progress, Saved, Stopped
from glasshead.training.record.recorder import Recorder


def update(step: int, loss: float = 1.5) -> Progress:
    return Progress(
        step=step, steps=100, loss=loss, perplexity=math.inf, rate=1e-3, norm=2.0, tokens=10, seconds=0.5 * step,
        total_tokens=10 * step, mfu=0.25, first=1,
    )  # fmt: skip


def lines(path: Path) -> list[dict[str, object]]:
    def refuse(name: str) -> None:
        pytest.fail(f"{name} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_event_that_is_kept_is_one_line(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "metrics.jsonl")
    assert recorder.record(update(1)) == update(1)
    recorder.record(Prepared(("nothing to keep",)))
    recorder.record(Saved(10, tmp_path / "checkpoints" / "step-00000010", 2))
    recorder.record(Stopped(10, 100))
    recorder.ended(100)
    found = lines(tmp_path / "metrics.jsonl")
    assert [line["event"] for line in found] == ["step", "saved", "stopped", "ended"]
    assert found[0]["perplexity"] is None and found[0]["loss"] == 1.5 and found[0]["total_tokens"] == 10
    assert found[1] == {"event": "saved", "step": 10, "folder": "checkpoints/step-00000010", "averaged": 2}


def test_going_back_leaves_what_was_before_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    recorder = Recorder(path)
    for step in range(1, 6):
        recorder.record(update(step))
    before = path.read_bytes()
    for step in range(6, 9):
        recorder.record(update(step))
    recorder.record(Stopped(8, 100))
    recorder.rewind(5)
    assert path.read_bytes() == before


def test_a_line_that_was_cut_short_goes(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    recorder = Recorder(path)
    recorder.record(update(1))
    before = path.read_bytes()
    for cut in (b"{", b'{"event": "step", "step": 2', b'{"event": "step", "step": 2}'):
        path.write_bytes(before + cut)
        recorder.rewind(5)
        assert path.read_bytes() == before


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = Recorder(None)
    recorder.record(update(1))
    recorder.rewind(0)
    recorder.ended(1)
    recorder.flush()
    Recorder(tmp_path / "none" / "metrics.jsonl").rewind(3)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():  # Linux has a disk that is always full
        return
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(GlassheadError, match=r"metrics.jsonl cannot be written any more: No space left"):
        Recorder(tmp_path / "metrics.jsonl").record(update(1))
