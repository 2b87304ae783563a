"""Which attention of a module is which, by how each is called in one pass over a few ids.

Source and target have different lengths in that pass, so the lengths of queries and keys tell encoder, decoder and
encoder–decoder attention apart, and the layout in which the owner's function takes ids.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from glasshead.adapters.torch_nn.attention import Attention
from glasshead.adapters.torch_nn.caller import Caller
from glasshead.adapters.torch_nn.layout import Layout
from glasshead.adapters.torch_nn.passes import Event, noted, without_fast_path
from glasshead.errors import GlassheadError, nearest
from glasshead.site import ATTENTIONS, Side, Site, attention


@dataclass(frozen=True)
class Examined:
    """One pass of a module."""

    caller: Caller
    """The function, with the layout that it takes."""
    ids: Mapping[Side, Tensor]
    """The ids of the pass, n."""
    events: Sequence[Event]
    attentions: Mapping[str, Event]
    """The call of every attention, by its prefix, in the order of the pass."""
    stages: Mapping[str, Mapping[str, Tensor]]
    """All values of every attention, by its prefix, as our arithmetic gives them."""
    found: Tensor
    """What the function returned."""


def check_module(module: nn.Module) -> None:
    """Raise GlassheadError for a module that cannot be watched, with the reason."""
    name = type(module).__name__
    if hasattr(module, "_orig_mod"):
        raise GlassheadError(
            f"{name} is a compiled module, whose parts cannot be watched: give the one it was made of."
        )
    if module.training or any(each.training for each in module.modules()):
        raise GlassheadError(f"{name} is in training mode, with dropout on: call model.eval() first.")
    attentions = {path: each for path, each in module.named_modules() if isinstance(each, nn.MultiheadAttention)}
    if not attentions:
        raise GlassheadError(
            f"{name} has no nn.MultiheadAttention in it, alone or in nn.Transformer: attention that is written by hand "
            "cannot be watched. A module of yours can offer its values itself: see glasshead.listen."
        )
    for path, each in attentions.items():
        if type(each).forward is not nn.MultiheadAttention.forward:
            raise GlassheadError(f"{path} is a {type(each).__name__}, which has a forward of its own.")
        if each.bias_k is not None or each.add_zero_attn:
            option = "add_bias_kv" if each.bias_k is not None else "add_zero_attn"
            raise GlassheadError(
                f"{path} was made with {option}: it looks at a key that is no token, which no view has."
            )


def examine(caller: Caller, ids: Mapping[Side, Sequence[int]], layouts: Sequence[Layout], sites: Mapping[str, str],
            device: torch.device) -> Examined:  # fmt: skip
    """Run a few ids, in the first of the layouts in which the attentions look along the tokens.

    sites: names that the owner gives, path of an attention → prefix. Raises GlassheadError for a module that fits none.
    """
    rows = {side: torch.tensor([list(each)], dtype=torch.long, device=device) for side, each in ids.items()}
    problem: GlassheadError | None = None
    for layout in layouts:
        tried = replace(caller, layout=layout)
        try:
            events, found = noted(caller.module, lambda tried=tried: tried(rows))  # type: ignore[misc]
            calls = _calls(caller.module, events)
            attentions = _named(calls, {side: len(each) for side, each in ids.items()}, sites)
        except GlassheadError as error:
            problem = problem or error
            continue
        with torch.no_grad(), without_fast_path():
            stages = {site: stages_of(event) for site, event in attentions.items()}
        return Examined(tried, {side: each[0] for side, each in rows.items()}, events, attentions, stages, found)
    assert problem is not None
    raise problem


def stages_of(event: Event) -> dict[str, Tensor]:
    """Compute all values of one call of an attention."""
    assert isinstance(event.module, nn.MultiheadAttention)
    point, found = Attention(event.module), dict[str, Tensor]()

    def tap(name: str, value: Tensor) -> Tensor:
        found[name] = value
        return value

    point.__dict__["tap"] = tap
    point.forward(**event.arguments)
    return found


def _calls(module: nn.Module, events: Sequence[Event]) -> list[Event]:
    calls = [event for event in events if isinstance(event.module, nn.MultiheadAttention)]
    if not calls:
        raise GlassheadError(
            f"No nn.MultiheadAttention of {type(module).__name__} was called when its logits were made."
        )
    for each, times in Counter(event.module for event in calls).items():
        if times > 1:
            path = next(event.path for event in calls if event.module is each)
            raise GlassheadError(
                f"{path} is called {times} times in one pass: layers that are one and the same module cannot be told "
                "apart yet."
            )
    return calls


def _named(calls: Sequence[Event], lengths: Mapping[Side, int], given: Mapping[str, str]) -> dict[str, Event]:
    """Name the attentions by the lengths that they look from and at."""
    paths = [event.path for event in calls]
    for path, site in given.items():
        if path not in paths:
            raise GlassheadError(
                f"sites= names {path}, which is no attention that was called. {nearest(path, paths, what='one')}"
            )
        place = Site.parse(f"{site}.weights")
        if place.stack not in ("encoder", "decoder") or place.layer is None or place.part not in ATTENTIONS:
            raise GlassheadError(f"{site} names no attention; one is named like decoder.0.cross.")
    found: dict[str, Event] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for event in calls:
        stack, part = _place(event, lengths)
        site = given.get(event.path) or attention(stack, counts[stack, part], part)
        counts[stack, part] += 1
        if site in found:
            raise GlassheadError(f"Two attentions have the name {site}: {found[site].path} and {event.path}.")
        found[site] = event
    for stack, part in dict.fromkeys((Site.parse(f"{s}.q").stack, Site.parse(f"{s}.q").part) for s in found):
        layers = sorted(int(s.split(".")[1]) for s in found if s.startswith(f"{stack}.") and s.endswith(f".{part}"))
        if layers != list(range(len(layers))):
            raise GlassheadError(
                f"The layers of {stack} {part} are numbered {layers}; they count from 0 without a gap."
            )
    return found


def _place(event: Event, lengths: Mapping[Side, int]) -> tuple[str, str]:
    """Tell stack and kind of an attention. Raises GlassheadError for one that looks along anything but tokens."""
    module: nn.MultiheadAttention = event.module  # type: ignore[assignment]
    query, key = event.arguments["query"], event.arguments["key"]
    layout = Layout.ALONE if query.dim() == 2 else Layout.BATCH if module.batch_first else Layout.SEQUENCE
    (lines, queries), keys = layout.ours(query).shape[:2], layout.ours(key).shape[1]
    sides: dict[tuple[int, int], tuple[str, str]] = {}
    if "source" in lengths:
        sides[lengths["source"], lengths["source"]] = "encoder", "self"
    if "target" in lengths:
        sides[lengths["target"], lengths["target"]] = "decoder", "self"
    if len(lengths) == 2:
        sides[lengths["target"], lengths["source"]] = "decoder", "cross"
    if lines == 1 and (queries, keys) in sides:
        return sides[queries, keys]
    tokens = " and ".join(f"{length} ids of the {side}" for side, length in lengths.items())
    if lines in lengths.values() and queries == 1:
        made = "batch_first=False" if not module.batch_first else "batch_first=True"
        raise GlassheadError(
            f"{event.path} looks across the batch, and not along the tokens: it was made with {made}, and of {tokens} "
            f"it got {lines} lines of one token each. Make it with batch_first={not module.batch_first}, or turn what "
            "it gets."
        )
    raise GlassheadError(
        f"{event.path} looks from {queries} places at {keys}, with {tokens}: positions that the model adds are no "
        "tokens, and have no names to show."
    )
