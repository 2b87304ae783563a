"""Points: places in somebody else's modules whose values a hook hands to a tap.

A point has a `tap` like a module of ours, which `listen` sets and takes away. Its hook is there only meanwhile.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Point(ABC):
    """A place with one or more values."""

    changeable = True
    """Whether a replacement reaches all that the value reaches."""
    reason = "the module adds it up in its own code, and reads it in two places"
    """Why not, where it does not."""

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
        """Hand a value to the tap. One without an axis of the batch gets it: positions, or what OPT has laid flat."""
        tap = self.__dict__.get("tap")
        if tap is None:
            return value
        whole = with_batch(value)
        new = tap(name, whole)
        return value if new is whole else new.view_as(value)


def with_batch(value: Tensor) -> Tensor:
    """Give a value without an axis of the batch one."""
    return value.unsqueeze(0) if value.dim() == 2 else value


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


Look = Callable[[Tensor], Tensor]
"""Function to a view of what a module returns, as b h q d."""


class Unrotated(Point):
    """What a projection returns, seen head by head: q, k or both of them, before they are rotated."""

    def __init__(self, module: nn.Module, looks: Mapping[str, Look]) -> None:
        """looks: local name of each value → its view."""
        super().__init__(module)
        self.looks = looks

    def hook(self) -> Any:
        """See `Point`."""

        def after(_module: nn.Module, _given: Any, found: Tensor) -> Tensor:
            for name, look in self.looks.items():
                value = look(found)
                new = self.see(name, value)
                if new is not value:
                    found = found.clone()
                    look(found).copy_(new)
            return found

        return self.module.register_forward_hook(after)


def by_heads(heads: int, width: int, first: int = 0, each: int = 1, *, heads_first: bool = False) -> Look:
    """Make the view of one of q, k and v.

    first: number of the first head in b q (h d), where those of q, k and v lie one after the other · each: how many
    heads further the next one lies · heads_first: whether the value is b h q d already.
    """

    def look(value: Tensor) -> Tensor:
        if value.dim() == 4:
            return value if heads_first else value.transpose(1, 2)
        return value.unflatten(-1, (-1, width))[..., first : first + heads * each : each, :].transpose(1, 2)

    return look


def parameter(module: nn.Module, name: str) -> Tensor | None:
    """Return a parameter of a module, also of one whose weights lie elsewhere between its turns; None without it."""
    found: Tensor | None = getattr(module, name, None)
    if found is not None and found.is_meta:
        elsewhere = getattr(getattr(module, "_hf_hook", None), "weights_map", None)
        return None if elsewhere is None else elsewhere[name]
    return found


class Normalisation(Point):
    """A LayerNorm or RMSNorm, whose steps are computed again from its input, in float32, and checked (`examine`)."""

    lasting = True
    """Whether what a norm is given stays as it is: not where somebody's own code may add to it in place."""

    def __init__(self, module: nn.Module, width: int) -> None:
        """width: numbers of a vector, if the module has no gain that tells it."""
        super().__init__(module)
        found: Any = module
        self.eps = _eps(found)
        self.gain, self.bias = parameter(module, "weight"), parameter(module, "bias")
        self.rms, self.shift = self.examine(width if self.gain is None else self.gain.shape[-1])
        self.emits = ("rms", "normed", "out") if self.rms else ("mean", "var", "normed", "out")

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
                    again = self.finish(self.normed(x), torch.float32)
                    if torch.allclose(again, found, atol=2e-2 if parameter.dtype.itemsize < 4 else 1e-4, rtol=1e-2):
                        return rms, shift
        raise ValueError(f"{type(self.module).__name__} is neither LayerNorm nor RMSNorm")

    def statistics(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute what the norm knows of a vector (… m → … 1): mean and variance, or the root mean square alone."""
        x = x.float()
        if self.rms:
            return (x.square().mean(-1, keepdim=True).sqrt(),)
        var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        return mean, var

    def normed(self, x: Tensor, statistics: tuple[Tensor, ...] | None = None) -> Tensor:
        """Take step 1: the vectors with their own statistics, or others, taken out of them."""
        first, *second = self.statistics(x) if statistics is None else statistics
        if self.rms:
            return x.float() * torch.rsqrt(first.square() + self.eps)
        return (x.float() - first) * torch.rsqrt(second[0] + self.eps)

    def finish(self, normed: Tensor, dtype: torch.dtype) -> Tensor:
        """Apply gain and bias."""
        if self.gain is not None:
            normed = normed * (self.gain.float() + self.shift)
        if self.bias is not None:
            normed = normed + self.bias.float()
        return normed.to(dtype)

    def put_off(self, x: Tensor) -> bool:
        """Have both steps computed when they are looked at; return False if one of them is edited."""
        tap = self.__dict__.get("tap")
        *statistics, normed, _ = self.emits
        if tap is None or torch.is_grad_enabled() or tap.edits(*statistics, normed):
            return False
        size = torch.float32.itemsize * x.numel()
        for number, name in enumerate(statistics):
            tap.later(name, lambda number=number: with_batch(self.statistics(x)[number]), size // x.shape[-1])
        tap.later(normed, lambda: with_batch(self.normed(x)), size)
        return True

    def hook(self) -> Any:
        """See `Point`."""

        def after(_module: nn.Module, given: tuple[Any, ...], found: Tensor) -> Tensor:
            if self.lasting and self.put_off(given[0]):
                return self.see("out", found)
            own = self.statistics(given[0])
            seen = tuple(self.see(name, value) for name, value in zip(self.emits, own, strict=False))
            changed = any(new is not old for new, old in zip(seen, own, strict=True))
            normed = self.normed(given[0], seen)
            new = self.see("normed", normed)
            if changed or new is not normed:  # vectors that are not edited stay as they are, bit for bit
                same = (new == self.normed(given[0], own)).all(-1, keepdim=True)
                found = torch.where(same, found, self.finish(new, found.dtype))
            return self.see("out", found)

        return self.module.register_forward_hook(after)


def _eps(norm: Any) -> float:
    """Return the ε of a norm; `nn.RMSNorm` without one takes the smallest step of its precision."""
    found = getattr(norm, "eps", getattr(norm, "variance_epsilon", 1e-5))
    return float(
        torch.finfo(norm.weight.dtype if norm.weight is not None else torch.float32).eps if found is None else found
    )
