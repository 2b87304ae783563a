"""Watcher: the one thread that reads a run's folder while it is watched, and posts frozen messages.

It only reads, and a file only if it has changed. A run that is killed, resumed, moved away or brought back needs no
special treatment: each look reports the present contents.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from textual.message import Message

from glasshead.errors import GlassheadError
from glasshead.training.record import probes
from glasshead.training.record.journal import Follower, Metrics
from glasshead.training.record.probes import Recorded
from glasshead.training.run import LOG, METRICS, PROBES

POLL = 0.5
"""Seconds between two looks at the folder."""
PATIENCE = 0.05
"""Seconds between two checks for a wish, or for the end of the app."""
SLICE = 0.1
"""Seconds that a long file is read at a time, before the part read is reported."""
KEPT = 64 << 20
"""Bytes of recorded attention that are kept, to be shown again at once."""
COARSE = 3.0
"""Seconds in which two changes of a folder may get the same time: the folder is listed again for this long."""


class Heard(Message):
    """The contents of the folder have changed."""

    def __init__(self, metrics: Metrics | None, stops: tuple[int, ...], trouble: str, note: str) -> None:
        """stops: the steps with recorded attention · trouble: why nothing can be read · note: last line of the log."""
        super().__init__()
        self.metrics, self.stops, self.trouble, self.note = metrics, stops, trouble, note


class AttentionRead(Message):
    """The attention recorded at the requested step was read."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self.recorded = recorded


class Unread(Message):
    """The attention recorded at a step cannot be read, and why."""

    def __init__(self, step: int, sentence: str) -> None:
        super().__init__()
        self.step, self.sentence = step, sentence


class Watcher:
    """Watches a folder. `want` returns at once, from any thread; of several wishes the newest counts."""

    def __init__(self, folder: Path, post: Callable[[Message], Any]) -> None:
        """post: takes the messages; called from the watcher's thread."""
        self._folder, self._post = folder, post
        self._follower = Follower(folder / METRICS)
        # No SimpleQueue: its timeout never comes if the program was suspended meanwhile.
        self._wishes: Queue[int] = Queue()
        self._reported: tuple[object, ...] = ()
        self._metrics: Metrics | None = None
        self._stops: tuple[int, ...] = ()
        self._listed = -1
        self._note, self._logged = "", (0, 0)
        self._kept: OrderedDict[int, tuple[tuple[int, int], Recorded]] = OrderedDict()

    def want(self, step: int) -> None:
        """Ask for the attention recorded at a step."""
        self._wishes.put(step)

    def run(self, gone: Callable[[], bool]) -> None:
        """Watch until `gone()`."""
        due = 0.0
        while not gone():
            try:
                wish = self._wishes.get(timeout=min(PATIENCE, max(0.0, due - time.monotonic())))
                while not self._wishes.empty():
                    wish = self._wishes.get()
                self._recall(wish)
            except Empty:
                pass
            if time.monotonic() >= due:
                due = time.monotonic() + (0.0 if self.look() else POLL)

    def look(self) -> bool:
        """Read and report changes; return whether there is more to read at once."""
        end, more, trouble = time.monotonic() + SLICE, True, ""
        changed = False
        try:
            while more and time.monotonic() < end:
                more = self._follower.advance()
                changed = changed or more
        except FileNotFoundError:
            more = False
            trouble = "" if self._folder.is_dir() else "the folder is gone"
        except OSError as error:
            more, trouble = False, f"the folder cannot be read: {error.strerror}"
        if changed:
            self._metrics = self._follower.metrics()
        self._stops = self._list()
        self._read_log()
        now = self._metrics, self._stops, self._listed, trouble, self._note
        if now != self._reported:
            self._reported = now
            self._post(Heard(self._metrics, self._stops, trouble, self._note))
        return more

    def _list(self) -> tuple[int, ...]:
        """List the recorded steps, from the disk if they may have changed."""
        folder = self._folder / PROBES
        try:
            changed = folder.stat().st_mtime_ns
        except OSError:
            self._listed = -1
            return ()
        if changed != self._listed or abs(time.time() - changed / 1e9) < COARSE:
            self._listed = changed
            return tuple(probes.steps(folder))
        return self._stops

    def _read_log(self) -> None:
        """Read the last line of the training's log, if it has changed."""
        try:
            now = (self._folder / LOG).stat()
            if (now.st_mtime_ns, now.st_size) != self._logged:
                with (self._folder / LOG).open("rb") as file:
                    file.seek(max(0, file.seek(0, 2) - 4096))
                    lines = file.read().decode("utf-8", "replace").split("\n")
                self._note = next((line.strip() for line in reversed(lines) if line.strip()), "")
                self._logged = now.st_mtime_ns, now.st_size
        except OSError:
            self._note, self._logged = "", (0, 0)

    def _recall(self, step: int) -> None:
        """Post the attention recorded at a step; read it unless it is kept."""
        folder = self._folder / PROBES
        try:
            now = (folder / f"step-{step:08}.safetensors").stat()
            sign = now.st_mtime_ns, now.st_size
            known = self._kept.get(step)
            if known is None or known[0] != sign:
                known = self._kept[step] = sign, probes.load(folder, step)
        except OSError as error:
            self._post(Unread(step, f"What was recorded at step {step} is not there any more ({error.strerror})."))
        except GlassheadError as error:
            self._post(Unread(step, str(error)))
        else:
            self._kept.move_to_end(step)
            while len(self._kept) > 1 and sum(recorded.bytes for _, recorded in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
            self._post(AttentionRead(known[1]))
