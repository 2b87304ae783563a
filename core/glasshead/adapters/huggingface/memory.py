"""What the self-check found in a folder, remembered in the user's cache: the same weights need no second check.

A folder is the same while its config, the versions of the libraries, and of each file of weights its size, its time of
change, its header and the first numbers are. Whatever cannot be read, or is of another folder, is as if it were not
there; where nothing can be written, nothing is remembered.
"""

import json
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from glasshead.adapters.huggingface.faults import PROBLEMS, Fault
from glasshead.errors import GlassheadError
from glasshead.files import open_plain, read_plain, replace_text

EDITION = 1
"""Number of the check: another one forgets what an earlier check found."""
BEGINNING = 1 << 16
"""Bytes of a file of weights that count: the header, and of most the first numbers."""
LARGEST = 1 << 20
"""Bytes of the largest file that is read back."""
SITE = re.compile(r"[a-z0-9_.]*")
LIBRARIES = ("glasshead", "torch", "transformers")


def recall(folder: Path, weights: Sequence[str]) -> tuple[Fault, ...] | None:
    """Return what the last check of a folder as it is found; None if there was none. weights: names of its files."""
    try:
        found = json.loads(read_plain(_place(folder), LARGEST))
        if found["of"] != mark(folder, weights):
            return None
        faults = [Fault(problem, site, amount) for problem, site, amount in found["faults"]]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, RecursionError):  # GlassheadError is a ValueError
        return None
    return tuple(faults) if all(map(_is_sound, faults)) else None


def remember(folder: Path, weights: Sequence[str], faults: Iterable[Fault]) -> None:
    """Keep what a check of a folder found, if there is a place for it."""
    try:
        path = _place(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps({"of": mark(folder, weights), "faults": list(faults)}))
    except (OSError, RuntimeError, GlassheadError):
        return


def mark(folder: Path, weights: Sequence[str]) -> str:
    """Compute what tells a folder from a changed one. Raises OSError and GlassheadError for unreadable files."""
    found = sha256(repr((EDITION, [_version(name) for name in LIBRARIES])).encode())
    found.update((folder / "config.json").read_bytes())
    for name in weights:
        with open_plain(folder / name) as file:
            state = (folder / name).stat()
            found.update(repr((name, state.st_size, state.st_mtime_ns)).encode())
            found.update(file.read(BEGINNING))
    return found.hexdigest()


def _place(folder: Path) -> Path:
    """Name the file for a folder: one each, which a new check writes over. Raises RuntimeError without a home."""
    from platformdirs import user_cache_path

    return user_cache_path("glasshead") / "checks" / f"{sha256(str(folder.resolve()).encode()).hexdigest()[:32]}.json"


def _is_sound(fault: Fault) -> bool:
    """Tell whether a fault is one that a check can find: its place gets onto the screen."""
    problem, site, amount = fault
    named = isinstance(problem, str) and problem in PROBLEMS and isinstance(site, str) and SITE.fullmatch(site)
    return bool(named) and isinstance(amount, int | float)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
