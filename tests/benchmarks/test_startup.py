"""Starting: `glasshead --help` against Typer alone, and how soon the explorer says something in a real terminal."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.tui.pseudo_terminal import GLASSHEAD, Terminal

ROUNDS = 7
# Compiled modules are there after the first start of any program; a start that has to compile measures the compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(*words: str) -> float:
    """Time Python with these words."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=ENVIRONMENT)
    return time.perf_counter() - begin


def test_help_costs_little_more_than_typer() -> None:
    """≤ 2.5 × `python -c "import typer"`; the two take turns, so that a busy moment meets both."""
    both = [(seconds("-m", "glasshead_tui", "--help"), seconds("-c", "import typer")) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for ours, theirs in both[1:])
    print(f"\nglasshead --help: {ratio:.2f} × import typer")
    assert ratio <= 2.5


def first_text(*words: str) -> float:
    """Seconds until glasshead in a pty has drawn words on the screen that it has taken over."""
    begin = time.perf_counter()
    with Terminal(*words, size=(120, 36), env={"PYTHONDONTWRITEBYTECODE": None}, program=GLASSHEAD) as terminal:
        while b"glasshead" not in terminal.raw.partition(b"\x1b[?1049h")[2]:
            assert time.perf_counter() - begin < 20 and terminal.program.poll() is None, terminal.text
            terminal.read()
        return time.perf_counter() - begin


@pytest.mark.skipif(os.name == "nt", reason="there is no pty here")
def test_the_explorer_says_something_at_once(tiny: Path) -> None:
    """≤ 0.3 s from the start of Python to the first words on the screen; the model is loaded meanwhile.

    Where the machine is so busy or so slow that Textual alone takes as long to import, the same multiple of that holds.
    """
    both = [(first_text("explore", str(tiny)), seconds("-c", "import textual.app")) for _ in range(ROUNDS)]
    found, textual = min(first for first, _ in both), min(second for _, second in both)
    print(f"\nfirst text: {found:.3f} s; Textual alone: {textual:.3f} s")
    assert found <= max(0.3, 1.6 * textual)
