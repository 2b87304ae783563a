"""The user's place in the course of the lab, with the answers: saved in a file between sessions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platformdirs import user_state_path

from glasshead.errors import GlassheadError
from glasshead.files import replace_text
from glasshead.lab import NAMES, page_of
from glasshead_tui.state.home import file_in


@dataclass(frozen=True, kw_only=True)
class Place:
    """The progress of the course."""

    at: str = NAMES[0]
    """Name of the open experiment."""
    answers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """The user's answers: experiment → number of the answer, from 0."""
    right: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """The numbers' answers: experiment → number of the answer, from 0."""

    @property
    def done(self) -> tuple[str, ...]:
        """The experiments with a seen result, in the order of the course."""
        return tuple(name for name in NAMES if name in self.right)

    @property
    def foreseen(self) -> int:
        """Number of the user's answers that agree with the numbers."""
        return sum(self.answers[name] == self.right[name] for name in self.judged)

    @property
    def judged(self) -> tuple[str, ...]:
        """The experiments with an answer and a seen result."""
        return tuple(name for name in self.done if name in self.answers)


def path() -> Path:
    """Return the file; on Linux ~/.local/state/glasshead/lesson.json. Raises OSError if there is no home."""
    return file_in(user_state_path, "lesson.json")


def read() -> Place:
    """Read the saved place; the beginning if there is none, or if the file is not ours."""
    try:
        content = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Place()
    if not isinstance(content, dict):
        return Place()
    at = content.get("at")
    return Place(
        at=at if at in NAMES else NAMES[0],
        answers=_numbers(content.get("answers")),
        right=_numbers(content.get("right")),
    )


def write(place: Place) -> None:
    """Save a place. Raises GlassheadError if the file cannot be written."""
    where = ""
    try:
        file = path()
        where = f" in {file}"
        file.parent.mkdir(parents=True, exist_ok=True)
        content = {"at": place.at, "answers": dict(place.answers), "right": dict(place.right)}
        replace_text(file, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise GlassheadError(f"Your place in the lesson cannot be kept{where}: {error.strerror or error}.") from error


def forget() -> None:
    """Remove the saved place. Raises GlassheadError if the file cannot be removed."""
    try:
        file = path()
    except OSError:  # without a home nothing was kept
        return
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise GlassheadError(f"{file} cannot be removed: {error.strerror or error}.") from error


def _numbers(content: Any) -> Mapping[str, int]:
    """Keep the entries that name an experiment and can be the number of an answer."""
    if not isinstance(content, dict):
        return {}
    return {
        name: value
        for name, value in content.items()
        if name in NAMES and type(value) is int and 0 <= value < len(page_of(name).question.answers)
    }
