"""Monkeys: random keys, clicks, pastes and sizes on the real screens, each program in a pseudo-terminal of its own.

`python -m tests.tui.monkey` plays sessions until every screen has had its keys, and stops at the first that ends with a
traceback or another status than 0, or that does not answer any more. The session is then written to a file, and
`--again FILE` plays it again. What is pressed depends on the seed alone; what is answered, on the machine's speed too.
Everything is imported once: a session is a fork.
"""

import argparse
import faulthandler
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PATIENCE = 30.0
"""Seconds without an answer after which a program is said to hang; the machine may be busy."""
KEYS = 800
"""Of a session, about."""
NOTES = Path(tempfile.gettempdir()) / f"monkey-{os.getpid()}"
"""Where a program that fails writes why."""
SCREENS = ("explore", "lab", "lesson", "watch")

NAMED = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "insert": "\x1b[2~", "delete": "\x1b[3~", "f1": "\x1bOP",
    "tab": "\t", "shift+tab": "\x1b[Z", "enter": "\r", "escape": "\x1b", "backspace": "\x7f", "space": " ",
    "ctrl+p": "\x10", "ctrl+c": "\x03", "ctrl+q": "\x11", "ctrl+z": "\x1a", "ctrl+u": "\x15", "ctrl+w": "\x17",
    "nul": "\x00", "f5": "\x1b[15~", "ctrl+right": "\x1b[1;5C", "alt+x": "\x1bx", "kitty": "\x1b[97;5u",
    "focus": "\x1b[I", "blur": "\x1b[O", "half": "\x1b[",
}  # fmt: skip
OFTEN = ("up", "down", "left", "right", "home", "end", "tab", "enter", "enter", "escape", "space", "space", "ctrl+p")
LETTERS = {
    "explore": "nbhjkl:iz[](),.tsmauvoSVFPrBEUCJK=-+DZx/L?",
    "lab": "abcdskjhl=rftnp[]:?LL",
    "watch": "zpnhjkl[](),.tcam:?",
}
LETTERS["lesson"] = LETTERS["lab"]
WORDS = ("the black cat", "a dog", "zzz", "3", "9999", "head", "scaling", "quit", "", "\t", "é中文‮[red]", "x" * 300)
SIZES = ((1, 1), (2, 1), (1, 30), (3, 2), (200, 1), (10, 3), (20, 5), (49, 14), (50, 15), (51, 15))
USUAL = ((80, 24), (104, 30), (120, 36), (200, 60))


@dataclass(frozen=True)
class Act:
    """What a monkey does at once: writes bytes, as Latin-1 has them, or changes the size; then waits."""

    write: str = ""
    keys: int = 0
    size: tuple[int, int] | None = None
    wait: float = 0.0


def acts(random: random.Random, screen: str, keys: int) -> Iterator[Act]:
    """What a monkey does in a session of about so many keys."""
    done = 0
    while done < keys:
        wait = random.choice((0.0, 0.0, 0.002, 0.02, 0.06, 0.15))
        if random.random() < 0.04:
            size = random.choice(SIZES if random.random() < 0.5 else USUAL)
            if random.random() < 0.2:
                size = random.randint(1, 130), random.randint(1, 45)
            yield Act(size=size, wait=wait)
            if size in SIZES and random.random() < 0.8:
                yield Act(size=random.choice(USUAL), wait=random.choice((0.0, 0.05)))
            continue
        count = 1 if random.random() < 0.5 else random.randint(2, 6) if random.random() < 0.6 else random.randint(7, 40)
        written = b"".join(_key(random, screen) for _ in range(count))
        done += count
        yield Act(write=written.decode("latin-1"), keys=count, wait=wait)


