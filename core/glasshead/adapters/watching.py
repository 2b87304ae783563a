"""Watching a model that is not ours: hooks where it is watched or changed, for the length of a `with` block."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from glasshead.adapters.points import Point
from glasshead.errors import GlassheadError
from glasshead.tap import Change, Listening, Seen, find_sites


class Places(Protocol):
    """Every place of a model where a value can be seen."""

    @property
    def root(self) -> Any:
        """Object whose tap learns where each pass begins."""

    @property
    def known(self) -> Mapping[str, tuple[Any, str]]:
        """Site → point, and the local name of the value."""

    def switch_on(self) -> None:
        """Let the model run in the way in which it can be watched; nested calls count."""

    def switch_off(self) -> None:
        """Let it run as before, after the last of nested calls."""


class Watching(Listening):
    """Taps at the places of such a model."""

    def __init__(self, places: Places, keep: Iterable[str], edit: Mapping[str, Change] | None) -> None:
        super().__init__(places.root, keep, edit, known=places.known)
        self._of = places
        for pattern in edit or {}:
            for site in find_sites(pattern, places.known):
                point, _ = places.known[site]
                if isinstance(point, Point) and not point.changeable:
                    raise GlassheadError(
                        f"{site} can be seen and not changed: {point.reason}. Change what is added to it, or what "
                        "its norm gives."
                    )

    def _points(self) -> Iterator[Point]:
        return (each for each in self._places if isinstance(each, Point))

    def __enter__(self) -> Seen:
        seen = super().__enter__()
        for point in self._points():
            point.enter()
        self._of.switch_on()
        return seen

    def __exit__(self, *error: object) -> None:
        self._of.switch_off()
        for point in self._points():
            point.leave()
        super().__exit__(*error)
