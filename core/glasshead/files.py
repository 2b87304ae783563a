"""Files that are written whole or not at all, and survive a loss of power."""

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from glasshead.errors import GlassheadError

WITHIN = 128
"""Bytes of the longest path of a file in a run's folder, counted from that folder, and some to spare."""
POINTER = b"version https://git-lfs.github.com/spec/"
"""Beginning of a Git LFS pointer, which stands for a file that was not fetched."""


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk. Windows opens no folder; some file systems flush none."""
    if os.name == "nt" and path.is_dir():
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def refuse_pointer(path: Path) -> None:
    """Raise GlassheadError for a Git LFS pointer in place of the file: a fresh copy would be the same again.

    An unreadable file passes: its reader will say why.
    """
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            begins = file.read(len(POINTER))
    except OSError:
        return
    if begins == POINTER:
        raise GlassheadError(
            f"{path} is a pointer of Git LFS, which stands for the file and is not it. "
            f"Fetch the file: run `git lfs pull` in {path.parent}."
        )


def refuse_undecodable(path: Path) -> None:
    """Raise GlassheadError for a name that is not UTF-8: the libraries that write weights need one."""
    own = path.name or path.resolve().name  # of `.` too: it is written into cards
    if any("\ud800" <= character <= "\udfff" for character in f"{path}{own}"):
        raise GlassheadError(f"The name of {path} is not valid UTF-8: rename the file or the folder.")


def check_path(path: Path, option: str) -> None:
    """Raise GlassheadError if the path of a folder leaves no room for the names of the files in it."""
    try:
        longest = os.pathconf("/", "PC_PATH_MAX")
    except (AttributeError, ValueError, OSError):  # Windows
        return
    size, most = len(os.fsencode(path.absolute())), longest - WITHIN
    if size > most:
        raise GlassheadError(
            f"{option} is {size:,} bytes long; at most {most:,} fit, with the names of the files in it."
        )


def open_plain(path: Path, most: int | None = None) -> BinaryIO:
    """Open a file for reading if it is a plain one of at most `most` bytes.

    A pipe would block for ever, a device has no end, and a damaged or sparse file may be larger than the memory.
    Raises GlassheadError for these, and OSError if the file cannot be opened.
    """
    # Without O_NONBLOCK, opening a pipe without a writer would block. For a plain file it makes no difference.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            kind = (
                "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device"
            )
            raise GlassheadError(f"{path} is {kind}; it must be a plain file.")
        if most is not None and found.st_size > most:
            raise GlassheadError(
                f"{path} has {found.st_size:,} bytes; at most {most:,} are read of such a file. Take a fresh copy."
            )
    except BaseException:
        os.close(number)
        raise
    return os.fdopen(number, "rb")


def read_plain(path: Path, most: int) -> bytes:
    """Read all of a plain file. See `open_plain`."""
    with open_plain(path, most) as file:
        return file.read(most + 1)


def is_part(name: str) -> bool:
    """Tell whether a file's name is that of a half-written file, of this process or of a killed one."""
    return re.fullmatch(r"\..+\.part", name) is not None


def remove(path: Path) -> None:
    """Remove a file, a folder with its contents, or a link but not its target. A missing path is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Write a text file beside its place and move it in: a reader sees the old one or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        flush(part)
        part.replace(path)
        flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def replace_all(folder: Path, writers: Mapping[str, Callable[[Path], Any]]) -> None:
    """Write every file beside its place and flush it to the disk; when all are there, move them in, in this order.

    A failure while writing leaves all older files as they were. A failure between two moves leaves new files beside
    older ones.
    """
    parts = {name: folder / f".{name}.{os.getpid()}.part" for name in writers}
    umask = os.umask(0)
    os.umask(umask)
    try:
        for name, write in writers.items():
            write(parts[name])
            with parts[name].open("rb+") as file:
                os.fsync(file.fileno())
        for name, part in parts.items():
            part.chmod(0o666 & ~umask)  # some writers make files that only their owner may read
            part.replace(folder / name)
        flush(folder)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def check_new(folder: Path) -> None:
    """Raise GlassheadError if a folder that is to be written is there already and is not an empty folder."""
    if "\0" in str(folder):
        raise GlassheadError(f"{str(folder)!r} holds a NUL character, which no folder's name can.")
    refuse_undecodable(folder)
    check_path(folder, str(folder))
    try:
        if folder.is_dir():
            if name := min((path.name for path in folder.iterdir()), default=None):
                raise GlassheadError(f"The folder {folder} is not empty ({name}); give a new or an empty one.")
        elif os.path.lexists(folder):
            raise GlassheadError(f"{folder} is a file; give a folder, which may be new.")
    except OSError as error:
        raise GlassheadError(f"The folder {folder} cannot be read: {error.strerror or error}.") from None


def write_new(folder: Path, writers: Mapping[str, Callable[[Path], Any]]) -> None:
    """Write all files of a folder, or none; see `replace_all`. Raises GlassheadError if it cannot be written."""
    there = folder.is_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_all(folder, writers)
    except OSError as error:
        if not there:
            with suppress(OSError):
                folder.rmdir()
        raise GlassheadError(f"{folder} cannot be written: {error.strerror or error}.") from error
