"""The keys of the explorer, the lab and the watch screen, as data: bindings, hint line, help page and the README's
tables all come from here.

Every key has an id for remapping: a file `keys.toml` in the user's settings folder holds lines like `step = "n,space"`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """One action of a key."""

    id: str
    keys: str
    """Textual's names of the keys, separated by commas."""
    shown: str
    """The keys as a person reads them."""
    action: str
    meaning: str


Groups = dict[str, tuple[Key, ...]]


@dataclass(frozen=True)
class Hint:
    """A few words of the line at the bottom of the screen."""

    ids: tuple[str, ...]
    shown: str
    """The keys, unless they are remapped."""
    label: str
    rank: int
    """Order in which hints give way when the line is short."""


def list_keys(groups: Groups) -> tuple[Key, ...]:
    """List all keys of a screen, in their order."""
    return tuple(key for group in groups.values() for key in group)


def bindings(groups: Groups) -> list[BindingType]:
    """Make Textual's bindings of the keys."""
    return [Binding(key.keys, key.action, key.meaning, show=False, id=key.id) for key in list_keys(groups)]


def label_keys(own: Mapping[str, str], groups: Groups) -> dict[str, str]:
    """Map the id of each key to its keys as a person reads them, after remapping."""
    return {key.id: own[key.id].replace(",", " ") if key.id in own else key.shown for key in list_keys(groups)}


def hints(names: Mapping[str, str], table: tuple[Hint, ...], groups: Groups) -> list[tuple[str, str, int]]:
    """Return keys, label and rank of each hint of a table. names: from `label_keys`."""
    usual = label_keys({}, groups)
    return [
        (
            hint.shown
            if all(names[id] == usual[id] for id in hint.ids)
            else " ".join(names[id].split()[0] for id in hint.ids),
            hint.label,
            hint.rank,
        )
        for hint in table
    ]
