"""One update is one update, whichever process computes a part of it: real processes, started by the usual launcher."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.forking import server

from glasshead.training.run import Run

ACCELERATE = [
    sys.executable,
    "-m",
    "accelerate.commands.launch",
    "--multi_gpu",
    "--num_machines",
    "1",
    "--dynamo_backend",
    "no",
]
WORDS = [
    *("train", "reverse", "--steps", "8", "--save-every", "4", "--eval-every", "5"),
    *("--eval-size", "2", "--batch-tokens", "256", "--warmup", "200", "--precision", "fp32", "--device", "cpu"),
    *("--d-model", "32", "--d-ff", "64", "--layers", "1", "--heads", "2", "--dropout", "0.1", "--generate", "4000"),
]


def learned(folder: Path) -> dict[str, torch.Tensor]:
    newest = Run(folder).latest
    assert newest is not None and newest.name == "step-00000008"
    return load_file(newest / "training" / "parameters.safetensors")


def launched(folder: Path, processes: int, accumulate: int) -> dict[str, torch.Tensor]:
    """Train under `accelerate launch`, which starts its processes by torchrun."""
    command = [*ACCELERATE, "--num_processes", str(processes), "-m", "glasshead_tui", *WORDS]
    command += ["--accumulate", str(accumulate), "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return learned(folder)


def forked(folder: Path, processes: int, accumulate: int) -> dict[str, torch.Tensor]:
    """As `launched`, with processes that have imported all; they find each other as those of torchrun do."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    words = [*WORDS, "--accumulate", str(accumulate), "--out", str(folder)]
    logs = [folder.with_name(f"log{rank}") for rank in range(processes)]
    children = []
    for rank, log in enumerate(logs):
        place = {"RANK": rank, "LOCAL_RANK": rank, **shared} if processes > 1 else {}
        env = {**os.environ, **{name: str(value) for name, value in place.items()}}
        children.append(server().start(*words, stdout=log, env=env))
    try:
        assert [child.wait() for child in children] == [0] * processes, "".join(log.read_text() for log in logs)
    finally:
        for child in children:
            child.kill()
    return learned(folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """One process, four batches an update."""
    return forked(tmp_path_factory.mktemp("alone") / "run", 1, 4)


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    """Dropout is on; the order of sums is all that differs."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert (value - found[name]).abs().max() <= 1e-6, name


def test_processes_and_accumulation_make_the_same_updates(alone: dict[str, torch.Tensor], tmp_path: Path) -> None:
    same(launched(tmp_path / "run", 2, 2), alone)


def test_four_processes_make_the_same_updates_without_accumulation(
    alone: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    same(forked(tmp_path / "run", 4, 1), alone)
