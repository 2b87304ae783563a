"""The layers of a live module: the members of a list of modules, one around the attentions of each layer."""

from collections.abc import Mapping, Sequence

from torch import nn

from glasshead.adapters.torch_nn.layout import Layout
from glasshead.adapters.torch_nn.passes import Event
from glasshead.decoding.protocols import Layer
from glasshead.site import Site


def layers_of(
    module: nn.Module, events: Sequence[Event], attentions: Mapping[str, Event]
) -> Mapping[str, tuple[Layer, ...]]:
    """Find the layers of each stack. attentions: the call of each, by its prefix.

    A stack is left out whose attentions do not lie in members of a list, one for each layer, called once, with a batch.
    """
    found: dict[str, tuple[Layer, ...]] = {}
    paths: dict[str, dict[int, set[str]]] = {}
    for prefix, event in attentions.items():
        place = Site.parse(f"{prefix}.out")
        paths.setdefault(place.stack, {}).setdefault(place.layer or 0, set()).add(event.path)
    for stack, own in paths.items():
        members = _members([own[number] for number in sorted(own)])
        calls = [[event for event in events if event.path == path] for path in members]
        axes = [_axis(each[0]) if len(each) == 1 else None for each in calls]
        layers = [
            Layer(module.get_submodule(path), axis)
            for path, axis in zip(members, axes, strict=True)
            if axis is not None
        ]
        if members and len(layers) == len(members):
            found[stack] = tuple(layers)
    return found


def _members(layers: Sequence[set[str]]) -> list[str]:
    """Find the path that the attentions of each layer share, up to a number that tells the layers apart."""
    parts = [[path.split(".") for path in each] for each in layers]
    for end in range(1, min(len(path) for each in parts for path in each)):
        heads = [{".".join(path[:end]) for path in each} for each in parts]
        numbered = all(path[end - 1].isdecimal() for each in parts for path in each)
        paths = [next(iter(head)) for head in heads if len(head) == 1]
        if numbered and len(set(paths)) == len(layers):
            return paths
    return []


def _axis(event: Event) -> int | None:
    """Return the axis of the batch in what a layer returns; None where it returns no stream, or has no batch."""
    if event.found is None:
        return None
    return {Layout.BATCH: 0, Layout.SEQUENCE: 1}.get(event.layout)
