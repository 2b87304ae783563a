"""`glasshead train`: a tiny run, its plain lines, its card, and the mistakes it refuses before it starts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from glasshead import checkpoint
from glasshead.errors import GlassheadError
from glasshead_tui import progress
from glasshead_tui.commands import train as module
from glasshead_tui.commands.train import train

TINY = [
    *("--d-model", "32", "--heads", "2", "--layers", "1", "--d-ff", "64", "--batch-tokens", "256"),
    *("--eval-size", "3", "--save-every", "4", "--eval-every", "5"),
]

app = typer.Typer()
app.command()(train)


def given(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None:
        raise result.exception
    return result.output


def test_a_tiny_run_tells_saves_and_describes(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "tiny"
    output = given("reverse", "--out", str(out), "--steps", "9", *TINY)
    assert "\x1b" not in output and "\r" not in output
    lines = output.splitlines()
    assert lines[0].startswith("1 + 1 layers, 2 heads, d_model 32, 287 subwords: ")
    assert any(line.startswith("step 9/9  loss ") and "tokens/s" in line for line in lines)
    assert any(line.startswith("step 5: ") and "of 3 validation sentences" in line for line in lines)
    assert any(line.startswith("step 9: ") and "of 30 unseen test sentences" in line for line in lines)
    assert sum("saved to" in line for line in lines) == 3
    card = checkpoint.load(out)[2]
    assert card["command"].startswith(f"glasshead train reverse --out {out} --steps 9")
    assert "--layers 1" in card["command"] and "encoder" not in card["command"]
    assert card["test"]["sentences"] == 30

    again = given("reverse", "--out", str(out), "--steps", "1", *TINY)
    assert again.startswith("There is a checkpoint in")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["revers"], "no recipe called 'revers'. Did you mean reverse"),
        (["reverse", "--steps", "0"], "steps is 0"),
        (["reverse", "--heads", "3"], "3 heads do not divide d_model 64"),
        (["reverse", "--dropout", "1.5"], "dropout is 1.5"),
        (["reverse", "--vocab-size", "-1"], "vocab_size is -1"),
        (["reverse", "--warmup", "0"], "warmup is 0"),
    ],
)
def test_mistakes_are_told_before_any_time_is_spent(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead.training.loop.train", lambda *_, **__: pytest.fail("it started"))
    with pytest.raises(GlassheadError, match=sentence):
        given(*words, "--out", str(tmp_path / "out"))


def test_folders_that_are_no_place_for_a_checkpoint_are_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("do not touch")
    with pytest.raises(GlassheadError, match="something that is not a glasshead checkpoint"):
        given("reverse", "--out", str(foreign))
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    with pytest.raises(GlassheadError, match="is a file"):
        given("reverse", "--out", str(foreign / "thesis.txt"))
    with pytest.raises(GlassheadError, match="cannot be written"):
        given("reverse", "--out", str(foreign / "thesis.txt" / "below"))
    with pytest.raises(GlassheadError, match="NUL"):
        module.ready(Path("a\0b"))


def test_importing_the_command_costs_no_torch() -> None:
    program = (
        "import sys, glasshead_tui.commands.train\n"
        "sys.exit(bool({'torch', 'tokenizers', 'rich.progress', 'textual'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_interrupt_finishes_the_step_saves_and_scores(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["train", "reverse", "--out", str(out), *TINY]
    program = f"import sys; from glasshead_tui.cli import run; sys.exit(run({words!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step 1/"):
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "unseen test sentences" in output
    steps = checkpoint.load(out)[2]["training"]["steps_taken"]
    assert 1 <= steps < 2000


def test_the_terminal_display_moves_and_keeps_what_matters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from glasshead.recipes import recipe
    from glasshead.training.loop import Plan
    from glasshead.training.loop import train as run

    settings = Plan(steps=3, batch_tokens=256, warmup=5, save_every=2, eval_every=2, eval_size=2)
    shape = {"d_model": 32, "heads": 2, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1}
    progress.follow(run(recipe("reverse"), tmp_path, plan=settings, model=shape))
    output = capsys.readouterr().out
    assert "step 2: saved to" in output and "step 3: saved to" in output
    assert "2 validation sentences" in output and "20 unseen test sentences" in output


def test_remaining_time_is_read_as_a_clock() -> None:
    from glasshead.training.loop import Progress

    def after(step: int, seconds: float) -> str:
        return progress.remaining(Progress(step, 1000, 1.0, 2.0, 1e-3, 10, seconds, 100))

    assert after(1000, 50.0) == "0:00"
    assert after(500, 65.0) == "1:05"
    assert after(1, 10.0) == "2:46:30"
