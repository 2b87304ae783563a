"""Files that only grow, and a record of how far they are whole: what was interrupted goes on where the record says.

`commit` flushes every file to the disk and then writes the record, in one move, with the files' sizes and whatever the
writer needs to know where it was. Opened again after any end, `kill -9` and power failure among them, the files are cut
back to those sizes. So a work done in any number of sittings leaves the same bytes as one done in one go.
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
        """Go on with what the folder's record says, or begin. Files that no record knows are overwritten."""
        self.folder = folder
        self.state: dict[str, Any] = {}
        """What the last `commit` was given; empty at the beginning."""
        self._sizes: dict[str, int] = {}
        self._files: dict[str, BinaryIO] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / RECORD).is_file():
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            if all(_size(folder / name) >= size for name, size in record["sizes"].items()):  # else somebody was here
                self.state, self._sizes = record["state"], record["sizes"]
        for name, size in self._sizes.items():
            os.truncate(folder / name, size)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file, which begins with its first bytes."""
        if name not in self._files:
            self._files[name] = (self.folder / name).open("ab" if name in self._sizes else "wb")
        self._files[name].write(data)
        self._sizes[name] = self._sizes.get(name, 0) + len(data)

    def size(self, name: str) -> int:
        """The bytes of a file, those that are not committed yet among them; 0 if there is none."""
        return self._sizes.get(name, 0)

    def flush(self) -> None:
        """Let readers see what was appended."""
        for file in self._files.values():
            file.flush()

    def commit(self, state: Mapping[str, Any]) -> None:
        """All that was appended stays, and `state` (JSON) belongs to it."""
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
        """Let go of the files; what was not committed is lost."""
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
