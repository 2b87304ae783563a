"""The explorer in a real terminal: sizes, colours, hostile tokens, and leaving."""

import re
import signal
from pathlib import Path

import pytest
from tests.tui.pseudo_terminal import GLASSHEAD, Terminal

SENTENCE = "the black cat"


def opened(folder: Path, **more: object) -> Terminal:
    return Terminal("explore", str(folder), "--text", SENTENCE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
def test_a_step_draws_a_row_more_at_every_size(tiny: Path, size: tuple[int, int]) -> None:
    with opened(tiny, size=size) as terminal:
        terminal.until("step 0", "truth")
        assert "╱" not in terminal.text
        terminal.press("space", "space", "t", "t")  # from encoder–decoder attention to the masked one
        terminal.until("step 2", "✓", "╱")
        assert "? help" in terminal.text
        assert "q quit" in terminal.text
        if size[0] >= 120:
            for title in ("map", "sum", "vectors", "norms"):
                assert f"─ {title}" in terminal.text
        terminal.press("q")
        assert terminal.status() == 0


def test_no_color_sends_no_colour_and_tells_things_apart(tiny: Path) -> None:
    with opened(tiny, size=(120, 36), env={"NO_COLOR": "1"}) as terminal:
        terminal.until("step 0", "truth")
        terminal.press("space", "space", "t", "t")
        terminal.until("step 2", "╱", "[")
        parameters = [p for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for p in found.split(b";")]
        assert not {int(p) for p in parameters if p} & {*range(30, 39), *range(40, 49), *range(90, 108)}


@pytest.mark.parametrize(
    ("env", "seen", "never"),
    [
        ({}, rb"[34]8;2;", rb"no colour is out of reach"),
        ({"COLORTERM": None}, rb"[34]8;5;", rb"[34]8;2;"),
        ({"COLORTERM": None, "TERM": "xterm"}, rb"\x1b\[[0-9;]*4[0-7][;m]", rb"[34]8;[25];"),
    ],
    ids=["truecolor", "256", "16"],
)
def test_only_colours_that_the_terminal_has(tiny: Path, env: dict[str, str | None], seen: bytes, never: bytes) -> None:
    with opened(tiny, size=(120, 36), env=env) as terminal:
        terminal.until("step 0", "✓")
        terminal.press("space")
        terminal.until("step 1")
        assert re.search(seen, terminal.raw)
        assert not re.search(never, terminal.raw)


def test_no_mouse_leaves_the_mouse_to_the_terminal(tiny: Path) -> None:
    with opened(tiny) as terminal:
        terminal.until("step 0")
        assert b"\x1b[?1000h" in terminal.raw
    with Terminal("explore", str(tiny), "--text", SENTENCE, "--no-mouse") as terminal:
        terminal.until("step 0")
        assert b"\x1b[?1000h" not in terminal.raw
        terminal.program.send_signal(signal.SIGTERM)
        assert terminal.status() == 128 + 15 and b"\x1b[?1049l" in terminal.raw, "a signal leaves the screen"


def test_hostile_tokens_are_shown_and_never_obeyed(hostile: Path) -> None:
    with Terminal("explore", str(hostile), size=(120, 36)) as terminal:
        terminal.until("step 0", "truth")
        terminal.press("space", "space", "enter")
        terminal.until("which token follows")
        terminal.press("escape")
        terminal.until_gone("which token follows")
        for obeyed in (b"\x1b[2J", b"owned\x07", b"\x9b31m", "\u202e".encode()):
            assert obeyed not in terminal.raw
        assert "␛[2J" in terminal.text
        terminal.press("q")
        assert terminal.status() == 0


def test_a_window_of_20_by_5_gets_a_sentence(tiny: Path) -> None:
    with opened(tiny, size=(20, 5)) as terminal:
        terminal.until("20×5")
        terminal.press("q")
        assert terminal.status() == 0


def test_a_checkpoint_that_is_not_there_ends_with_a_sentence_and_2(tmp_path: Path) -> None:
    with Terminal("explore", str(tmp_path / "nowhere")) as terminal:
        assert terminal.status() == 2
        assert "There is no folder" in terminal.text
        assert "Traceback" not in terminal.text


def test_keys_pressed_while_the_model_loads_are_answered_and_kept(tiny: Path) -> None:
    with opened(tiny, size=(120, 36), program=GLASSHEAD) as terminal:
        terminal.until("glasshead")
        terminal.press("space", "space")
        terminal.until("step 2")
        terminal.press("tt)1lia dog\r ")  # all in one write
        terminal.until("a dog", "step 1", "decoder 1 · masked self-attention", "head 1")
