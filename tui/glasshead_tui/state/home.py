"""Files in the user's home: comforts, without which the program opens all the same."""

from collections.abc import Callable
from pathlib import Path


def file_in(folder: Callable[[str], Path], name: str) -> Path:
    """Name a file of the program in one of the folders that platformdirs finds.

    Raises OSError, with a reason for the user, where there is no home: no HOME, and no entry for the user.
    """
    try:
        return folder("glasshead") / name
    except RuntimeError:
        raise OSError("there is no home folder (HOME is not set)") from None
