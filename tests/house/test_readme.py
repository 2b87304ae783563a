"""The README's commands run, and its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_library_example_runs() -> None:
    [example] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    *tokens, last = done.stdout.splitlines()
    assert tokens[-1].startswith("</s>") and all(0 <= float(line.rsplit(" ", 1)[1]) <= 1 for line in tokens)
    assert last.endswith(")")


def of(group: Any, name: str) -> Any:
    """A command of a group, by its name."""
    return group.commands[name]


@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in block.splitlines() if line.startswith("glasshead ")]
)
def test_the_options_it_names_exist(line: str) -> None:
    from typer.main import get_command

    from glasshead.lab import page_of
    from glasshead_tui.commands import lab
    from glasshead_tui.commands.table import app

    words = line.split("#")[0].split("|")[0].split("<")[0].split()[1:]
    command = get_command(app)
    if words and words[0][0] != "-":
        command = of(command, words[0])
    if words[:1] == ["lab"] and len(words) > 1:
        command = of(get_command(lab.make_table([page_of(words[1])])), words[1])
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_targets_it_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test", "lint"} <= targets
    for name in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text(), re.MULTILINE)) <= targets


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
