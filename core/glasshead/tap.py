"""Watching a model while it runs, and changing what it computes: Tap and listen.

A module that can be watched declares the class attributes `tap = None` and `emits`, the local names of its values, and
hands each value to `self.tap(name, value)` when there is a tap. The name of a site is the module's path and the local
name; the words `layers` and `sublayer`, which only say how modules are nested, are left out:
`decoder.layers.2.cross.sublayer` emits `decoder.2.cross.weights`.

    with listen(model, keep=["decoder.*.cross.weights"], edit={"decoder.0.self.weights": change}) as seen:
        model(source, target)
    seen["decoder.2.cross.weights"]                                                                   # b h q k

The sites to keep are chosen once, on entering; modules without a match stay untapped and run their fused kernels.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from inspect import Parameter, signature
from threading import RLock, local
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.errors import GlassheadError, StoppedError

STRUCTURE = frozenset({"layers", "sublayer"})


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an edit: the site, and the absolute position of its first row (more than 0 under a cache).

    Rows are query positions, except at `k` and `v` of attention, which always begin at position 0.
    """

    site: str
    start: int


Change = Callable[[Tensor], Tensor] | Callable[[Tensor, Place], Tensor]
Wish = tuple[str, bool, tuple[Change, ...]]
"""Request for one local name of a module: its site, whether to keep it, the edits to make in turn."""
NOWHERE: Wish = ("", False, ())


@dataclass(frozen=True, slots=True)
class PutOff:
    """A value that is computed when it is first looked at."""

    compute: Callable[[], Tensor]
    nbytes: int
    """Bytes that the value will have."""


