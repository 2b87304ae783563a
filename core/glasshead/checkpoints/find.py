"""Finding checkpoints: by a bundled name, a name under ./checkpoints, or a folder. Costs no torch."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glasshead import tensors
from glasshead.checkpoints import format as checkpoints
from glasshead.checkpoints.format import CONFIG, LATEST, LONGEST_LATEST, SETTINGS, TOKENIZER, WEIGHTS, describe
from glasshead.errors import GlassheadError, brief, nearest
from glasshead.files import refuse_pointer, refuse_undecodable

SHOWN = 5
"""Most models of a folder that are listed."""
WEIGHTY = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf")
"""Endings of files of weights."""
LIVE = "A module of your own is explored live, from Python: glasshead.explore(model, …)."
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def longest_text(folder: Path, config: Mapping[str, Any]) -> int:
    """Read from config.json how many tokens a text may have, the end token of the source not counted."""
    length = config.get("max_length")
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        given = f"max_length is {brief(length)}" if "max_length" in config else "max_length is missing"
        raise GlassheadError(
            f"{folder / checkpoints.CONFIG}: {given}; it must be a whole number of at least 1. "
            "Take a fresh copy of the checkpoint."
        )
    return length - (config.get("source_end", True) is True and config.get("eos_id", 0) is not None)


def check_parts(folder: Path, content: Mapping[str, Any]) -> None:
    """Check that the weights are whole and the vocabulary is there. Loading checks whether they fit each other."""
    tensors.count_numbers(folder / checkpoints.WEIGHTS)
    for name in checkpoints.parts(content):
        refuse_pointer(folder / name)
        if not (folder / name).is_file():
            raise GlassheadError(f"{folder} holds no {name}: the checkpoint is not whole. Take a fresh copy of it.")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A checkpoint that can be opened, as its config.json describes it."""

    name: str
    folder: Path
    """Folder of its files: for a run in training, that of the newest checkpoint in it."""
    config: Mapping[str, Any]
    card: Mapping[str, Any]
    bytes: int

    @property
    def shape(self) -> tuple[str, str, str]:
        """Layers, heads and width, as config.json has them."""
        layers = f"{self.config.get('encoder_layers')} + {self.config.get('decoder_layers')}"
        return layers, str(self.config.get("heads")), str(self.config.get("d_model"))


def home() -> Path:
    """Return the folder of the bundled checkpoints: in the source tree, or else installed with the package."""
    package = Path(__file__).resolve().parents[1]
    tree = package.parents[1]
    return tree / "checkpoints" if (tree / "pyproject.toml").is_file() else package / "bundled"


def find_folder(name: str | Path) -> Path:
    """Find the folder of a checkpoint: a bundled name, a name under ./checkpoints, or a folder of the user's.

    A run in training is opened as the newest checkpoint that it has saved. Raises GlassheadError, with the nearest
    names, when there is none, when the folder is not a checkpoint, and when the run has not saved any yet.
    """
    return locate(name)[0]


def locate(name: str | Path) -> tuple[Path, str]:
    """Find the folder of a checkpoint and its title: the folder's name, or for a run in training the run's."""
    text = os.fspath(name)
    if not text.strip():
        raise GlassheadError("The name of the checkpoint is empty. `glasshead checkpoints` lists what can be opened.")
    if "\0" in text:
        raise GlassheadError(f"{text!r} holds a NUL character, which no file name can.")
    plain = Path(text).name == text and text not in (".", "..")
    places = [home() / text, Path("checkpoints") / text] if plain else []
    folder = Path(os.path.expanduser(text))  # noqa: PTH111  Path.expanduser raises for an unknown user
    refuse_undecodable(folder)
    try:
        for place in (*places, folder):
            found = _within(place)
            if found is not None:
                return found, place.resolve().name
        begun = next((place for place in (*places, folder) if (place / SETTINGS).is_file()), None)
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise GlassheadError(f"{text} cannot be opened: {error.strerror}.") from error
    if begun is not None:
        raise GlassheadError(f"The run {begun} has not saved a checkpoint yet: open it when it has.")
    if folder.is_dir():
        raise GlassheadError(_describe_folder(folder, text))
    if folder.is_file():
        raise GlassheadError(_describe_file(folder, text))
    if not plain:
        raise GlassheadError(f"There is no folder {text}.{_hub_hint(text)}")
    hint = nearest(text, [each.name for each in available()], what="checkpoint")
    raise GlassheadError(
        f"There is no checkpoint named {text!r}. {hint} `glasshead checkpoints` lists them; a folder can be given too."
    )


