"""Tensors into a safetensors file, with the system's errors as the system's errors."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def write(path: Path, tensors: "Mapping[str, Tensor]") -> None:
    """Write tensors, wherever they are. Raises OSError where the file cannot be written, as every writer should."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
    except SafetensorError as error:  # says only in words that a disk is full
        if number := re.search(r"os error (\d+)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise
