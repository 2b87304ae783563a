"""A live module of torch.nn as a Model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import torch
from torch import Tensor, nn

from glasshead.adapters.native import pad_lines
from glasshead.adapters.torch_nn.examine import Examined
from glasshead.adapters.torch_nn.layers import layers_of
from glasshead.adapters.torch_nn.learned import learned_of
from glasshead.adapters.torch_nn.past import IdsPast
from glasshead.adapters.torch_nn.places import LaidNorm, Places
from glasshead.adapters.torch_nn.watch import Rerun
from glasshead.anatomy import Anatomy, Attending, Kind
from glasshead.decoding.protocols import Layer, Limits, Memory, Past, Prompt
from glasshead.errors import GlassheadError
from glasshead.named import name_kind
from glasshead.site import Side, Site
from glasshead.tap import Change
from glasshead.traces.reading import Learned

NO_CACHE = "no cache: each step runs all again"


class TorchNN:
    """A live module, as decoding asks for it."""

    def __init__(
        self,
        examined: Examined,
        *,
        start: Sequence[int],
        around: tuple[Sequence[int], Sequence[int]],
        ends: Iterable[int],
        pad: int | None,
        mask: int | None,
        names: int,
        limit: int,
    ) -> None:
        """start: ids that the target begins with · around: ids before and after a source that is typed, or before a
        prompt · pad: id that the owner's function knows as padding · mask: id of a token that an encoder alone fills
        in · names: tokens of the source · limit: most positions of the target.
        """
        self.caller, self.module = examined.caller, examined.caller.module
        self._start, (self._before, self._after), self._pad = tuple(start), around, pad
        self._mask, self._names = mask, names
        self.ends = frozenset(ends)
        self.sides = self.caller.sides
        self.examined = examined
        self.places = self._find_places()
        self.size = int(examined.found.shape[-1]) if "target" in self.sides else 1
        longest = min(limit, self.places.positions or limit)
        room = longest - len(self._before) - len(self._after) - ("source" not in self.sides)
        typed = None if "source" in self.sides and self.places.positions is None else room
        self.limits = Limits(text=typed, target=longest if "target" in self.sides else 0)
        self.anatomy = self._describe()

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return next(self.module.parameters()).device

    @property
    def training(self) -> bool:
        """Whether dropout is on."""
        return bool(self.module.training)

    @property
    def layers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers of each stack whose layers are modules of their own."""
        return layers_of(self.module, self.examined.events, self.examined.attentions)

    @cached_property
    def learned(self) -> Learned:
        """The learned maps behind the places that are shown."""
        return learned_of(self.examined, self.places.known)

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make the source and the start for the ids of a text."""
        given = (*self._before, *ids, *self._after)
        if "source" not in self.sides:
            return Prompt((), given)
        return Prompt(given, self._start if "target" in self.sides else ())

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Take the sources, padded at their ends to one length. They are run only where they are watched.

        Raises GlassheadError for sources of different lengths, if it is not known what pads them.
        """
        if "source" not in self.sides:
            return None
        if self._pad is None and len({len(source) for source in sources}) > 1:
            raise GlassheadError("The sources have different lengths: which id pads them? Give pad=.")
        ids, _ = pad_lines(sources, self._pad or 0, self.device)
        if "target" not in self.sides:
            return self._predict(ids)
        if "tap" in self.places.root.__dict__:
            start = torch.tensor([self._start], dtype=torch.long, device=self.device).expand(len(ids), -1)
            with self._pass("source"):
                self.caller({"source": ids, "target": start})
        return Memory(ids)

    def _predict(self, ids: Tensor) -> Memory:
        """Run an encoder alone, which may fill in the mask tokens of a text: b k → b k v."""
        with self._pass("source"):
            found = self.caller({"source": ids})
        rows = self.caller.layout.ours(found) if found.dim() == 3 else found.unsqueeze(0)
        if self._mask is None or rows.shape != (*ids.shape, self._names):  # a class of the text, tags of its tokens
            return Memory(ids)
        return Memory(ids, logits=rows, blanks=tuple((ids[0] == self._mask).nonzero().flatten().tolist()))

    @property
    def pad(self) -> int | None:
        """The id that fills up shorter lines, if it is known."""
        return self._pad

    def past(self) -> IdsPast:
        """Return an empty past."""
        return IdsPast()

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits after each of the new ids, b q → b q v, by running all of them again."""
        rows = ids.shape[1]
        whole = past.extended(ids) if isinstance(past, IdsPast) else ids
        given: dict[Side, Tensor] = {"target": whole}
        if memory is not None:
            given["source"] = memory.states
        with self._pass(rows):
            found = self.caller(given)
            tap = self.places.root.__dict__.get("tap")
            if tap is not None:
                found = tap("logits", found)
        return found[:, -rows:]

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> Rerun:
        """Make taps for `with` blocks."""
        return Rerun(self.places, keep, edit)

    @contextmanager
    def _pass(self, phase: Side | int) -> Iterator[None]:
        """Run a pass for the rows of one side: the values of others are not kept."""
        tap = self.places.root.__dict__.get("tap")
        if tap is not None:
            tap.begin(0)
        before, self.places.phase = self.places.phase, phase
        try:
            yield
        finally:
            self.places.phase = before

    def _find_places(self) -> Places:
        of = self.examined
        first = next(iter(of.attentions.values()))
        assert first.given is not None
        places = Places(of.events, of.attentions, of.ids, first.given.shape[-1])
        for site, stages in of.stages.items():
            if "bias" in stages:
                places.add_bias(site)
        return places

    def _describe(self) -> Anatomy:
        stages = self.examined.stages
        kinds = dict.fromkeys((Site.parse(f"{s}.q").stack, Site.parse(f"{s}.q").part) for s in stages)
        parameter = next(self.module.parameters())
        described = tuple(self._kind(stack, part) for stack, part in kinds)
        lasting = all(kind.masked for kind in described) and self._rows_last()
        return Anatomy(
            kinds=described,
            attending={
                site: Attending(scale=values["q"].shape[-1] ** -0.5, biased="bias" in values, patterned=True)
                for site, values in stages.items()
            },
            norms=tuple(self.places.norms),
            sites=tuple(self.places.known),
            width=self.places.width,
            parameters=sum(each.numel() for each in self.module.parameters()),
            precision=str(parameter.dtype).removeprefix("torch."),
            device={"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}.get(parameter.device.type, "device"),
            cached="target" not in self.sides,
            lasting=lasting,
            remarks=self._remarks(),
        )

    def _kind(self, stack: str, part: str) -> Kind:
        """Describe a kind of attention. Raises GlassheadError for layers with different numbers of heads."""
        own = {site: values for site, values in self.examined.stages.items() if _is(site, stack, part)}
        heads = {values["q"].shape[1] for values in own.values()}
        if len(heads) > 1:
            raise GlassheadError(
                f"The layers of {name_kind(stack, part, masked=False)} have {sorted(heads)} heads: not all the same."
            )
        causal = (stack, part) == ("decoder", "self")
        hides = [_hides_the_future(values["masked"]) for values in own.values()]
        masked = not causal or all(share == 1 for share in hides)
        hidden = any(bool(values["masked"].isneginf().any()) for values in own.values())
        mask = "masked" if masked else "not causal" if hidden else "no mask"
        label = {"self": f"{stack} self", "cross": "encoder–decoder"}[part]
        return Kind(
            label=f"{label} ({mask})" if causal else label, stack=stack, kind=part, layers=len(own), heads=heads.pop(),
            key_heads=next(iter(own.values()))["k"].shape[1], keys="source" if stack == "encoder" or part == "cross"
            else "target", causal=causal, masked=masked,
        )  # fmt: skip

    @torch.no_grad()
    def _rows_last(self) -> bool:
        """Tell by trial whether logits stay as they are when the target grows."""
        if "target" not in self.sides:
            return True
        ids = {side: each.unsqueeze(0) for side, each in self.examined.ids.items()}
        fewer = self.caller({**ids, "target": ids["target"][:, :-1]})
        whole = self.caller(ids)[:, :-1]
        return not bool((fewer - whole).abs().max() > 1e-3 * max(1.0, float(whole.abs().max())))

    def _remarks(self) -> tuple[str, ...]:
        """Name what the header has to say, and what is not shown."""
        found = [NO_CACHE] if "target" in self.sides else []
        norms = {e.module for e in self.examined.events if isinstance(e.module, (nn.LayerNorm, nn.RMSNorm))}
        shown = {point.module for point, _ in self.places.known.values() if isinstance(point, LaidNorm)}
        if norms - shown:
            count = len(norms - shown)
            found.append(f"{count} {'norm' if count == 1 else 'norms'} not shown")
        return tuple(found)


def _is(site: str, stack: str, part: str) -> bool:
    place = Site.parse(f"{site}.q")
    return (place.stack, place.part) == (stack, part)


def _hides_the_future(masked: Tensor) -> float:
    """Return the share of later keys that are −∞. masked: b h q k."""
    later = torch.ones(masked.shape[-2:], dtype=torch.bool, device=masked.device).triu(1)
    return float(masked.isneginf()[..., later].float().mean())