def _describe_folder(folder: Path, text: str) -> str:
    """Say what a folder without a model holds, and what to do."""
    inside = [entry.name for entry in sorted(folder.iterdir()) if (entry / CONFIG).is_file()]
    if inside:
        more = f" and {len(inside) - SHOWN} more" if len(inside) > SHOWN else ""
        first = shlex.quote(os.path.join(text, inside[0]))  # noqa: PTH118  as it was typed
        names = ", ".join(map(brief, inside[:SHOWN]))
        return (
            f"The folder {text} is no model, but holds some, {names}{more}: open one, as in glasshead explore {first}"
        )
    weights = next((each.name for kind in WEIGHTY for each in sorted(folder.glob(f"*{kind}"))), None)
    if weights is not None:
        return (
            f"The folder {text} holds {brief(weights)}, but no {CONFIG}, which says of which model these are the "
            f"weights: copy that file there too. {LIVE}"
        )
    return f"The folder {text} holds no model: there is no {CONFIG} in it."


def _describe_file(path: Path, text: str) -> str:
    """Say what to do with a file that was given as a model."""
    if path.suffix == ".gguf":
        return (
            f"{text} holds quantised weights (GGUF), which glasshead does not read. transformers does, with the "
            "package gguf: AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=NAME).save_pretrained(…) makes a "
            "folder that opens here."
        )
    if path.suffix in WEIGHTY and path.suffix != ".safetensors":
        return (
            f"{text} is a pickle, which can run any program when it is read: glasshead does not read it. If it comes "
            "with a model of Hugging Face, save that once more with save_pretrained(…), which writes safetensors. "
            f"{LIVE}"
        )
    return f"{text} is a file; a checkpoint is a folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}."


def _hub_hint(text: str) -> str:
    """Say how to get a model if a text looks like its name on the hub; nothing is ever downloaded."""
    if not HUB_NAME.fullmatch(text):
        return ""
    folder = text.rpartition("/")[2]
    return (
        " If that is a name on the Hugging Face hub: glasshead downloads nothing. Get it with "
        f"`hf download {text} --local-dir {folder}`, and open it with `glasshead explore ./{folder}`."
    )


def _within(folder: Path) -> Path | None:
    """Find the checkpoint that a folder opens: itself, or the one that its `latest` names; None if there is neither.

    Raises GlassheadError for a `latest` that names no checkpoint below the folder: it may have come with a download.
    """
    if (folder / CONFIG).is_file():
        return folder
    latest = folder / LATEST
    if not os.path.lexists(latest):
        return None
    wrong = "Write into it the name of one of the run's checkpoints, or open that one by its own folder."
    if not latest.is_file():  # not a pipe either, which would block for ever
        raise GlassheadError(f"{latest} is not a file with the name of the run's newest checkpoint. {wrong}")
    with latest.open("rb") as file:
        raw = file.read(LONGEST_LATEST + 1)
    lines = raw.decode("utf-8", "replace").splitlines()
    named = lines[0].strip() if len(lines) == 1 else ""
    if len(raw) > LONGEST_LATEST or not named.isprintable() or "\ufffd" in named or not named:
        raise GlassheadError(f"{latest} is damaged: it should be one line, the name of a folder in {folder}. {wrong}")
    found = folder / named
    run, there = Path(os.path.realpath(folder)), Path(os.path.realpath(found))  # follows links, even circular ones
    if Path(named).is_absolute() or run not in there.parents:
        raise GlassheadError(f"{latest} names {named!r}, which does not lie in the folder of the run. {wrong}")
    if not (found / CONFIG).is_file():
        raise GlassheadError(f"{latest} names {named!r}, but there is no checkpoint there. {wrong}")
    return found


def neighbours(folder: Path) -> list[Path]:
    """List the other checkpoints in the same folder, as those of one run, the newest first."""
    try:
        found = [each for each in folder.parent.iterdir() if each != folder and (each / CONFIG).is_file()]
    except OSError:  # a comfort
        return []
    return sorted(found, reverse=True)


def available() -> list[Listed]:
    """List what can be opened by name: the bundled checkpoints, then those under ./checkpoints; no damaged ones."""
    listed: dict[str, Listed] = {}
    for place in (home(), Path("checkpoints")):
        for entry in sorted(place.iterdir()) if place.is_dir() else ():
            if entry.name in listed:
                continue
            try:
                folder = _within(entry)
                if folder is None:
                    continue
                content = describe(folder)
                size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
            except (GlassheadError, OSError):
                continue
            listed[entry.name] = Listed(
                name=entry.name, folder=folder, config=content["config"], card=content["card"], bytes=size
            )
    return list(listed.values())
