"""`glasshead checkpoints`: what can be opened, as a table and as JSON."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.cli.conftest import Glasshead, obeyed, strictly


@pytest.fixture
def no_bundle(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    monkeypatch.setattr("glasshead.checkpoints.find.home", lambda: here / "bundled")


def test_a_line_for_each(glasshead: Glasshead, here: Path, no_bundle: None) -> None:
    result = glasshead("checkpoints")
    assert (result.status, result.err) == (0, "")
    _, line = result.out.splitlines()
    assert line.startswith("tiny")
    parameters = sum(tensor.numel() for tensor in load_file(here / "checkpoints/tiny/model.safetensors").values())
    for part in ("2 + 2", " 4 ", " 32 ", f"{parameters:,}", "12.5% exact", str(here / "checkpoints" / "tiny")):
        assert part in line


@pytest.mark.parametrize("score", [10**400, 1.5, -0.1, "1", None, [1]])
def test_a_score_that_is_no_share_is_not_shown(glasshead: Glasshead, here: Path, no_bundle: None, score: Any) -> None:
    path = here / "checkpoints" / "tiny" / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["card"]["test"]["exact_match"] = score
    path.write_text(json.dumps(content), encoding="utf-8")
    result = glasshead("checkpoints")
    assert result.status == 0 and "tiny" in result.out and "exact" not in result.out


def test_json_says_the_same_and_more(glasshead: Glasshead, here: Path, no_bundle: None) -> None:
    [entry] = strictly(glasshead("checkpoints", "--json").out)
    assert entry["name"] == "tiny" and entry["problem"] is None
    assert entry["config"]["d_model"] == 32 and entry["card"]["test"] == {"exact_match": 0.125}
    assert entry["bytes"] == sum(file.stat().st_size for file in (here / "checkpoints" / "tiny").iterdir())


def test_a_run_in_training_is_listed_by_its_name(glasshead: Glasshead, here: Path, no_bundle: None) -> None:
    run = here / "checkpoints" / "evening"
    step = run / "checkpoints" / "step-00000010"
    shutil.copytree(here / "checkpoints" / "tiny", step)
    assert len(strictly(glasshead("checkpoints", "--json").out)) == 1
    (run / "latest").write_text("checkpoints/step-00000010\n")
    entries = {entry["name"]: entry for entry in strictly(glasshead("checkpoints", "--json").out)}
    assert set(entries) == {"tiny", "evening"}
    assert entries["evening"] == entries["tiny"] | {"name": "evening", "path": str(step)}
    assert glasshead("translate", "evening", "a dog").out == glasshead("translate", "tiny", "a dog").out


def test_a_damaged_one_is_listed_as_such(glasshead: Glasshead, here: Path, no_bundle: None) -> None:
    path = here / "checkpoints" / "tiny" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "damaged" in glasshead("checkpoints").out
    [entry] = strictly(glasshead("checkpoints", "--json").out)
    assert "truncated" in entry["problem"] and entry["parameters"] is None


def test_nothing_to_open_is_told_with_a_way_out(
    glasshead: Glasshead, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, no_bundle: None
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    result = glasshead("checkpoints")
    assert result.status == 0 and "glasshead train" in result.out
    assert strictly(glasshead("checkpoints", "--json").out) == []


def test_names_and_cards_steer_no_terminal(
    glasshead: Glasshead, hostile: Path, monkeypatch: pytest.MonkeyPatch, no_bundle: None
) -> None:
    (hostile.parent / "checkpoints").mkdir(exist_ok=True)
    link = hostile.parent / "checkpoints" / hostile.name
    if not link.exists():
        link.symlink_to(hostile)
    monkeypatch.chdir(hostile.parent)
    for words in ([], ["--json"]):
        result = glasshead("checkpoints", *words)
        assert result.status == 0 and "name[red]" in result.out
        assert not obeyed(result.out)
