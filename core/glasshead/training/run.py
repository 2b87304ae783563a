"""A run's folder: its contents, its lock, and how a checkpoint arrives there whole or not at all.

    run.toml              the settings                       metrics.jsonl   every step and score (journal.py)
    data/                 the corpus (corpus.py)             probes/         attention over time (probes.py)
    checkpoints/step-…/   whole checkpoints, each with training/, all that an exact resume needs (state.py)
    latest, best          one line each: the newest of them, and with patience the best
    config.json, …        once the training has ended the folder is itself a checkpoint

A checkpoint is written beside its place and flushed to the disk, then moved in with one rename, and only then does
`latest` name it. Whatever kills the process leaves `latest` naming a whole one.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from glasshead.checkpoints import format as checkpoint
from glasshead.checkpoints.format import SETTINGS
from glasshead.errors import GlassheadError
from glasshead.files import flush, is_part, refuse_undecodable, remove, replace_text
from glasshead.training.record.journal import plausible

METRICS, LOCK, LOG, PROBE, BEST = "metrics.jsonl", ".lock", "train.log", ".writable", "best"
DATA, PROBES, CHECKPOINTS, TRAINING = "data", "probes", "checkpoints", "training"
OWN = {
    checkpoint.SETTINGS, METRICS, checkpoint.LATEST, BEST, LOCK, DATA, PROBES, CHECKPOINTS, "tensorboard", "wandb", LOG
}  # fmt: skip
PUBLISHED = ("config.json", "model.safetensors", "tokenizer.json", "source-tokenizer.json", "README.md")
STEP = re.compile(r"step-(\d{8,})")


class Run:
    """The folder of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings, self.metrics = folder / checkpoint.SETTINGS, folder / METRICS
        self.data, self.probes = folder / DATA, folder / PROBES

    @property
    def begun(self) -> bool:
        """Whether a training was begun here."""
        return self.settings.is_file()

    @property
    def latest(self) -> Path | None:
        """The newest whole checkpoint; None if nothing is saved yet."""
        try:
            name = (self.folder / checkpoint.LATEST).read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        folder = self.folder / name
        if Path(name).parent != Path(CHECKPOINTS) or not STEP.fullmatch(folder.name) or not folder.is_dir():
            raise GlassheadError(
                f"{self.folder / checkpoint.LATEST} names {name!r}, which is no checkpoint of this run: "
                f"write the name of an existing folder into it, like {CHECKPOINTS}/{step_name(500)}."
            )
        return folder

    def check(self, *, overwrite: bool = False) -> None:
        """Raise GlassheadError if the folder is a file, or holds something else than a run; change nothing.

        overwrite: also accept a checkpoint that is no run.
        """
        folder = self.folder
        if "\0" in str(folder):
            raise GlassheadError("--out holds a NUL character, which no folder's name can.")
        refuse_undecodable(folder)
        try:
            if folder.exists() and not folder.is_dir():
                raise GlassheadError(f"--out {folder} is a file; give a folder, which may be new.")
            names = {path.name for path in folder.iterdir()} if folder.is_dir() and not self.begun else set()
        except OSError as error:
            raise GlassheadError(f"The folder {folder} cannot be read: {error.strerror or error}.") from None
        names = {name for name in names - {LOCK, LOG, PROBE} if not is_part(name)}
        if checkpoint.CONFIG in names:
            if not overwrite:
                raise GlassheadError(
                    f"The folder {folder} holds a checkpoint already; give another one, or --overwrite to replace it."
                )
            names -= set(PUBLISHED)
        if names:
            raise GlassheadError(
                f"The folder {folder} holds something else ({min(names)}); give a new or an empty one."
            )

    def ready(self) -> None:
        """Make the folder. Raises GlassheadError if it cannot be written to."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / PROBE
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise GlassheadError(f"The folder {self.folder} cannot be written to: {error.strerror or error}.") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training into this folder. The system releases the lock when a process dies."""
        try:
            file = (self.folder / LOCK).open("a")
        except OSError as error:
            raise GlassheadError(f"The folder {self.folder} cannot be written to: {error.strerror or error}.") from None
        with file:
            _lock(file, self.folder)
            os.utime(self.folder / LOCK)  # a process that waits for the training to begin sees it
            yield

    def clear(self, but: Iterable[str] = ()) -> None:
        """Remove the run that was here, except the names in `but`; other files stay, and what a link leads to.

        A file that names another goes first, and the settings last: a kill leaves a run, if an older one. Raises
        GlassheadError for what the system does not let go.
        """
        first, last = (checkpoint.LATEST, BEST, checkpoint.CONFIG), checkpoint.SETTINGS
        rest = {*PUBLISHED, *OWN} - {*first, last, LOCK, LOG}
        for name in (*first, *sorted(rest), last):
            path = self.folder / name
            if name in but:
                continue
            try:
                remove(path)
            except OSError as error:
                raise GlassheadError(
                    f"{error.filename or path} cannot be removed: {error.strerror or error}. "
                    f"Remove {self.folder} yourself, or give another --out."
                ) from error

    def tidy(self) -> None:
        """Remove half-written files of a killed process."""
        for part in (self.folder / CHECKPOINTS).glob(".*.part"):
            remove(part)
        for folder in (self.folder, self.data):
            for path in folder.iterdir() if folder.is_dir() else ():
                if is_part(path.name) and path.is_file():
                    path.unlink()

    def publish(self, step: int, write: Callable[[Path], None]) -> Path:
        """Write a checkpoint: `write` fills a folder, which is then moved to its place, whole."""
        home = self.folder / CHECKPOINTS
        place = home / step_name(step)
        part = home / f".{place.name}.part"
        try:
            remove(part)
            part.mkdir(parents=True)
            write(part)
            for path in (*part.rglob("*"), part):
                flush(path)
            if place.exists():  # moved in, but not named before the process died: it is written again here
                if self.latest == place:
                    (self.folder / checkpoint.LATEST).unlink()
                remove(place)
            part.replace(place)
            flush(home)
            replace_text(self.folder / checkpoint.LATEST, f"{CHECKPOINTS}/{place.name}\n")
        except (OSError, GlassheadError) as error:
            with suppress(OSError):
                remove(part)
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            raise GlassheadError(
                f"The checkpoint of step {step} could not be written to {home}: {cause.strerror or cause}. "
                f"{self.describe_safe()}"
            ) from error
        return place

    def name_best(self, step: int) -> None:
        """Name the checkpoint of a step as the best one."""
        replace_text(self.folder / BEST, f"{CHECKPOINTS}/{step_name(step)}\n")

    def describe_safe(self) -> str:
        """Describe in a sentence what is still safe after a loss."""
        latest = self.latest
        if latest is None:
            return "Nothing had been saved before."
        return f"What was saved at step {int(latest.name.removeprefix('step-'))} is whole; --resume continues from it."

    def saved(self) -> dict[int, Path]:
        """Map the step of every checkpoint to its folder."""
        found = (self.folder / CHECKPOINTS).glob("step-*")
        return {int(match[1]): path for path in sorted(found) if (match := STEP.fullmatch(path.name))}

    def prune(self, keep: set[int], resumable: int) -> None:
        """Remove the checkpoints of other steps, and the optimizer, the largest part, of all but `resumable`."""
        for step, folder in self.saved().items():
            if step not in keep:
                remove(folder)
            elif step != resumable:
                (folder / TRAINING / "adam.safetensors").unlink(missing_ok=True)


