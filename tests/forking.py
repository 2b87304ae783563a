"""`glasshead` in processes of its own that start at once: one process has imported everything, and forks for each.

Run as a program it hears commands on a socket, each with three streams and a line of JSON, and answers with the number
of the process that does it; when one has ended it says how.
"""

import atexit
import gc
import json
import os
import queue
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from importlib import import_module
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
        self._line, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[1],  # wherever a test may be: PYTHONPATH may be relative to here
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self._begun: queue.SimpleQueue[Fork] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        ends: dict[int, queue.SimpleQueue[int]] = {}
        with self._line.makefile("rb") as answers:
            for line in answers:
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
        cwd: Path | None = None,
        first: str = "",
    ) -> Fork:
        """Begin `glasshead WORDS` with these streams, files or descriptors of ours; env: all of its environment.

        Standard error goes where the output goes if nothing is said. first: a program that is run before the command,
        and in its place if it ends with SystemExit.
        """
        given = dict(os.environ if env is None else env)
        asked = {"words": words, "env": given, "cwd": str(cwd or Path.cwd()), "first": first}
        with ExitStack() as opened:
            streams = []
            for stream, mode in ((stdin, "rb"), (stdout, "ab"), (stdout if stderr is None else stderr, "ab")):
                file = stream if isinstance(stream, int) else opened.enter_context(stream.open(mode)).fileno()
                streams.append(file)
            socket.send_fds(self._line, [b"!"], streams)
            self._line.sendall(json.dumps(asked).encode() + b"\n")
            return self._begun.get(timeout=120)


@cache
def server() -> Server:
    """The server of this process of tests: begun when it is first asked for, ended with it."""
    started = Server()
    atexit.register(started.process.kill)
    return started


def serve(line: socket.socket) -> None:
    """Fork for each command that is read, and say how each child ended; a child goes on with its own words."""
    import sacrebleu  # noqa: F401  what an evaluation imports

    import glasshead.adapters.edited
    import glasshead.lab.scaling
    import glasshead.subjects  # noqa: F401
    import glasshead_tui.app
    import glasshead_tui.commands.table
    import glasshead_tui.live.show
    import glasshead_tui.screens.watch  # noqa: F401
    from glasshead_tui.cli import main

    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    waiting = selectors.DefaultSelector()
    waiting.register(line, selectors.EVENT_READ)
    waiting.register(woken, selectors.EVENT_READ)
    children: set[int] = set()
    while True:
        for key, _ in waiting.select():
            if key.fd == woken:
                os.read(woken, 1 << 10)
                for child in list(children):
                    pid, status = os.waitpid(child, os.WNOHANG)
                    if pid:
                        children.remove(child)
                        line.sendall(json.dumps([pid, os.waitstatus_to_exitcode(status)]).encode() + b"\n")
                continue
            got, streams, *_ = socket.recv_fds(line, 1, 3)
            if not got:
                return
            asked = b""
            while not asked.endswith(b"\n"):
                asked += line.recv(1 << 16)
            given = json.loads(asked)
            if "train" in given["words"]:  # seconds of imports, of which other commands need none
                import_module("glasshead.training.loop")
            gc.freeze()  # what all have imported need not be gone through again in each, least of all at its end
            child = os.fork()
            if child == 0:
                waiting.close()
                line.close()
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                first = given.pop("first")
                become(streams, **given)
                exec(first, {"__name__": "__main__"})
                main()
            for stream in streams:
                os.close(stream)
            children.add(child)
            line.sendall(json.dumps([child, None]).encode() + b"\n")


def become(streams: list[int], words: list[str], env: dict[str, str], cwd: str) -> None:
    """Be a process that was started with these streams and words, in this environment and folder."""
    sys.argv[:] = ["glasshead", *words]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    os.setsid()
    for place, (name, file) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        os.dup2(file, place)
        mode, buffering = ("r", -1) if place == 0 else ("w", 1 if os.isatty(place) or place == 2 else -1)
        stream = open(place, mode, buffering, encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    for file in streams:
        os.close(file)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        serve(given)
