"""The self-check at load, which decides what of a model is shown: a few tokens, computed in two ways each.

What concerns the whole model refuses it:

    watched = unwatched        our attention and our hooks change no output
    cached = uncached          a step from the cache is the row of the whole pass
    padded = alone             padded at its end beside a longer one, a line is read as it is alone

What concerns one place hides it (`faults.py`):

    weights · V = output       what is shown of an attention is what the module goes on with
    norm = its two steps       on the real stream; that it is a LayerNorm or RMSNorm at all is found in points.py
    units = what is added      what is shown of a feed-forward layer is all that the stream moves by, up to one factor
    parts = sum                embeddings of token, position and segment add up to the first stream
    rotation                   at position 0, where nothing is turned, q and k are those before the rotation

A source is only ever padded at its end here. A decoder alone is tried with padding at its beginning too, as others
batch it, with positions that count from its first token.
"""

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from glasshead.adapters.huggingface.faults import Fault, norm_prefix
from glasshead.adapters.huggingface.marks import places_before
from glasshead.adapters.huggingface.trying import trying
from glasshead.adapters.points import Normalisation
from glasshead.errors import WrongError
from glasshead.tap import ONE_AT_A_TIME, Seen

if TYPE_CHECKING:
    from glasshead.adapters.huggingface.model import HuggingFace

TOKENS = 5
SHORT = 3
"""Tokens of the shorter line, which is padded."""


@torch.no_grad()
def self_check(model: "HuggingFace") -> tuple[Fault, ...]:
    """Check a model; return what is not to be shown. Raises GlassheadError for what it does not pass as a whole."""
    ids = [(3 + number) % model.size for number in range(TOKENS)]
    if model.hears and not model.frames:
        memory = model.trial(ids)
        assert memory is not None
        model = model.hear(states=memory.states)
    with ONE_AT_A_TIME:
        return _check(model, ids)


def _check(model: "HuggingFace", ids: list[int]) -> tuple[Fault, ...]:
    with trying(model.module, "over a few tokens"):
        plain = _run(model, ids)
    norms = _Norms(model)
    with trying(model.module, "while it is watched"), model.listen(["*"]) as seen, norms:
        watched = _run(model, ids)
    _same(model, "its output changes while it is watched", watched, plain)
    if "decoder" in model.stacks:
        with trying(model.module, "step by step from a cache"):
            memory, past = _read(model, ids), model.past()
            rows = [model.raw_logits(_tensor(model, part), memory, past) for part in (ids[:2], ids[2:3], ids[3:])]
        _same(model, "its steps are not the rows of the whole pass", torch.cat(rows, 1), plain)
    with trying(model.module, "over lines of two lengths at once"):
        padded = _padded(model, ids, plain)
    return (
        *_attentions(model, seen), *norms.faults(), *_rotations(model, seen), *_units(model, seen),
        *_sums(model, seen), *padded,
    )  # fmt: skip


def _attentions(model: "HuggingFace", seen: Seen) -> list[Fault]:
    """Compare the output of each attention with its heads through its projection."""
    found = []
    for site in model.places.attentions:
        if f"{site}.out" in seen:
            point, _ = model.places.known[f"{site}.out"]
            heads = seen[f"{site}.heads"].transpose(1, 2).flatten(2)
            fits = getattr(point.module, "in_features", heads.shape[-1]) == heads.shape[-1]
            if not fits or _apart(point.module(heads), seen[f"{site}.out"]) > _most(model):
                found.append(Fault("out", site))
    return found


class _Norms:
    """Compares every norm with its two steps, on what the module itself is given."""

    def __init__(self, model: "HuggingFace") -> None:
        self.model = model
        self._points: dict[Normalisation, str] = {}
        for name, (point, local) in model.places.known.items():
            if isinstance(point, Normalisation) and local == "out":
                self._points[point] = name
        self._wrong: set[Normalisation] = set()
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        for point in self._points:

            def compare(_module: Any, given: Any, found: Tensor, point: Normalisation = point) -> None:
                if _apart(point.finish(point.normed(given[0]), found.dtype), found) > _most(self.model):
                    self._wrong.add(point)

            self._handles.append(point.module.register_forward_hook(compare))

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def faults(self) -> list[Fault]:
        found = []
        for point in self._wrong:
            site = self._points[point].rpartition(".")[0]
            place = site.removesuffix(".norm")
            found.append(Fault("norm", place if place != site else f"{site.removesuffix('.after_norm')}.after"))
            assert norm_prefix(found[-1].site) == site
        return found


def _rotations(model: "HuggingFace", seen: Seen) -> list[Fault]:
    """Compare q and k with those before the rotation: equal at position 0 up to one factor, and of equal length."""
    found = []
    for site in model.places.attentions:
        for name in "qk":
            before, after = seen.get(f"{site}.{name}_unrotated"), seen[f"{site}.{name}"]
            if before is None:
                continue
            if before.shape == after.shape:
                before, after = before.float(), after.float()
                factor = after[:, :, 0].norm() / before[:, :, 0].norm()
                straight = _apart(before[:, :, 0] * factor, after[:, :, 0])
                lengths = _apart(before.norm(dim=-1) * factor, after.norm(dim=-1))
                if max(straight, lengths) <= _most(model):
                    continue
            found.append(Fault("rotation", site))
            break
    return found


