"""Files that only grow, and a record of their complete sizes: interrupted work continues at the record.

`commit` flushes every file to the disk and then writes the record, in one move, with the files' sizes and the writer's
state. When they are opened again, even after `kill -9` or a power failure, the files are cut back to those sizes. So
work that was interrupted any number of times leaves the same bytes as work done at once.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from glasshead.files import flush, replace_text

RECORD = "progress.json"


class GrowingFiles:
    """The growing files of one folder."""

    def __init__(self, folder: Path) -> None:
        """Continue at the folder's record, or begin. Files without a record are overwritten."""
        self.folder = folder
        self.state: dict[str, Any] = {}
        """State of the last `commit`; empty at the beginning."""
        self._sizes: dict[str, int] = {}
        self._files: dict[str, BinaryIO] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / RECORD).is_file():
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            if all(_size(folder / name) >= size for name, size in record["sizes"].items()):  # else others cut them
                self.state, self._sizes = record["state"], record["sizes"]
        for name, size in self._sizes.items():
            os.truncate(folder / name, size)

    def append(self, name: str, data: bytes) -> None:
        """Append to a file; create it if it is new."""
        if name not in self._files:
            self._files[name] = (self.folder / name).open("ab" if name in self._sizes else "wb")
        self._files[name].write(data)
        self._sizes[name] = self._sizes.get(name, 0) + len(data)

    def size(self, name: str) -> int:
        """Return the bytes of a file, uncommitted ones included; 0 if there is no file."""
        return self._sizes.get(name, 0)

    def flush(self) -> None:
        """Make appended bytes visible to readers."""
        for file in self._files.values():
            file.flush()

    def commit(self, state: Mapping[str, Any]) -> None:
        """Make everything appended so far permanent, together with `state` (JSON)."""
        for name, file in self._files.items():
            file.close()
            flush(self.folder / name)
        self._files.clear()
        self.state = dict(state)
        replace_text(self.folder / RECORD, json.dumps({"sizes": self._sizes, "state": self.state}))

    def drop(self, *names: str) -> None:
        """Remove files that are not needed any more."""
        for name in names:
            file = self._files.pop(name, None)
            if file is not None:
                file.close()
            self._sizes.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; uncommitted bytes are lost."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def forget(self) -> None:
        """Remove the record and the files, as if nothing had been begun."""
        (self.folder / RECORD).unlink(missing_ok=True)
        self.drop(*list(self._sizes))
        self.state = {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1
