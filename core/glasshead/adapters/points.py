"""Points: places in somebody else's modules whose values a hook hands to a tap.

A point has a `tap` like a module of ours, which `listen` sets and takes away. Its hook is there only meanwhile.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Point(ABC):
    """A place with one or more values."""

    changeable = True
    """Whether a replacement reaches all that the value reaches."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._entered = 0
        self._remove: Callable[[], None] = lambda: None

    def enter(self) -> None:
        """Put the hook in; nested entries share one."""
        self._entered += 1
        if self._entered == 1:
            self._remove = self.hook().remove

    def leave(self) -> None:
        """Take the hook out, if this was the last entry."""
        self._entered -= 1
        if not self._entered:
            self._remove()

    @abstractmethod
    def hook(self) -> Any:
        """Put the hook in, and return its handle."""

    def see(self, name: str, value: Tensor) -> Tensor:
        """Hand a value to the tap."""
        tap = self.__dict__.get("tap")
        if tap is None:
            return value
        if value.dim() == 2:  # positions that are the same for a whole batch, or OPT's rows of all of it
            return tap(name, value[None])[0]
        return tap(name, value)


class Output(Point):
    """What a module returns, or the first of it."""

    def __init__(self, module: nn.Module, name: str) -> None:
        super().__init__(module)
        self.name = name

    def hook(self) -> Any:
        """See `Point`."""

        def after(_module: nn.Module, _given: Any, found: Any) -> Any:
            if isinstance(found, tuple):
                return (self.see(self.name, found[0]), *found[1:])
            return self.see(self.name, found)

        return self.module.register_forward_hook(after)


class Input(Point):
    """What a module is given."""

    def __init__(self, module: nn.Module, name: str, *, changeable: bool) -> None:
        super().__init__(module)
        self.name, self.changeable = name, changeable

    def hook(self) -> Any:
        """See `Point`."""

        def before(_module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
            if given:
                return (self.see(self.name, given[0]), *given[1:]), named
            first = next(name for name, value in named.items() if isinstance(value, Tensor))
            return given, {**named, first: self.see(self.name, named[first])}

        return self.module.register_forward_pre_hook(before, with_kwargs=True)


class Normalisation(Point):
    """A LayerNorm or RMSNorm, whose steps are computed again from its input, in float32, and checked (`examine`)."""

    def __init__(self, module: nn.Module, width: int) -> None:
        super().__init__(module)
        found: Any = module
        self.eps = _eps(found)
        self.gain: Tensor | None = getattr(found, "weight", None)
        self.bias: Tensor | None = getattr(found, "bias", None)
        self.rms, self.shift = self.examine(width)
        self.emits = ("normed", "out") if self.rms else ("mean", "var", "normed", "out")

    def examine(self, width: int) -> tuple[bool, float]:
        """Find by trial whether the mean is taken away, and whether the gain is w or 1 + w. Raises ValueError."""
        parameter = self.gain if self.gain is not None else torch.empty(0)
        draw = torch.Generator().manual_seed(0)
        x = (torch.randn(3, width, generator=draw) + 0.5).to(parameter.device, parameter.dtype)
        with torch.no_grad():
            found = self.module(x).float()
            for rms in (False, True):
                for shift in (0.0, 1.0):
                    self.rms, self.shift = rms, shift
                    again = self.finish(self.normed(x)[-1], torch.float32)
                    if torch.allclose(again, found, atol=2e-2 if parameter.dtype.itemsize < 4 else 1e-4, rtol=1e-2):
                        return rms, shift
        raise ValueError(f"{type(self.module).__name__} is neither LayerNorm nor RMSNorm")

    def normed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute mean, variance and the normalised vectors."""
        x = x.float()
        if self.rms:
            var, mean = x.square().mean(-1, keepdim=True), x.new_zeros(*x.shape[:-1], 1)
        else:
            var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        return mean, var, (x - mean) * torch.rsqrt(var + self.eps)

    def finish(self, normed: Tensor, dtype: torch.dtype) -> Tensor:
        """Apply gain and bias."""
        if self.gain is not None:
            normed = normed * (self.gain.float() + self.shift)
        if self.bias is not None:
            normed = normed + self.bias.float()
        return normed.to(dtype)

    def hook(self) -> Any:
        """See `Point`."""

        def after(_module: nn.Module, given: tuple[Any, ...], found: Tensor) -> Tensor:
            mean, var, normed = self.normed(given[0])
            new_mean, new_var = (mean, var) if self.rms else (self.see("mean", mean), self.see("var", var))
            if new_mean is not mean or new_var is not var:
                normed = (given[0].float() - new_mean) * torch.rsqrt(new_var + self.eps)
            new = self.see("normed", normed)
            if new is not normed or new_mean is not mean or new_var is not var:
                found = self.finish(new, found.dtype)
            return self.see("out", found)

        return self.module.register_forward_hook(after)


def _eps(norm: Any) -> float:
    """Return the ε of a norm; `nn.RMSNorm` without one takes the smallest step of its precision."""
    found = getattr(norm, "eps", getattr(norm, "variance_epsilon", 1e-5))
    return float(
        torch.finfo(norm.weight.dtype if norm.weight is not None else torch.float32).eps if found is None else found
    )