def _units(model: "HuggingFace", seen: Seen) -> list[Fault]:
    """Compare what each feed-forward layer gives with what the stream moves by: one of several experts is not all."""
    found = []
    for stack in model.family.stacks:
        stream = seen.get(f"{stack.side}.norm.out", seen.get(f"{stack.side}.sum"))
        gives: list[Tensor] = []
        for layer in range(model.places.layers[stack.name]):
            for part in [block.part for block in stack.blocks]:
                site = f"{stack.name}.{layer}.{part}"
                out, resid = seen.get(f"{site}.after_norm.out", seen.get(f"{site}.out")), seen.get(f"{site}.resid")
                gives += [] if out is None else [out]
                if part == "ffn" and (f"{site}.out" not in seen or not _moves(model, stream, gives, resid)):
                    inside = f"{stack.layers}.{layer}."
                    experts = any("expert" in path for path in model.places.modules if path.startswith(inside))
                    found.append(Fault("experts" if experts else "units", site))
                after = seen.get(f"{site}.norm.out") if stack.where == "post" else resid
                if after is not None or part == "ffn":
                    stream, gives = after, []
    return found


def _moves(model: "HuggingFace", before: Tensor | None, gives: Sequence[Tensor], after: Tensor | None) -> bool:
    """Tell whether a stream moves by a multiple of what sub-layers give; if one is not seen, nobody can tell."""
    if before is None or after is None:
        return True
    moved, given = after.float() - before.float(), torch.stack([each.float() for each in gives]).sum(0)
    factor = (moved * given).sum() / given.square().sum()
    return _apart(before.float() + factor * given, after) <= _most(model)


def _sums(model: "HuggingFace", seen: Seen) -> list[Fault]:
    """Compare the first stream of each side with the sum of its parts, of which the embedding may be scaled."""
    found = []
    for stack in model.family.stacks:
        side = stack.side
        total, embed = seen.get(f"{side}.sum"), seen.get(f"{side}.embed")
        if total is None or embed is None:
            continue
        rest = sum((seen[f"{side}.{name}"].float() for name in ("position", "segment") if f"{side}.{name}" in seen), 0)
        if embed.shape != total.shape:
            found.append(Fault("sum", side))
            continue
        embed, left = embed.float(), total.float() - rest
        scale = float((left * embed).sum() / embed.square().sum())
        if not _apart(scale * embed + rest, total) <= _most(model):
            found.append(Fault("sum", side))
        elif abs(scale - 1) > 10 * _most(model):
            found.append(Fault("scale", side, scale))
    return found


def _padded(model: "HuggingFace", ids: list[int], plain: Tensor) -> list[Fault]:
    """Read a short line beside a longer one. Padding at the left, which nothing here uses, is no reason to refuse."""
    if model.reads and not model.hears:
        with model.listen([]):
            alone, both = model.read([ids[:SHORT]]), model.read([ids[:SHORT], ids])
        assert alone is not None and both is not None
        _same(model, "a source that is padded is read otherwise than alone", both.states[:1, :SHORT], alone.states)
    if model.reads:
        return []
    takes = signature(model.module.forward).parameters
    if "attention_mask" not in takes:
        return []
    gap = len(ids) - SHORT
    first = places_before(model.module.config)
    for left in (False, True):
        if left and "position_ids" not in takes:
            continue
        before, after = (gap, 0) if left else (0, gap)
        lines = [[ids[0]] * before + ids[:SHORT] + [ids[0]] * after, ids]
        there = [[0] * before + [1] * SHORT + [0] * after, [1] * len(ids)]
        positions = [[0] * before + list(range(SHORT + after)), list(range(len(ids)))]
        given = {"position_ids": first + torch.tensor(positions, device=model.device)} if left else {}
        with model.listen([]):
            found = model.module(
                input_ids=torch.tensor(lines, device=model.device),
                attention_mask=torch.tensor(there, device=model.device),
                use_cache=False,
                **given,
            ).logits
        if left and max(_apart(found[0, before:], plain[0, :SHORT]), _apart(found[1], plain[0])) > _most(model):
            return [Fault("left", "")]
        if not left:
            _same(
                model,
                "a line that is padded at its end is read otherwise than alone",
                found[0, :SHORT],
                plain[0, :SHORT],
            )
            _same(model, "a line beside a padded one is read otherwise than alone", found[1], plain[0])
    return []


def _read(model: "HuggingFace", ids: Sequence[int]) -> Any:
    return model.read([range(model.frames) if model.hears else ids])


def _run(model: "HuggingFace", ids: list[int]) -> Tensor:
    memory = _read(model, ids)
    if "decoder" in model.stacks:
        return model.raw_logits(_tensor(model, ids), memory)
    return memory.states


def _tensor(model: "HuggingFace", ids: list[int]) -> Tensor:
    return torch.tensor([ids], device=model.device)


def _most(model: "HuggingFace") -> float:
    return 4 * model.anatomy.tolerance


def _apart(one: Tensor, other: Tensor) -> float:
    """Return the largest difference, relative to the largest number; infinity for NaN and for other shapes."""
    if one.shape != other.shape:
        return float("inf")
    apart = float((one.float() - other.float()).abs().max()) / max(1.0, float(other.abs().max()))
    return apart if apart == apart else float("inf")


def _same(model: "HuggingFace", problem: str, one: Tensor, other: Tensor) -> None:
    apart = _apart(one, other)
    if not apart <= _most(model):
        raise WrongError(
            f"{type(model.module).__name__} does not pass the check that every model has to pass before it is shown: "
            f"{problem} (by {apart:.0e} of the largest number)."
        )