def step_name(step: int) -> str:
    """Return the name of a step's folder; names sort as steps do."""
    return f"step-{step:08}"


def _lock(file: TextIO, folder: Path) -> None:
    if os.name == "nt":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise GlassheadError(
            f"Another process is training into {folder}. Wait for it, stop it with Ctrl-C, or give another --out."
        ) from None
    except OSError:  # some network file systems have no locks
        return


FIRST = 1 << 16
"""Bytes of metrics.jsonl in which a training must show, if the file is that long."""


def check(folder: Path) -> None:
    """Raise GlassheadError if a folder is not a training's."""
    name = str(folder)
    if "\0" in name:
        raise GlassheadError("The name of the folder holds a NUL character, which no folder's name can.")
    try:
        if not folder.exists():
            raise GlassheadError(f"There is no folder {name}. Give the one that `glasshead train --out` writes to.")
        if not folder.is_dir():
            raise GlassheadError(
                f"{name} is a file; a run is a folder, the one that `glasshead train --out` writes to."
            )
        if (folder / SETTINGS).is_file():
            return
        if not (folder / METRICS).is_file():
            raise GlassheadError(
                f"{name} holds neither {SETTINGS} nor {METRICS}: it is not the folder of a training. "
                "Give the one that `glasshead train --out` writes to."
            )
        with (folder / METRICS).open("rb") as file:
            beginning = file.read(FIRST)
    except OSError as error:
        raise GlassheadError(f"{name} cannot be opened: {error.strerror}.") from None
    if not plausible(beginning):
        raise GlassheadError(
            f"{folder / METRICS} holds no event of a training: {name} is another kind of folder. "
            "Give the one that `glasshead train --out` writes to."
        )
