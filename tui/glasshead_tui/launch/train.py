"""`glasshead train --watch`: the training in its own process, its screen here; each can end without the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from glasshead.checkpoints.format import SETTINGS
from glasshead.errors import GlassheadError
from glasshead.training.run import LOCK, LOG
from glasshead_tui.terminal.interrupt import SIGPIPE
from glasshead_tui.terminal.tty import discard
from glasshead_tui.terminal.visible import visible


def train_and_watch(words: list[str], folder: Path) -> int:
    """Start `glasshead WORDS` and show its run, then its log once the screen is left; return the training's exit
    status.

    Leaving the screen leaves the training alone; Ctrl-C after that stops it. Without a terminal there are only the
    lines. Raises GlassheadError if the folder cannot be written to.
    """
    from glasshead_tui.launch.watch import open_watch
    from glasshead_tui.terminal.tty import terminal

    log = folder / LOG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        output = log.open("ab")
    except OSError as error:
        raise GlassheadError(f"The folder {folder} cannot be written to: {error.strerror or error}.") from None
    before = stamp(folder)
    with output, log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(0, os.SEEK_END)
        training = subprocess.Popen(
            [sys.executable, "-u", "-m", "glasshead_tui", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's signals go to the screen, which decides
        )
        try:
            if terminal() and begun(training, folder, before):
                status = open_watch(folder)
                if status > 128:  # a signal, or the end of the terminal: the training saves, as without a screen
                    training.send_signal(signal.SIGINT)
                    training.wait()
                    return status
                if training.poll() is None:
                    print("The training goes on. Ctrl-C stops it, and saves.", flush=True)
            return follow_log(training, lines)
        except BrokenPipeError:  # the reader of the lines has gone: the training saves, as without a screen
            discard(sys.stdout)
            training.send_signal(signal.SIGINT)
            training.wait()
            return 128 + SIGPIPE
        except BaseException:
            training.send_signal(signal.SIGINT)
            raise


def stamp(folder: Path) -> int | None:
    """Return a value that changes when a training into the folder begins."""
    try:
        return (folder / LOCK).stat().st_mtime_ns
    except OSError:
        return None


def begun(training: "subprocess.Popen[bytes]", folder: Path, before: int | None) -> bool:
    """Wait until there is something to watch; return False if the training ended before that."""
    while training.poll() is None:
        if (folder / SETTINGS).is_file() and stamp(folder) != before:
            return True
        time.sleep(0.05)
    return False


def follow_log(training: "subprocess.Popen[bytes]", lines: TextIO) -> int:
    """Print the training's log until it ends, and pass Ctrl-C on."""
    while True:
        try:
            ended = training.poll() is not None
            for line in lines:
                print(visible(line.rstrip("\n")), flush=True)
            if ended:
                return training.returncode if training.returncode >= 0 else 128 - training.returncode
            time.sleep(0.2)
        except KeyboardInterrupt:
            training.send_signal(signal.SIGINT)
