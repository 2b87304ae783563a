"""The self-check at load, which decides whether a model is shown: a few tokens, computed in two ways each.

    watched = unwatched        our attention and our hooks change no output
    weights · V = output       what is shown of an attention is what the module goes on with
    cached = uncached          a step from the cache is the row of the whole pass
    padded = alone             a source that is padded beside a longer one is read as it is alone

That norms follow from their steps is examined where they are found (points.py): one that does not has no sites.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.tap import ONE_AT_A_TIME

if TYPE_CHECKING:
    from glasshead.adapters.huggingface.model import HuggingFace

TOKENS = 5


@torch.no_grad()
def self_check(model: "HuggingFace") -> None:
    """Check a model. Raises GlassheadError with the first thing that it does not pass."""
    with ONE_AT_A_TIME:
        _check(model, [(3 + number) % model.size for number in range(TOKENS)])


def _check(model: "HuggingFace", ids: list[int]) -> None:
    plain = _run(model, ids)
    with model.listen(["*"]) as seen:
        watched = _run(model, ids)
    _same(model, "its output changes while it is watched", watched, plain)
    for site in model.places.attentions:
        point, _ = model.places.known[f"{site}.out"]
        heads = seen[f"{site}.heads"].transpose(1, 2).flatten(2)
        _same(model, f"{site}.out is not its heads through its projection", point.module(heads), seen[f"{site}.out"])
    if "decoder" in model.stacks:
        memory, past = model.read([ids]), model.past()
        rows = [model.logits(_tensor(model, part), memory, past) for part in (ids[:2], ids[2:3], ids[3:])]
        _same(model, "its steps are not the rows of the whole pass", torch.cat(rows, 1), plain)
    if "encoder" in model.stacks:
        alone, both = model.read([ids[:3]]), model.read([ids[:3], ids])
        assert alone is not None and both is not None
        _same(model, "a source that is padded is read otherwise than alone", both.states[:1, :3], alone.states)


def _run(model: "HuggingFace", ids: list[int]) -> Tensor:
    memory = model.read([ids])
    if "decoder" in model.stacks:
        return model.logits(_tensor(model, ids), memory)
    assert memory is not None
    return memory.states


def _tensor(model: "HuggingFace", ids: list[int]) -> Tensor:
    return torch.tensor([ids], device=model.device)


def _same(model: "HuggingFace", problem: str, one: Tensor, other: Tensor) -> None:
    size = max(1.0, float(other.abs().max()))
    apart = float((one.float() - other.float()).abs().max()) / size
    if not apart <= 4 * model.anatomy.tolerance:  # NaN too
        raise GlassheadError(
            f"{type(model.module).__name__} does not pass the check that every model has to pass before it is shown: "
            f"{problem} (by {apart:.0e} of the largest number)."
        )
