"""Box: a model as a function from lines of ids to logits, and nothing else. All that a black-box check may know.

Any Model becomes one, and any function `model(source, target)` on ids that are padded with an id of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

from glasshead.decoding.protocols import Model
from glasshead.errors import GlassheadError, brief
from glasshead.site import Side
from glasshead.tap import ONE_AT_A_TIME

LONGEST = 7
"""Most tokens of a side that are drawn: every fault of a mask shows in a few."""


class FailedError(Exception):
    """The model raised something when it ran, described in a few words."""


@contextmanager
def _running() -> Iterator[None]:
    """Run a model: what it raises becomes FailedError, but for sentences to the user."""
    try:
        yield
    except GlassheadError:
        raise
    except Exception as error:  # a model may raise anything
        first = brief(Exception(str(error).split("\n")[0]))
        raise FailedError(f"{type(error).__name__} ({first})") from error


@dataclass(frozen=True)
class Line:
    """The ids of one line; a side that a model does not have is empty."""

    source: tuple[int, ...] = ()
    target: tuple[int, ...] = ()

    def of(self, side: Side) -> tuple[int, ...]:
        """Return the ids of a side."""
        return self.source if side == "source" else self.target


class Run(Protocol):
    """Runs lines as one batch. Returns for each line the rows at its own tokens, without those of pads: q v.

    room: columns that a side has at least; pads fill them. left: pads stand before the tokens.
    """

    def __call__(
        self, lines: Sequence[Line], *, room: Mapping[Side, int] | None = None, left: bool = False
    ) -> list[Tensor]: ...


class Steps(Protocol):
    """Runs the target of a line in several passes, each from the cache of those before it: q v.

    cuts: positions at which a new pass begins · wrong: ids that are read after the first pass, and then cropped.
    """

    def __call__(self, line: Line, cuts: Sequence[int], wrong: Sequence[int] = ()) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Box:
    """See the module."""

    sides: tuple[Side, ...]
    """What it reads."""
    sizes: Mapping[Side, int]
    """Tokens of each side's vocabulary."""
    precision: str
    run: Run
    pads: Mapping[Side, int]
    """Ids that stand for padding: never drawn as tokens."""
    right: frozenset[Side]
    """Sides that can be padded after their tokens."""
    left: frozenset[Side] = frozenset()
    """Sides that can be padded before them."""
    longest: Mapping[Side, int]
    """Most tokens of each side."""
    steps: Steps | None = None
    crops: bool = False
    """Whether what `steps` remembers can be cropped."""
    fixed: tuple[int, ...] = ()
    """The only source that it knows, of a model that hears."""
    predicts: bool = True
    """Whether the rows are logits, and not states."""

    @property
    def rows(self) -> Side:
        """Side whose positions have rows."""
        return self.sides[-1]


def box_of_model(
    model: Model, pad: int | None, *, sizes: Mapping[Side, int] | None = None, fixed: Sequence[int] = ()
) -> Box:
    """Make a box of a Model.

    pad: the id that fills up shorter lines, if it is known · sizes: of the vocabularies · fixed: its only source.
    """
    writes = model.limits.target != 0
    sides = _sides(model)
    device = model.device

    def run(lines: Sequence[Line], *, room: Mapping[Side, int] | None = None, left: bool = False) -> list[Tensor]:
        assert not left
        rows, wide = list(lines), room or {}
        if "source" in sides and wide.get("source", 0) > max(len(line.source) for line in lines):
            rows.append(Line(lines[0].source[:1] * wide["source"], lines[0].target))  # a mate makes room for pads
        with ONE_AT_A_TIME, torch.no_grad(), _running():
            memory = model.read([line.source for line in rows]) if "source" in sides else None
            if not writes:
                assert memory is not None
                found = memory.states if memory.logits is None else memory.logits
                return [found[number, : len(line.source)] for number, line in enumerate(lines)]
            width = max(wide.get("target", 0), *(len(line.target) for line in rows))
            fill = 0 if pad is None else pad
            ids = [[*line.target, *[fill] * (width - len(line.target))] for line in rows]
            found = model.logits(torch.tensor(ids, dtype=torch.long, device=device), memory)
        return [found[number, : len(line.target)] for number, line in enumerate(lines)]

    def steps(line: Line, cuts: Sequence[int], wrong: Sequence[int] = ()) -> Tensor:
        with ONE_AT_A_TIME, torch.no_grad(), _running():
            memory = model.read([line.source]) if "source" in sides else None
            past, found = model.past(), []
            for number, part in enumerate(parts(line.target, cuts)):
                found.append(model.logits(torch.tensor([part], device=device), memory, past)[0])
                if wrong and not number:
                    model.logits(torch.tensor([list(wrong)], device=device), memory, past)
                    past.crop(len(part))
        return torch.cat(found)

    limits = {"source": model.limits.text, "target": model.limits.target}
    hears = bool(fixed)
    return Box(
        sides=sides,
        sizes={side: (sizes or {}).get(side, model.size) for side in sides},
        precision=model.anatomy.precision,
        run=run,
        pads={} if pad is None else dict.fromkeys(sides, pad),
        right=frozenset(side for side in sides if not (hears and side == "source")),
        longest={side: min(LONGEST, limits[side] or LONGEST) for side in sides},
        steps=steps if writes and model.anatomy.cached else None,
        crops=True,
        fixed=tuple(fixed),
        predicts=writes or _predicts(model, sides, fixed),
    )


