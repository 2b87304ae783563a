"""The display of a training: its panel at any size, and in a real terminal that is looked at while it is drawn."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests import played
from tests.played import HOSTILE, STEPS, Sample, evaluated, started, update
from tests.tui.pseudo_terminal import Terminal

from glasshead.training.events import Preparing
from glasshead_tui.live.figures import Figures
from glasshead_tui.live.panel import panel

SIZES = [(80, 24), (120, 36), (200, 60)]
CURSOR = re.compile(rb"\x1b\[\?25[lh]")


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Terminal]:
    """`play(scene, size=…)`: that scene, shown in a terminal; `tmp_path` holds what it waits for."""

    def opened(scene: str, size: tuple[int, int] = (80, 24), env: dict[str, str | None] | None = None) -> Terminal:
        home = str(Path(played.__file__).parents[1])
        return Terminal(
            str(tmp_path), scene, size=size, env={"PYTHONPATH": home, **(env or {})}, program=[played.__file__]
        )

    return opened


def drawn(figures: Figures, width: int, height: int, **more: bool) -> list[str]:
    return [line.plain for line in panel(figures, width, height, seconds=75, **more)]


def trained(steps: int = 1240) -> Figures:
    """Make the figures after some steps and two evaluations."""
    figures = Figures()
    figures.note(started())
    for step in range(1, steps + 1):
        figures.note(update(step))
        if step in (500, 1000):
            figures.note(evaluated(step))
    return figures


@pytest.mark.parametrize("width", [1, 5, 20, 43, 44, 60, 75, 76, 79, 119, 199, 400])
def test_the_panel_fits_every_window(width: int) -> None:
    wide = Figures()
    wide.note(started(device=HOSTILE))
    wide.note(update(1, loss=1e9, perplexity=float("inf"), rate=float("nan"), norm=float("nan"), mfu=float("nan")))
    wide.note(evaluated(1, samples=(Sample("猫" * 90, HOSTILE, "é" * 99), Sample("", "", ""))))
    preparing = Figures()
    preparing.note(Preparing("猫" * 90, 1, 0))
    bare = Figures()
    bare.note(started())
    usual = trained()
    for height in (1, 2, 5, 8, 12, 23, 35, 59):
        for figures in (usual, wide, preparing, bare, Figures()):
            for stopping in (False, True):
                lines = drawn(figures, width, height, stopping=stopping)
                assert len(lines) <= height
                assert max(map(cell_len, lines), default=0) <= width
                assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(79, 23), (119, 35), (199, 59)])
def test_everything_is_in_the_panel_of_a_usual_window(width: int, height: int) -> None:
    figures = trained()
    figures.note(update(1241, pace=0.2))
    text = "\n".join(drawn(figures, width, height))
    for part in (
        *("step 1,241 of 2,000", "1:15 elapsed", "2:32 left", "5,000 tokens/s", " 62 %", "bf16 on cpu", "memory"),
        *("last 51 updates", "loss", "perplexity", "learning rate  5.0e-04", "gradient norm     0.75"),
        *("MFU 31 % of 210 GFLOP/s that a large matrix product reaches here", "validation · step 1,000"),
        *("5.000 ▼ 2.000", "50.0 % ▲ 25.0", "45.0 ▲ 22.5", "47.5 ▲ 23.8"),
        *("✓ the black cat", "→ le chat noir", "✗ a small dog", "expected   un petit chien"),
    ):
        assert part in text, f"{part} is not in\n{text}"


def test_the_bar_is_full_only_at_the_end() -> None:
    for step, full, said in ((1, False, "  0 %"), (STEPS - 1, False, " 99 %"), (STEPS, True, "100 %")):
        figures = Figures()
        figures.note(started())
        figures.note(update(step))
        line = drawn(figures, 80, 24)[1]
        assert said in line
        assert (not {"╸", "─"} & set(line)) == full


def test_a_worse_score_is_not_drawn_as_a_better_one() -> None:
    figures = Figures()
    figures.note(started())
    figures.note(update(1500))
    for step, perplexity in ((500, 3.0), (1000, 4.0), (1500, 4.0)):
        figures.note(evaluated(step, perplexity=perplexity, exact=0.5))
        if step == 1000:
            worse = next(line for line in panel(figures, 79, 23, seconds=1) if "▲ 1.000" in line.plain)
            assert {str(span.style) for span in worse.spans if "▲" in worse.plain[span.start : span.end]} == {"red"}
    assert "4.000 =" in "\n".join(drawn(figures, 79, 23))


def test_after_a_resume_nothing_is_claimed_that_is_not_known() -> None:
    figures = Figures()
    figures.note(started(step=700))
    assert "step 700 of 2,000" in "\n".join(drawn(figures, 79, 23))
    figures.note(update(701, first=701))
    text = "\n".join(drawn(figures, 79, 23))
    assert "tokens/s" not in text and "left" not in text
    figures.note(update(702, first=701))
    text = "\n".join(drawn(figures, 79, 23))
    assert "5,000 tokens/s" in text and "4:20 left" in text


@pytest.mark.parametrize("size", SIZES)
def test_a_training_in_a_terminal(play: Callable[..., Terminal], tmp_path: Path, size: tuple[int, int]) -> None:
    with play("whole", size) as terminal:
        terminal.until("preparing", "reading pairs.tsv", "430,000 of 1,000,000", "43 %")
        (tmp_path / "read").touch()
        terminal.until("step 1,240 of 2,000", "expected   un petit chien", "memory ─╯")
        lines = terminal.text.splitlines()
        top, bottom = next(at for at, line in enumerate(lines) if line.startswith("╭─ training")), len(lines) - 1
        while not lines[bottom]:
            bottom -= 1
        assert lines[bottom].startswith("╰") and "memory" in lines[bottom]
        assert all(line.startswith("│") and line.endswith("│") for line in lines[top + 1 : bottom])
        assert "step 1000: 50.0 % of 200 validation sentences" in "\n".join(lines[:top])  # kept, above it
        assert terminal.text.count("╭") == 1
        (tmp_path / "seen").touch()
        terminal.until("scoring validation sentences", "80 of 200")
        (tmp_path / "scored").touch()
        assert terminal.status() == 0
        for part in (
            "step 2000/2000  loss 1.5",
            "100.0 % of 200 unseen test",
            "✓ the black cat → le chat noir",
            "after",
        ):
            assert part in terminal.text
        assert "╭" not in terminal.text and "│" not in terminal.text
        assert CURSOR.findall(terminal.raw) == [b"\x1b[?25l", b"\x1b[?25h"]
        assert b"\x1b[2J" not in terminal.raw and b"\x1b[?1049" not in terminal.raw


def test_it_is_not_drawn_for_every_update(play: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "read").touch()
    with play("whole") as terminal:
        began = time.monotonic()
        terminal.until("step 1,240 of 2,000")
        seconds = time.monotonic() - began
        # 1,240 updates were told in this time; a drawing begins by switching the wrapping of lines off.
        assert terminal.raw.count(b"\x1b[?7l") <= 2 + 4 * seconds


def test_what_is_hostile_steers_nothing(play: Callable[..., Terminal], tmp_path: Path) -> None:
    with play("hostile", (120, 36)) as terminal:
        terminal.until("reading ␛[2Jcat")
        (tmp_path / "read").touch()
        terminal.until("printed ␛[2Jcat", "warned ␛[2Jcat", "saved to ␛[2Jcat", "[red]", "✗ ␛[2Jcat")
        (tmp_path / "seen").touch()
        assert terminal.status() == 0
        for obeyed in (b"\x1b[2J", b"\x9b31m", "\u009b".encode(), "\u202e".encode(), b"\x07"):
            assert obeyed not in terminal.raw


def test_no_color_sends_no_colour(play: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "read").touch()
    with play("whole", env={"NO_COLOR": "1"}) as terminal:
        terminal.until("step 1,240 of 2,000", "✗", "▼")
        parameters = [p for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for p in found.split(b";")]
        assert not {int(p) for p in parameters if p} & {*range(30, 39), *range(40, 49), *range(90, 108)}


def test_another_size_of_the_window_is_drawn_whole(play: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "read").touch()
    with play("whole", (120, 36)) as terminal:
        terminal.until("step 1,240 of 2,000")
        for size in ((80, 24), (50, 16), (130, 40)):
            terminal.resize(*size)
            # The edges of the panel are as wide as the window, less the column that stays free.
            terminal.until(f"╭─ training {'─' * (size[0] - 28)} bf16 on cpu ─╮", "MB of memory ─╯")
            assert terminal.text.count("╭") == 1 == terminal.text.count("╰")


def test_a_bug_keeps_its_traceback_and_the_cursor(play: Callable[..., Terminal]) -> None:
    with play("failing") as terminal:
        assert terminal.status() == 1
        assert "ValueError: this is a bug" in terminal.text
        assert "step 39/2000" in terminal.text and "╭" not in terminal.text
        assert CURSOR.findall(terminal.raw)[-1] == b"\x1b[?25h"
        assert terminal.raw.rfind(b"\x1b[?7h") > terminal.raw.rfind(b"\x1b[?7l")


def test_an_interrupt_gives_the_terminal_back(play: Callable[..., Terminal]) -> None:
    with play("stopping") as terminal:
        terminal.until("step 731 of 2,000")
        terminal.program.send_signal(signal.SIGINT)
        terminal.status()
        assert "KeyboardInterrupt" in terminal.text and "╭" not in terminal.text
        assert CURSOR.findall(terminal.raw)[-1] == b"\x1b[?25h"


def test_who_asks_to_stop_is_told_that_it_was_heard(play: Callable[..., Terminal], tmp_path: Path) -> None:
    with play("stopping") as terminal:
        terminal.until("─ training")
        (tmp_path / "asked").touch()
        terminal.until("stopping: this step is finished, then all is saved")
        (tmp_path / "stop").touch()
        assert terminal.status() == 0
        assert "Stopped after step 731 of 2000; all that was learned is saved." in terminal.text


def test_a_dumb_terminal_gets_plain_lines(play: Callable[..., Terminal], tmp_path: Path) -> None:
    for name in ("read", "seen", "scored"):
        (tmp_path / name).touch()
    with play("whole", env={"TERM": "dumb"}) as terminal:
        assert terminal.status() == 0
        assert b"\x1b" not in terminal.raw
        assert "step 2000/2000" in terminal.text


def test_drawing_costs_neither_torch_nor_textual() -> None:
    program = "import sys, glasshead_tui.live.panel\nsys.exit(bool({'torch', 'textual', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
