"""From what an owner gives to a Model with its names: ids, a function, and names of tokens, each in any usual form."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from glasshead.adapters.ids import IdSides
from glasshead.adapters.torch_nn.caller import Caller, sides_of
from glasshead.adapters.torch_nn.check import self_check
from glasshead.adapters.torch_nn.examine import Examined, check_module, examine
from glasshead.adapters.torch_nn.flow import same
from glasshead.adapters.torch_nn.layout import Layout
from glasshead.adapters.torch_nn.model import TorchNN
from glasshead.adapters.torch_nn.names import UNKNOWN, Begun, Encode, Listed, is_special, names_of, whole
from glasshead.errors import GlassheadError, brief
from glasshead.site import Side

Mark = int | str | Sequence[int | str]
"""An id or the name of a token, or several."""
STARTS = ("<bos>", "<sos>", "<s>", "<start>", "[BOS]", "[CLS]", "<BOS>", "<SOS>")
ENDS = ("<eos>", "</s>", "<end>", "[EOS]", "[SEP]", "<EOS>", "<|endoftext|>")
MASKS = ("[MASK]", "<mask>", "<MASK>")
PADS = ("<pad>", "[PAD]", "<PAD>", "<blank>")


@dataclass(frozen=True)
class Built:
    """A Model with its names, and the text to begin with."""

    model: TorchNN
    names: IdSides
    text: str | None


def build(
    module: nn.Module,
    source: Any,
    target: Any,
    *,
    text: str | None,
    logits: Callable[..., Any] | None,
    tokens: Any,
    start: Mark | None,
    end: Mark | None,
    pad: Mark | None,
    mask: Mark | None,
    encode: Encode | None,
    batch_first: bool | None,
    limit: int,
    sites: Mapping[str, str],
) -> Built:
    """Make a Model, examined and checked. The arguments are those of `glasshead.subject`.

    Raises GlassheadError for a module that cannot be watched, and for arguments that do not fit it or each other.
    """
    check_module(module)
    function = module if logits is None else logits
    given = {side: ids_of(side, ids) for side, ids in (("source", source), ("target", target)) if ids is not None}
    wanted: tuple[Side, ...] = tuple(side for side in ("source", "target") if side in given)
    asked = function.forward if isinstance(function, nn.Module) else function
    sides = sides_of(asked, given=wanted, told=logits is not None)
    if sides == ("target",) and "source" in given:  # a prompt is a source of its own to most people
        given["target"] = given.pop("source")
    read: Side = sides[0]
    tables = [each.num_embeddings for each in module.modules() if isinstance(each, nn.Embedding)] or [2]
    pair = _pair(tokens, max(tables), max(tables), encode)  # of their sizes nothing else is known before a pass
    names = pair.source if read == "source" else pair.target
    starts, ends = _marks(start, STARTS, pair.target, "start"), _marks(end, ENDS, pair.target, "end")
    pads = _marks(pad, PADS, pair.source, "pad")
    if len(sides) == 2 and not starts:
        raise GlassheadError("Which id does the target begin with? Give start=, the id or the name of that token.")
    ids, layout = given.get(read, ([], None))
    typed = list(ids)
    if not ids and text is not None:
        typed = names.encode(text)
    for side, of in (("source", pair.source), ("target", pair.target)):
        if isinstance(of, Listed) and (most := max(given.get(side, ([0], None))[0], default=0)) >= of.size:
            raise GlassheadError(f"{side} holds the id {most}, and tokens has {of.size:,} names: ids count from 0.")
    masks = _marks(mask, MASKS, pair.source, "mask")
    around = _around(ids, names, starts, ends, {*masks, *pads}, prompt=read == "target")
    trial = _trial(sides, typed, starts, min(tables), {*ends, *pads, *masks})
    caller = Caller(module, function, sides)
    layouts = _layouts(module, layout, batch_first)
    examined = examine(caller, trial, layouts, sites, next(module.parameters()).device)
    sizes = {side: _table(examined, side) or max(tables) for side in sides}
    if "target" in sides:
        sizes["target"] = int(examined.found.shape[-1])
    pair = _pair(tokens, sizes.get("source", 0), sizes.get("target", 0), encode)
    model = TorchNN(
        examined, start=starts, around=around, ends=ends, pad=pads[0] if pads else None,
        mask=masks[0] if masks else None, names=pair.source.size, limit=max(2, limit),
    )  # fmt: skip
    if "target" in sides:
        _check_logits(model, examined.found, pair.target)
    self_check(model)
    names = pair.source if read == "source" else pair.target
    if ids and text is None:
        inner = ids[len(around[0]) : len(ids) - len(around[1])]
        names = Begun(names, inner)
        text = names.text
    return Built(model, IdSides(names, pair.target if "target" in sides else names), text)


def _table(examined: Examined, side: Side) -> int | None:
    """Find the size of the table that the ids of a side were looked up in."""
    for event in examined.events:
        if isinstance(event.module, nn.Embedding) and same(event.given, examined.ids[side]):
            return event.module.num_embeddings
    return None


def ids_of(what: str, ids: Any) -> tuple[list[int], Layout | None]:
    """Return the ids of one line, and the layout in which they came; None for a plain list of them.

    Raises GlassheadError for a batch of several lines, for none, and for anything that is not ids.
    """
    layout = None
    if isinstance(ids, Tensor):
        if ids.is_floating_point():
            raise GlassheadError(
                f"{what}= is a tensor of {str(ids.dtype).removeprefix('torch.')}; give ids, whole numbers."
            )
        if ids.dim() > 2 or (ids.dim() == 2 and 1 not in ids.shape):
            raise GlassheadError(
                f"{what}= has the shape {tuple(ids.shape)}: give the ids of one line, {what}[:1] or {what}[:, :1]."
            )
        if ids.dim() == 2 and ids.numel() > 1:
            layout = Layout.BATCH if ids.shape[0] == 1 else Layout.SEQUENCE
    elif isinstance(ids, (list, tuple)) and len(ids) == 1 and isinstance(ids[0], (list, tuple)):
        ids, layout = ids[0], Layout.BATCH
    elif isinstance(ids, str):
        raise GlassheadError(f"{what}= is text; give it as text=, or as ids.")
    found = whole(ids, f"{what}=")
    if not found or min(found) < 0:
        raise GlassheadError(f"{what}= holds {brief(found)}: give at least one id, from 0.")
    return found, layout


def _pair(tokens: Any, source: int, target: int, encode: Encode | None) -> IdSides:
    """Make the names of both sides, of two things or of one for both."""
    two = isinstance(tokens, (tuple, list)) and len(tokens) == 2 and not any(isinstance(each, str) for each in tokens)
    first, second = tokens if two else (tokens, tokens)
    return IdSides(names_of(first, source, encode), names_of(second, target, encode))


def _marks(given: Mark | None, usual: Sequence[str], names: Any, what: str) -> tuple[int, ...]:
    """Find ids of marks: those given, or the first of the usual names that there is."""
    if given is None:
        if isinstance(names, Listed):
            return next(((names.names.index(name),) for name in usual if name in names.names), ())
        number = {"start": "bos_token_id", "end": "eos_token_id", "pad": "pad_token_id", "mask": "mask_token_id"}[what]
        found = getattr(getattr(names, "tokenizer", None), number, None)
        return () if found is None else (int(found),)
    several: Iterable[int | str] = [given] if isinstance(given, (int, str)) else given
    return tuple(_mark(each, names, what) for each in several)


def _mark(given: Any, names: Any, what: str) -> int:
    if not isinstance(given, str):
        [found] = whole([given], f"{what}=")
        return found
    if isinstance(names, Listed):
        if given in names.names:
            return names.names.index(given)
    elif len(ids := names.encode(given)) == 1:
        return int(ids[0])
    raise GlassheadError(f"{what}= names the token {brief(given)}, and there is none of that name: give its id.")


def _around(
    ids: Sequence[int], names: Any, starts: Sequence[int], ends: Sequence[int], inner: set[int], *, prompt: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the ids that stand around a text: at the beginning and the end of the ids that were given.

    inner: special ids that belong to the text.
    """
    if prompt:
        begins = bool(starts) and tuple(ids[: len(starts)]) == tuple(starts) and len(ids) > len(starts)
        return (tuple(starts), ()) if begins else ((), ())
    if hasattr(names, "tokenizer"):
        from glasshead.adapters.huggingface.marks import marks_of

        marks = marks_of(names.tokenizer)
        return marks.before, marks.after

    def marked(number: int, marks: Sequence[int]) -> bool:
        name = names.names[number] if isinstance(names, Listed) and number < names.size else ""
        return number in marks or (is_special(name) and name not in UNKNOWN and number not in inner)

    before = tuple(ids[:1]) if len(ids) > 2 and marked(ids[0], starts) else ()
    after = tuple(ids[-1:]) if len(ids) > 2 and marked(ids[-1], ends) else ()
    return before, after


