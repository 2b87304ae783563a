"""In a terminal: errors before the app opens, the arguments of the app, and the exit status after its end."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from tests.core.adapters.huggingface.folders import save

from glasshead.found import Found, find
from glasshead_tui.cli import run


class Screen:
    """Stands for the terminal: whatever is written is kept."""

    encoding = "utf-8"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.text = ""
        self._monkeypatch = monkeypatch

    def run(self, *words: str) -> int:
        """Run the command line in this terminal."""
        with self._monkeypatch.context() as patch:
            for name in ("stdin", "stdout", "stderr"):
                patch.setattr(sys, name, self)
            return run(words)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...


@pytest.fixture
def screen(here: Path, monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm-256color")
    return Screen(monkeypatch)


class App:
    """Stands for the explorer."""

    opened: ClassVar[list[dict[str, Any]]] = []
    return_code: int | None = 0
    next_model: str | None = None

    def __init__(self, found: Found, text: str | None = None, **given: Any) -> None:
        self.given = {"checkpoint": found.title, "text": text, **given}

    def run(self, *, mouse: bool) -> None:
        self.opened.append({**self.given, "mouse": mouse})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> type[App]:
    module = ModuleType("glasshead_tui.app")
    module.__dict__["GlassheadApp"] = App
    monkeypatch.setitem(sys.modules, "glasshead_tui.app", module)
    monkeypatch.setattr(App, "opened", [])
    monkeypatch.setattr(App, "return_code", 0)
    return App


def test_the_app_is_given_what_was_asked_for(screen: Screen, app: type[App]) -> None:
    assert screen.run("explore", "tiny", "--text", "a dog", "--no-mouse") == 0
    assert screen.run("explore", "tiny") == 0
    assert app.opened == [
        {
            "checkpoint": "tiny",
            "text": "a dog",
            "forced": None,
            "edits": (),
            "session": None,
            "beside": None,
            "mouse": False,
        },
        {
            "checkpoint": "tiny",
            "text": None,
            "forced": None,
            "edits": (),
            "session": None,
            "beside": None,
            "mouse": True,
        },
    ]
    assert screen.text == ""


def test_a_model_that_was_chosen_in_the_app_is_opened_next(
    screen: Screen, app: type[App], here: Path, twofold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    shutil.copytree(twofold, here / "checkpoints" / "twofold")

    def run(self: App, *, mouse: bool) -> None:
        self.opened.append({**self.given, "mouse": mouse})
        self.next_model = "twofold" if len(self.opened) == 1 else None

    monkeypatch.setattr(App, "run", run)
    assert screen.run("explore", "tiny", "--text", "a dog", "--no-mouse") == 0
    assert [(each["checkpoint"], each["text"], each["mouse"]) for each in app.opened] == [
        ("tiny", "a dog", False),
        ("twofold", None, False),
    ]


@pytest.mark.parametrize("code", [1, 70])
def test_an_app_that_crashed_is_a_failure_to_the_shell(screen: Screen, app: type[App], code: int) -> None:
    app.return_code = code
    assert screen.run("explore", "tiny") == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["explore", "tinny"], "Did you mean tiny?"),
        (["explore", "tiny", "--text", " "], "empty"),
        (["explore", "tiny", "--text", "a" * 10_000], "at most 47"),
    ],
)
def test_a_mistake_is_told_before_the_screen_is_taken(
    screen: Screen, app: type[App], words: list[str], told: str
) -> None:
    assert screen.run(*words) == 2
    assert told in screen.text and not app.opened


def test_two_vocabularies_are_told_apart_before_the_screen_is_taken(
    screen: Screen, app: type[App], here: Path, twofold: Path
) -> None:
    import shutil

    folder = Path(shutil.copytree(twofold, here / "twofold"))
    words = "the zebra " * 50
    assert screen.run("explore", "twofold", "--truncate", "--text", words) == 0
    assert app.opened[0]["text"] == ("the zebra " * 24).removesuffix(" zebra "), "47 words of the source's vocabulary"
    (folder / "source-tokenizer.json").unlink()
    assert screen.run("explore", "twofold") == 2
    assert "holds no source-tokenizer.json" in screen.text.replace("\n", " ") and len(app.opened) == 1


def test_a_damaged_checkpoint_is_told_before_the_screen_is_taken(screen: Screen, app: type[App], here: Path) -> None:
    weights = here / "checkpoints" / "tiny" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    assert screen.run("explore", "tiny") == 2
    assert "truncated" in screen.text and not app.opened


@pytest.mark.parametrize(
    ("length", "told"),
    [(None, "is None"), ("48", "is '48'"), ("many", "is 'many'"), (0, "is 0"), (True, "is True"), (..., "is missing")],
)
def test_a_longest_length_that_is_none_is_told_before_the_screen_is_taken(
    screen: Screen, app: type[App], here: Path, length: Any, told: str
) -> None:
    path = here / "checkpoints" / "tiny" / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["config"]["max_length"]
    if length is not ...:
        content["config"]["max_length"] = length
    path.write_text(json.dumps(content), encoding="utf-8")
    assert screen.run("explore", "tiny", "--text", "a dog") == 2
    assert f"max_length {told}" in screen.text.replace("\n", " ") and "config.json" in screen.text and not app.opened


def test_truncate_gives_the_app_what_fits(screen: Screen, app: type[App]) -> None:
    assert screen.run("explore", "tiny", "--truncate", "--text", "the black cat " * 50) == 0
    assert app.opened[0]["text"] == ("the black cat " * 16).removesuffix(" cat ")


@pytest.mark.parametrize("words", [["--plain"], []])
def test_text_is_written_where_it_is_wanted_or_the_terminal_cannot_draw(
    screen: Screen, app: type[App], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    if not words:
        monkeypatch.setenv("TERM", "dumb")
    assert screen.run("explore", "tiny", "--steps", "0", *words) == 0
    assert not app.opened and "decoder.1.cross.weights" in screen.text


def test_a_lesson_whose_place_cannot_be_kept_opens_and_says_so(
    screen: Screen, app: type[App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("glasshead_tui.state.course.path", lambda: tmp_path / "file" / "lesson.json")
    assert screen.run("lesson", "heads", "--model", "tiny") == 0
    assert app.opened[0]["lab"] == "heads" and "cannot be kept in" in app.opened[0]["notice"]
    assert screen.run("lesson", "heads", "--plain") == 0
    assert "cannot be kept in" in screen.text and ">  3  heads" in screen.text


def test_the_first_frame_waits_for_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, glasshead_tui.launch.explore, glasshead_tui.app, glasshead_tui.screens.explore\n"
        "import glasshead_tui.work.worker\n"
        "print(sorted({'torch', 'numpy', 'typer', 'tokenizers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


BEFORE_THE_SCREEN = """
import sys
from types import ModuleType
from glasshead_tui.launch import explore

class App:
    return_code = 0
    next_model = None

    def __init__(self, found, text, **more):
        print(sorted({"torch", "transformers", "tokenizers", "numpy"} & sys.modules.keys()))
        self.text = text

    def run(self, mouse):
        print(self.text() if callable(self.text) else self.text)

sys.modules["glasshead_tui.app"] = ModuleType("glasshead_tui.app")
sys.modules["glasshead_tui.app"].GlassheadApp = App
explore.terminal = lambda: True
explore.explore(sys.argv[1], text="the black cat is sleeping " * 20, truncate=True)
"""


def test_the_screen_of_a_folder_of_hugging_face_waits_for_no_library(tmp_path: Path) -> None:
    module = save("gpt2", tmp_path)
    code = [sys.executable, "-c", BEFORE_THE_SCREEN, str(tmp_path)]
    before, text = subprocess.run(code, capture_output=True, text=True, check=True).stdout.splitlines()
    assert before == "[]"
    names = find(tmp_path).source
    assert len(names.encode(text)) == module.config.n_positions - 1, "the text was cut where it was needed"
