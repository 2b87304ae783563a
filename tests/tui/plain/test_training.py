"""A training as text and as JSON, where there is no terminal, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tui.runs import Run, contents, kept

from glasshead_tui.cli import run as command


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = command(["watch", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_where_there_is_no_terminal_text_is_written(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(run.folder)
    status, out, err = told(capsys, str(run.folder), "--sentence", "1", "--step", "30", "--layer", "0", "--head", "2")
    assert (status, err) == (0, "")
    for part in ("ended", "40 of 40", "1,234,567 parameters", "12.5%", "23.4", "45.6", "1.0986", "30: stop 4 of 5"):
        assert part in out
    assert (
        "decoder 0 · encoder–decoder attention · head 2   decoder.0.cross.weights" in out and "le chat noir dort" in out
    )
    wanted = kept(30, 1, "decoder.0.cross")[2].astype(float)
    rows = [line.split()[1:] for line in out.splitlines()[-5:]]
    assert [[float(cell) for cell in row] for row in rows] == [pytest.approx(row, abs=6e-4) for row in wanted.tolist()]
    assert contents(run.folder) == before


def test_the_same_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.evaluation(40, bleu=None, held="test")
    status, out, _ = told(capsys, str(run.folder), "--json", "--kind", "encoder", "--layer", "1")
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (status, found["state"], found["newest"]["step"], found["stops"]) == (0, "ended", 40, [0, 10, 20, 30, 40])
    assert [each["step"] for each in found["evaluations"]] == [10, 20, 30, 40, 40]
    assert (found["evaluations"][-1]["bleu"], found["evaluations"][-1]["test"]) == ("nan", True)
    assert found["probe"]["site"] == "encoder.1.self.weights" and found["probe"]["step"] == 40
    assert found["probe"]["weights"] == kept(40, 0, "encoder.1.self")[0].astype(float).tolist()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--step", "31"), "nearest step is 30"),
        (("--sentence", "2"), "count from 0 to 1"),
        (("--layer", "2"), "no layer 2"),
        (("--head", "3"), "no head 3"),
        (("--kind", "cross", "--head", "-1"), "no head -1"),
    ],
)
def test_what_there_is_not_is_told(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], part: str
) -> None:
    status, _, err = told(capsys, str(run.folder), *words)
    assert (status, part in err) == (2, True), err


def test_a_folder_that_is_no_run_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "metrics.jsonl").write_text('{"epoch": 1}\n' * 9)
    for name, part in (
        ("nowhere", "There is no folder"),
        ("file", "is a file"),
        ("empty", "neither run.toml nor metrics.jsonl"),
        ("foreign", "holds no event of a training"),
        ("a\0b", "null byte"),
        ("n" * 5000, "cannot be opened"),
    ):
        status, out, err = told(capsys, str(tmp_path / name))
        assert (status, out) == (2, "") and part in err and "Traceback" not in err
    (tmp_path / "empty" / "run.toml").write_text("")
    assert told(capsys, str(tmp_path / "empty"))[0] == 0


def test_watching_costs_no_torch(run: Run) -> None:
    script = (
        "import sys; sys.argv = ['glasshead', 'watch', sys.argv[1]]\n"
        "from glasshead_tui.cli import run; run(sys.argv[1:])\n"
        "import glasshead_tui.app, glasshead_tui.work.watcher, glasshead_tui.screens.watch\n"
        "print([name for name in ('torch', 'tokenizers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(run.folder)], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