def _key(random: random.Random, screen: str) -> bytes:
    chance = random.random()
    if chance < 0.40:
        return NAMED[random.choice(OFTEN)].encode()
    if chance < 0.75:
        return random.choice(LETTERS[screen]).encode()
    if chance < 0.80:
        return random.choice("0123456789").encode()
    if chance < 0.88:
        return _mouse(random)
    if chance < 0.90:
        return b"\x1b[200~" + random.choice(WORDS).encode() + random.choice((b"", b"\r", b"\nle chat")) + b"\x1b[201~"
    if chance < 0.92:
        return random.choice(WORDS).encode() + random.choice((b"", b"\r", b"\x1b"))
    if chance < 0.97:
        return random.choice([*NAMED.values()]).encode()
    if chance < 0.99:
        return chr(random.choice((random.randint(32, 126), random.randint(0xA1, 0xD7FF)))).encode()
    return b"q"


def _mouse(random: random.Random) -> bytes:
    """A click, a movement, or a turn of the wheel."""
    place = f"{random.randint(1, 130)};{random.randint(1, 45)}"
    button = random.choice((0, 0, 0, 2, 35, 64, 65))
    released = f"\x1b[<{button};{place}m" if button < 3 else ""
    return f"\x1b[<{button};{place}M{released}".encode()


class FoundError(Exception):
    """How the program ended, or that it did not answer; and the end of what it wrote."""


