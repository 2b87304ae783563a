"""Harm done to a checkpoint, each decided by a seed: to its JSON, to the numbers, to the files themselves."""

import hashlib
import json
import os
import random
import shutil
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
FILES = (CONFIG, WEIGHTS, TOKENIZER)
SPARSE = 100 << 30
DEEP = 100_000

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 1.5, -0.0, 10**9, 2**31, 2**63, 2**64, 10**40, -(10**40), 10**400, 1e308,
    float("nan"), float("inf"), "", "x", "32", "x" * 100_000, "\x1b[2J", "\udc80", [], [0], [1, 2], [[]], [None],
    ["x" * 1000], {}, {"a": 1}, {"x" * 10_000: 0}, [0] * 10_000,
)  # fmt: skip
"""What may stand in JSON instead of what should."""

Random = random.Random


def harm(folder: Path, random: Random) -> str:
    """Harm the checkpoint in a folder; what was done, in words."""
    done = [random.choice(KINDS)(folder, random)]
    whole = all(path.is_file() and path.stat().st_size < 1 << 24 for path in folder.iterdir())
    if whole and random.random() < 0.25:  # no second harm where the first left a device, a pipe or a file of 100 GB
        done.append(random.choice(KINDS)(folder, random))
    return " and ".join(done)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value; of long lists and tables the first few."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in list(inner)[:12] for place in places(each, (*path, key)))]


def alter(value: Any, random: Random) -> tuple[Any, str]:
    """A JSON value with one place changed, removed or added to."""
    place = random.choice(places(value)[1:] or [()])
    if not place:
        return random.choice(ODD), "all"
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    chance, odd = random.random(), random.choice(ODD)
    if chance < 0.1:
        del inner[place[-1]]
    elif chance < 0.2 and isinstance(inner, dict):
        inner[random.choice(("new", "x" * 5000, "", "\x1b]0;x\x07"))] = odd
    else:
        inner[place[-1]] = odd
    return value, f"{place} {str(odd)[:40]!r}"


def alter_json(folder: Path, random: Random, name: str) -> str:
    path = folder / name
    if not path.is_file() or path.stat().st_size > 1 << 24:
        return "nothing"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return "nothing"
    content, what = alter(content, random)
    path.write_text(json.dumps(content, ensure_ascii=True), encoding="utf-8")
    fit_sums(folder, random)
    return f"{name} at {what}"


def alter_config(folder: Path, random: Random) -> str:
    return alter_json(folder, random, CONFIG)


def alter_shape(folder: Path, random: Random) -> str:
    """A field of the model's shape is something else."""
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        key, odd = random.choice(sorted(content["config"])), random.choice(ODD)
        content["config"][key] = odd  # harmed before, it may be anything
    except (ValueError, KeyError, TypeError, IndexError, OSError, RecursionError):
        return "nothing"
    path.write_text(json.dumps(content), encoding="utf-8")
    return f"config.{key} {str(odd)[:40]!r}"


def alter_tokenizer(folder: Path, random: Random) -> str:
    return alter_json(folder, random, TOKENIZER)


def spoil_bytes(folder: Path, random: Random) -> str:
    """Cut, extend or overwrite a file."""
    name = random.choice(FILES)
    path = folder / name
    if not path.is_file() or not 0 < path.stat().st_size < 1 << 24:
        return "nothing"
    content = bytearray(path.read_bytes())
    how = random.choice(("cut", "flip", "append", "nest", "zero", "repeat", "number"))
    at = random.randrange(len(content))
    if how == "cut":
        del content[at:]
    elif how == "flip":
        for _ in range(random.choice((1, 1, 20))):
            content[random.randrange(min(len(content), random.choice((200, 1 << 24))))] = random.randrange(256)
    elif how == "append":
        content += random.randbytes(random.choice((1, 8, 1000)))
    elif how == "nest":
        content = bytearray(random.choice((b"[", b'{"config":')) * DEEP)
    elif how == "zero":
        content = bytearray(len(content))
    elif how == "repeat":
        content *= 2
    else:
        content = bytearray(b'{"format":"glasshead","version":1,"config":{"vocab_size":' + b"9" * 5000 + b"}}")
    path.write_bytes(content)
    fit_sums(folder, random)
    return f"{name} {how} at {at}"


