"""Commands in processes of their own that start at once: one process has imported everything, and forks for each.

Run as a program it reads commands, a JSON list a line, and writes the number of the process that does each; that
process writes to the file named first, and is the caller's to kill.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Forks:
    """The process that forks, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def start(self, log: Path, *words: str) -> int:
        """Begin `glasshead WORDS`; its process."""
        assert self.process.stdin is not None
        print(json.dumps([str(log), *words]), file=self.process.stdin, flush=True)
        return int(self._lines.get(timeout=60))

    def status(self) -> int:
        """The exit status of the process begun last, below 0 for a signal; waits for it, if not for ever."""
        return int(self._lines.get(timeout=120))


@contextmanager
def forks() -> Iterator[Forks]:
    """Within it commands can be started quickly."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Forks(process)
        finally:
            process.kill()


def serve() -> None:
    """Read commands, fork, and report how each child ended."""
    import sacrebleu  # noqa: F401  what an evaluation imports

    from glasshead_tui.cli import run

    for line in sys.stdin:
        log, *words = json.loads(line)
        child = os.fork()
        if child == 0:
            with open(log, "ab", buffering=0) as file:  # noqa: PTH123
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            try:
                status = run(words)
            except BaseException:
                import traceback

                traceback.print_exc()
                status = 99
            sys.stdout.flush()
            os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
