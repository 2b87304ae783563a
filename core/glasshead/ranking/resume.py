"""A pass whose rows join layer by layer: before its layer a row is the line itself, which is not computed again.

What a layer returned is kept as it is, with whatever it hands on besides the stream (T5 hands on its position bias). At
a layer that some rows have not yet reached, the first rows are computed, and the others are given again what was kept.
All else in the model runs as always, so nothing needs to be known of it. A stack whose layers do not run once each, in
their order, is not kept, and runs in full.

A linear map in a layer gives again what it gave to each row that is given again what it was given: so do the queries,
keys and values of the layer at which a row joins, and the keys and values of a source that the row leaves as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.decoding.protocols import Layer, Model
from glasshead.traces.record import MiB

ROOM = 256 * MiB
"""Bytes that what linear maps were given, and gave, may take; beyond them they are computed each time."""

Forward = Callable[..., Any]
Entry = tuple[str, int]
"""Stack and layer at which a row joins."""
STACKS = ("encoder", "decoder")
"""The stacks in the order in which a row passes them."""


class Kept:
    """What the layers of each stack were given, and returned, in one pass over one line."""

    def __init__(self, stacks: Mapping[str, Sequence[Layer]]) -> None:
        self.stacks = stacks
        self._given: dict[nn.Module, list[tuple[int, ...]]] = {}
        """Shapes of the tensors that a layer was given."""
        self._found: dict[nn.Module, Any] = {}
        self._order: list[nn.Module] = []
        self._maps: dict[nn.Linear, tuple[Tensor, Tensor]] = {}
        self._room = ROOM

    @property
    def names(self) -> frozenset[str]:
        """Stacks whose layers rows can join."""
        return frozenset(name for name, layers in self.stacks.items() if self._ran_once(layers))

    def _ran_once(self, layers: Sequence[Layer]) -> bool:
        modules = [layer.module for layer in layers]
        return [each for each in self._order if each in modules] == modules

    def record(self) -> AbstractContextManager[None]:
        """Keep in the block what layers, and the linear maps in them, are given and return."""
        layers = [layer.module for stack in self.stacks.values() for layer in stack]
        maps = [each for layer in layers for each in layer.modules() if isinstance(each, nn.Linear)]
        return _instead(
            {each: self._keeping_map(each) for each in maps} | {each: self._keeping(each) for each in layers}
        )

    def _keeping(self, module: nn.Module) -> Forward:
        run = module.forward

        def forward(*given: Any, **named: Any) -> Any:
            self._order.append(module)
            self._given[module] = [tuple(value.shape) for value in _tensors((given, named))]
            found = run(*given, **named)
            self._found[module] = _each(found, Tensor.clone)
            return found

        return forward

    def _keeping_map(self, module: nn.Linear) -> Forward:
        """Make a forward that keeps what it is given, on the processor: elsewhere to compare takes longer."""
        run = module.forward

        def forward(x: Tensor) -> Tensor:
            found = run(x)
            if x.device.type == "cpu":
                self._room -= x.nbytes + found.nbytes
                if self._room >= 0:
                    self._maps[module] = x.clone(), found.clone()
            return found

        return forward

    def join(self, entries: Sequence[Entry]) -> dict[Entry, int]:
        """Count the rows that are computed at each layer. entries: where each row joins, in their order."""
        found: dict[Entry, int] = {}
        before = 0
        for stack in STACKS:
            own = [layer for name, layer in entries if name == stack]
            for layer in range(len(self.stacks[stack]) if stack in self.names else 0):
                found[stack, layer] = before + sum(each <= layer for each in own)
            before += len(own)
        return found

    def replay(
        self, joined: Mapping[Entry, int], rows: int, begin: Callable[[int], None]
    ) -> AbstractContextManager[None]:
        """Compute in the block so many rows at each layer, as `join` counts them, and give again what the others had.

        begin: called before a layer is computed, with the number of its rows.
        """
        instead: dict[nn.Module, Forward] = {}
        if self.names:
            instead |= {each: self._again_if_same(each) for each in self._maps}
        for (stack, layer), some in joined.items():
            own = self.stacks[stack][layer]
            instead[own.module] = self._partly(own, some, rows, begin)
        return _instead(instead)

    def _partly(self, layer: Layer, some: int, rows: int, begin: Callable[[int], None]) -> Forward:
        """Make a forward that computes the first rows, and gives again what the others had."""
        run, kept, shapes = layer.module.forward, self._found[layer.module], self._given[layer.module]

        def again(value: Tensor, count: int) -> Tensor:
            return value.repeat_interleave(count, layer.axis) if _has_batch(value, layer.axis) else value

        def forward(*given: Any, **named: Any) -> Any:
            if not some:
                return _each(kept, lambda value: again(value, rows))
            begin(some)
            if some == rows:
                return run(*given, **named)
            ahead = iter(shapes)
            given, named = _each((given, named), lambda value: _first(value, next(ahead), some, rows))
            others = iter([again(value, rows - some) for value in _tensors(kept)])

            def joined(value: Tensor) -> Tensor:
                other = next(others)
                both = _has_batch(value, layer.axis, some) and _has_batch(other, layer.axis, rows - some)
                return torch.cat((value, other), layer.axis) if both else value

            return _each(run(*given, **named), joined)

        return forward

    def _again_if_same(self, module: nn.Linear) -> Forward:
        """Make a forward that gives again what was kept to the last rows, if they are given again what was kept."""
        given, found = self._maps[module]
        run = module.forward

        def forward(x: Tensor) -> Tensor:
            count = _differing(x, given) if len(given) == 1 and x.shape[1:] == given.shape[1:] else len(x)
            if count == len(x):
                return run(x)
            again = found.expand(len(x) - count, *found.shape[1:])
            return torch.cat((run(x[:count]), again)) if count else again.clone()

        return forward


def _differing(x: Tensor, row: Tensor) -> int:
    """Count the first rows after which all rows of x are like this one. Rows that join late are the last to differ."""
    width = x.shape[-1]
    last = x.flatten(1)[:, -width:] != row.flatten()[-width:]  # the last vector of a row tells, mostly
    other = last.any(1).tolist()
    count = len(x) - other[::-1].index(True) if True in other else 0
    like = count == len(x) or torch.equal(x[count:], row.expand(len(x) - count, *row.shape[1:]))
    return count if like else len(x)


def stacks_of(model: Model) -> Mapping[str, Sequence[Layer]]:
    """Return the layers of a model that says them; nothing for any other."""
    found: Mapping[str, Sequence[Layer]] = getattr(model, "layers", {})
    return found


@contextmanager
def _instead(forwards: Mapping[nn.Module, Forward]) -> Iterator[None]:
    """Let modules run by other functions in the block."""
    before = [(module, module.__dict__.get("forward")) for module in forwards]
    try:
        for module, forward in forwards.items():
            module.__dict__["forward"] = forward
        yield
    finally:
        for module, own in before:
            if own is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = own


def _has_batch(value: Tensor, axis: int, rows: int = 1) -> bool:
    """Tell whether a tensor has so many rows along an axis."""
    return value.dim() > axis and value.shape[axis] == rows


def _first(value: Tensor, alone: tuple[int, ...], some: int, rows: int) -> Tensor:
    """Take the first rows of a tensor whose shape has another number where it has a batch than it had for one row."""
    for axis, (one, all_of) in enumerate(zip(alone, value.shape, strict=True)):
        if all_of != one:
            if all_of != one * rows:
                raise ValueError(f"{all_of} is no batch of {rows} times {one}")
            return value.narrow(axis, 0, one * some)
    return value


def _tensors(value: Any) -> list[Tensor]:
    """List the tensors in what a module was given, or returned."""
    found: list[Tensor] = []
    _each(value, found.append)
    return found


def _each(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """Apply a function to every tensor of what a module was given, or returned, and leave its form."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_each(one, change) for one in value))
    if isinstance(value, tuple | list):
        return type(value)(_each(one, change) for one in value)
    if isinstance(value, dict):
        return {name: _each(one, change) for name, one in value.items()}
    return value
