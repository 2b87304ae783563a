"""Starting a pass at a layer: the layers before it give again what they gave in another pass, and compute nothing.

What a layer returned is kept as it is, with whatever it hands on besides the stream (T5 hands on its position bias),
and repeated for each row of the batch. All else in the model runs as always, so nothing needs to be known of it. A
stack whose layers do not run once each, in their order, is not kept, and runs in full.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from glasshead.decoding.protocols import Layer, Model


class Kept:
    """What the layers of each stack returned in one pass over one line."""

    def __init__(self, stacks: Mapping[str, Sequence[Layer]]) -> None:
        self.stacks = stacks
        self._found: dict[nn.Module, Any] = {}
        self._order: list[nn.Module] = []

    @property
    def names(self) -> frozenset[str]:
        """Stacks that can be started at any layer."""
        return frozenset(name for name, layers in self.stacks.items() if self._ran_once(layers))

    def _ran_once(self, layers: Sequence[Layer]) -> bool:
        modules = [layer.module for layer in layers]
        return [each for each in self._order if each in modules] == modules

    @contextmanager
    def record(self) -> Iterator[None]:
        """Keep what layers return in the block."""
        handles = []
        for layers in self.stacks.values():
            for layer in layers:

                def keep(module: nn.Module, _given: Any, found: Any) -> None:
                    self._order.append(module)
                    self._found[module] = _each(found, lambda value: value.clone())

                handles.append(layer.module.register_forward_hook(keep))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def replay(self, stack: str, layer: int, rows: int, *, whole: bool = False) -> Iterator[None]:
        """Let the layers of a stack before this one give again what they gave, for so many rows.

        whole: the decoder's pass runs the encoder, too, which then gives again all that it gave.
        """
        skipped = list(self.stacks[stack][:layer]) if stack in self.names else []
        if whole and stack == "decoder" and "encoder" in self.names:
            skipped += self.stacks["encoder"]
        before = [(each.module, each.module.__dict__.get("forward")) for each in skipped]
        try:
            for each in skipped:
                each.module.__dict__["forward"] = self._again(each, rows)
            yield
        finally:
            for module, own in before:
                if own is None:
                    module.__dict__.pop("forward", None)
                else:
                    module.__dict__["forward"] = own

    def _again(self, layer: Layer, rows: int) -> Any:
        found = self._found[layer.module]

        def repeated(value: Tensor) -> Tensor:
            if value.dim() <= layer.axis or value.shape[layer.axis] != 1:
                return value
            return value.repeat_interleave(rows, layer.axis)

        return lambda *_given, **_named: _each(found, repeated)


def stacks_of(model: Model) -> Mapping[str, Sequence[Layer]]:
    """Return the layers of a model that says them; nothing for any other."""
    found: Mapping[str, Sequence[Layer]] = getattr(model, "layers", {})
    return found


def _each(value: Any, change: Any) -> Any:
    """Apply a function to every tensor of what a module returned, and leave its form."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_each(one, change) for one in value))
    if isinstance(value, tuple | list):
        return type(value)(_each(one, change) for one in value)
    return value
