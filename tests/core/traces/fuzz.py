"""Damaged recordings, opened as a person would: each in a fork of its own, with little time and little memory.

`python -m tests.core.traces.fuzz` damages small recordings some hundred times, and stops at the first copy that is
answered by a traceback, a signal, a long sentence or nothing in time. The seed and the number tell which copy.
"""

import argparse
import contextlib
import io
import json
import os
import random
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.core.checkpoints.fuzz import LONGEST, BadAnswerError, ask, prepare
from tests.core.checkpoints.harm import DEEP, ENTRIES, ODD, alter

KINDS = ("t5", "gpt", "bert", "the paper")


def answer(path: Path) -> str:
    """Open a file in every way; the sentences that refuse it. Raises what should not come."""
    from glasshead.analysis.norms import norms
    from glasshead.analysis.strongest import strongest
    from glasshead.errors import GlassheadError
    from glasshead.found import find
    from glasshead.session.session import Session
    from glasshead_tui.cli import run

    said = []
    try:
        found = find(path)
        found.check()
        session = Session(found.open())
        session.begin(session.subject.first_sentence)
        for _ in (0, *session.walk(99)):
            moment = session.moment
            session.check()
            strongest(moment.trace)
            for site in moment.trace.sites:
                with contextlib.suppress(GlassheadError):
                    moment.trace[site]
            cells(moment.trace)
            for stack in {kind.stack for kind in moment.trace.kinds}:
                with contextlib.suppress(GlassheadError):
                    norms(moment.trace, stack, 0)
            assert session.line.text is not None and session.subject.facts
        said.append("opened")
    except GlassheadError as error:
        said.append(str(error))
    for words in (
        [str(path), "--plain", "--steps", "1", "--text", "abcadc"],
        ["trace", str(path), "--keep", "*", "--format", "tsv"],
        ["translate", str(path), "a dog"],
    ):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(words)
        if status not in (0, 2) or (status == 2 and not err.getvalue()):
            raise BadAnswerError(f"{words} ended with {status}: {err.getvalue()[-2000:]}")
        said.append(err.getvalue())
    for sentence in said:
        if len(sentence) > LONGEST + len(str(path)) * 3:
            raise BadAnswerError(f"A sentence of {len(sentence)} characters: {sentence[:300]} … {sentence[-200:]}")
    return said[0]


def cells(trace: Any) -> None:
    """Work out a corner of every attention."""
    from glasshead.analysis.cell import cell
    from glasshead.errors import GlassheadError

    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            with contextlib.suppress(GlassheadError):
                cell(trace, prefix, 0, 0, 0)


def harm(path: Path, draw: random.Random) -> str:
    """Harm a file: its own header, the recording's, its bytes; what was done, in words."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    how = draw.choice(("recording", "recording", "recording", "entry", "entry", "numbers", "metadata", "bytes", "cut"))
    what = how
    if how == "recording":
        told, place = alter(json.loads(header["__metadata__"]["glasshead"]), draw)
        header["__metadata__"]["glasshead"], what = json.dumps(told), f"{how} at {place}"
    elif how == "entry":
        name = draw.choice(sorted(set(header) - {"__metadata__"}))
        key, odd = draw.choice(ENTRIES)
        header[name][key], what = odd, f"{name}.{key} {odd!r:.40}"
    elif how == "metadata":
        header["__metadata__"] = draw.choice((*ODD[:-2], {"glasshead": "[" * DEEP}, {"glasshead": "9" * 5000}))
    elif how == "numbers":
        rest = draw.randbytes(len(rest))
    told_header = json.dumps(header).encode()
    whole = struct.pack("<Q", len(told_header)) + told_header + rest
    if how == "bytes":
        spoiled = bytearray(whole)
        for _ in range(draw.choice((1, 5, 50))):
            spoiled[draw.randrange(min(len(spoiled), draw.choice((2000, 1 << 24))))] = draw.randrange(256)
        whole = bytes(spoiled)
    elif how == "cut":
        whole = whole[: draw.randrange(len(whole))]
    path.write_bytes(whole)
    return what


def fuzz(whole: Path, workspace: Path, seed: int, number: int, *, forked: bool = True) -> tuple[str, str]:
    """Damage a copy and ask: what was done, and the answer. Raises BadAnswerError; without a fork whatever comes."""
    path = workspace / "copies" / "copy.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(whole.read_bytes())
    done = harm(path, random.Random(f"{seed}-{number}"))
    try:
        return done, ask(path, answer) if forked else answer(path)
    except BadAnswerError as error:
        raise BadAnswerError(f"seed {seed}, copy {number} ({done}): {error}") from None


def main() -> int:
    """Damage and ask; 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--copies", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first copy")
    given = parser.parse_args()
    prepare()
    from tests.core.recordings import walked

    opened = 0
    with tempfile.TemporaryDirectory() as name:
        files = [walked(kind, 3).save(Path(name) / f"{at}.safetensors") for at, kind in enumerate(KINDS)]
        for file in files:
            answer(file)  # imports the rest, once for all forks
        for number in range(given.first, given.first + given.copies):
            try:
                opened += fuzz(files[number % len(files)], Path(name), given.seed, number)[1] == "opened"
            except BadAnswerError as error:
                print(error, flush=True)
                return 1
    print(f"{given.copies} copies: {opened} opened nevertheless, {given.copies - opened} refused, 0 wrong")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
