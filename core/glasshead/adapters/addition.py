"""Addition: the stream after a sub-layer where the model reads it in two places, the next norm and the next addition.

    x + sublayer(norm(x))       made in the model's own code, where no module begins or ends

It is seen where the next norm is given it. While an edit changes it, the addition itself is caught, the first one of
two streams after the sub-layer has given its output, so that both places read what the edit made of the sum.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from glasshead.adapters.points import Point
from glasshead.errors import GlassheadError

ADDITIONS = frozenset({torch.add, Tensor.add, Tensor.add_, Tensor.__add__, Tensor.__radd__, Tensor.__iadd__})
"""Functions that add. In place (`x += …`) what they return is what the model goes on with."""


class Addition(Point):
    """See the module."""

    def __init__(self, norm: nn.Module, name: str, *, layer: nn.Module | None, added: nn.Module) -> None:
        """norm: is given the sum, or any other module that is · layer: makes it; None if a function makes it that no
        module calls · added: the last module of the sub-layer, which gives what is added.
        """
        super().__init__(norm)
        self.name, self.layer, self.added = name, layer, added
        self.waits = False
        """Whether the sub-layer has given its output, and the addition is still to come."""
        self._caught: Tensor | None = None
        self._modes: list[TorchFunctionMode] = []

    @property
    def edited(self) -> bool:
        """Whether an edit may change the sum."""
        tap = self.__dict__.get("tap")
        return tap is not None and tap.edits(self.name)

    @property
    def uncaught(self) -> str:
        """What to say of a sum that cannot be changed."""
        maker = "the owner's function" if self.layer is None else type(self.layer).__name__
        return f"{maker} adds it up in a way that cannot be caught"

    def enter(self) -> None:
        """See `Point`. Where no module makes the sum, the whole block of the listener stands for its call."""
        super().enter()
        if self.layer is None:
            self._enter()

    def leave(self) -> None:
        """See `Point`."""
        if self.layer is None and self.edited:
            self._leave()
        super().leave()

    def hook(self) -> Any:
        """See `Point`."""
        around = (
            ()
            if self.layer is None
            else (
                self.layer.register_forward_pre_hook(self._enter),
                self.layer.register_forward_hook(self._leave, always_call=True),
            )
        )
        return _Hooks(
            *around,
            self.added.register_forward_hook(self._wait),
            self.module.register_forward_pre_hook(self._given, with_kwargs=True),
        )

    def catch(self, total: Tensor) -> Tensor:
        """Let the edits change a sum."""
        self.waits, self._caught = False, self.see(self.name, total)
        return self._caught

    def _enter(self, *_call: Any) -> None:
        if self.edited:
            self._modes.append(_Catching(self))
            self._modes[-1].__enter__()

    def _leave(self, *_call: Any) -> None:
        if self._modes:
            self._modes.pop().__exit__(None, None, None)
        self.waits, self._caught = False, None

    def _wait(self, _added: nn.Module, _given: Any, _found: Any) -> None:
        self.waits = bool(self._modes)

    def _given(self, _norm: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        stream = given[0] if given else next(value for value in named.values() if isinstance(value, Tensor))
        if not self.edited:
            self.see(self.name, stream)
        elif self._caught is None or not _alike(self._caught, stream):
            raise GlassheadError(
                f"{self.name} can be seen and not changed: {self.uncaught}. Change what is added to it, or what its "
                "norm gives."
            )


def _alike(caught: Tensor, given: Tensor) -> bool:
    """Tell whether a norm got a sum, as it is or through something that left it so (T5's clamp in float16)."""
    return caught.data_ptr() == given.data_ptr() or torch.equal(caught.view_as(given), given)


class _Hooks:
    """Several hooks that are removed together."""

    def __init__(self, *handles: Any) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Remove them."""
        for handle in self._handles:
            handle.remove()


class _Catching(TorchFunctionMode):
    """Hands the addition that an `Addition` waits for to it."""

    def __init__(self, of: Addition) -> None:
        super().__init__()
        self._of = of

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        if self._of.waits and function in ADDITIONS:
            shapes = [each.shape for each in args if isinstance(each, Tensor)]
            if len(shapes) == 2 and shapes[0] == shapes[1]:
                return self._of.catch(found)
        return found
