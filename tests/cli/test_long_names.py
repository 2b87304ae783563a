"""A name that is too long for a file is refused in a sentence, wherever one can be given, before anything is done."""

import re
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Glasshead

from glasshead_tui.commands.table import app

LONG = "x" * 4000
DEEP = "/".join(["y" * 200] * 20)
NAMED = {"FILE", "DIR", "CHECKPOINT"}
PAIRS = ["--pairs", "pairs.tsv"]

CASES: dict[str, list[str]] = {
    "explore checkpoint": [],
    "explore features": ["tiny"],
    "explore edits": ["tiny"],
    "explore beside": ["tiny"],
    "show beside": ["tiny", "a dog"],
    "trace beside": ["tiny", "a dog"],
    "translate edits": ["tiny", "a dog"],
    "trace edits": ["tiny", "a dog"],
    "show edits": ["tiny", "a dog"],
    "show checkpoint": ["a dog"],
    "show features": ["tiny"],
    "show session": ["tiny"],
    "evaluate edits": ["tiny", *PAIRS],
    "check checkpoint": [],
    "check features": ["tiny"],
    "translate checkpoint": ["a dog"],
    "translate features": ["tiny"],
    "trace features": ["tiny"],
    "export checkpoint": ["--to", "hf", "folder"],
    "export folder": ["tiny", "--to", "hf"],
    "trace checkpoint": ["a dog"],
    "trace save": ["tiny", "a dog"],
    "evaluate checkpoint": PAIRS,
    "evaluate pairs": ["tiny"],
    "evaluate source": ["tiny", "--target", "pairs.tsv"],
    "evaluate target": ["tiny", "--source", "pairs.tsv"],
    "evaluate output": ["tiny", *PAIRS],
    "heads checkpoint": [],
    "heads pairs": ["tiny"],
    "train out": ["reverse"],
    "train config": ["reverse", "--out", "run"],
    "train tokenizer": ["reverse", "--out", "run"],
    "train pairs": ["--out", "run"],
    "train source": ["--target", "pairs.tsv", "--out", "run"],
    "train target": ["--source", "pairs.tsv", "--out", "run"],
    "train valid": [*PAIRS, "--out", "run"],
    "train valid_source": [*PAIRS, "--valid-target", "pairs.tsv", "--out", "run"],
    "train valid_target": [*PAIRS, "--valid-source", "pairs.tsv", "--out", "run"],
    "watch run": [],
    "lab model": ["block", "--json"],
}
"""By the command and the parameter that is given such a name: the other words."""


def test_every_name_of_a_file_is_tried() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    found = {f"{name} {each.name}" for name, of in commands.items() for each in of.params if each.metavar in NAMED}
    elsewhere = {"lesson model", "explore session"}  # what needs a terminal: test_edits tries the second
    assert found - elsewhere <= set(CASES)


@pytest.mark.parametrize("long", [LONG, f"{LONG}.tsv", f"{DEEP}/it.tsv"], ids=["name", "file", "path"])
@pytest.mark.parametrize("case", CASES)
def test_a_name_that_is_too_long_is_told(glasshead: Glasshead, here: Path, case: str, long: str) -> None:
    (here / "pairs.tsv").write_text("a dog\tun chien\n" * 3, encoding="utf-8")
    before = sorted(here.rglob("*"))
    command, name = case.split()
    rest = CASES[case]
    if name in ("checkpoint", "run"):
        words = [command, long, *rest]
    elif name == "folder":
        words = [command, *rest, long]
    else:
        words = [command, *rest, f"--{name.replace('_', '-')}", long]
    result = glasshead(*words)
    assert (result.status, result.out) == (2, "")
    assert re.search(
        "too long|does not say what kind|There is no|No such file|at most .* fit|hears nothing|cannot be read",
        result.err,
    )
    assert len(result.err) < 1200
    assert [path for path in sorted(here.rglob("*")) if here / "run" not in (path, *path.parents)] == before


def test_a_run_has_room_for_the_names_within_it(
    glasshead: Glasshead, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own path is not too long, but those of its files would be, once there is something to save."""
    monkeypatch.setattr("glasshead_tui.commands.train.follow", lambda *_, **__: pytest.fail("it begins to train"))
    out = here
    while len(str(out)) < 3980:
        out /= "z" * min(100, 4060 - len(str(out)))
    result = glasshead("train", "reverse", "--out", str(out))
    assert result.status == 2
    assert re.search(r"--out is [\d,]+ bytes long; at most [\d,]+ fit, with the names of the files in it", result.err)
    assert not any(path.name.startswith("z") for path in here.iterdir())
