"""Tensors in a safetensors file: writing them, and counting their numbers without torch.

The format: 8 bytes that hold the length of a JSON header, the header (name → shape and place), then the numbers.
"""

import json
import os
import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead.files import open_plain, refuse_pointer

if TYPE_CHECKING:
    from torch import Tensor


LONGEST_HEADER = 100_000_000
"""Bytes of the longest header; the library that reads the numbers has the same limit."""


def write(path: Path, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors from any device, and texts by name. Raises OSError, like any writer, if that fails."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(plain, path, None if metadata is None else dict(metadata))
    except SafetensorError as error:  # reports a full disk only in words
        if number := re.search(r"os error (\d+)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise


def count_numbers(path: Path) -> int:
    """Count the numbers in a weights file by its header.

    Raises GlassheadError if the file is missing, truncated or of another kind.
    """
    refuse_pointer(path)
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if 8 + length <= size and length <= LONGEST_HEADER else None
    except FileNotFoundError:
        raise GlassheadError(
            f"{path.parent} holds no {path.name}: the checkpoint is not whole. Take a fresh copy of it."
        ) from None
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from None
    except GlassheadError:
        raise
    except (ValueError, RecursionError):
        header = None
    try:
        sizes = [_size(entry) for name, entry in (header or {}).items() if name != "__metadata__"]
        end, numbers = max(end for end, _ in sizes), sum(count for _, count in sizes)
    except (AttributeError, KeyError, TypeError, ValueError):
        end = numbers = -1
    if 8 + length + end != size:
        raise GlassheadError(f"{path} is truncated or not a safetensors file. Take a fresh copy of the checkpoint.")
    return numbers


def _size(entry: Any) -> tuple[int, int]:
    """Read the end and the count of a tensor's numbers. Raises KeyError, TypeError or ValueError for a bad entry."""
    begin, end = entry["data_offsets"]
    shape = entry["shape"]
    if (
        any(type(each) is not int for each in (begin, end, *shape))
        or not 0 <= begin <= end
        or min(shape, default=0) < 0
    ):
        raise ValueError
    numbers = prod(shape)
    if numbers > 8 * (end - begin):  # the smallest numbers have one bit
        raise ValueError
    return end, numbers
