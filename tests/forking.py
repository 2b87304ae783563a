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
        self,
        *words: str,
        stdin: int | Path = Path(os.devnull),
        stdout: int | Path,
        stderr: int | Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Fork:
        """Begin `glasshead WORDS` with these streams, files or descriptors of ours; env: all of its environment.

        Standard error goes where the output goes if nothing is said.
        """
        assert self.process.stdin is not None
        streams = (stdin, stdout, stdout if stderr is None else stderr)
        asked = {
            "words": words,
            "streams": [f"/proc/{os.getpid()}/fd/{each}" if isinstance(each, int) else str(each) for each in streams],
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
                ready, become_ready = os.pipe()
                child = os.fork()
                if child == 0:
                    waiting.close()
                    become(**json.loads(line))
                    os.close(ready)
                    os.close(become_ready)
                    main()
                os.close(become_ready)
                os.read(ready, 1)  # the end of the file: the child has opened its streams, or is no more
                os.close(ready)
                print(json.dumps([child, None]), flush=True)
                handle = os.pidfd_open(child)
                begun[handle] = child
                waiting.register(handle, selectors.EVENT_READ)


def become(words: list[str], streams: list[str], env: dict[str, str], cwd: str) -> None:
    """Be a process that was started with these words and streams, in this environment and folder."""
    sys.argv[:] = ["glasshead", *words]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    os.setsid()
    for place, (name, path) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        output = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        access = os.O_RDWR if Path(path).is_char_device() else output if place else os.O_RDONLY
        # As for a program that a test starts: a terminal is not its controlling one.
        os.dup2(os.open(path, access | os.O_NOCTTY), place)
        mode, buffering = ("r", -1) if place == 0 else ("w", 1 if os.isatty(place) or place == 2 else -1)
        stream = open(place, mode, buffering, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    serve()
