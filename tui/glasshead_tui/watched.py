"""`glasshead train --watch`: the training in a process of its own, its screen here; each can end without the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from glasshead_tui.visible import visible

LOG = "train.log"
"""What the training tells, in the run's folder."""


def train_and_watch(words: list[str], folder: Path) -> int:
    """Start `glasshead WORDS`, show its run, and after the screen was left show its lines; the training's exit status.

    Leaving the screen leaves the training alone; Ctrl-C after that stops it, as ever.
    """
    from glasshead_tui.watching import open_watch

    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("wb") as output:
        training = subprocess.Popen(
            [sys.executable, "-u", "-m", "glasshead_tui", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # what the terminal sends goes to the screen, and the screen decides
        )
    with log.open(encoding="utf-8", errors="replace") as lines:
        try:
            if begun(training, folder):
                open_watch(folder)
                if training.poll() is None:
                    print("The training goes on. Ctrl-C stops it, and saves.", flush=True)
            return attend(training, lines)
        except BaseException:
            training.send_signal(signal.SIGINT)
            raise


def begun(training: "subprocess.Popen[bytes]", folder: Path) -> bool:
    """Wait until there is something to be watched; False if the training ended before that."""
    while training.poll() is None:
        if (folder / "run.toml").is_file():
            return True
        time.sleep(0.05)
    return False


def attend(training: "subprocess.Popen[bytes]", lines: TextIO) -> int:
    """Show what the training tells until it ends, and pass Ctrl-C on."""
    while True:
        try:
            ended = training.poll() is not None
            for line in lines:
                print(visible(line.rstrip("\n")), flush=True)
            if ended:
                return training.returncode if training.returncode >= 0 else 128 - training.returncode
            time.sleep(0.2)
        except KeyboardInterrupt:
            os.kill(training.pid, signal.SIGINT)
