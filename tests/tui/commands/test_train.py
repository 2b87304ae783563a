"""`glasshead train`: tiny runs on a recipe and on files, plain lines, and the mistakes refused before it starts."""

import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import fields
from itertools import islice
from pathlib import Path

import pytest
from tests.cli.conftest import Glasshead, obeyed
from typer.main import get_command

from glasshead.checkpoints.find import find_folder
from glasshead.checkpoints.load import load
from glasshead.recipes import recipe
from glasshead.training.run import Run
from glasshead.training.settings import Settings
from glasshead_tui.commands.table import app

TINY = [
    *("--d-model", "32", "--heads", "2", "--layers", "1", "--d-ff", "64", "--batch-tokens", "256"),
    *("--eval-size", "3", "--save-every", "4", "--eval-every", "5"),
]
SMALL = [*TINY, "--generate", "2000"]
"""Of a recipe, which makes 30,000 pairs otherwise."""


def pairs(count: int) -> str:
    """TSV of letters and their reverse, none of them twice."""
    found = {pair for pair in islice(recipe("reverse").pairs("train", 3), 4 * count) if len(pair[0]) > 3}
    return "".join(f"{source}\t{target}\n" for source, target in sorted(found)[:count])


def test_a_tiny_run_tells_saves_and_describes(glasshead: Glasshead, here: Path) -> None:
    done = glasshead("train", "reverse", "--out", "deep/tiny", "--steps", "9", *SMALL)
    assert done.status == 0, done.err
    assert obeyed(done.out) == []
    lines = done.out.splitlines()
    assert any("1 + 1 layers, 2 heads, d_model 32, vocabulary 287" in line for line in lines)
    assert any(re.fullmatch(r"Batches of 256 tokens, \d\.\d% of them padding\.", line) for line in lines)
    assert any(line.startswith("step 9/9  loss ") and "tokens/s" in line and "MFU" in line for line in lines)
    assert any(line.startswith("step 5: ") and "of 3 validation sentences" in line for line in lines)
    assert any(line.startswith("step 9: ") and "of 30 unseen test sentences" in line for line in lines)
    assert [line for line in lines if "saved to deep/tiny," in line]
    card = load(here / "deep/tiny")[2]
    assert card["command"].startswith("glasshead train reverse --out deep/tiny ")
    assert {"--steps 9", "--encoder-layers 1", "--d-ff 64"} <= set(re.findall(r"--\S+ \S+", card["command"]))
    assert card["test"]["sentences"] == 30 and 0 <= card["test"]["bleu"] <= 100

    again = glasshead("train", "reverse", "--out", "deep/tiny", "--steps", "1", *SMALL)
    assert again.status == 2 and "Give --resume to continue it, --overwrite to remove it" in again.err
    assert "saved at step 9 is whole" in again.err
    over = glasshead("train", "reverse", "--out", "deep/tiny", "--steps", "1", *SMALL, "--overwrite")
    assert over.status == 0 and load(here / "deep/tiny")[2]["training"]["steps_taken"] == 1


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl", "parallel"])
def test_a_run_on_files_of_one_s_own(kind: str, glasshead: Glasshead, here: Path) -> None:
    rows = [line.split("\t") for line in pairs(300).splitlines()]
    given = ["--pairs", f"own.{kind}"]
    match kind:
        case "tsv":
            text = "".join(f"{source}\t{target}\n" for source, target in rows)
        case "csv":
            text = "target,source\n" + "".join(f'"{target}",{source}\n' for source, target in rows)
        case "jsonl":
            text = "".join(json.dumps({"source": source, "target": target}) + "\n" for source, target in rows)
        case _:
            text = ""
            given = ["--source", "a.txt", "--target", "b.txt"]
            (here / "a.txt").write_text("".join(f"{source}\n" for source, _ in rows))
            (here / "b.txt").write_text("".join(f"{target}\n" for _, target in rows))
    (here / f"own.{kind}").write_text(text)
    done = glasshead("train", *given, "--out", "run", "--steps", "5", "--vocab-size", "0", "--separate", *TINY)
    assert done.status == 0, done.err
    assert "of 3 unseen validation" in done.out or "validation sentences" in done.out
    model, vocabulary, card = load(here / "run")
    assert not vocabulary.joint and model.config.source_size == vocabulary.source.size
    assert set(card["examples"]) <= {source for source, _ in rows}
    assert glasshead("translate", "run", rows[0][0]).status == 0


def test_settings_of_a_file_and_what_beats_them(glasshead: Glasshead, here: Path) -> None:
    (here / "mine.toml").write_text(
        '[data]\nrecipe = "reverse"\n[training]\nsteps = 3\nseed = 9\n[model]\nnorm = "pre"\n'
    )
    done = glasshead("train", "--config", "mine.toml", "--out", "run", *TINY, "--steps", "2", "--schedule", "cosine")
    assert done.status == 0, done.err
    kept = tomllib.loads((here / "run" / "run.toml").read_text())
    assert (kept["training"]["steps"], kept["training"]["seed"], kept["training"]["schedule"]) == (2, 9, "cosine")
    assert kept["model"]["norm"] == "pre" and load(here / "run")[0].config.norm == "pre"


