"""The README's commands run, and its links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.core.adapters.huggingface.folders import save
from tests.forking import server

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def example(part: str) -> str:
    """The example in Python that holds some text."""
    [found] = [block for block in blocks("python") if part in block]
    return found


def run(code: str, output: Path, folder: Path = ROOT) -> str:
    """What a program writes into a file, in a process of its own."""
    told, complained = output / "told", output / "complained"
    process = server().start(stdout=told, stderr=complained, cwd=folder, first=f"{code}\nraise SystemExit")
    assert process.wait() == 0, complained.read_text()
    return told.read_text()


def test_the_library_example_runs(tmp_path: Path) -> None:
    *tokens, last = run(example('subject = glasshead.load("english-french")'), tmp_path).splitlines()
    assert tokens[-1].startswith("</s>") and all(0 <= float(line.rsplit(" ", 1)[1]) <= 1 for line in tokens)
    assert last.endswith(")")


def test_the_example_of_a_session_runs(tmp_path: Path) -> None:
    first, *steps = run(example("glasshead.Session("), tmp_path).splitlines()
    assert first and len(steps) == 6, "a line, and beside it the six steps of the original"
    chances = [list(map(float, (step.split(" ")[-3], step.split(" ")[-1]))) for step in steps]
    assert all(0 <= now <= 1 and 0 <= was <= 1 for was, now in chances)
    assert any(now < was / 5 for was, now in chances), "the hidden word is missed"


def test_the_check_of_ones_own_module_runs(tmp_path: Path) -> None:
    code = example("glasshead.check(model")
    assert "raise_for_status" in code
    given = (
        "import glasshead, torch\n"
        "config = glasshead.Config(vocab_size=8000, d_model=32, heads=2, d_ff=64, encoder_layers=1, decoder_layers=1)\n"
        "model = glasshead.Transformer(config).eval()\n"
    )
    assert run(given + code, tmp_path, tmp_path) == ""


def test_a_module_of_torch_is_explored_as_it_says(tmp_path: Path) -> None:
    shown = run(example("nn.Transformer("), tmp_path, tmp_path)
    assert "encoder–decoder" in shown or "decoder.1.cross.weights" in shown
    assert "<bos>" in shown and "sees" in shown


def test_a_live_model_of_hugging_face_is_explored_as_it_says(tmp_path: Path) -> None:
    save("gpt2", tmp_path / "gpt2-folder")
    shown = run(example("AutoModelForCausalLM.from_pretrained"), tmp_path, tmp_path)
    assert "decoder.1.self.weights" in shown and "black" in shown


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
        command = of(command, words[0] if words[0] in command.commands else "explore")  # type: ignore[attr-defined]
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
