"""Switches: things in their order, each on or off. A frozen value: every move makes another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Self, TypeVar

from glasshead.errors import GlassheadError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Entry(Generic[Item]):
    """One thing in its place."""

    item: Item
    on: bool = True


@dataclass(frozen=True)
class Switches(Generic[Item]):
    """See the module. A subclass says what the things are called."""

    NAME: ClassVar[str] = "entry"
    """Name of one of them, in a sentence."""

    entries: tuple[Entry[Item], ...] = ()

    @classmethod
    def of(cls, items: Iterable[Item]) -> Self:
        """Make switches of things that are all on."""
        return cls(tuple(map(Entry, items)))

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def active(self) -> tuple[Item, ...]:
        """Things that are on, in their order."""
        return tuple(entry.item for entry in self.entries if entry.on)

    def add(self, item: Item) -> Self:
        """Append a thing; one that is there already is switched on."""
        for number, entry in enumerate(self.entries):
            if entry.item == item:
                return self.switch(number, on=True)
        return type(self)((*self.entries, Entry(item)))

    def switch(self, number: int, *, on: bool | None = None) -> Self:
        """Switch a thing on or off; None: the other of the two. Raises GlassheadError for one that is not there."""
        entry = self._entry(number)
        new = replace(entry, on=not entry.on if on is None else on)
        return type(self)((*self.entries[:number], new, *self.entries[number + 1 :]))

    def remove(self, number: int) -> Self:
        """Take a thing out. Raises GlassheadError for one that is not there."""
        self._entry(number)
        return type(self)((*self.entries[:number], *self.entries[number + 1 :]))

    def _entry(self, number: int) -> Entry[Item]:
        if not 0 <= number < len(self.entries):
            raise GlassheadError(f"There is no {self.NAME} {number}; there are {len(self.entries)}, counted from 0.")
        return self.entries[number]
