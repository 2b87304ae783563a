"""Damaged checkpoints, opened as a person would: each in a fork of its own, with little time and little memory.

`python -m tests.core.checkpoints.fuzz` damages a tiny checkpoint some thousand times, and stops at the first copy that
is answered by a traceback, a signal, a long sentence or nothing in time. The seed and the number tell which copy.
"""

import argparse
import contextlib
import io
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.conftest import make_tiny
from tests.core.checkpoints.harm import harm

SECONDS = 30.0
"""Time for one copy; a machine may be busy."""
MEMORY = 2 << 30
"""Bytes that it may take beyond what is there at the fork."""
LONGEST = 600
"""Characters of a sentence."""


class BadAnswerError(Exception):
    """How a damaged checkpoint was answered, wrongly."""


def answer(folder: Path) -> str:
    """Open a folder in every way; the sentences that refuse it. Raises what should not come."""
    import glasshead
    from glasshead.decoding.pick import Sample
    from glasshead.errors import GlassheadError
    from glasshead_tui.cli import run

    said = []
    try:
        subject = glasshead.load(folder)
        line = subject.start("the cat")
        for _ in range(3):
            if not line.done:
                line.step()
        said.append("opened")
        for options in ({"pick": Sample(seed=1)}, {"pick": Sample(top_k=3, top_p=0.5)}, {"beam": 3}):
            try:
                subject.translate("the cat", **options)
            except GlassheadError as error:
                said.append(str(error))
    except GlassheadError as error:
        said.append(str(error))
    for words in (
        ["checkpoints"],
        ["checkpoints", "--json"],
        ["explore", str(folder), "--plain", "--text", "a dog", "--steps", "1"],
    ):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(words)
        if status not in (0, 2) or (status == 2) != bool(err.getvalue()):
            raise BadAnswerError(f"{words} ended with {status}: {err.getvalue()[-2000:]}")
        said.append(err.getvalue())
        if len(out.getvalue()) > 1_000_000:
            raise BadAnswerError(f"{words} wrote {len(out.getvalue())} characters")
    for sentence in said:
        if len(sentence) > LONGEST + len(str(folder)) * 3:
            raise BadAnswerError(f"A sentence of {len(sentence)} characters: {sentence[:300]} … {sentence[-200:]}")
    return said[0]


def ask(folder: Path, answer: Callable[[Path], str] = answer) -> str:
    """`answer` in a fork; its first sentence. Raises BadAnswerError, with what it wrote."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _be(folder, write, answer)
    os.close(write)
    got, end = b"", time.monotonic() + SECONDS
    while True:
        if not select.select([read], [], [], max(0.0, end - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
            break
        if not (piece := os.read(read, 1 << 16)):
            break
        got += piece
    os.close(read)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = got.decode("utf-8", "replace")
    if status == -signal.SIGKILL and time.monotonic() >= end:
        raise BadAnswerError(f"no answer in {SECONDS:.0f} seconds: {text}")
    if status != 0:
        raise BadAnswerError(f"status {status}: {text}")
    return text


def _be(folder: Path, write: int, answer: Callable[[Path], str]) -> None:
    """Be the fork: answer, or tell what came instead."""
    status = 99
    try:
        os.dup2(write, 1)
        os.dup2(write, 2)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        os.chdir(folder.parent.parent)
        os.write(write, answer(folder).encode("utf-8", "replace"))
        status = 0
    except BaseException:
        os.write(write, traceback.format_exc()[-4000:].encode("utf-8", "replace"))
    finally:
        os._exit(status)


def fuzz(whole: Path, workspace: Path, seed: int, number: int) -> tuple[str, str]:
    """Damage a copy and ask: what was done, and the answer. Raises BadAnswerError."""
    folder = workspace / "checkpoints" / "copy"
    shutil.rmtree(workspace / "checkpoints", ignore_errors=True)
    shutil.copytree(whole, folder)
    done = harm(folder, random.Random(f"{seed}-{number}"))
    try:
        return done, ask(folder)
    except BadAnswerError as error:
        raise BadAnswerError(f"seed {seed}, copy {number} ({done}): {error}") from None


def prepare() -> None:
    """Import what every fork needs."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    import glasshead_tui.cli
    import glasshead_tui.commands.table  # noqa: F401

    torch.set_num_threads(1)


def main() -> int:
    """Damage and ask; 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--copies", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first copy")
    parser.add_argument("--on", action="store_true", help="go on after a wrong answer")
    given = parser.parse_args()
    prepare()
    opened, wrong = 0, 0
    print(f"seed {given.seed}, {given.copies} copies", flush=True)
    with tempfile.TemporaryDirectory() as name:
        make_tiny(Path(name) / "whole")
        answer(Path(name) / "whole")  # imports the rest, once for all forks
        for number in range(given.first, given.first + given.copies):
            try:
                opened += fuzz(Path(name) / "whole", Path(name), given.seed, number)[1] == "opened"
            except BadAnswerError as error:
                wrong += 1
                print(error, flush=True)
                if not given.on:
                    return 1
    print(
        f"{given.copies} copies: {opened} opened nevertheless, {given.copies - opened - wrong} refused, {wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