class Caged:
    """A fork that runs `glasshead WORDS` in a pseudo-terminal."""

    def __init__(self, words: Sequence[str], size: tuple[int, int] = (120, 36)) -> None:
        self.tail = b""
        """The end of what it wrote."""
        self.written = 0
        """Bytes that it wrote."""
        self._over = False
        """Whether it has ended."""
        self._interrupted = False
        """Whether Ctrl-C was pressed: before and after there is a screen it ends a program with 130."""
        self.process, self._host = pty.fork()
        if self.process == 0:
            self._be(words, size)
        os.set_blocking(self._host, False)
        self.resize(size)

    def _be(self, words: Sequence[str], size: tuple[int, int]) -> None:
        """Be the program, in the fork."""
        from glasshead_tui.cli import run

        status = 99
        _note_errors()
        faulthandler.register(signal.SIGUSR1, NOTES.open("a", encoding="utf-8"))
        for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):  # not the parent's
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            status = run(list(words))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window another size."""
        fcntl.ioctl(self._host, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def read(self, seconds: float) -> bool:
        """Take in what comes within some time; whether anything came."""
        if not select.select([self._host], [], [], max(0.0, seconds))[0]:
            return False
        try:
            got = os.read(self._host, 1 << 16)
        except OSError:  # its end is closed
            time.sleep(min(seconds, 0.01))
            return False
        self.written += len(got)
        self.tail = (self.tail + got)[-(1 << 16) :]
        return bool(got)

    def status(self) -> int | None:
        """The exit status, if it has ended. One that suspended itself goes on, as after `fg`."""
        process, told = os.waitpid(self.process, os.WNOHANG | os.WUNTRACED)
        if process and os.WIFSTOPPED(told):
            os.kill(self.process, signal.SIGCONT)
            return None
        return os.waitstatus_to_exitcode(told) if process else None

    @property
    def left(self) -> bool:
        """Whether it has given the terminal back, for good or until it goes on: what is typed is not for it."""
        return self.tail.rfind(b"\x1b[?1049l") > self.tail.rfind(b"\x1b[?1049h")

    def do(self, act: Act) -> int | None:
        """Do one thing, reading meanwhile; the exit status if the program has ended."""
        if act.size is not None:
            self.resize(act.size)
        if self.left and (status := self.wait(back=True)) is not None:
            return status
        left, end = act.write.encode("latin-1"), time.monotonic() + PATIENCE
        self._interrupted = self._interrupted or "\x03" in act.write
        while left:
            if (status := self.status()) is not None:
                return self.ended(status)
            if select.select([], [self._host], [], 0)[1]:
                try:
                    left = left[os.write(self._host, left[:512]) :]
                except BlockingIOError:
                    pass
                except OSError:
                    return self.wait()
            self.read(0.001 if left else 0.0)
            if time.monotonic() > end:
                raise self._hung("it reads no keys any more")
        end = time.monotonic() + act.wait
        while self.read(0.0) or (time.monotonic() < end and self.read(end - time.monotonic())):
            pass
        status = self.status()
        return None if status is None else self.ended(status)

    def ended(self, status: int) -> int:
        """It has ended: rightly, or FoundError."""
        while self.read(0.0):
            pass
        os.close(self._host)
        self._over = True
        if not (status == 0 or (status == 130 and self._interrupted)) or b"Traceback" in self.tail:
            raise FoundError(f"it ended with {status}", self.tail)
        return status

    def wait(self, *, back: bool = False) -> int | None:
        """Its exit status, once it has ended; back: or None, once it has the terminal again."""
        end, heard = time.monotonic() + PATIENCE, self.written
        while (status := self.status()) is None:
            self.read(0.02)
            if back and not self.left:
                return None
            if self.written > heard:  # it still does what keys before asked for
                end, heard = time.monotonic() + PATIENCE, self.written
            if time.monotonic() > end:
                raise self._hung("it does not end")
        return self.ended(status)

    def start(self, first: str) -> None:
        """Wait until it draws, and press the first keys."""
        self.answer("its start", since=0)
        self.do(Act(write=first))

    def answer(self, what: str, since: int) -> bool:
        """Wait until it has written more than so many bytes; False where it ended instead, as it may."""
        end = time.monotonic() + PATIENCE
        while self.written <= since:
            self.read(0.05)
            if (status := self.status()) is not None:
                self.ended(status)
                return False
            if time.monotonic() > end:
                raise self._hung(f"there is no answer to {what}")
        return True

    def _hung(self, what: str) -> FoundError:
        """Have a program that hangs note where all of its threads are, and in what state its terminal is."""
        state = Path(f"/proc/{self.process}/stat")
        how = state.read_text().rpartition(")")[2].split()[0] if state.exists() else "?"
        line = termios.tcgetattr(self._host)[3] & termios.ICANON
        for _ in range(3):  # one look does not tell whether it goes round in a circle
            os.kill(self.process, signal.SIGUSR1)
            time.sleep(0.5)
        where = "given back" if self.left else "taken"
        return FoundError(f"{what} (state {how}, terminal {where}, {'by line' if line else 'by key'})", self.tail)

    def kill(self) -> None:
        """End it, whatever it does."""
        if not self._over:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            os.close(self._host)


def _note_errors() -> None:
    """Have every exception of a screen written to a file too: where the window is small, nobody can read Textual's."""
    from textual.app import App

    handle = App._handle_exception

    def note(app: App[object], error: Exception) -> None:
        with NOTES.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(error)))
        handle(app, error)

    App._handle_exception = note  # type: ignore[assignment,method-assign]


def plain(written: bytes) -> str:
    """What was written, without what steers a terminal."""
    text = re.sub(
        r"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(\x1b\\|\x07)|\x1b.", "", written.decode("utf-8", "replace")
    )
    return "".join(character for character in text if character.isprintable() or character == "\n")


def play(words: Sequence[str], played: Iterator[Act], log: list[Act], first: str = "") -> int:
    """One session: do everything, starting again what was left by a key, then see that it answers, and leave.

    first: pressed after each start · log: takes all that was done. Gives how many keys were pressed. Raises FoundError.
    """
    keys, caged = 0, Caged(words)
    try:
        caged.start(first)
        for act in played:
            log.append(act)
            keys += act.keys
            if caged.do(act) is not None:
                caged = Caged(words)
                caged.start(first)
        for what, act in (
            ("another size", Act(size=(81, 25), wait=0.2)),
            ("another size", Act(size=(120, 36), wait=0.2)),
            ("", Act(write="\x1b", wait=0.2)),
            ("", Act(write="\x1b", wait=0.2)),
            ("f1", Act(write=NAMED["f1"])),
        ):
            since = caged.written
            if caged.do(act) is not None or (what and not caged.answer(what, since)):
                return keys
        # Twice: on a busy machine the first may be read together with the escape, as one key with alt.
        leaving = (Act(write="\x1b", wait=0.3), Act(write="\x11", wait=2.0), Act(write="\x11"))
        if all(caged.do(act) is None for act in leaving):
            caged.wait()
        return keys
    finally:
        caged.kill()


