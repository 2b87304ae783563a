"""glasshead.check: is this model what it says? Any model, whether its parts can be seen or not.

report = glasshead.check(model, source_size=V, target_size=V, pad=0)     called as model(source, target) → logits
report = glasshead.check(lambda target: gpt(target), target_size=V)      a decoder alone
report = glasshead.check("english-french")                               a name or a folder
print(report)
report.raise_for_status()                                                 in a suite of tests
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from glasshead.adapters.huggingface.marks import Marks, begin_target
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.adapters.native import Native
from glasshead.adapters.recorded import Recorded
from glasshead.adapters.torch_nn.caller import sides_of
from glasshead.adapters.torch_nn.model import TorchNN
from glasshead.decoding.protocols import Model
from glasshead.errors import GlassheadError, WrongError, brief
from glasshead.found import load
from glasshead.live import subject
from glasshead.site import Side
from glasshead.subjects import Subject
from glasshead.tap import ONE_AT_A_TIME
from glasshead.truth.boxes import LONGEST, Box, Cached, Line, box_of_call, box_of_model, first_tensor
from glasshead.truth.model_checks import check_box
from glasshead.truth.module_checks import TABLES, Tie
from glasshead.truth.report import Report, Verdict
from glasshead.truth.site_checks import Claims

POSITIONS = (*TABLES, "learned", "rotary", "none")
STEPS = 5
"""Tokens that are decoded of a text, to begin with."""


def check(
    model: Any,
    *,
    source_size: int | None = None,
    target_size: int | None = None,
    pad: int | None = None,
    padding: Literal["right", "left"] = "right",
    cached: Cached | None = None,
    positions: str | None = None,
    scale: float | None = None,
    tied: Sequence[tuple[str, str]] = (),
    text: str | None = None,
    batch_first: bool = True,
    longest: int = LONGEST,
    examples: int = 20,
    seed: int = 0,
    name: str | None = None,
) -> Report:
    """Check a model: masks, padding, batches, caches, dropout, and what else can be seen of it.

    model: a module or a function `model(source, target)`, `model(target)` or `model(source)`, on ids b k and b q, that
    returns logits b q v; a model of Hugging Face, which needs no tokenizer; a Subject; a name or a folder. It makes its
    masks itself. It is run, and left as it was.
    source_size, target_size: tokens of its vocabularies, if its tables of embeddings do not say; of a function of one
    argument they say too which side it reads · pad: the id that it knows as padding · padding: the side at which it is
    padded in use; pads at the left are judged only if you say so · batch_first: whether ids are b q, and not q b.
    cached: one step of its cached decoding, (source, new target ids, past or None) → (logits of the new ids, past); of
    a decoder alone without the source. A past with a method `crop(length)` is cropped, too.
    positions, scale, tied: what you say of it: `sinusoidal`, `halves`, `tensor2tensor`, `learned`, `rotary` or `none`;
    the factor of q·k; pairs of parameters, by their paths, that are one tensor.
    text: of a Subject, a text to begin with · longest: most tokens of a side · examples: inputs that are drawn for each
    thing · seed: of the draws · name: of the report.

    Raises GlassheadError for what cannot be checked, and for arguments that do not fit.
    """
    if padding not in ("right", "left"):
        raise GlassheadError(f"padding is {brief(padding)}; it is 'right' or 'left'.")
    if positions is not None and positions not in POSITIONS:
        raise GlassheadError(f"positions is {brief(positions)}; it is one of {', '.join(POSITIONS)}.")
    if examples < 1 or longest < 3:
        raise GlassheadError("At least 1 example is drawn, of at most 3 tokens or more.")
    how: dict[str, Any] = {"examples": examples, "seed": seed, "padding": padding}
    claims, ties = Claims(positions, scale), [Tie(*pair) for pair in tied]
    if isinstance(model, str | Path):
        try:
            model = load(model)
        except WrongError as error:
            return refused(name or Path(model).name, error, examples=examples, seed=seed)
    if isinstance(model, Subject) and not isinstance(model.model, TorchNN):
        return _of_subject(model, text, name, claims, ties, how)
    if text is not None:
        raise GlassheadError("A text goes with a name, a folder or a Subject: of a function of ids leave out text=.")
    if isinstance(model, Subject):
        return _of_torch_nn(model, pad, name, claims, ties, how)
    if hasattr(getattr(model, "config", None), "model_type"):
        return _of_hugging_face(model, name, claims, ties, how)
    sizes: dict[Side, int | None] = {"source": source_size, "target": target_size}
    if not callable(model):
        raise GlassheadError(f"{brief(model)} is no model: give a module, a function of ids, a Subject or a name.")
    return _of_function(model, sizes, pad, cached, batch_first, longest, name, claims, ties, how)


def refused(name: str, error: WrongError, *, examples: int, seed: int) -> Report:
    """Report on a model that fails the check at load, after which nothing else of it is run."""
    return Report(name, (Verdict("check at load", "silently wrong", str(error)),), examples, seed)


def _of_subject(
    of: Subject, text: str | None, name: str | None, claims: Claims, ties: Sequence[Tie], how: Mapping[str, Any]
) -> Report:
    """Check a model with its vocabulary."""
    model = of.model
    if isinstance(model, Recorded):
        raise model.header.refuse("run and check it")
    sizes: dict[Side, int] = {"source": of.vocabulary.source.size, "target": model.size}
    fixed: Sequence[int] = ()
    if isinstance(model, HuggingFace):
        model, fixed = _hearing(model)
    box = box_of_model(model, _pad_of(model), sizes=sizes, fixed=fixed)
    module = getattr(model, "module", None)
    if isinstance(model, HuggingFace):
        box = _padded_at_the_left(model, box)
    if isinstance(model, Native):
        unmasked = "" if model.config.masked else "masked=False"
        claims = replace(claims, positions=claims.positions or model.config.positions, unmasked=unmasked)
    return check_box(
        name or of.name, box, module=module if isinstance(module, nn.Module) else None, model=model,
        given=_given(of, text, box), claims=claims, ties=[*ties, *_ties(model)], **how,
    )  # fmt: skip


def _given(of: Subject, text: str | None, box: Box) -> Line | None:
    """Decode a few tokens of a text, or of the first example on the card: a line as the model knows them."""
    if of.model.training:
        return None
    if text is None:
        try:
            text = of.first_sentence
        except GlassheadError:  # its card has none
            return None
    line = of.start(text, keep=None)
    while not line.done and line.step_number < STEPS:
        line.step()
    source = tuple(token.id for token in line.source)
    return Line(box.fixed or (source if "source" in box.sides else ()), tuple(line.ids))


def _pad_of(model: Model) -> int | None:
    if isinstance(model, Native):
        return model.config.pad_id
    return model.marks.pad if isinstance(model, HuggingFace) else None


def _ties(model: Model) -> list[Tie]:
    """List what a configuration claims of tied matrices."""
    if isinstance(model, Native):
        if model.config.share_embeddings:
            return [Tie("source.weight", "target.weight", True, "share_embeddings")]
        return [Tie("target.weight", "project.weight", False, "share_embeddings")]
    if not isinstance(model, HuggingFace):
        return []
    module = model.module
    claim = getattr(model.config, "tie_word_embeddings", None)
    ends = [find() for find in (module.get_input_embeddings, module.get_output_embeddings)]
    if claim is None or any(end is None for end in ends):
        return []
    paths = {id(each): path for path, each in module.named_modules(remove_duplicate=False)}
    one, other = (f"{paths[id(end)]}.weight" for end in ends)
    return [Tie(one, other, bool(claim), "tie_word_embeddings")]


def _of_hugging_face(
    module: Any, name: str | None, claims: Claims, ties: Sequence[Tie], how: Mapping[str, Any]
) -> Report:
    """Check a live model of Hugging Face. It is trained afterwards as before."""
    pad = getattr(module.config, "pad_token_id", None)
    modes = {each: each.training for each in module.modules()}
    learning = [(each, each.requires_grad) for each in module.parameters()]
    try:
        model = HuggingFace(module, begin_target(Marks(pad=0 if pad is None else int(pad)), module))
        for each, mode in modes.items():
            each.training = mode
        model, fixed = _hearing(model)
        box = _padded_at_the_left(model, box_of_model(model, model.marks.pad, fixed=fixed))
        return check_box(
            name or type(module).__name__, box, module=module, model=model, claims=claims,
            ties=[*ties, *_ties(model)], **how,
        )  # fmt: skip
    finally:
        for each, mode in modes.items():
            each.training = mode
        for parameter, before in learning:
            parameter.requires_grad_(before)


def _hearing(model: HuggingFace) -> tuple[HuggingFace, Sequence[int]]:
    """Let a model that hears, and was given no sound, hear noise; return it with its only source."""
    if not model.hears:
        return model, ()
    if not model.frames:
        with ONE_AT_A_TIME, torch.no_grad():
            memory = model.trial(range(LONGEST))
        assert memory is not None
        model = model.hear(states=memory.states)
    return model, range(model.frames)


def _padded_at_the_left(model: HuggingFace, box: Box) -> Box:
    """Let a decoder alone be padded at its left as others batch it, with a mask, and positions if it takes them."""
    takes = inspect.signature(model.module.forward).parameters
    if model.reads or "attention_mask" not in takes:
        return box

    def run(lines: Sequence[Line], *, room: Mapping[Side, int] | None = None, left: bool = False) -> list[Tensor]:
        if not left:
            return box.run(lines, room=room)
        width = max((room or {}).get("target", 0), *(len(line.target) for line in lines))
        gaps = [width - len(line.target) for line in lines]
        ids = [[model.marks.pad] * gap + list(line.target) for gap, line in zip(gaps, lines, strict=True)]
        there = torch.tensor([[0] * gap + [1] * (width - gap) for gap in gaps], device=model.device)
        given = {"position_ids": (there.cumsum(-1) - 1).clamp_min(0)} if "position_ids" in takes else {}
        with ONE_AT_A_TIME, torch.no_grad():
            found = model.module(
                input_ids=torch.tensor(ids, device=model.device), attention_mask=there, use_cache=False, **given
            ).logits
        return [found[number, gap:] for number, gap in enumerate(gaps)]

    return replace(box, run=run, left=frozenset({"target"}))


def _of_torch_nn(
    of: Subject, pad: int | None, name: str | None, claims: Claims, ties: Sequence[Tie], how: Mapping[str, Any]
) -> Report:
    """Check a Subject of a module of torch.nn: by its owner's function, and by its sites."""
    model = of.model
    assert isinstance(model, TorchNN)
    sides = model.sides
    sizes: dict[Side, int] = {"source": of.vocabulary.source.size, "target": model.size}
    known = model.pad if pad is None else pad
    longest = min(LONGEST, model.limits.target or LONGEST)
    box = box_of_call(
        lambda *ids: model.caller(dict(zip(sides, ids, strict=True))), sides, sizes, longest=longest,
        pads={} if known is None else dict.fromkeys(sides, known), precision=model.anatomy.precision,
        device=model.device,
    )  # fmt: skip
    return check_box(
        name or of.name, box, module=model.module, model=model if "target" in sides else None, claims=claims, ties=ties,
        **how,
    )  # fmt: skip


