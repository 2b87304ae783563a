"""The places of a live module where values can be seen, from one pass of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from glasshead.adapters.addition import Addition
from glasshead.adapters.points import Input, Normalisation, Output, Point
from glasshead.adapters.torch_nn.attention import Attention
from glasshead.adapters.torch_nn.flow import Flow, SubLayer, same
from glasshead.adapters.torch_nn.layout import Layout
from glasshead.adapters.torch_nn.passes import Event, without_fast_path
from glasshead.anatomy import Norm
from glasshead.attend import STAGES
from glasshead.site import Side, Site

Known = dict[str, tuple[Any, str]]


class _Laid(Point):
    """A point whose tensors come in the module's layout, and are seen in ours."""

    layout = Layout.BATCH

    def see(self, name: str, value: Tensor) -> Tensor:
        """Hand a value to the tap."""
        ours = self.layout.ours(value)
        new = super().see(name, ours)
        return value if new is ours else self.layout.theirs(new)


class LaidOutput(_Laid, Output):
    """What a module returns."""


class LaidInput(_Laid, Input):
    """What a module is given."""


class LaidAddition(_Laid, Addition):
    """A sum that is made in a module's own code."""


class LaidNorm(_Laid, Normalisation):
    """A normalisation."""

    lasting = False


class Root:
    """The model as a whole: its tap learns where each pass begins, and sees the logits."""


