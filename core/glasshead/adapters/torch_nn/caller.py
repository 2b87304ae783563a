"""How an owner runs a module: a function of ids, which takes them in a layout of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.adapters.torch_nn.layout import Layout
from glasshead.errors import GlassheadError, brief
from glasshead.site import Side

SOURCES = ("source", "src")
TARGETS = ("target", "tgt", "trg")


@dataclass(frozen=True)
class Caller:
    """One such function. Here ids are b q and logits b q v, whatever the owner's layout."""

    module: nn.Module
    function: Callable[..., Any]
    sides: tuple[Side, ...]
    """Sides of its arguments, in their order."""
    layout: Layout = Layout.BATCH

    def __call__(self, ids: Mapping[Side, Tensor]) -> Tensor:
        """Run, and return the logits of the target, or of an encoder alone what it returns.

        Raises GlassheadError for a function that fails, and for logits of another shape.
        """
        lines = len(ids[self.sides[0]])
        if "target" not in self.sides:
            return self._run(ids)
        if lines > 1 and self.layout is Layout.ALONE:
            return torch.cat([self(_line(ids, number)) for number in range(lines)])
        found = self._run(ids)
        queries = ids["target"].shape[1]
        if found.dim() == 3:
            ours = self.layout.ours(found) if self.layout is Layout.SEQUENCE else found
            if ours.shape[:2] == (lines, queries):
                return ours
        if lines > 1:  # rows of several lines in one axis: nothing says in which order
            return torch.cat([self(_line(ids, number)) for number in range(lines)])
        if found.dim() == 2 and found.shape[0] == queries:
            return found.unsqueeze(0)
        raise GlassheadError(
            f"{self.words} returned the shape {tuple(found.shape)} for {queries} ids of the target: it has to return a "
            f"row of logits for each of them, such as {(lines, queries, 'tokens')}.".replace("'tokens'", "tokens")
        )

    @property
    def words(self) -> str:
        """The function as a sentence names it."""
        return f"logits({', '.join(self.sides)})"

    def _run(self, ids: Mapping[Side, Tensor]) -> Tensor:
        # Not in inference mode: what a module keeps of a pass, such as its mask, is used in training afterwards.
        with torch.inference_mode(False), torch.no_grad():
            given = [self.layout.theirs(ids[side].clone()) for side in self.sides]
            return self._called(given)

    def _called(self, given: list[Tensor]) -> Tensor:
        try:
            found = self.function(*given)
        except GlassheadError:
            raise
        except Exception as error:  # the owner's code may raise anything
            raise GlassheadError(self._failed(given, error)) from error
        tensor = _first(found)
        if tensor is None:
            raise GlassheadError(f"{self.words} returned {brief(found)}, and no tensor.")
        return tensor

    def _failed(self, given: list[Tensor], error: Exception) -> str:
        shapes = " and ".join(f"{side} {tuple(value.shape)}" for side, value in zip(self.sides, given, strict=True))
        line = brief(str(error).split("\n")[0] or type(error).__name__)
        sentence = f"{self.words} failed for ids of the shape {shapes}: {type(error).__name__}: {line}"
        tables = [each.num_embeddings for each in self.module.modules() if isinstance(each, nn.Embedding)]
        largest = max(int(value.max()) for value in given)
        if isinstance(error, IndexError) and tables and largest >= min(tables):
            rows = ", ".join(map(str, sorted(set(tables))))
            sentence += f". The largest id is {largest}; tables of embeddings have {rows} rows"
        return sentence


def _line(ids: Mapping[Side, Tensor], number: int) -> dict[Side, Tensor]:
    return {side: value[number : number + 1] for side, value in ids.items()}


def _first(found: Any) -> Tensor | None:
    """Return the tensor that a model returned, alone or first among others."""
    if isinstance(found, Tensor):
        return found
    if isinstance(found, (tuple, list)) and found:
        return _first(found[0])
    if isinstance(found, Mapping):
        return _first(found.get("logits", next(iter(found.values()), None)))
    return _first(found.logits) if hasattr(found, "logits") else None


def sides_of(function: Callable[..., Any], *, given: tuple[Side, ...], told: bool) -> tuple[Side, ...]:
    """Find what a function of an owner takes: source and target, or one of them.

    given: sides of which the owner gave ids · told: whether the owner gave the function, too. Of one argument its name
    decides, then what was given; a function that is told nothing about reads a source.
    """
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        raise GlassheadError(
            f"logits= is {brief(function)}; give a function, such as lambda target: model(target)."
        ) from None
    needed = [
        each.name
        for each in parameters
        if each.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) and each.default is Parameter.empty
    ]
    if len(needed) == 2:
        return "source", "target"
    if len(needed) != 1:
        raise GlassheadError(
            f"logits has {len(needed)} arguments ({', '.join(needed) or 'none'}): give a function of source and "
            "target, or of one of them, such as logits=lambda source, target: model(source, target)."
        )
    if needed[0] in TARGETS and told:
        return ("target",)
    if needed[0] in SOURCES and told:
        return ("source",)
    if given:
        return (given[0],)
    return ("target",) if told else ("source",)