@dataclass(frozen=True)
class Cage:
    """Where the screens find something to show."""

    folder: Path

    def prepare(self) -> None:
        """Make an untrained checkpoint and the folder of a training, and let nothing of the person's be touched."""
        # All that a fork would have to import by itself.
        import torch  # noqa: F401
        from tests.conftest import make_tiny
        from tests.tui import runs

        import glasshead_tui.app
        import glasshead_tui.commands.table
        import glasshead_tui.screens.explore
        import glasshead_tui.screens.lab
        import glasshead_tui.screens.watch  # noqa: F401

        make_tiny(self.folder / "tiny")
        runs.make(self.folder / "run")

    def words(self, screen: str) -> list[str]:
        """The command that opens a screen."""
        tiny, run = str(self.folder / "tiny"), str(self.folder / "run")
        return {
            "explore": ["explore", tiny, "--text", "the black cat is sleeping"],
            "lab": ["explore", tiny],
            "lesson": ["lesson", "--model", tiny],
            "watch": ["watch", run],
            "nowhere": ["watch", str(self.folder / "nowhere")],
        }[screen]


def main() -> int:
    """Play, or play again; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="monkey", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keys", type=int, default=100_000, help="on each screen")
    parser.add_argument("--screen", choices=SCREENS, action="append", help="this one only; may be given more than once")
    parser.add_argument("--session", type=int, default=KEYS, help="keys of a session, about")
    parser.add_argument("--again", type=Path, help="a session that was written")
    parser.add_argument("--found", type=Path, default=Path("runs/monkey"), help="where a failing session is written")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = folder
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", OMP_NUM_THREADS="1")
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            os.environ.pop(name, None)
        cage = Cage(Path(folder))
        cage.prepare()
        if given.again is not None:
            kept = json.loads(given.again.read_text(encoding="utf-8"))
            return _session(cage, kept["screen"], iter([Act(**act) for act in kept["acts"]]), given.again.name, None)[1]
        print(f"seed {given.seed}, {given.keys} keys on each screen", flush=True)
        for screen in given.screen or SCREENS:
            keys, session = 0, 0
            while keys < given.keys:
                name = f"{screen}-{given.seed}-{session}"
                played = acts(random.Random(name), screen, min(given.session, given.keys - keys))
                pressed, found = _session(cage, screen, played, name, given.found)
                if found:
                    return found
                keys, session = keys + pressed, session + 1
            print(f"{screen}: {keys} keys in {session} sessions", flush=True)
    return 0


def _session(cage: Cage, screen: str, played: Iterator[Act], name: str, keep: Path | None) -> tuple[int, int]:
    """One session: keys and status. What was found is told, and kept as a file where `keep` names a folder."""
    log: list[Act] = []
    NOTES.unlink(missing_ok=True)
    try:
        return play(cage.words(screen), played, log, "L" if screen == "lab" else ""), 0
    except FoundError as error:
        last = [act.write.encode("latin-1") if act.size is None else act.size for act in log[-8:]]
        sentence, tail = error.args
        noted = NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""
        print(f"{name}: {sentence}. Last: {last}\n{plain(tail)[-3000:]}\n{noted}", flush=True)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            file = keep / f"{name}.json"
            file.write_text(json.dumps({"screen": screen, "acts": [asdict(act) for act in log]}), encoding="utf-8")
            print(f"Play it again: python -m tests.tui.monkey --again {file}", flush=True)
        return 0, 1
    finally:
        NOTES.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(main())
