"""Ways of running a model under edits, for the tests of the room: at once, and in every split into passes."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import torch
from torch import Tensor

from glasshead.adapters.edited import Edited
from glasshead.decoding.protocols import Model
from glasshead.edits.changes import Changes, Reference, make_changes
from glasshead.edits.edit import Origin
from glasshead.edits.language import parse


def nothing(origin: Origin, site: str) -> Tensor:
    """The reference of edits that need none."""
    raise AssertionError(f"{origin} was asked for {site}")


def compiled(model: Model, edits: Sequence[str], reference: Reference = nothing) -> Changes:
    """The changes of edits that are given as text."""
    return make_changes(map(parse, edits), model.anatomy, reference)


def splits(target: Sequence[int]) -> Iterator[list[list[int]]]:
    """Every way to cut a line into passes, from one pass over all to one for each token."""
    inner = range(1, len(target))
    for count in range(len(target)):
        for cuts in combinations(inner, count):
            ends = [0, *cuts, len(target)]
            yield [list(target[a:b]) for a, b in pairwise(ends)]


def run(model: Model, changes: Changes, source: Sequence[int], passes: Sequence[Sequence[int]]) -> Tensor:
    """Logits of all rows, q v, computed in these passes from a past."""
    edited = Edited(model, changes)
    with torch.inference_mode():
        memory = edited.read([source]) if source else None
        past = edited.past()
        return torch.cat([edited.logits(torch.tensor([list(ids)]), memory, past)[0] for ids in passes])


def at_once(model: Model, changes: Changes, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """Logits of one pass over all tokens without a past: q v."""
    edited = Edited(model, changes)
    with torch.inference_mode():
        memory = edited.read([source]) if source else None
        return edited.logits(torch.tensor([list(target)]), memory)[0]