def _trial(
    sides: Sequence[Side], typed: Sequence[int], starts: Sequence[int], size: int, avoided: set[int]
) -> dict[Side, list[int]]:
    """Choose ids for the pass that is examined: those given where there are some; lengths that differ."""
    usual = [number for number in range(size) if number not in avoided] or [0]

    def some(count: int) -> list[int]:
        return [usual[(3 + 2 * place) % len(usual)] for place in range(count)]

    if len(sides) == 1:
        return {sides[0]: list(typed) if sides[0] == "source" and len(typed) > 1 else some(4)}
    source = list(typed) if len(typed) > 1 else some(6)
    count = 4 if len(source) != 4 else 5
    return {"source": source, "target": [*starts, *some(count)][:count]}


def _layouts(module: nn.Module, given: Layout | None, batch_first: bool | None) -> list[Layout]:
    """List the layouts to try: the one that was told, else all, the attentions' own first."""
    if batch_first is not None:
        return [Layout.BATCH if batch_first else Layout.SEQUENCE]
    if given is not None:
        return [given]
    own = next(each.batch_first for each in module.modules() if isinstance(each, nn.MultiheadAttention))
    two = [Layout.BATCH, Layout.SEQUENCE]
    return [*(two if own else reversed(two)), Layout.ALONE]


def _check_logits(model: TorchNN, found: Tensor, names: Any) -> None:
    """Raise GlassheadError for logits that are probabilities, or that have not a number for each token."""
    if bool((found >= 0).all()) and bool(((found.sum(-1) - 1).abs() < 1e-3).all()):
        raise GlassheadError(
            f"{model.caller.words} returned probabilities, which sum to 1: return the numbers before softmax, or their "
            "log."
        )
    if isinstance(names, Listed) and names.size != model.size:
        raise GlassheadError(
            f"tokens has {names.size:,} names, and {model.caller.words} returned {model.size:,} numbers for each "
            "token: give a name for each."
        )