def _of_function(
    function: Callable[..., Any],
    sizes: Mapping[Side, int | None],
    pad: int | None,
    cached: Cached | None,
    batch_first: bool,
    longest: int,
    name: str | None,
    claims: Claims,
    ties: Sequence[Tie],
    how: Mapping[str, Any],
) -> Report:
    """Check any function of ids."""
    module = _module_in(function)
    asked = function.forward if isinstance(function, nn.Module) else function
    told: tuple[Side, ...] = tuple(side for side in ("source", "target") if sizes.get(side) is not None)
    sides = sides_of(asked, given=told, told=True) if told != ("source",) else _source_alone(asked)
    known: dict[Side, int] = {side: sizes.get(side) or _size(module, side) for side in sides}
    parameter = None if module is None else next(module.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    precision = "float32" if parameter is None else str(parameter.dtype).removeprefix("torch.")
    call = function if batch_first else _turned(function)
    box = box_of_call(
        call, sides, known, pads={} if pad is None else dict.fromkeys(sides, pad), precision=precision, device=device,
        longest=longest, cached=cached, crops=cached is not None and _crops(cached, sides, device),
    )  # fmt: skip
    model, unseen = _watched(module, function, sides, known, pad, batch_first)
    return check_box(
        name or _called(function, module),
        box,
        module=module,
        model=model,
        claims=claims,
        ties=ties,
        unseen=unseen,
        **how,
    )


def _source_alone(asked: Callable[..., Any]) -> tuple[Side, ...]:
    """Read the sides of a function of which only the source's size was given."""
    sides = sides_of(asked, given=("source",), told=False)
    return sides if len(sides) == 2 else ("source",)


def _turned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes and returns the tokens first as one that has the batch first."""

    def call(*ids: Tensor) -> Tensor:
        found = first_tensor(function(*(each.transpose(0, 1) for each in ids)))
        return found.transpose(0, 1) if found.dim() == 3 else found

    return call


def _crops(cached: Cached, sides: Sequence[Side], device: torch.device) -> bool:
    """Tell by trial whether what a step remembers can be cropped."""
    with torch.no_grad():
        given = [torch.ones(1, 2, dtype=torch.long, device=device) for _ in sides]
        _, past = cached(*given, None)
    return callable(getattr(past, "crop", None))


def _module_in(function: Callable[..., Any]) -> nn.Module | None:
    """Find the module that a function runs: itself, the one whose method it is, the only one that it names."""
    if isinstance(function, nn.Module):
        return function
    owner = getattr(function, "__self__", None)
    if isinstance(owner, nn.Module):
        return owner
    if not inspect.isfunction(function):
        return None
    names = inspect.getclosurevars(function)
    found = {
        id(each): each for each in (*names.nonlocals.values(), *names.globals.values()) if isinstance(each, nn.Module)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _size(module: nn.Module | None, side: Side) -> int:
    """Return the size of a vocabulary from the tables of embeddings. Raises GlassheadError if they do not say."""
    tables = [] if module is None else [each for each in module.modules() if isinstance(each, nn.Embedding)]
    sizes = {each.num_embeddings for each in tables}
    if len(sizes) == 1:
        return sizes.pop()
    raise GlassheadError(f"How many tokens has the {side}? Give {side}_size=.")


def _watched(
    module: nn.Module | None, function: Callable[..., Any], sides: Sequence[Side], sizes: Mapping[Side, int],
    pad: int | None, batch_first: bool,
) -> tuple[Model | None, str]:  # fmt: skip
    """Watch a module of torch.nn's attention by its sites, or say why not."""
    if module is None or not any(isinstance(each, nn.MultiheadAttention) for each in module.modules()):
        return None, ""
    modes = {each: each.training for each in module.modules()}
    module.eval()
    ids = [number for number in range(min(sizes.values())) if number != pad][:5]
    given = dict.fromkeys(sides[:1], (ids * 5)[:5])
    try:
        found = subject(
            module, given.get("source"), target=given.get("target"), logits=_named(function, sides), pad=pad,
            start=ids[:1], batch_first=batch_first,
        )  # fmt: skip
    except GlassheadError as error:
        return None, f"Its sites cannot be watched: {error}"
    finally:
        for each, mode in modes.items():
            each.training = mode
    return (found.model, "") if "target" in sides else (None, "")


def _named(function: Callable[..., Any], sides: Sequence[Side]) -> Callable[..., Any]:
    """Return a function whose arguments say by their names what it reads."""
    if len(sides) == 2:
        return lambda source, target: function(source, target)
    return (lambda target: function(target)) if sides[0] == "target" else (lambda source: function(source))


def _called(function: Callable[..., Any], module: nn.Module | None) -> str:
    return getattr(function, "__name__", "") if module is None else type(module).__name__
