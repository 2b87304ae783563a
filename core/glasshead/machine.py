"""Memory, disk space and devices of this machine, and sizes in words. What cannot fit is refused before it begins."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    import torch

CGROUP = Path("/sys/fs/cgroup/memory.max")
UNKNOWN = 1 << 50
"""Bytes assumed for a machine that does not report its memory."""
UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def memory() -> int:
    """Find the bytes of memory of the machine, or of its container's limit."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return UNKNOWN
    try:
        return min(found, int(CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return found


def accelerated() -> bool:
    """Guess, without torch, whether there is a GPU with separate memory."""
    return any(Path(name).exists() for name in ("/dev/nvidia0", "/dev/kfd"))


def disk(folder: Path) -> int:
    """Find the free bytes on the disk of a folder, which need not exist yet."""
    place = next((each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir()), Path("/"))
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return UNKNOWN


def size(count: int) -> str:
    """Write a number of bytes in a readable unit: "2.4 GB"."""
    if count >= 1000 ** len(UNITS):
        return f"over {1000:,} {UNITS[-1]}"
    power = max(0, min(len(UNITS) - 1, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:.3g} {UNITS[power]}"


def number(value: int) -> str:
    """Write a whole number; a very long one as a power of ten."""
    digits = value.bit_length() * 30103 // 100_000  # of 400 or of 4 million: never written out
    return f"{value:,}" if digits < 30 else f"a number of some {digits + 1:,} digits"


def device_of(wanted: str) -> "torch.device":
    """Return the kind of device that was asked for; `auto` is a GPU if there is one.

    Raises GlassheadError if there is none.
    """
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device("cuda" if there["cuda"] else "mps" if there["mps"] else "cpu")
    if not there[wanted]:
        found = " and ".join(name for name, is_there in there.items() if is_there)
        why = "" if wanted != "cuda" or torch.version.cuda else " (this PyTorch was built without CUDA)"
        raise GlassheadError(f"--device {wanted} is not available{why}: this machine has {found}.")
    return torch.device(wanted)
