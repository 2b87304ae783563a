"""The lines of a text file of any size, plain or compressed: only a block of it is held at a time.

Only \\n, or \\r\\n, ends a line: U+2028 and Unicode's other line ends may stand in a sentence. A faulty line (not
UTF-8, a NUL byte, too long to be a sentence) is yielded as a Fault, so that the numbers of the lines after it stay
right. While a file is read, the fingerprint of its bytes on the disk is computed: it shows later whether the file has
changed.
"""

import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from glasshead.errors import GlassheadError
from glasshead.files import refuse_pointer

LONGEST = 1 << 17
"""Bytes of the longest line that is held: more than any sentence has, and the limit of the `csv` module for a field."""
BLOCK = 1 << 20
PIECE = 1 << 8
"""Compressed bytes that are unpacked at once: a line repeated a million times packs into a few of them, and must not
become gigabytes. (With zstandard, these unpack to 8 MiB at most.)"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in one line."""

    reason: str
    """Reason as a report counts it: "3 not UTF-8"."""
    sentence: str
    """Sentence for an error: "byte 7 is 0xE9, which is not UTF-8"."""
    too_long: bool = False
    """Whether the only fault is its length: such a line is left out and counted; the file is not wrong."""
    quotes: int = 0
    """Number of `"` in a line that is too long, for the reader of CSV."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of a file when it was read. Two files with the same `size` and `digest` are the same."""

    size: int
    modified: int
    """Time of change in nanoseconds, from the file system. If it is unchanged, the file need not be read again."""
    digest: str
    """BLAKE2b of the bytes on the disk, 16 bytes, in hexadecimal digits."""

    @classmethod
    def of(cls, path: Path) -> "Fingerprint":
        """Read a file only for its fingerprint."""
        with _open(path) as raw:
            while raw.read(BLOCK):
                pass
            return raw.fingerprint()


