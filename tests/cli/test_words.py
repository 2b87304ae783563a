"""From words to a command: help, version, and the two readers of the explorer's options, which must agree."""

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Glasshead
from tests.forking import server

Process = Callable[..., "subprocess.CompletedProcess[bytes]"]

COMMANDS = (
    "explore",
    "translate",
    "show",
    "trace",
    "heads",
    "check",
    "checkpoints",
    "export",
    "train",
    "evaluate",
    "watch",
    "lab",
    "lesson",
)
HEAVY = {"torch", "textual", "numpy", "tokenizers", "rich", "pydantic"}


def imported_by(*words: str) -> set[str]:
    """The top-level modules that a run of `glasshead` imports."""
    code = "import sys; from glasshead_tui.cli import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_imports_nothing_heavy() -> None:
    assert not imported_by("--help") & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_needs_no_model_and_no_screen(command: str) -> None:
    assert not imported_by(command, "--help") & {"torch", "textual", "numpy", "tokenizers"}


def test_a_mistake_in_a_name_costs_no_torch() -> None:
    assert not imported_by("explore", "no-such-checkpoint") & {"torch", "textual", "numpy", "tokenizers", "typer"}


def test_listing_costs_no_torch() -> None:
    assert not imported_by("checkpoints") & {"torch", "textual", "numpy", "tokenizers"}


def test_help_names_every_command(glasshead: Glasshead) -> None:
    result = glasshead("--help")
    assert result.status == 0
    assert [line.split()[0] for line in result.out.split("Commands:\n")[1].splitlines()] == list(COMMANDS)
    assert "..." not in result.out.replace("[ARGS]...", ""), "a summary was cut short"


def test_version_is_that_of_the_package(glasshead: Glasshead) -> None:
    from importlib.metadata import version

    assert glasshead("--version").out == f"glasshead {version('glasshead')}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["explore"],
        ["explore", "tiny"],
        ["explore", "-"],
        ["explore", ""],
        ["explore", "tiny", "--no-mouse"],
        ["explore", "tiny", "a dog"],
        ["explore", "tiny", "--no-mouse", ""],
        ["explore", "--no-mouse", "tiny"],
        ["explore", "--text", "a dog"],
        ["explore", "--text", ""],
        ["explore", "--text", "-x"],
        ["explore", "--text", "--no-mouse"],
        ["explore", "--text", "one", "tiny", "--text", "two"],
        ["explore", "--no-mouse", "--no-mouse"],
        ["explore", "--text", "--help"],
        ["explore", "--text", "猫\x1b[2J"],
        [],
    ],
    ids=" ".join,
)
def test_what_is_read_without_typer_is_what_typer_reads(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    from glasshead_tui import cli
    from glasshead_tui.launch import explore as opening

    signature = inspect.signature(opening.explore)
    asked: list[dict[str, Any]] = []

    def record(*positional: Any, **named: Any) -> int:
        bound = signature.bind(*positional, **named)
        bound.apply_defaults()
        asked.append(bound.arguments)
        return 0

    monkeypatch.setattr(opening, "explore", record)
    given = cli.plain_words(words)
    if given is not None:
        record(**given)
    assert cli._typer(words) == 0
    assert all(each == asked[-1] for each in asked)
    assert given is not None or words in (["explore", "-"], ["explore", "--text", "--help"]), (
        "Typer was not needed here"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["explore", "--help"],
        ["explore", "--text"],
        ["explore", "--text=a"],
        ["explore", "a", "b", "c"],
        ["explore", "a", "b", "--text", "c"],
        ["explore", "a", "-"],
        ["explore", "--mouse"],
        ["explore", "--plain"],
        ["explore", "--", "a"],
        ["explored"],
        ["translate", "a"],
    ],
    ids=" ".join,
)
def test_all_else_is_left_to_typer(words: list[str]) -> None:
    from glasshead_tui.cli import plain_words

    assert plain_words(words) is None


def test_the_shell_can_complete_the_name_of_a_checkpoint(process: Process) -> None:
    asked = {"_GLASSHEAD_COMPLETE": "complete_bash", "COMP_WORDS": "glasshead explore ti", "COMP_CWORD": "2"}
    assert process(env=asked).stdout.split() == [b"tiny"]


def test_who_reads_no_further_ends_it_quietly(here: Path) -> None:
    reader, writer = os.pipe()
    words = ["trace", "tiny", "a dog", "--keep", "*", "--format", "tsv"]
    running = server().start(*words, stdout=writer, stderr=here / "told")
    os.close(writer)
    assert os.read(reader, 5) == b"site\t"
    os.close(reader)
    assert (running.wait(60), (here / "told").read_bytes()) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told_in_a_sentence(here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "glasshead_tui", "checkpoints"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=here,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1 and "could not be written" in done.stderr.decode()


def test_an_interrupt_ends_with_130_and_no_traceback(here: Path) -> None:
    (given, sentences), (lines, taken) = os.pipe(), os.pipe()
    running = server().start("translate", "tiny", "-", stdin=given, stdout=taken, stderr=here / "told")
    os.close(given)
    os.close(taken)
    os.write(sentences, b"a dog\n" * 3)
    assert os.read(lines, 1)  # it is at work, and will wait for more
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    assert (running.wait(60), (here / "told").read_bytes()) == (130, b"")
    os.close(sentences)
    os.close(lines)


def test_a_terminal_without_utf8_gets_escapes_in_place_of_a_crash(process: Process) -> None:
    done = process("explore", "tiny", "--steps", "1", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii() and rb"\u25b8" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="there is no pty here")
@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_without_a_whole_terminal_the_explorer_writes_text(here: Path, stream: str) -> None:
    """The app draws on one stream and listens to another; when any of them is not the terminal, it must not open."""
    import pty

    host, guest = pty.openpty()
    streams: dict[str, int | Path] = dict.fromkeys(("stdin", "stdout", "stderr"), guest)
    elsewhere = here / "elsewhere"
    elsewhere.touch()
    env = {**os.environ, "TERM": "xterm-256color"}
    streams[stream] = elsewhere
    running = server().start(
        "explore", "tiny", "--steps", "0", env=env,
        stdin=streams["stdin"], stdout=streams["stdout"], stderr=streams["stderr"],
    )  # fmt: skip
    os.close(guest)
    shown = b""
    try:
        while piece := os.read(host, 65536):
            shown += piece
    except OSError:  # how Linux says that a terminal has been hung up
        pass
    finally:
        os.close(host)
    shown += elsewhere.read_bytes()
    assert running.wait() == 0
    assert b"decoder.1.cross.weights" in shown and b"\x1b" not in shown
