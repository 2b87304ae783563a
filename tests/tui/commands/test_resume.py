"""A training that is killed at any moment goes on as if nothing had happened, bit for bit, dropout on."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.forking import server

from glasshead.checkpoints.find import find_folder
from glasshead.checkpoints.load import load
from glasshead.training.run import Run

KILLS, EVERY = int(os.environ.get("KILLS", "6")), 10
WORDS = [
    *("train", "reverse", "--steps", "60", "--seed", "5", "--save-every", str(EVERY), "--eval-every", "25"),
    *("--layers", "1", "--heads", "2", "--d-model", "32", "--d-ff", "64", "--batch-tokens", "256", "--eval-size", "4"),
    *("--average", "3", "--dropout", "0.2", "--generate", "2000"),
]

HEAVY = "torch._dynamo", "torch.distributed.tensor", "sympy"
TOLD = f"""
import atexit, sys
atexit.register(lambda: print("imported:", *({{*{HEAVY}}} & sys.modules.keys())))
"""
"""Has a training tell which of the modules that it does not need it has imported."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The undisturbed run, and its duration."""
    folder = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    child = server().start(*WORDS, "--out", str(folder / "run"), stdout=folder / "log", first=TOLD)
    assert child.wait() == 0, (folder / "log").read_text()
    return folder / "run", time.monotonic() - began


def learned(folder: Path) -> dict[str, torch.Tensor]:
    """Read everything that a finished run has learned: parameters and moments, and the averaged model."""
    newest = Run(folder).latest
    assert newest is not None
    training = newest / "training"
    return {
        **load_file(training / "parameters.safetensors"),
        **load_file(training / "adam.safetensors"),
        **{f"averaged/{name}": value for name, value in load_file(folder / "model.safetensors").items()},
    }


def told(folder: Path) -> list[dict[str, object]]:
    """Read the steps and scores of metrics.jsonl, without clock times."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    clock = {"seconds", "mfu", "time", "folder"}
    return [
        {key: value for key, value in line.items() if key not in clock}
        for line in lines
        if line["event"] in ("step", "evaluation")
    ]


def same(one: Path, other: Path) -> None:
    first, second = learned(one), learned(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert told(one) == told(other)


def newest_step(folder: Path) -> int:
    newest = Run(folder).latest
    return 0 if newest is None else int(newest.name.removeprefix("step-"))


def test_nothing_is_imported_for_compiled_or_sharded_models(whole: tuple[Path, float]) -> None:
    """That takes a second, and neither is trained."""
    folder, _ = whole
    assert (folder.parent / "log").read_text().splitlines()[-1].split() == ["imported:"]


def test_killed_at_random_moments_it_becomes_the_same_model(whole: tuple[Path, float], tmp_path: Path) -> None:
    expected, seconds = whole
    draw = random.Random(13)
    kills, runs = 0, 0
    while kills < KILLS or runs == 0:
        folder, log = tmp_path / f"run{runs}", tmp_path / f"log{runs}"
        status: int | None = None
        before = 0
        while status != 0:
            child = server().start(*WORDS, "--out", str(folder), "--resume", stdout=log)
            if kills < KILLS:
                time.sleep(draw.uniform(0, 0.35 * seconds))
                child.kill()  # it may have ended by itself
            status = child.wait()
            assert status in (0, -signal.SIGKILL), log.read_text()
            kills += status != 0
            now = newest_step(folder)
            assert now >= before, "a step that had been saved was lost"
            before = now
            if now:  # whatever was being written: what is named is whole
                load(find_folder(folder))
                steps = [line["step"] for line in told_so_far(folder) if line["event"] == "step"]
                assert steps[-1] - now <= EVERY
        same(expected, folder)
        runs += 1
    assert kills >= KILLS


def told_so_far(folder: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a file that may end in half of one."""
    data = (folder / "metrics.jsonl").read_bytes()
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]


def test_a_reader_who_has_gone_is_the_end_of_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    reader, writer = os.pipe()  # `2>&1 | head`: there is nobody to say anything to
    child = server().start(*WORDS, "--out", str(folder), "--eval-every", "1", stdout=writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as read:
        assert any("step 1/" in line for line in read)
    assert child.wait() == 128 + signal.SIGPIPE
    saved = newest_step(folder)
    assert 1 <= saved < 60
    assert told_so_far(folder)[-1] == {"event": "stopped", "step": saved}


def test_ctrl_c_finishes_the_step_saves_and_says_how_to_go_on(whole: tuple[Path, float], tmp_path: Path) -> None:
    folder, log = tmp_path / "run", tmp_path / "log"
    child = server().start(*WORDS, "--out", str(folder), stdout=log)
    deadline = time.monotonic() + 60
    while "step 1/" not in (log.read_text() if log.exists() else ""):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.wait() == 130, log.read_text()
    saved = newest_step(folder)
    assert 1 <= saved < 60
    last = log.read_text().splitlines()[-1]
    assert last.startswith("To go on: glasshead train reverse --out ") and last.endswith(" --resume")
    assert told_so_far(folder)[-1] == {"event": "stopped", "step": saved}
    again = server().start(*last.removeprefix("To go on: glasshead ").split(), stdout=log)
    assert again.wait() == 0, log.read_text()
    same(whole[0], folder)
