"""One pass, noted: every call of every module, with what came in and what came out.

Tensors are copied, since a module may change what it was given, and hold one line: n m, without the batch.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.adapters.torch_nn.layout import Layout, layout_of

ARGUMENTS = signature(nn.MultiheadAttention.forward)


@dataclass(frozen=True, eq=False)
class Event:
    """One call of one module."""

    module: nn.Module
    path: str
    place: int
    """Number of the call, in the order in which calls end."""
    given: Tensor | None
    """The first tensor that came in: n m, or n ids."""
    found: Tensor | None
    """The first tensor that came out: n m."""
    layout: Layout
    """Of what came out, or else of what came in."""
    by_name: bool = False
    """Whether it came in by name: a norm is then not watched, since its hook would not find it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Of an `nn.MultiheadAttention`: all that it was called with, as it was."""

    def holds(self, other: "Event") -> bool:
        """Tell whether another call was one of a part of this module, and ended before this one."""
        return other.place < self.place and (not self.path or other.path.startswith(f"{self.path}."))


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Let torch.nn's layers call their parts one by one, as their fast path does not."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def noted(module: nn.Module, run: Callable[[], Tensor]) -> tuple[list[Event], Tensor]:
    """Run, and return the calls of all modules below `module` with what `run` returned."""
    events: list[Event] = []
    given: dict[nn.Module, list[tuple[Tensor | None, bool, dict[str, Any]]]] = {}
    handles = []

    def before(each: nn.Module, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        first = next((one for one in (*values, *named.values()) if isinstance(one, Tensor)), None)
        arguments: dict[str, Any] = {}
        if isinstance(each, nn.MultiheadAttention):
            bound = ARGUMENTS.bind(each, *values, **named)
            bound.apply_defaults()
            arguments = {name: _copied(one) for name, one in bound.arguments.items() if name != "self"}
        given.setdefault(each, []).append((_copied(first), not values, arguments))

    def after(path: str) -> Any:
        def hook(each: nn.Module, _values: Any, found: Any) -> None:
            first, by_name, arguments = given[each].pop()
            found = found[0] if isinstance(found, tuple) and found else found
            found = _copied(found) if isinstance(found, Tensor) else None
            layouts = (layout_of(one) for one in (found, first) if one is not None)
            layout = next((each for each in layouts if each is not None), Layout.BATCH)
            events.append(Event(each, path, len(events), _line(first), _line(found), layout, by_name, arguments))

        return hook

    try:
        for path, each in module.named_modules():
            handles.append(each.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(each.register_forward_hook(after(path)))
        with without_fast_path(), torch.no_grad():
            result = run()
    finally:
        for handle in handles:
            handle.remove()
    return events, result


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _line(value: Tensor | None) -> Tensor | None:
    """Return the vectors (n m) or ids (n) of one line; None for anything else."""
    if value is None:
        return None
    if not value.is_floating_point():
        return value.flatten() if value.dim() == 1 or (value.dim() == 2 and 1 in value.shape) else None
    layout = layout_of(value)
    return None if layout is None else layout.ours(value)[0]
