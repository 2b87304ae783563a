"""`glasshead.explore` from a program: text without a terminal, the app in one."""

from pathlib import Path
from typing import Any

import pytest
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.torch_nn.tutorials import TUTORIALS
from tests.tui.launch.test_opening import App
from tests.tui.pseudo_terminal import Terminal

import glasshead

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from tests.core.adapters.torch_nn.tutorials import TUTORIALS, WORDS
import glasshead

tutorial = TUTORIALS["gpt"]
model = tutorial.module()
glasshead.explore(model, target=[2, 4, 5, 7], logits=lambda target: model(target), tokens=WORDS)
print("left", flush=True)
"""


def test_without_a_terminal_every_step_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    tutorial = TUTORIALS["translation"]
    module = tutorial.module()
    glasshead.explore(
        module, tutorial.source, logits=module.run, tokens=tutorial.tokens, steps=2, kind="self", layer=1, head=3
    )
    out = capsys.readouterr().out
    assert "source      <bos> the black cat sees a dog <eos>" in out and "head 3   decoder.1.self.weights" in out
    assert out.count("\nstep ") == 3
    line = tutorial.subject(module).start("the black cat sees a dog")
    line.goto(2)
    assert f"text        {line.text}" in out
    weights = line.outlook["decoder.1.self.weights"][3]
    assert f"{weights[1, 0]:.3f}".lstrip("0") in out and "///" in out


def test_a_weight_on_the_future_is_written_and_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    module: Any = TUTORIALS["gpt"].module()
    module.mask = lambda length: None
    glasshead.explore(module, target=[2, 4, 5], tokens=TUTORIALS["gpt"].tokens, steps=0)
    assert "///" not in capsys.readouterr().out.split("step 0")[1]


@pytest.mark.parametrize("kind", ["hugging face", "subject", "folder"])
def test_whatever_can_be_explored_is(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import AutoTokenizer

    module = save("llama", tmp_path / "llama").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "llama")
    if kind == "hugging face":
        glasshead.explore(module, tokenizer=tokenizer, text="the black cat", steps=1)
    elif kind == "subject":
        glasshead.explore(glasshead.subject(module, tokenizer=tokenizer), text="the black cat", steps=1)
    else:
        glasshead.explore(tmp_path / "llama", text="the black cat", steps=1)
    out = capsys.readouterr().out
    assert "text        the black cat" in out and out.count("\nstep ") == 2


def test_in_a_terminal_the_app_gets_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    of = TUTORIALS["gpt"].subject(TUTORIALS["gpt"].module(), name="mine")
    monkeypatch.setattr("glasshead_tui.launch.explore.terminal", lambda: True)
    monkeypatch.setattr("glasshead_tui.app.GlassheadApp", App)
    App.opened.clear()
    glasshead.explore(of, text="the cat", forced="sees", mouse=False)
    assert App.opened == [
        {
            "checkpoint": "mine",
            "text": "the cat",
            "forced": "sees",
            "edits": (),
            "session": None,
            "beside": None,
            "mouse": False,
        }
    ]


def test_a_program_opens_the_explorer_in_a_real_terminal(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PROGRAM.format(root=str(ROOT)))
    path = ":".join((str(ROOT / "core"), str(ROOT / "tui"), str(ROOT)))
    with Terminal(size=(80, 24), program=[str(script)], env={"PYTHONPATH": path}) as terminal:
        terminal.until("masked self-attention", "4 of 4")
        terminal.press("space", "space")
        terminal.until("step 2")
        terminal.press("q")
        assert terminal.status() == 0 and b"left" in terminal.raw