ENTRIES: tuple[tuple[str, Any], ...] = (
    ("data_offsets", None), ("data_offsets", ["0", "4"]), ("data_offsets", [None, None]), ("data_offsets", [-4, 4]),
    ("data_offsets", [4, 0]), ("data_offsets", [0, 2**63]), ("data_offsets", [0, 10**40]), ("data_offsets", [0.0, 4.0]),
    ("data_offsets", [True, False]), ("data_offsets", {}), ("shape", [2**62, 4]), ("shape", [10**40]), ("shape", None),
    ("shape", [-1, 3]), ("shape", ["3"]), ("shape", []), ("shape", [0]), ("shape", [1.5]), ("dtype", "F64"),
    ("dtype", "I8"), ("dtype", "BF16"), ("dtype", "x" * 10_000), ("dtype", None), ("dtype", 7), ("dtype", "F16"),
    ("dtype", "BOOL"), ("dtype", "C64"), ("dtype", "F8_E4M3"),
)  # fmt: skip
"""What the header may say of a tensor instead."""


def alter_header(folder: Path, random: Random) -> str:
    """The header of the weights says something else."""
    path = folder / WEIGHTS
    if not path.is_file() or not 8 < path.stat().st_size < 1 << 24:
        return "nothing"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
        name = random.choice(sorted(header))
        entry = header[name]
        size = len(content) - 8 - length
        if random.random() < 0.2:
            header, what = alter(header, random)
        else:
            key, odd = random.choice([*ENTRIES, ("data_offsets", [0, size]), ("data_offsets", [size, size])])
            entry[key] = odd
            what = f"{name}.{key} {odd!r:.40}"
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return "nothing"
    told = json.dumps(header).encode()
    declared = random.choice((len(told), len(told), len(told), len(told), 0, len(told) + 1, 2**63, 2**64 - 1, 2**40))
    path.write_bytes(struct.pack("<Q", declared) + told + content[8 + length :])
    fit_sums(folder, random)
    return f"header {what}"


def alter_numbers(folder: Path, random: Random) -> str:
    """Weights are huge, or not numbers."""
    import torch
    from safetensors.torch import load_file, save_file

    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except Exception:
        return "nothing"
    value = random.choice((65504.0, -65504.0, float("nan"), float("inf"), 1e38, -1e38, 0.0))
    names = sorted(tensors) if random.random() < 0.4 else random.sample(sorted(tensors), min(3, len(tensors)))
    for name in names:
        kept = tensors[name]
        mask = torch.ones_like(kept, dtype=torch.bool) if random.random() < 0.5 else torch.rand_like(kept.float()) < 0.1
        tensors[name] = torch.where(mask, torch.tensor(value).to(kept.dtype), kept)
    save_file(tensors, path)
    fit_sums(folder, random, always=True)
    return f"{len(names)} tensors are {value}"


WAYS = ("fifo", "zero", "random", "folder", "sparse", "empty", "missing", "lost", "loop", "socket", "longer", "pointer")


def replace_file(folder: Path, random: Random) -> str:
    """A file is no plain one, or empty, or without end, or missing."""
    name = random.choice(FILES)
    path = folder / name
    how = random.choice(
        (
            "fifo",
            "zero",
            "random",
            "folder",
            "sparse",
            "empty",
            "missing",
            "lost",
            "loop",
            "socket",
            "longer",
            "pointer",
        )
    )
    if how == "longer":  # as large as a disk, and its beginning is right
        if path.is_file():
            os.truncate(path, SPARSE)
        return f"{name} {how}"
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if how == "fifo":
        os.mkfifo(path)
    elif how in ("zero", "random"):
        path.symlink_to(f"/dev/{'u' if how == 'random' else ''}{how}")
    elif how == "folder":
        path.mkdir()
    elif how == "sparse":
        path.touch()
        os.truncate(path, SPARSE)
    elif how == "empty":
        path.touch()
    elif how == "lost":
        path.symlink_to("nowhere")
    elif how == "loop":
        path.symlink_to(name)
    elif how == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            try:
                bound.bind(str(path))
            except OSError:  # the path is too long for one
                path.touch()
    elif how == "pointer":
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    return f"{name} {how}"


def fit_sums(folder: Path, random: Random, *, always: bool = False) -> None:
    """Have config.json hold the sums of what is there now, most of the time, so that the damage is met further in."""
    path = folder / CONFIG
    if not always and random.random() < 0.25:
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for name in content["sha256"]:
            file = folder / name
            if file.is_file() and file.stat().st_size < 1 << 24:
                content["sha256"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
        path.write_text(json.dumps(content), encoding="utf-8")
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return


KINDS: tuple[Callable[[Path, Random], str], ...] = (
    alter_shape, alter_shape, alter_config, alter_tokenizer, alter_tokenizer, spoil_bytes, alter_header, alter_header,
    alter_numbers, replace_file,
)  # fmt: skip
