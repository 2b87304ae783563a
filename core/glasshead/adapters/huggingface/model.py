"""A model of Hugging Face as a Model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.adapters.huggingface import attention as attentions
from glasshead.adapters.huggingface.families import FAMILIES, Family, Stack
from glasshead.adapters.huggingface.marks import Marks, longest_line, text_limit
from glasshead.adapters.huggingface.past import HuggingPast
from glasshead.adapters.huggingface.watch import Places
from glasshead.adapters.native import pad_lines
from glasshead.adapters.watching import Watching
from glasshead.anatomy import Anatomy, Attending, Kind
from glasshead.decoding.protocols import Limits, Memory, Past, Prompt
from glasshead.errors import GlassheadError, nearest
from glasshead.site import Site
from glasshead.tap import ONE_AT_A_TIME, Change

FAR = 1024
"""Most positions of a target where a model has a place for any number: a line has to end somewhere."""


class HuggingFace:
    """A model of Hugging Face, as decoding asks for it."""

    def __init__(self, module: Any, marks: Marks) -> None:
        """Raises GlassheadError for a family that is not in the table, and for one without attention of its own."""
        attentions.register()
        self.module, self.marks = module.eval().requires_grad_(False), marks
        self.family = family_of(module)
        config = module.config.get_text_config() if hasattr(module.config, "get_text_config") else module.config
        self.config = config
        self.stacks = {stack.name: stack for stack in self.family.stacks}
        embedding = module.get_input_embeddings()
        self.size = int(config.vocab_size)
        longest = longest_line(config)
        self.limits = Limits(
            text=text_limit(config, marks), target=0 if "decoder" not in self.stacks else longest or FAR
        )
        self.ends = _ends(module)
        width = int(getattr(config, "d_model", None) or config.hidden_size)
        self.places = Places(module, self.family, width)
        self._device = embedding.weight.device
        self.anatomy = self._examine(width, embedding.weight.dtype)

    @property
    def device(self) -> torch.device:
        """Device of the embeddings, to which ids go."""
        return self._device

    @property
    def training(self) -> bool:
        """Whether dropout is on."""
        return bool(self.module.training)

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make the source and the start for the ids of a text."""
        given = (*self.marks.before, *ids, *self.marks.after)
        if "encoder" not in self.stacks:
            return Prompt((), (*self.marks.before, *ids))
        return Prompt(given, self.marks.start if "decoder" in self.stacks else ())

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Encode sources, padded at their ends to one length; None for a decoder alone."""
        if "encoder" not in self.stacks:
            return None
        ids, mask = pad_lines(sources, self.marks.pad, self.device)
        self._begin(0)
        there = torch.ones_like(ids) if mask is None else mask[:, 0, 0, :].long()
        if "decoder" in self.stacks:
            return Memory(self.module.get_encoder()(input_ids=ids, attention_mask=there).last_hidden_state, mask)
        states: list[Tensor] = []
        hook = self.module.base_model.register_forward_hook(lambda _module, _given, found: states.append(found[0]))
        try:
            logits = self.module(input_ids=ids, attention_mask=there).logits
        finally:
            hook.remove()
        blanks = [place for place, number in enumerate(sources[0]) if number == self.marks.mask]
        return Memory(states[0], mask, self._show(logits), tuple(blanks))

    def past(self) -> HuggingPast:
        """Return an empty past."""
        return HuggingPast.empty(cross="encoder" in self.stacks)

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits after each of the new ids: b q → b q v."""
        self._begin(0 if past is None else past.length)
        given: dict[str, Any] = {"use_cache": past is not None}
        if isinstance(past, HuggingPast):
            given["past_key_values"] = past.cache
        if memory is None:
            found = self.module(input_ids=ids, **given).logits
        else:
            from transformers.modeling_outputs import BaseModelOutput

            there = None if memory.mask is None else memory.mask[:, 0, 0, :].long()
            if there is None:
                there = torch.ones(memory.states.shape[:2], dtype=torch.long, device=memory.states.device)
            found = self.module(
                encoder_outputs=BaseModelOutput(last_hidden_state=memory.states),
                attention_mask=there,
                decoder_input_ids=ids,
                **given,
            ).logits
        return self._show(found)

    def _show(self, logits: Tensor) -> Tensor:
        """Hand the logits to the tap."""
        tap = self.places.root.__dict__.get("tap")
        return logits if tap is None else tap("logits", logits)

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> Watching:
        """Make taps for `with` blocks."""
        return Watching(self.places, keep, edit)

    def _begin(self, start: int) -> None:
        tap = self.places.root.__dict__.get("tap")
        if tap is not None:
            tap.begin(start)

    @torch.no_grad()
    def _examine(self, width: int, dtype: torch.dtype) -> Anatomy:
        """Describe the model, by how it calls its attentions."""
        with ONE_AT_A_TIME:
            calls = self._note_calls()
        silent = [site for site, module in self.places.attentions.items() if module not in calls]
        if silent or not self.places.attentions:
            raise GlassheadError(
                f"{type(self.module).__name__} computes its attention by itself, where it cannot be watched: it is not "
                "on Hugging Face's attention registry."
            )
        arithmetic: dict[str, Attending] = {}
        for site, module in self.places.attentions.items():
            call = calls[module]
            if call.biased:
                self.places.add_bias(site)
            else:
                attentions.unbiased.add(module)
            arithmetic[site] = Attending(
                scale=call.scale, cap=call.cap, biased=call.biased,
                window=self._window(site, call),
            )  # fmt: skip
        kinds = [self._kind(stack, part, calls) for stack in self.family.stacks for part in ("self", "cross")]
        return Anatomy(
            kinds=tuple(kind for kind in kinds if kind is not None),
            attending=arithmetic,
            norms=tuple(self.places.norms),
            sites=tuple(self.places.known),
            width=width,
            parameters=sum(parameter.numel() for parameter in self.module.parameters()),
            precision=str(dtype).removeprefix("torch."),
            device={"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}.get(self.device.type, "device"),
            remarks=self.family.remarks,
        )

    def _note_calls(self) -> dict[nn.Module, attentions.Call]:
        """Run three tokens, and return the call of every attention."""
        found = attentions.calls = {}
        self.places.switch_on()
        try:
            ids = [min(3, self.size - 1)] * 3
            memory = self.read([ids])
            if "decoder" in self.stacks:
                self.logits(torch.tensor([ids], device=self.device), memory)
        finally:
            self.places.switch_off()
            attentions.calls = None
        return found

    def _window(self, site: str, call: attentions.Call) -> tuple[int, int] | None:
        """Make the window of an attention: to the past in a decoder, to both sides in an encoder."""
        if call.window is None:
            return None
        return call.window - 1, 0 if site.startswith("decoder.") else call.window - 1

    def _kind(self, stack: Stack, part: str, calls: Mapping[nn.Module, attentions.Call]) -> Kind | None:
        found = [calls[module] for site, module in self.places.attentions.items() if _is(site, stack.name, part)]
        if not found:
            return None
        own = part == "self"
        labels = {
            ("encoder", "self"): "encoder self",
            ("decoder", "self"): "decoder self (masked)",
            ("decoder", "cross"): "decoder → encoder",
        }
        return Kind(
            label=labels[stack.name, part], stack=stack.name, kind=part, layers=len(found), heads=found[0].heads,
            key_heads=found[0].key_heads, keys=stack.side if own else "source",
            causal=own and stack.name == "decoder",
        )  # fmt: skip


def _is(site: str, stack: str, part: str) -> bool:
    place = Site.parse(f"{site}.weights")
    return (place.stack, place.part) == (stack, part)


def family_of(module: Any) -> Family:
    """Find the family of a model. Raises GlassheadError, with the nearest, for one that is not in the table."""
    name = str(module.config.model_type)
    if name not in FAMILIES:
        raise GlassheadError(
            f"{type(module).__name__} is of the family {name!r}, whose parts glasshead does not know. "
            f"{nearest(name, list(FAMILIES), what='family')}"
        )
    return FAMILIES[name]


def _ends(module: Any) -> frozenset[int]:
    """Return the ids that end a line."""
    found: set[int] = set()
    for config in (getattr(module, "generation_config", None), module.config):
        ids = getattr(config, "eos_token_id", None)
        found |= {ids} if isinstance(ids, int) else set(ids or ())
    return frozenset(found)