def _sides(model: Model) -> tuple[Side, ...]:
    reads = any(kind.keys == "source" for kind in model.anatomy.kinds)
    return (*(("source",) if reads else ()), *(("target",) if model.limits.target != 0 else ()))


def _predicts(model: Model, sides: Sequence[Side], fixed: Sequence[int]) -> bool:
    with ONE_AT_A_TIME, torch.no_grad():
        memory = model.read([list(fixed) or [0, 0]])
    return memory is not None and memory.logits is not None


Cached = Callable[..., tuple[Tensor, Any]]
"""A step of an owner's: (source ids b k, new target ids b q, what was remembered or None) → logits, what is now."""


def box_of_call(
    call: Callable[..., Any],
    sides: tuple[Side, ...],
    sizes: Mapping[Side, int],
    *,
    pads: Mapping[Side, int],
    precision: str,
    device: torch.device,
    longest: int = LONGEST,
    cached: Cached | None = None,
    crops: bool = False,
) -> Box:
    """Make a box of a function of ids, one argument for each side, b k and b q → b q v."""

    def tensor(rows: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor([list(row) for row in rows], dtype=torch.long, device=device)

    def run(lines: Sequence[Line], *, room: Mapping[Side, int] | None = None, left: bool = False) -> list[Tensor]:
        given, starts = [], [0] * len(lines)
        for side in sides:
            width = max((room or {}).get(side, 0), *(len(line.of(side)) for line in lines))
            rows: list[list[int]] = []
            for number, line in enumerate(lines):
                fill = [pads.get(side, 0)] * (width - len(line.of(side)))
                rows.append([*fill, *line.of(side)] if left else [*line.of(side), *fill])
                starts[number] = len(fill) if left else 0
            given.append(tensor(rows))
        with torch.inference_mode(False), torch.no_grad(), _running():
            found = first_tensor(call(*given))
        width = given[-1].shape[1]
        if found.dim() < 2 or len(found) != len(lines) or ("target" in sides and found.shape[1] != width):
            raise GlassheadError(
                f"The model returned the shape {tuple(found.shape)} for {len(lines)} lines of {width} ids: it has to "
                f"return a row of logits for each of them, ({len(lines)}, {width}, tokens)."
            )
        if found.dim() == 2 or found.shape[1] != width:  # a class of the line
            return list(found.reshape(len(lines), -1).unsqueeze(1))
        ends = [start + len(line.of(sides[-1])) for start, line in zip(starts, lines, strict=True)]
        return [found[number, start:end] for number, (start, end) in enumerate(zip(starts, ends, strict=True))]

    def steps(line: Line, cuts: Sequence[int], wrong: Sequence[int] = ()) -> Tensor:
        assert cached is not None
        source = [tensor([line.source])] if "source" in sides else []
        past: Any = None
        found = []
        with torch.inference_mode(False), torch.no_grad(), _running():
            for number, part in enumerate(parts(line.target, cuts)):
                logits, past = cached(*source, tensor([part]), past)
                found.append(logits[0])
                if wrong and not number:
                    _, past = cached(*source, tensor([wrong]), past)
                    cropped = past.crop(len(part))
                    past = past if cropped is None else cropped
        return torch.cat(found)

    return Box(
        sides=sides, sizes=sizes, precision=precision, run=run, pads=pads, right=frozenset(pads), left=frozenset(pads),
        longest=dict.fromkeys(sides, longest), steps=None if cached is None else steps, crops=crops,
    )  # fmt: skip


def parts(ids: Sequence[int], cuts: Sequence[int]) -> list[list[int]]:
    """Cut ids at positions."""
    edges = [0, *sorted(set(cuts)), len(ids)]
    return [list(ids[start:end]) for start, end in pairwise(edges) if end > start]


def first_tensor(found: Any) -> Tensor:
    """Return the tensor that a model returned, alone, first among others, or as `logits`. Raises GlassheadError."""
    while not isinstance(found, Tensor):
        if isinstance(found, (tuple, list)) and found:
            found = found[0]
        elif hasattr(found, "logits"):
            found = found.logits
        elif isinstance(found, Mapping) and "logits" in found:
            found = found["logits"]
        else:
            raise GlassheadError(f"The model returned {type(found).__name__}, and no tensor of logits.")
    return found