class Seen(MutableMapping[str, Tensor]):
    """Values captured in the passes of one `with` block: site → the tensor that the model used, with its batch axis.

    Of some values the model needs no more than others say already; these are computed when they are first looked at.
    """

    start = 0
    """Absolute position of the first query row of the pass under way; set by the model."""

    def __init__(self) -> None:
        self._values: dict[str, Tensor | PutOff] = {}

    def __getitem__(self, site: str) -> Tensor:
        value = self._values[site]
        if not isinstance(value, Tensor):
            with torch.no_grad():
                value = self._values[site] = value.compute()
        return value

    def __setitem__(self, site: str, value: Tensor) -> None:
        self._values[site] = value

    def __delitem__(self, site: str) -> None:
        del self._values[site]

    def __contains__(self, site: object) -> bool:
        return site in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def put_off(self, site: str, value: PutOff) -> None:
        """Keep a value that is computed when it is first looked at."""
        self._values[site] = value

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each value, of those too that are not computed yet."""
        return {site: value.nbytes for site, value in self._values.items()}

    def without(self, sites: Iterable[str]) -> "Seen":
        """Return the same values but those of some sites. What was put off stays so."""
        kept = Seen()
        kept._values = self._values.copy()
        for site in sites:
            kept._values.pop(site, None)
        return kept


NOTHING = Seen()
"""What a tap has seen that is out of use."""


_of_thread = local()


@contextmanager
def giving_up(stop: Callable[[], bool]) -> Iterator[None]:
    """End the passes within, in this thread, with `StoppedError` once `stop()` returns true: at the next watched value,
    or the next layer of a module of somebody else's.

    What was computed before the pass stays as it was, as after an edit that fails.
    """
    before, _of_thread.stop = getattr(_of_thread, "stop", None), stop
    try:
        yield
    finally:
        _of_thread.stop = before


def go_on() -> None:
    """Raise StoppedError if the pass under way is to be given up."""
    if (stop := getattr(_of_thread, "stop", None)) is not None and stop():
        raise StoppedError


class Tap:
    """The tap of one module: keeps the values of some of its sites, and may replace them."""

    __slots__ = ("_edited", "_outer", "_places", "seen")

    def __init__(self, seen: Seen, places: Mapping[str, Wish], outer: "Tap | None") -> None:
        self.seen = seen
        self._places = places
        self._outer = outer
        self._edited = any(changes for _, _, changes in places.values())

    def __call__(self, name: str, value: Tensor) -> Tensor:
        """Return the value to continue with: the given one, or its replacement. Keep it if it is wanted.

        In nested blocks all edits come first, the outermost first, so every tap keeps the value that the model used.
        """
        go_on()
        if self._outer is None:  # the usual case: one look-up for each value
            site, keep, changes = self._places.get(name, NOWHERE)
            if changes:
                value = self._change(name, value)
            if keep:
                self.seen[site] = value
            return value
        value = self._change(name, value)
        self._keep(name, value)
        return value

    def _change(self, name: str, value: Tensor) -> Tensor:
        if self._outer is not None:
            value = self._outer._change(name, value)
        site, _, changes = self._places.get(name, NOWHERE)
        for change in changes:
            value = _replaced(value, change, Place(site, 0 if name in ("k", "v") else self.seen.start))
        return value

    def _keep(self, name: str, value: Tensor) -> None:
        if self._outer is not None:
            self._outer._keep(name, value)
        site, keep, _ = self._places.get(name, NOWHERE)
        if keep:
            self.seen[site] = value

    def later(self, name: str, compute: Callable[[], Tensor], size: int) -> bool:
        """Keep a value that follows from others, to be computed when it is looked at; return False if it is edited.

        Then it has to be computed at once, and handed to the tap. size: bytes that it will have.
        """
        if self.edits(name):
            return False
        self._put_off(name, PutOff(compute, size))
        return True

    def edits(self, *names: str) -> bool:
        """Tell whether any of these values may be replaced, here or further out."""
        here = self._edited and any(self._places.get(name, NOWHERE)[2] for name in names)
        return here or (self._outer is not None and self._outer.edits(*names))

    def wants(self, *names: str) -> bool:
        """Tell whether any of these values is kept or may be replaced, here or further out."""
        here = any(keep or changes for _, keep, changes in (self._places.get(name, NOWHERE) for name in names))
        return here or (self._outer is not None and self._outer.wants(*names))

    def _put_off(self, name: str, value: PutOff) -> None:
        if self._outer is not None:
            self._outer._put_off(name, value)
        site, keep, _ = self._places.get(name, NOWHERE)
        if keep:
            self.seen.put_off(site, value)

    def begin(self, start: int) -> None:
        """Note the absolute position at which the rows of the coming pass begin; called by the model."""
        self.seen.start = start
        if self._outer is not None:
            self._outer.begin(start)


class Listening(AbstractContextManager[Seen]):
    """Taps prepared for one model, with sites to keep and edits. May be entered many times."""

    def __init__(
        self,
        model: Any,
        keep: Iterable[str],
        edit: Mapping[str, Change] | None,
        *,
        known: "Mapping[str, tuple[Any, str]] | None" = None,
    ) -> None:
        """known: sites of a model that does not name them itself: site → (object that holds the tap, local name)."""
        patterns = [keep] if isinstance(keep, str) else list(keep)
        edits = {pattern: _with_place(change) for pattern, change in (edit or {}).items()}
        known = sites(model) if known is None else known
        if not known:
            raise GlassheadError(
                f"Nothing in a {type(model).__name__} can be watched: no module of it names sites. Give a "
                "glasshead.Transformer, for example `glasshead.load(name).native`; a module of torch.nn is watched by "
                "`glasshead.subject(module, …).model.listen(…)`."
            )
        found = {pattern: find_sites(pattern, known) for pattern in (*patterns, *edits)}
        for pattern, matching in found.items():
            if pattern != "*" and not matching:
                close = get_close_matches(pattern, known, n=2, cutoff=0.4)
                hint = f" Near it: {', '.join(close)}." if close else ""
                raise GlassheadError(f"No site of this model matches {pattern!r}.{hint}")

        # The model itself always gets a tap: it reports the position at which each pass begins.
        self._places: dict[Any, dict[str, Wish]] = {model: {}}
        kept = {site for pattern in patterns for site in found[pattern]}
        changes: dict[str, tuple[Any, ...]] = {}
        for pattern, change in edits.items():
            for site in found[pattern]:
                changes[site] = (*changes.get(site, ()), change)
        for site, (module, name) in known.items():
            if site in kept or site in changes:
                self._places.setdefault(module, {})[name] = (site, site in kept, changes.get(site, ()))
        self._alone = {module: Tap(Seen(), places, None) for module, places in self._places.items()}
        self._before: list[list[tuple[Any, Tap | None]]] = []

    def fresh(self) -> Seen:
        """Return what a block keeps its values in."""
        return Seen()

    def __enter__(self) -> Seen:
        seen, again = self.fresh(), bool(self._before)  # again: inside its own block, where its taps are in use
        before: list[tuple[Any, Tap | None]] = []
        self._before.append(before)
        for module, alone in self._alone.items():
            outer = module.__dict__.get("tap")
            before.append((module, outer))
            if outer is not None or again:
                module.__dict__["tap"] = Tap(seen, self._places[module], outer)
            else:
                alone.seen = seen
                module.__dict__["tap"] = alone
        return seen

    def __exit__(self, *_: object) -> None:
        for module, outer in self._before.pop():
            if outer is None:
                module.__dict__.pop("tap", None)
                self._alone[module].seen = NOTHING  # what was captured is the block's alone
            else:
                module.__dict__["tap"] = outer


def listen(model: Any, keep: Iterable[str] = ("*",), edit: Mapping[str, Change] | None = None) -> Listening:
    """Put taps into `model` for the length of a `with` block, and take every one out again, whatever happens in it.

    The block gets a fresh `Seen`, which each pass in it fills. Only passes that run inside the block are watched and
    changed: a `Stepper` computes rows when they are first needed, so give its edits to `Subject.start` instead.

    keep: site names or globs; each pass over a site replaces the value kept before. edit: site or glob → function from
    the tensor to its replacement (same shape), called with a copy; a function that takes two arguments also gets the
    `Place`, whose `start` gives an edit absolute positions while decoding from a cache. Several edits of a site are
    made in turn. Edits come before keeping, so the kept value is the one that the model used. Blocks may be nested, and
    entered again.

    Raises GlassheadError for a pattern that matches no site, for a missing replacement or one of another shape, and
    for a model without values to watch.
    """
    return Listening(model, keep, edit)


def sites(model: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """Map the sites of a model, in the order of its modules: name → (module, local name)."""
    found: dict[str, tuple[nn.Module, str]] = {}
    for path, module in model.named_modules():
        prefix = ".".join(part for part in path.split(".") if part and part not in STRUCTURE)
        for name in getattr(module, "emits", ()):
            found[f"{prefix}.{name}" if prefix else name] = (module, name)
    return found


def find_sites(pattern: str, known: Collection[str]) -> Collection[str]:
    """Find the sites that a name or a glob means."""
    if pattern in known:
        return (pattern,)
    return known if pattern == "*" else [site for site in known if fnmatchcase(site, pattern)]


def _replaced(value: Tensor, change: Any, place: Place) -> Tensor:
    """Compute the replacement of one value; `change` gets a copy, so that an in-place edit alters no kept value."""
    new = change(value.clone(), place)
    if not isinstance(new, Tensor):
        raise GlassheadError(f"The edit of {place.site} returned {type(new).__name__}; it must return the replacement.")
    if new.shape != value.shape:
        given, wanted = tuple(new.shape), tuple(value.shape)
        raise GlassheadError(f"The edit of {place.site} returned the shape {given}; the model needs {wanted}.")
    return new.to(value)


def _with_place(change: Any) -> Any:
    """Wrap `change` as a function of two arguments, even if it ignores the second."""
    if not callable(change):
        raise GlassheadError(f"An edit is a function from a tensor to its replacement, not {change!r}.")
    try:
        parameters = signature(change).parameters.values()
    except ValueError:  # torch's functions have no signature; those useful as edits (zeros_like) take one tensor
        return lambda value, _place: change(value)
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is Parameter.empty
    ]
    return change if len(positional) >= 2 else lambda value, _place: change(value)


ONE_AT_A_TIME = RLock()
"""Lock held while a model runs under taps: two threads must not listen to one model at once."""