class Places:
    """Every place of a model where a value can be seen."""

    def __init__(
        self, events: Sequence[Event], attentions: Mapping[str, Event], ids: Mapping[Side, Tensor], width: int
    ) -> None:
        """events: all of one pass · attentions: the call of each, by its prefix, in the order of the pass · ids: of
        each side in that pass · width: numbers of a vector.
        """
        self.root, self.width = Root(), width
        self.known: Known = {}
        self.norms: list[Norm] = []
        self.attentions: dict[str, Attention] = {}
        self.sources: frozenset[str] = frozenset()
        """Sites whose rows are tokens of the source."""
        self.phase: Side | int | None = None
        """What a pass is for: to read the source, or to compute so many rows of the target; None: whatever it does."""
        self.positions: int | None = None
        """Positions that a table of them has a place for."""
        self._events = events
        self._times = Counter(event.module for event in events)
        self._ids = ids
        self._taken: list[Event] = []
        self._watched = 0
        self._fast: Any = None
        flow = Flow(events, self._is_norm)
        found = flow.sub_layers(list(attentions.items()))
        self._taken = [each.norm for each in found if each.norm is not None]
        for stack in dict.fromkeys(Site.parse(f"{site}.out").stack for site in attentions):
            own = [each for each in found if each.site.startswith(f"{stack}.")]
            side: Side = "source" if stack == "encoder" else "target"
            self._add_embedding(side, own[0].entered, flow)
            for each in own:
                self._add_sub_layer(each)
            if own[-1].left is not None and (last := flow.norm_after(own[-1].left, self._taken)) is not None:
                self._add_norm(stack, last, "last")
        if "target" in ids:
            self.known["logits"] = (self.root, "logits")
        self.sources = frozenset(site for site in self.known if Site.parse(site).side == "source")

    def _is_norm(self, module: nn.Module) -> bool:
        usual = isinstance(module, (nn.LayerNorm, nn.RMSNorm))
        named = "norm" in type(module).__name__.lower() and not any(module.children())
        return usual or (named and not isinstance(module, nn.modules.batchnorm._NormBase))

    def _once(self, event: Event) -> bool:
        """Tell whether a module was called only once: the values of several calls would be mixed up."""
        return self._times[event.module] == 1

    def _add(self, site: str, point: Any, *names: str) -> None:
        for name in names:
            self.known[f"{site}.{name}"] = (point, name)

    def _output(self, event: Event, name: str) -> LaidOutput:
        point = LaidOutput(event.module, name)
        point.layout = event.layout
        return point

    def _input(self, event: Event, name: str, *, changeable: bool) -> LaidInput:
        point = LaidInput(event.module, name, changeable=changeable)
        point.layout = event.layout
        return point

    def _add_embedding(self, side: Side, entered: Tensor, flow: Flow) -> None:
        """Add the sites of an embedding: of the tokens, of learned positions, and of the sum that the stack gets."""
        ids = self._ids[side]
        for event in self._events:
            if isinstance(event.module, nn.Embedding) and event.given is not None:
                name = "embed" if same(event.given, ids) else ""
                if same(event.given, torch.arange(len(ids), device=ids.device)):
                    name = "position"
                    known = self.positions or event.module.num_embeddings
                    self.positions = min(known, event.module.num_embeddings)
                if name and self._once(event) and event.found is not None:
                    self._add(side, self._output(event, name), name)
        first = flow.norm_before(entered, self._taken)
        if first is not None and self._once(first):
            self._taken.append(first)
            self._add(side, self._input(first, "sum", changeable=True), "sum")
            self._add_norm(side, first, "post")
            return
        made = [e for e in self._events if same(e.found, entered) and self._once(e) and not self._is_norm(e.module)]
        if made:
            self._add(side, self._output(made[-1], "sum"), "sum")
            return
        for event in self._events:
            if same(event.given, entered) and self._once(event):
                whole = any(isinstance(each, nn.MultiheadAttention) for each in event.module.modules())
                self._add(side, self._input(event, "sum", changeable=whole), "sum")
                return

    def _add_sub_layer(self, part: SubLayer) -> None:
        if part.norm is not None and part.where == "pre":
            self._add_norm(part.site, part.norm, "pre")
        if isinstance(part.last.module, nn.MultiheadAttention):
            point = Attention(part.last.module)
            self.attentions[part.site] = point
            self._add(part.site, point, *STAGES, "out")
        elif self._once(part.last):
            if part.first is not None and self._once(part.first):
                self._add(part.site, self._output(part.first, "hidden"), "hidden")
            self._add(part.site, self._input(part.last, "active", changeable=True), "active")
            self._add(part.site, self._output(part.last, "out"), "out")
        if part.sum is not None and self._once(part.sum.event):
            self._add(part.site, self._stream(part), "resid")
        if part.norm is not None and part.where == "post":
            self._add_norm(part.site, part.norm, "post")

    def _stream(self, part: SubLayer) -> Point:
        """Make the point of the stream after a sub-layer, changeable where that can be so; see `self_check`."""
        assert part.sum is not None
        event = part.sum.event
        if part.sum.side == "found":
            return self._output(event, "resid")
        if part.sum.first:
            return self._input(event, "resid", changeable=True)
        around = next((each for each in self._events if each.holds(part.last) and each.holds(event)), None)
        if part.last.layout is not event.layout:
            return self._input(event, "resid", changeable=False)
        layer = around.module if around is not None and self._once(around) else None
        point = LaidAddition(event.module, "resid", layer=layer, added=part.last.module)
        point.layout = event.layout
        return point

    def _add_norm(self, site: str, event: Event, where: Literal["pre", "post", "last"]) -> None:
        if not self._once(event) or event.by_name:
            return
        self._taken.append(event)
        assert event.given is not None
        try:
            point = LaidNorm(event.module, event.given.shape[-1])
        except (ValueError, RuntimeError):  # shown as nothing rather than as something false
            return
        point.layout = event.layout
        self._add(f"{site}.norm", point, *point.emits)
        self.norms.append(Norm(site, "rms" if point.rms else "layer", point.eps, where))

    def add_bias(self, site: str) -> None:
        """Add the position bias to the sites of an attention that has one."""
        point = self.attentions[site]
        point.biased = True
        entries = list(self.known.items())
        entries.insert(list(self.known).index(f"{site}.scores"), (f"{site}.bias", (point, "bias")))
        self.known = dict(entries)

    def keeps(self, site: str, value: Tensor) -> Tensor | None:
        """Cut a value to the rows that the pass is for; None for one that belongs to another pass."""
        if self.phase is None:
            return value
        if (self.phase == "source") != (site in self.sources):
            return None
        if not isinstance(self.phase, int) or Site.parse(site).axes == "h k d":
            return value
        rows = value.dim() - 2
        return value.narrow(rows, value.shape[rows] - self.phase, self.phase)

    def switch_on(self) -> None:
        """Turn the fast path off; nested calls count."""
        self._watched += 1
        if self._watched == 1:
            self._fast = without_fast_path()
            self._fast.__enter__()

    def switch_off(self) -> None:
        """Turn it on again, after the last of nested calls, if it was."""
        self._watched -= 1
        if not self._watched:
            self._fast.__exit__(None, None, None)
