"""What running a folder once has shown, remembered in the user's cache: the same weights need no second trial.

That is what the self-check found, and the forms in which its attentions are called.

A folder is the same while its config, the versions of the libraries, and of each file of weights its size, its time of
change, its header and the first numbers are. Whatever cannot be read, or is of another folder, is as if it were not
there; where nothing can be written, nothing is remembered.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from glasshead.adapters.huggingface.attention import Form
from glasshead.adapters.huggingface.faults import PROBLEMS, Fault
from glasshead.errors import GlassheadError
from glasshead.files import open_plain, read_plain, replace_text

EDITION = 3
"""Number of the check: another one forgets what an earlier check found."""
BEGINNING = 1 << 16
"""Bytes of a file of weights that count: the header, and of most the first numbers."""
LARGEST = 1 << 20
"""Bytes of the largest file that is read back."""
SITE = re.compile(r"[a-z0-9_.]*")
LIBRARIES = ("glasshead", "torch", "transformers")


class Passed(NamedTuple):
    """What is known of a folder that passed."""

    faults: tuple[Fault, ...]
    """What the check found."""
    forms: Mapping[str, Form]
    """Form of every attention, by its prefix."""


def recall(folder: Path, weights: Sequence[str]) -> Passed | None:
    """Return what is known of a folder as it is; None if that is nothing. weights: names of its files."""
    try:
        found = json.loads(read_plain(_place(folder), LARGEST))
        if found["of"] != mark(folder, weights):
            return None
        faults = [Fault(problem, site, amount) for problem, site, amount in found["faults"]]
        forms = {site: _form(values) for site, values in found["forms"].items()}
    except (
        OSError,
        RuntimeError,
        ValueError,
        AttributeError,
        KeyError,
        TypeError,
        RecursionError,
    ):  # GlassheadError is a ValueError
        return None
    sound = all(map(_is_sound, faults)) and all(map(SITE.fullmatch, forms))
    return Passed(tuple(faults), forms) if sound else None


def remember(folder: Path, weights: Sequence[str], passed: Passed) -> None:
    """Keep what is known of a folder, if there is a place for it."""
    try:
        path = _place(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        forms = {site: astuple(form) for site, form in passed.forms.items()}
        replace_text(path, json.dumps({"of": mark(folder, weights), "faults": passed.faults, "forms": forms}))
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


def _form(values: Any) -> Form:
    """Read the form of an attention. Raises ValueError for values that none has."""
    form = Form(**dict(zip((field.name for field in fields(Form)), values, strict=True)))
    counts = (form.heads, form.key_heads, form.width, form.times, *(() if form.window is None else (form.window,)))
    amounts = (form.scale, *(() if form.cap is None else (form.cap,)))
    truths = (form.biased, form.causal)
    if not all(type(count) is int and count > 0 for count in counts):
        raise ValueError("a count that is none")
    if not all(type(amount) in (int, float) and isfinite(amount) and amount > 0 for amount in amounts):
        raise ValueError("an amount that is none")
    if not all(type(truth) is bool for truth in truths):
        raise ValueError("neither yes nor no")
    return form


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
