"""Watching in a real terminal."""

import shutil
from pathlib import Path

import pytest
from tests.tui.pseudo_terminal import Terminal
from tests.tui.runs import Run, make


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
def test_in_a_real_terminal(run: Run, size: tuple[int, int]) -> None:
    with Terminal("watch", str(run.folder), size=size) as terminal:
        terminal.until("ended", "stop 5 of 5", "says now", "? help", "q quit")
        terminal.press("left", "left")
        terminal.until("stop 3 of 5", "rows look at columns · step 20")
        terminal.press("?")
        terminal.until("Watch a training")
        terminal.press("escape")
        terminal.until_gone("Watch a training")
        terminal.press("q")
        assert terminal.status() == 0


def test_no_color_sends_no_colour_and_tells_things_apart(run: Run) -> None:
    import re

    with Terminal("watch", str(run.folder), size=(120, 36), env={"NO_COLOR": "1"}) as terminal:
        terminal.until("ended", "stop 5 of 5", "█", "c chrF", "o valid")
        terminal.press("t", "t")
        terminal.until("╱", "−∞")
        parameters = [p for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for p in found.split(b";")]
        assert not {int(p) for p in parameters if p} & {*range(30, 39), *range(40, 49), *range(90, 108)}


def test_a_second_terminal_sees_what_a_training_writes(tmp_path: Path) -> None:
    run = make(tmp_path / "run", until=20, ended=False)
    with Terminal("watch", str(run.folder), size=(120, 36)) as terminal:
        terminal.until("running", "step 20 of 40", "stop 3 of 3")
        run.step(21)
        run.probe(21, given=("le chat", "le chat"))
        terminal.until("step 21 of 40", "stop 4 of 4", "rows look at columns · step 21")
        shutil.rmtree(run.folder)
        terminal.until("the folder is gone")
        terminal.press("q")
        assert terminal.status() == 0
