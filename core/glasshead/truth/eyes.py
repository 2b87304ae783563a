"""Eyes: attention that somebody wrote by hand, found while it runs.

A softmax of numbers that come from a product of two tensors is attention. While `Eyes` are open, every call of torch is
noted: which tensor is a product, by which numbers it was multiplied on its way, and what is done with the weights. The
module is not changed, and computes what it computes.

    with Eyes() as eyes:
        model(source, target)
    eyes.looks                      every attention in the order of the pass: its scale, its scores, its weights
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

PRODUCTS = frozenset({"matmul", "__matmul__", "__rmatmul__", "bmm", "einsum", "baddbmm"})
TIMES = frozenset({"mul", "__mul__", "__rmul__", "multiply", "mul_", "__imul__"})
OVER = frozenset({"div", "__truediv__", "true_divide", "divide", "div_", "__itruediv__"})
VIEWS = frozenset(
    {
        "view", "reshape", "transpose", "permute", "flatten", "unflatten", "squeeze", "unsqueeze", "contiguous",
        "expand", "chunk", "split", "unbind", "__getitem__", "repeat_interleave", "swapaxes", "movedim", "view_as",
        "select", "narrow", "T", "mT", "__get__", "transpose_",
    }
)  # fmt: skip
ENDS = frozenset({"linear", "layer_norm", "rms_norm", "embedding", "relu", "gelu", "silu", "tanh", "sigmoid"})
"""Calls after which a tensor is another."""
HIDDEN = -1e4
"""A score this far below the largest of its row is hidden: softmax leaves nothing of it."""


@dataclass
class Look:
    """One attention of one pass."""

    scale: float
    """Factor of q·k."""
    width: int
    """Numbers of one query and one key that are multiplied, d_k."""
    masked: Tensor
    """What softmax was given: … q k."""
    used: Tensor
    """The weights that the values were summed with: … q k."""

    @property
    def hidden(self) -> Tensor:
        """Where the mask hides a key: … q k."""
        masked = self.masked.float()
        return masked.isneginf() | (masked < masked.amax(-1, keepdim=True) + HIDDEN)


@dataclass
class _Mark:
    """What is known of a tensor."""

    factor: float = 1.0
    """By which it was multiplied since it was made."""
    scale: float = 1.0
    """Of a product: by which its two sides had been."""
    width: int = 0
    """Of a product: numbers that were multiplied."""
    look: Look | None = None
    """Of weights: the attention that they belong to."""


@dataclass
class Eyes(TorchFunctionMode):
    """See the module."""

    looks: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._marks: dict[int, _Mark] = {}
        self._kept: list[Any] = []
        """Tensors that are marked: while they live, no other has their number."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        found = func(*args, **given)
        self._note(getattr(func, "__name__", ""), args, given, found)
        return found

    def _note(self, name: str, args: tuple[Any, ...], given: dict[str, Any], found: Any) -> None:
        tensors = [each for each in (*args, *given.values()) if isinstance(each, Tensor)]
        if name == "einsum":
            tensors = [each for each in _flat(args[1:]) if isinstance(each, Tensor)]
        if name == "scaled_dot_product_attention":
            self._fused(*_call(args, given))
        elif name in PRODUCTS and len(tensors) >= 2:
            self._product(name, args, tensors, found)
        elif name == "softmax" and tensors:
            self._softmax(tensors[0], found)
        elif name in ENDS or not tensors:
            return
        elif name in TIMES or name in OVER:
            self._times(args, tensors, found, over=name in OVER)
        else:
            self._pass_on(name, tensors, found)

    def _product(self, name: str, args: tuple[Any, ...], tensors: list[Tensor], found: Tensor) -> None:
        left, right = tensors[-2:]
        for each in (left, right):
            mark = self._of(each)
            if mark is not None and mark.look is not None:
                mark.look.used = each
                return
        scale = math.prod(mark.factor for each in (left, right) if (mark := self._of(each)) is not None)
        self._mark(found, _Mark(scale=scale, width=_contracted(args[0], left) if name == "einsum" else left.shape[-1]))

    def _softmax(self, scores: Tensor, weights: Tensor) -> None:
        mark = self._of(scores)
        if mark is not None and mark.width and scores.dim() >= 2:
            look = Look(mark.scale * mark.factor, mark.width, scores.detach().clone(), weights)
            self.looks.append(look)
            self._mark(weights, _Mark(look=look))

    def _fused(self, query: Tensor, key: Tensor, mask: Tensor | None, causal: bool, scale: float | None) -> None:
        factor = query.shape[-1] ** -0.5 if scale is None else scale
        if key.dim() > 2 and key.shape[-3] != query.shape[-3]:
            key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        scores = query.float() @ key.float().transpose(-2, -1) * factor
        if causal:
            scores = scores.masked_fill(~torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril(),
                                        -math.inf)  # fmt: skip
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf) if mask.dtype is torch.bool else scores + mask
        marks = [mark for each in (query, key) if (mark := self._of(each)) is not None]
        factor *= math.prod(mark.factor for mark in marks)
        self.looks.append(Look(factor, query.shape[-1], scores, torch.softmax(scores, -1)))

    def _times(self, args: tuple[Any, ...], tensors: list[Tensor], found: Any, *, over: bool) -> None:
        whole = max(tensors, key=lambda each: each.numel())
        others = [each for each in args if each is not whole and not (isinstance(each, Tensor) and each.numel() != 1)]
        mark = self._of(whole) or _Mark()
        factor = 1.0
        for each in others:
            if isinstance(each, (int, float, Tensor)) and float(each):
                factor *= 1 / float(each) if over else float(each)
        self._mark(found, _Mark(mark.factor * factor, mark.scale, mark.width, mark.look))

    def _pass_on(self, name: str, tensors: list[Tensor], found: Any) -> None:
        for each in tensors:
            mark = self._of(each)
            if mark is None:
                continue
            for one in _flat(found):
                if isinstance(one, Tensor) and (name in VIEWS or one.shape == each.shape):
                    self._mark(one, _Mark(mark.factor, mark.scale, mark.width, mark.look))
            return

    def _of(self, tensor: Tensor) -> _Mark | None:
        return self._marks.get(id(tensor))

    def _mark(self, tensor: Tensor, mark: _Mark) -> None:
        self._marks[id(tensor)] = mark
        self._kept.append(tensor)


def _flat(found: Any) -> list[Any]:
    if isinstance(found, (tuple, list)):
        return [one for each in found for one in _flat(each)]
    return [found]


def _contracted(equation: Any, left: Tensor) -> int:
    """Return how many numbers an einsum multiplies and adds up for each of its results."""
    if not isinstance(equation, str) or "->" not in equation:
        return left.shape[-1]
    inputs, result = equation.replace(" ", "").split("->")
    first, _, second = inputs.partition(",")
    sizes = dict(zip(reversed(first), reversed(left.shape), strict=False))
    return math.prod(sizes[letter] for letter in first if letter in second and letter not in result)


def _call(args: tuple[Any, ...], given: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor | None, bool, float | None]:
    """Read the arguments of the fused attention."""
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale")
    all_of_them = {**dict(zip(names, args, strict=False)), **given}
    return (
        all_of_them["query"], all_of_them["key"], all_of_them.get("attn_mask"),
        bool(all_of_them.get("is_causal", False)), all_of_them.get("scale"),
    )  # fmt: skip
