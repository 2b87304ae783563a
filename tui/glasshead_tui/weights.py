"""The table of contents of model.safetensors, read without torch: how many numbers there are, and is the file whole?

The format: 8 bytes that hold the length of a JSON header, the header (name → shape and place), then the numbers.
"""

import json
from math import prod
from pathlib import Path

from glasshead.errors import GlassheadError


def count(path: Path) -> int:
    """How many numbers a weights file holds. Costs reading its header.

    Raises GlassheadError if the file is missing, truncated or of another kind.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if 8 + length <= size else None
    except FileNotFoundError:
        raise GlassheadError(
            f"{path.parent} holds no {path.name}: the checkpoint is not whole. Take a fresh copy of it."
        ) from None
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        header = None
    try:
        tensors = [entry for name, entry in (header or {}).items() if name != "__metadata__"]
        end = max(entry["data_offsets"][1] for entry in tensors)
        numbers = sum(prod(entry["shape"]) for entry in tensors)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        end = numbers = -1
    if 8 + length + end != size:
        raise GlassheadError(f"{path} is truncated or not a safetensors file. Take a fresh copy of the checkpoint.")
    return numbers
