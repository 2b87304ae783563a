"""`glasshead` in processes of its own that start at once: one process has imported everything, and forks for each.

Run as a program it reads commands, a JSON object a line, and answers with the number of the process that does each;
when one has ended it says how.
"""

import atexit
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path


class Fork:
    """A process that a `Server` has begun; used as a `subprocess.Popen` is."""

    def __init__(self, pid: int, ended: "queue.SimpleQueue[int]") -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """The exit status, below 0 for a signal; None while it runs."""
        if self.returncode is None and not self._ended.empty():
            self.returncode = self._ended.get()
        return self.returncode

    def wait(self, timeout: float = 120) -> int:
        """Wait for its end, if not for ever: the exit status."""
        if self.returncode is None:
            self.returncode = self._ended.get(timeout=timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Server:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._begun: queue.SimpleQueue[Fork] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        ends: dict[int, queue.SimpleQueue[int]] = {}
        for line in self.process.stdout:
            pid, status = json.loads(line)
            if status is None:
                ends[pid] = queue.SimpleQueue()
                self._begun.put(Fork(pid, ends[pid]))
            else:
                ends.pop(pid).put(status)

    def start(
        self, *words: str, log: Path | None = None, terminal: str | None = None, env: Mapping[str, str] | None = None
    ) -> Fork:
        """Begin `glasshead WORDS`, which writes to a file, or has a terminal; env: all of its environment."""
        assert self.process.stdin is not None
        asked = {
            "words": words,
            "log": None if log is None else str(log),
            "terminal": terminal,
            "env": dict(os.environ if env is None else env),
            "cwd": str(Path.cwd()),
        }
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return self._begun.get(timeout=120)


@cache
def server() -> Server:
    """The server of this process of tests: begun when it is first asked for, ended with it."""
    started = Server()
    atexit.register(started.process.kill)
    return started


def serve() -> None:
    """Fork for each command that is read, and say how each child ended; a child comes back with its own words."""
    import sacrebleu  # noqa: F401  what an evaluation imports

    import glasshead.lab.scaling
    import glasshead.subject  # noqa: F401
    import glasshead_tui.app
    import glasshead_tui.live.show
    import glasshead_tui.screens.watch  # noqa: F401
    from glasshead_tui.cli import main

    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    read, begun = b"", dict[int, int]()
    while True:
        for key, _ in waiting.select():
            if key.fd:
                waiting.unregister(key.fd)
                os.close(key.fd)
                pid = begun.pop(key.fd)
                print(json.dumps([pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]), flush=True)
                continue
            read += (got := os.read(0, 1 << 16))
            if not got:
                return
            *lines, read = read.split(b"\n")
            for line in lines:
                child = os.fork()
                if child == 0:
                    waiting.close()
                    become(**json.loads(line))
                    main()
                print(json.dumps([child, None]), flush=True)
                handle = os.pidfd_open(child)
                begun[handle] = child
                waiting.register(handle, selectors.EVENT_READ)


def become(words: list[str], log: str | None, terminal: str | None, env: dict[str, str], cwd: str) -> None:
    """Be a process that was started with these words, in this environment, at this terminal."""
    sys.argv[:] = ["glasshead", *words]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    os.setsid()
    # As for a program that a test starts: the terminal is not its controlling one.
    source = os.open(terminal or os.devnull, os.O_RDWR | os.O_NOCTTY)
    target = source if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for place, file in enumerate((source, target, target)):
        os.dup2(file, place)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    line_by_line = terminal is not None
    for place, name in ((1, "stdout"), (2, "stderr")):
        stream = open(place, "w", 1 if line_by_line else -1, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    serve()