def test_every_setting_is_an_option_and_the_other_way_round() -> None:
    options = {each.name for each in get_command(app).commands["train"].params}  # type: ignore[attr-defined]
    own = {"out", "config", "resume", "overwrite", "watch", "layers"}
    assert options - own == {each.name for each in fields(Settings)}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["revers"], "no recipe called 'revers'. Did you mean reverse"),
        (["reverse", "--steps", "0"], "steps is 0; it must be at least 1"),
        (["reverse", "--heads", "3"], "3 heads do not divide d_model 64"),
        (["reverse", "--dropout", "1.5"], "dropout is 1.5"),
        (["reverse", "--vocab-size", "-1"], "vocab_size is -1"),
        (["reverse", "--warmup", "0"], "warmup is 0"),
        (["reverse", "--schedule", "linear"], "schedule is 'linear'; it is noam or cosine or constant"),
        (["reverse", "--device", "cuda"], "--device cuda is not available"),
        (["reverse", "--precision", "fp16", "--device", "cpu"], "fp16 needs a GPU"),
        (["reverse", "--config", "none.toml"], "none.toml cannot be read: No such file"),
        (["reverse", "--resume", "--overwrite"], "choose one of them"),
        ([], "Nothing to learn from"),
        (["--pairs", "none.tsv"], "none.tsv"),
        (["--pairs", "empty.tsv"], "empty.tsv"),
        (["--pairs", "one.tsv"], "one.tsv, line 2"),
        (["--pairs", "few.tsv"], "--batch-tokens"),
        (["--source", "one.tsv", "--target", "one.tsv"], "one.tsv"),
        (["--pairs", "nul.tsv"], "nul.tsv, line 3"),
        (["--pairs", "latin.tsv"], "latin.tsv, line 3"),
        (["--pairs", "good.tsv", "--vocab-size", "30000"], "30,000"),
    ],
)
def test_mistakes_are_told_before_any_time_is_spent(
    words: list[str], sentence: str, glasshead: Glasshead, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = pairs(200)
    (here / "empty.tsv").touch()
    (here / "one.tsv").write_text("a b\tb a\nalone\n")
    (here / "few.tsv").write_text(pairs(5))
    (here / "good.tsv").write_text(good)
    (here / "nul.tsv").write_text("a b\tb a\nc d\td c\ne\0f\tf e\n" + good)
    (here / "latin.tsv").write_bytes(b"a b\tb a\nc d\td c\n\xe9t\xe9\tsummer\n" + good.encode())
    monkeypatch.setattr("glasshead.training.engine.Engine.update", lambda *_: pytest.fail("it trained"))
    done = glasshead("train", *words, "--out", "out")
    assert done.status == 2 and done.out.count("step") == 0
    assert sentence in done.err.replace("'--schedule'", "schedule")
    assert "Traceback" not in done.err
    assert Run(here / "out").latest is None


def test_hostile_names_reach_no_terminal(glasshead: Glasshead, here: Path) -> None:
    done = glasshead("train", "--pairs", "\x1b[2Jnone.tsv", "--out", "out")
    assert done.status == 2 and obeyed(done.err) == []


def test_a_folder_that_holds_something_else_is_left_alone(glasshead: Glasshead, here: Path) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "thesis.txt").write_text("do not touch")
    done = glasshead("train", "reverse", "--out", "thesis", "--overwrite")
    assert done.status == 2 and "holds something else (thesis.txt)" in done.err
    assert [path.name for path in (here / "thesis").iterdir()] == ["thesis.txt"]


def test_a_disk_that_is_full_is_told_and_the_last_checkpoint_is_whole(
    glasshead: Glasshead, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file may grow beyond what the first checkpoint needed: the system refuses, as a full disk does."""
    publish = Run.publish

    def limited(self: Run, step: int, write: Callable[[Path], None]) -> Path:
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        if step == 8:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, usual[1]))
        try:
            return publish(self, step, write)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    monkeypatch.setattr(Run, "publish", limited)
    done = glasshead("train", "reverse", "--out", "run", "--steps", "20", *SMALL)
    assert done.status == 2
    assert "The checkpoint of step 8 could not be written to run/checkpoints" in done.err
    assert "What was saved at step 4 is whole; --resume continues from it." in done.err
    newest = Run(here / "run").latest
    assert newest is not None and newest.name == "step-00000004"
    load(find_folder(here / "run"))


def test_importing_the_command_costs_no_torch() -> None:
    program = (
        "import sys, glasshead_tui.commands.train\n"
        "sys.exit(bool({'torch', 'tokenizers', 'rich.progress', 'textual', 'accelerate'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, env=os.environ).returncode == 0


def test_watching_without_a_terminal_shows_the_lines(fork: Glasshead, here: Path) -> None:
    words = ["train", "reverse", "--out", "run", "--steps", "3", *SMALL]
    done = fork(*words, "--watch")
    assert done.status == 0, done.err
    assert obeyed(done.out) == [] and "step 3: saved to run," in done.out
    assert (here / "run" / "train.log").read_text() in done.out
    again = fork(*words, "--watch")
    assert again.status == 2 and "There is a run in run already" in again.err


def test_a_folder_that_is_refused_keeps_its_log(fork: Glasshead, here: Path) -> None:
    (here / "thesis").mkdir()
    for name in ("train.log", "thesis.txt"):
        (here / "thesis" / name).write_text("do not touch")
    done = fork("train", "reverse", "--out", "thesis", "--watch")
    assert done.status == 2 and "holds something else (thesis.txt)" in done.err
    assert {path.name: path.read_text() for path in (here / "thesis").iterdir()} == dict.fromkeys(
        ("train.log", "thesis.txt"), "do not touch"
    )
