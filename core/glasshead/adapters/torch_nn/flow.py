"""The sub-layers of a pass, found by which tensor is which: whatever the modules are called, sums do not lie.

    post-norm      y = norm(x + sublayer(x))
    pre-norm       y = x + sublayer(norm(x))

A sub-layer that got x, or a norm of x, gave o; then x + o appears, number for number, before or after a later module.
Where it does not, no stream and no norm are claimed for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from glasshead.adapters.torch_nn.passes import Event
from glasshead.site import Site

Side = Literal["given", "found"]
Where = Literal["pre", "post"]


@dataclass(frozen=True, eq=False)
class Sum:
    """A place where a sum of the stream is seen."""

    event: Event
    side: Side
    first: bool
    """Whether nothing reads the stream before that place: else the addition has to be caught."""


@dataclass(frozen=True, eq=False)
class SubLayer:
    """One sub-layer of a layer, as it was run."""

    site: str
    last: Event
    """The attention, or the last linear map of a feed-forward layer: what it gave is added to the stream."""
    entered: Tensor
    """The stream before it, n m."""
    left: Tensor | None
    """The stream after it; None where it is not seen."""
    first: Event | None = None
    """The first linear map of a feed-forward layer of two."""
    norm: Event | None = None
    where: Where = "post"
    sum: Sum | None = None


@dataclass(frozen=True)
class Flow:
    """All sub-layers of one pass."""

    events: Sequence[Event]
    is_norm: Callable[[nn.Module], bool]

    def sub_layers(self, attentions: Sequence[tuple[str, Event]]) -> list[SubLayer]:
        """Find the sub-layers around the attentions (site, event), in the order in which they ran."""
        found: list[SubLayer] = []
        for number, (site, event) in enumerate(attentions):
            assert event.given is not None and event.found is not None
            found.append(self._resolve(site, event.given, event) or SubLayer(site, event, event.given, None))
            following = attentions[number + 1][1].place if number + 1 < len(attentions) else len(self.events)
            place = Site.parse(f"{site}.out")
            linear = [e for e in self._between(event.place, following) if isinstance(e.module, nn.Linear)]
            feed_forward = self._feed_forward(f"{place.stack}.{place.layer}.ffn", linear)
            if feed_forward is not None:
                found.append(feed_forward)
        return found

    def norm_before(self, entered: Tensor, taken: Sequence[Event]) -> Event | None:
        """Find the norm that gave the first stream of a stack."""
        return next((e for e in self.norms() if e not in taken and same(e.found, entered)), None)

    def norm_after(self, left: Tensor, taken: Sequence[Event]) -> Event | None:
        """Find the norm of the last stream of a stack."""
        return next((e for e in self.norms() if e not in taken and same(e.given, left)), None)

    def norms(self) -> Iterator[Event]:
        """Yield the calls of norms."""
        return (event for event in self.events if self.is_norm(event.module))

    def _between(self, first: int, last: int) -> Iterator[Event]:
        return (e for e in self.events if first < e.place < last and e.given is not None and e.found is not None)

    def _feed_forward(self, site: str, linear: Sequence[Event]) -> SubLayer | None:
        """Find a feed-forward layer: a first and a last linear map; with others between them only the last is known."""
        for number, first in enumerate(linear):
            for between, last in enumerate(linear[number + 1 :]):
                assert first.given is not None
                found = self._resolve(site, first.given, last, None if between else first)
                if found is not None:
                    return found
        return None

    def _resolve(self, site: str, given: Tensor, last: Event, first: Event | None = None) -> SubLayer | None:
        """Find the stream around what was `given` to a sub-layer, and its norm."""
        before = [e for e in self.norms() if e.place < last.place and e.given is not None and same(e.found, given)]
        ways: list[tuple[Tensor, Event | None]] = [(e.given, e) for e in reversed(before) if e.given is not None]
        for entered, norm in [*ways, (given, None)]:
            if last.found is None or entered.shape != last.found.shape:
                continue
            total = entered + last.found
            place = self._sum(total, last)
            if place is None:
                continue
            if norm is not None:
                return SubLayer(site, last, entered, total, first, norm, "pre", place)
            after = next((e for e in self.norms() if e.place > last.place and same(e.given, total)), None)
            if after is None or any(same(e.given, total) and e.holds(after) for e in self.events):  # the next block's
                return SubLayer(site, last, entered, total, first, None, "post", place)
            return SubLayer(site, last, entered, after.found, first, after, "post", Sum(after, "given", True))
        return None

    def _sum(self, total: Tensor, last: Event) -> Sum | None:
        """Find where a sum is seen: best as what the module around it returns, else where a module takes it."""
        later = [event for event in self.events if event.place > last.place]
        for event in later:
            if same(event.found, total) and not self.is_norm(event.module) and event.holds(last):
                return Sum(event, "found", True)
        for event in later:
            if same(event.given, total):
                return Sum(event, "given", False)
        others = (event for event in later if not self.is_norm(event.module))
        return next((Sum(event, "found", True) for event in others if same(event.found, total)), None)


def same(one: Tensor | None, other: Tensor | None) -> bool:
    """Tell whether two tensors are equal, number for number."""
    if one is None or other is None or one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(torch.equal(one, other))
