"""Monkeys on every screen, for a moment; `make monkey` lets them play for long."""

import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.tui.monkey import Act, acts

ROOT = Path(__file__).resolve().parents[3]


def monkey(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.tui.monkey", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def test_every_screen_survives_a_monkey(tmp_path: Path) -> None:
    done = monkey("--seed", "5", "--keys", "60", "--found", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()[1:]] == ["explore", "lab", "lesson", "watch"]


def test_a_session_that_fails_is_told_and_can_be_played_again(tmp_path: Path) -> None:
    # A training that is not there: the program ends with 2, which no key may make it do.
    session = {"screen": "nowhere", "acts": [asdict(Act(write="q", keys=1))]}
    (tmp_path / "session.json").write_text(json.dumps(session))
    done = monkey("--again", str(tmp_path / "session.json"))
    assert done.returncode == 1
    assert "it ended with 2" in done.stdout
    assert "There is no folder" in done.stdout


def test_the_seed_decides_what_is_pressed() -> None:
    def played(seed: int) -> list[Act]:
        return list(acts(random.Random(seed), "explore", 300))

    assert played(1) == played(1) != played(2)
    assert sum(act.keys for act in played(1)) >= 300
    assert any(act.keys > 6 for act in played(1))  # many in one write
    assert any(act.size is not None and min(act.size) < 3 for act in acts(random.Random(1), "watch", 5000))