class TextFile:
    """A file of lines: plain, or compressed by gzip (.gz) or zstandard (.zst), in one part or several."""

    def __init__(self, path: Path) -> None:
        """Raise GlassheadError if there is no such file, or if it cannot be read twice."""
        if str(path) == "-" and not path.exists():
            raise GlassheadError("Pairs are read twice, which standard input (-) cannot be: save them in a file.")
        self.path = path
        self.fingerprint: Fingerprint | None = None
        """Fingerprint, once `lines` has reached the end."""
        try:
            found = path.stat()
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise GlassheadError(f"There is no file {path}.") from None
            raise GlassheadError(f"{path} cannot be read: {_why(error)}.") from None
        if stat.S_ISDIR(found.st_mode):
            raise GlassheadError(f"{path} is a folder; give a file.")
        if not stat.S_ISREG(found.st_mode):
            raise GlassheadError(f"{path} is not an ordinary file: it is read twice, which a pipe cannot be. Save it.")
        if found.st_size == 0:
            raise GlassheadError(f"{path} is empty.")
        refuse_pointer(path)

    def count(self) -> int:
        """Count line ends, as fast as the disk and the unpacking allow; of a damaged file, those before the damage."""
        found = 0
        with suppress(OSError, _TruncatedError, _DamagedError), _open(self.path) as raw:
            for piece in _unpacked(self.path, raw):
                found += piece.count(b"\n")
        return found

    def lines(self, after: int = 0) -> Iterator[tuple[int, str | Fault]]:
        """Yield the number (from 1) and the text of every line after the first `after`, without its end.

        Raises GlassheadError for a truncated or damaged compressed file, for UTF-16, for lines that end in CR alone,
        and if the file is changed while it is read.
        """
        number = 0
        try:
            with _open(self.path) as raw:
                for block in _whole_lines(self._begun(_unpacked(self.path, raw))):
                    if isinstance(block, Fault):
                        number += 1
                        if number > after:
                            yield number, block
                        continue
                    count = block.count(b"\n") + 1
                    if number + count > after:
                        for text in _texts(block)[max(0, after - number) :]:
                            yield (number := max(number, after) + 1), text
                    else:
                        number += count
                if number == 0:
                    raise GlassheadError(f"{self.path} is empty.")
                self.fingerprint = raw.fingerprint()
        except OSError as error:
            raise GlassheadError(f"{self.path}, after line {number:,}: it cannot be read on: {_why(error)}.") from error
        except _TruncatedError:
            raise GlassheadError(
                f"{self.path}, after line {number:,}: the compressed file is cut short; take a whole copy of it."
            ) from None
        except _DamagedError as error:
            raise GlassheadError(
                f"{self.path}, after line {number:,}: it cannot be unpacked ({error}). Is it damaged, or packed by "
                "another program than its name says?"
            ) from None

    def _begun(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Check the beginning of a file, and skip the byte order mark that some programs write before UTF-8.

        Raises GlassheadError for UTF-16, and for lines that end in CR alone.
        """
        taken: list[bytes] = []
        size = 0
        for piece in pieces:
            taken.append(piece)
            size += len(piece)
            if b"\n" in piece or size > LONGEST:
                break
        start = b"".join(taken)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise GlassheadError(f"{self.path} is UTF-16; save it as UTF-8.")
        # A single one may be a slip in a line that is too long to be held and does not end here.
        if b"\n" not in start and start.rstrip(b"\r").count(b"\r") > (size > LONGEST):
            raise GlassheadError(
                f"{self.path}: its lines end in CR alone, as on a Mac before 2001, so that all of it is one line. Save "
                "it with line ends of Unix (LF) or Windows (CR LF)."
            )
        if start := start.removeprefix(b"\xef\xbb\xbf"):
            yield start
        yield from pieces


class _TruncatedError(Exception):
    """A compressed file is truncated."""


class _DamagedError(Exception):
    """A compressed file cannot be unpacked."""


class _Raw:
    """The bytes on the disk, with their digest."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._before = os.fstat(file.fileno())
        self._sum = blake2b(digest_size=16)

    def __enter__(self) -> "_Raw":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._sum.update(data)
        return data

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint, at the end of the file."""
        before, now = self._before, os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise GlassheadError(f"{self._path} was changed while it was read. Start again when it is complete.")
        return Fingerprint(now.st_size, now.st_mtime_ns, self._sum.hexdigest())


def _open(path: Path) -> _Raw:
    try:
        return _Raw(path.open("rb"), path)
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {_why(error)}.") from None


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class _Unpacker(Protocol):
    """An unpacker of one part of a compressed file, as `zlib` and `zstandard` have it."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes) -> bytes: ...


def _unpacked(path: Path, raw: _Raw) -> Iterator[bytes]:
    """Yield the contents of a file, in pieces."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return _parts(raw, lambda: zlib.decompressobj(31), zlib.error, padding=b"\0")
    if suffix == ".zst":
        import zstandard

        return _parts(raw, lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError, padding=b"")
    return iter(lambda: raw.read(BLOCK), b"")


def _parts(raw: _Raw, fresh: Callable[[], Any], error: type[Exception], *, padding: bytes) -> Iterator[bytes]:
    """Unpack a compressed file of any number of parts. gzip allows zeros after a part, for tapes."""
    unpacker: _Unpacker | None = None
    begun = False
    while piece := raw.read(PIECE):
        while piece:
            if unpacker is None:
                piece = piece.lstrip(padding) if begun and padding else piece
                if not piece:
                    break
                unpacker, begun = fresh(), True
            try:
                data = unpacker.decompress(piece)
            except error as problem:
                raise _DamagedError(str(problem)) from None
            if data:
                yield data
            piece = unpacker.unused_data if unpacker.eof else b""
            if unpacker.eof:
                unpacker = None
    if unpacker is not None:
        raise _TruncatedError


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes | Fault]:
    """Yield some lines at a time, joined by \\n, without the last \\n; or a line that is too long to be held."""
    rest: list[bytes] = []
    size, quotes = 0, 0
    dropping = False
    for piece in pieces:
        end = piece.rfind(b"\n")
        if end >= 0:
            if dropping:
                start = piece.index(b"\n")
                yield _long(quotes + piece.count(b'"', 0, start))
                if start < end:
                    yield piece[start + 1 : end]
            else:
                yield b"".join((*rest, piece[:end]))
            piece = piece[end + 1 :]
            rest, size, quotes, dropping = [], 0, 0, False
        size += len(piece)
        quotes += piece.count(b'"')
        if size > LONGEST + 1:  # one byte more: it may be the \r of the end
            rest, dropping = [], True
        elif piece:
            rest.append(piece)
    if dropping:
        yield _long(quotes)
    elif rest:
        yield b"".join(rest)


def _texts(block: bytes) -> list[str | Fault]:
    """Decode the lines of a block: all at once if none has a fault, which is the usual case."""
    if b"\0" in block:
        return [_text(line) for line in block.split(b"\n")]
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return [_text(line) for line in block.split(b"\n")]
    lines = text.split("\n")
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if len(max(lines, key=len)) > LONGEST // 4:  # characters, each of up to 4 bytes
        return [_text(line.encode()) for line in lines]
    return list(lines)


def _text(line: bytes) -> str | Fault:
    line = line.removesuffix(b"\r")
    if len(line) > LONGEST:
        return _long(line.count(b'"'))
    if b"\0" in line:
        return Fault("with a NUL byte", f"byte {line.index(0) + 1} is NUL, which no text holds")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        return Fault("not UTF-8", f"byte {error.start + 1} is 0x{line[error.start]:02X}, which is not UTF-8 here")


def _long(quotes: int) -> Fault:
    return Fault(f"longer than {LONGEST:,} bytes", f"it is longer than {LONGEST:,} bytes", too_long=True, quotes=quotes)
