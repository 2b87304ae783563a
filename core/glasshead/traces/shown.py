"""Shown: the layers whose values are captured while a line goes on, where not all of them are.

Of each stack that is the layer that was looked at last. What lies outside of layers (embeddings, the last norm, logits)
is always captured. When another layer is looked at, a pass over the same tokens computes its values, all at once; a
record takes them in, in place of those of the layer before, when the line moves next.

Whoever may not wait for such a pass puts it off: what needs one then raises `NotYetError`, which can be computed
elsewhere.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from glasshead.site import Site

if TYPE_CHECKING:
    from torch import Tensor

Layers = Mapping[str, str]
"""A layer of each stack: decoder → decoder.3."""


def layer_of(site: str) -> str | None:
    """Return the layer that a site belongs to, e.g. `decoder.3`; None for what lies outside of layers."""
    place = Site.parse(site)
    return None if place.layer is None else f"{place.stack}.{place.layer}"


def stack_of(layer: str) -> str:
    """Return the stack of a layer."""
    return layer.partition(".")[0]


class Again(NamedTuple):
    """A layer that was computed again."""

    layer: str
    of: Any
    """What was run: the model, the tokens, the edits."""
    values: "Mapping[str, Tensor]"
    """By site, as captured, with a batch axis."""


class NotYetError(Exception):
    """A value takes a pass that is put off. It is no mistake of the user's, and no GlassheadError."""

    def __init__(self, key: Hashable, compute: Callable[[], None], *, turns: bool) -> None:
        """key: tells what is needed; the same for the same · compute: runs the pass, from any thread, if it still is
        needed; the value is there afterwards · turns: whether the next steps of the line capture it then.
        """
        super().__init__(f"{key} takes a pass")
        self.key, self.compute, self.turns = key, compute, turns


_of_thread = threading.local()


@contextmanager
def passes_put_off() -> Iterator[None]:
    """Raise `NotYetError` within, in this thread, in place of every pass that looking at another layer takes."""
    before, _of_thread.put_off = puts_off(), True
    try:
        yield
    finally:
        _of_thread.put_off = before


def puts_off() -> bool:
    """Tell whether this thread puts passes off."""
    return getattr(_of_thread, "put_off", False)


class Shown:
    """See the module. Lines that share one capture the same layers."""

    def __init__(self, sites: Iterable[str]) -> None:
        """sites: all of the model, in their order. It begins with the last layer of each stack."""
        layers = [layer for site in sites if (layer := layer_of(site))]
        self.layers: Layers = {stack_of(layer): layer for layer in layers}
        """Layer of each stack that was looked at last."""
        self.again: Mapping[str, Again] = {}
        """Those that were computed again for it, by stack."""

    def look(self, found: Again) -> None:
        """Look at a layer that was computed again for it."""
        stack = stack_of(found.layer)
        self.again = {**self.again, stack: found}
        self.layers = {**self.layers, stack: found.layer}
