"""A model of Hugging Face as a Model."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from glasshead.adapters.huggingface import attention as attentions
from glasshead.adapters.huggingface.discover import SEEN, discover, unwatchable
from glasshead.adapters.huggingface.families import FAMILIES, HEARING, Block, Family, Stack
from glasshead.adapters.huggingface.faults import Fault, remarks
from glasshead.adapters.huggingface.learned import learned_of
from glasshead.adapters.huggingface.marks import Marks, longest_line, places_before, speech_start, text_limit
from glasshead.adapters.huggingface.past import HuggingPast
from glasshead.adapters.huggingface.rules import Rules
from glasshead.adapters.huggingface.spread import device_of_inputs, is_spread, name_devices
from glasshead.adapters.huggingface.trying import trying
from glasshead.adapters.huggingface.watch import Places, Switch
from glasshead.adapters.native import pad_lines
from glasshead.adapters.watching import Watching
from glasshead.anatomy import Anatomy, Attending, Kind
from glasshead.decoding.protocols import Layer, Limits, Memory, Past, Prompt
from glasshead.errors import GlassheadError
from glasshead.site import Site
from glasshead.tap import ONE_AT_A_TIME, Change
from glasshead.traces.reading import Learned

TEXT, FEATURES = "input_ids", "input_features"
"""What a model that reads calls its input, and one that hears."""
AWAY = "positions begin after padding: generate counts them from 0"
"""Remark on a decoder whose own count of positions `generate` does not keep (transformers 5)."""
FAR = 1024
"""Most positions of a target where a model has a place for any number: a line has to end somewhere."""


class HuggingFace:
    """A model of Hugging Face, as decoding asks for it."""

    def __init__(self, module: Any, marks: Marks, forms: Mapping[str, attentions.Form] | None = None) -> None:
        """forms: of every attention by its prefix, where they are known; otherwise a few tokens are run to see them.

        Raises GlassheadError for a model whose attention cannot be watched.
        """
        attentions.register()
        self.hears = module.main_input_name == FEATURES and module.config.model_type in HEARING
        """Whether the source is sound."""
        if module.main_input_name not in (TEXT, FEATURES) or (module.main_input_name == FEATURES and not self.hears):
            raise GlassheadError(
                f"{type(module).__name__} reads {module.main_input_name}, and no ids of a text: of models that hear or "
                "see only Whisper can be shown."
            )
        self.module, self.marks = module.eval().requires_grad_(False), marks
        switch = Switch(module)
        with ONE_AT_A_TIME:
            self.family = family_of(module, switch)
        config = module.config.get_text_config() if hasattr(module.config, "get_text_config") else module.config
        self.config = config
        self.stacks = {stack.name: stack for stack in self.family.stacks}
        self.reads = bool(module.config.is_encoder_decoder) or "decoder" not in self.stacks
        """Whether it reads a source."""
        self._states: Tensor | None = None
        """What the encoder made of the sound that is heard: 1 k m."""
        embedding = (module.get_decoder() if self.hears else module).get_input_embeddings()
        self.size = int(config.vocab_size)
        longest = longest_line(config)
        self.limits = Limits(
            text=None if self.hears else text_limit(config, marks),
            target=0 if "decoder" not in self.stacks else longest or FAR,
        )
        self.ends = _ends(module)
        self.rules = self._rules(1)
        width = int(getattr(config, "d_model", None) or config.hidden_size)
        self.places = Places(module, self.family, width, switch)
        self._device = device_of_inputs(embedding)
        if forms is None:
            with ONE_AT_A_TIME:
                forms = self._note_forms()
        self.forms = forms
        """Form of every attention that was called, by its prefix: also of one that is not shown."""
        self.anatomy = self._examine(width, embedding.weight.dtype)

    @property
    def device(self) -> torch.device:
        """Device of the embeddings, to which ids go."""
        return self._device

    @property
    def spread(self) -> bool:
        """Whether no single device holds it."""
        return is_spread(self.module)

    @property
    def training(self) -> bool:
        """Whether dropout is on."""
        return bool(self.module.training)

    @property
    def layers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers of each stack that is shown."""
        found: dict[str, tuple[Layer, ...]] = {}
        for name, stack in self.stacks.items():
            modules = (self.places.find(f"{stack.layers}.{number}") for number in range(self.places.layers[name]))
            found[name] = tuple(Layer(module) for module in modules if module is not None)
        return found

    @cached_property
    def learned(self) -> Learned:
        """The learned maps behind the places that are shown."""
        return learned_of(self.module, self.places.known, self.places.width)

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make the source and the start for the ids of a text."""
        if self.hears:
            return Prompt(tuple(ids), self.marks.start)
        given = (*self.marks.before, *ids, *self.marks.after)
        if not self.reads:
            return Prompt((), (*self.marks.before, *ids))
        return Prompt(given, self.marks.start if "decoder" in self.stacks else ())

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Encode sources, padded at their ends to one length; None for a decoder alone."""
        if not self.reads:
            return None
        if self.hears:
            return Memory(self._heard(sources))
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

    def hear(self, features: Tensor | None = None, states: Tensor | None = None) -> "HuggingFace":
        """Return this model with a sound as its source, which its encoder hears once.

        features: f t, or 1 f t · states: what the encoder made of it, 1 k m; one of the two is given. Raises
        GlassheadError for a model that reads text, and for numbers of another shape.
        """
        if not self.hears or (features is None) == (states is None):
            raise GlassheadError(
                f"{type(self.module).__name__} reads text: it hears nothing."
                if not self.hears
                else "Give either the features of a sound or what the encoder made of them."
            )
        width, shape = self.anatomy.width, feature_shape(self.config)
        if states is None:
            assert features is not None
            features = features if features.dim() == 3 else features.unsqueeze(0)
            if tuple(features.shape) != (1, *shape):
                given, wanted = (" × ".join(map(str, each)) for each in (features.shape[1:], shape))
                raise GlassheadError(f"The features are {given}; this model hears {wanted} (frequencies × moments).")
            dtype = next(self.module.parameters()).dtype
            with ONE_AT_A_TIME, torch.no_grad():
                states = self.module.get_encoder()(features.to(self.device, dtype)).last_hidden_state
        elif states.dim() != 3 or states.shape[0] != 1 or states.shape[2] != width or not states.shape[1]:
            given = " × ".join(map(str, states.shape))
            raise GlassheadError(f"The states of the encoder are {given}; this model needs 1 × frames × {width}.")
        other = copy.copy(self)
        other._states = states.to(self.device)
        start = speech_start(self.module.generation_config, other._detect)
        other.rules = other._rules(len(start))
        forced = self.module.generation_config.forced_bos_token_id if len(start) == 1 else None
        other.marks = replace(self.marks, start=start if forced is None else (*start, forced))
        return other

    def _rules(self, begin: int) -> Rules:
        """Read the rules of the generation config. begin: tokens with which `generate` begins a target."""
        generation = getattr(self.module, "generation_config", None)
        return Rules.of(generation, self.ends, self.size, begin if self.reads else None, sound=self.hears)

    @property
    def frames(self) -> int:
        """Frames of the sound that is heard; 0 without one."""
        return 0 if self._states is None else self._states.shape[1]

    def _heard(self, sources: Sequence[Sequence[int]]) -> Tensor:
        """Return the states of the sound, for each row of a batch: b k m."""
        if self._states is None:
            raise GlassheadError(
                f"{type(self.module).__name__} hears sound and reads no text: give it the features of a sound "
                "(--features FILE)."
            )
        if any(len(source) != self.frames for source in sources):
            raise GlassheadError(f"The sound has {self.frames:,} frames, and is heard whole.")
        return self._states.expand(len(sources), -1, -1)

    @torch.no_grad()
    def _detect(self, languages: Sequence[int]) -> int:
        """Return the most likely of the ids of languages, after the start."""
        first = self.module.generation_config.decoder_start_token_id
        with ONE_AT_A_TIME:
            memory = self.read([range(self.frames)])
            logits = self.raw_logits(torch.tensor([[first]], device=self.device), memory)[0, -1]
        return max(languages, key=lambda number: float(logits[number]))

    def past(self) -> HuggingPast:
        """Return an empty past."""
        return HuggingPast.empty(cross=self.reads and "decoder" in self.stacks)

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits by which a token is chosen after each of the new ids: b q → b q v.

        They are the model's own, the site `logits`, changed by the rules of its generation config.
        """
        start = 0 if past is None else past.length
        line = past.follow(ids) if self.rules.reads and isinstance(past, HuggingPast) else ids
        first = len(self.marks.start) if self.marks.start else None
        return self.rules.apply(self.raw_logits(ids, memory, past), line, start, first)

    def raw_logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits that the model itself gives after each of the new ids: b q → b q v."""
        self._begin(0 if past is None else past.length)
        given: dict[str, Any] = {"use_cache": past is not None}
        if isinstance(past, HuggingPast):
            given["past_key_values"] = past.cache
        if memory is None:
            found = self.module(input_ids=ids, **given).logits
        else:
            there = None if memory.mask is None else memory.mask[:, 0, 0, :].long()
            if there is None:
                there = torch.ones(memory.states.shape[:2], dtype=torch.long, device=memory.states.device)
            found = self.module(
                encoder_outputs=_encoded(memory.states),
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

    def _examine(self, width: int, dtype: torch.dtype) -> Anatomy:
        """Describe the model, by the forms of its attentions."""
        faults = [Fault("norm", site) for site in self.places.odd]
        for fault in self._unfit():
            faults.append(fault)
            self.places.hide([fault])
        if not self.places.attentions:
            if not (said := [fault for fault in faults if fault.problem != "norm"]):
                raise GlassheadError(unwatchable(self.module))
            raise GlassheadError(f"{type(self.module).__name__} has no attention to show: {'; '.join(remarks(said))}.")
        arithmetic: dict[str, Attending] = {}
        for site, module in self.places.attentions.items():
            form = self.forms[site]
            self.places.add_unrotated(site, form)
            if form.biased:
                self.places.add_bias(site)
            else:
                attentions.unbiased.add(module)
            arithmetic[site] = Attending(
                scale=form.scale, cap=form.cap, biased=form.biased, window=_window(site, form)
            )  # fmt: skip
        kinds = [self._kind(stack, part) for stack in self.family.stacks for part in ("self", "cross")]
        return Anatomy(
            kinds=tuple(kind for kind in kinds if kind is not None),
            attending=arithmetic,
            norms=tuple(self.places.norms),
            sites=tuple(self.places.known),
            width=width,
            parameters=sum(parameter.numel() for parameter in self.module.parameters()),
            precision=str(dtype).removeprefix("torch."),
            device=name_devices(self.module, self.device),
            remarks=(*remarks(faults), *self.family.remarks, *self._forbids()),
        )

    def _forbids(self) -> tuple[str, ...]:
        if "decoder" not in self.stacks:
            return ()
        away = not self.reads and places_before(self.config)
        return (*((AWAY,) if away else ()), *self.rules.remarks(begins=self.reads))

    def leave_out(self, faults: Iterable[Fault]) -> None:
        """Show no longer what did not pass the check, and say so."""
        found = tuple(faults)
        self.places.hide(found)
        self.anatomy = replace(
            self.anatomy,
            norms=tuple(self.places.norms),
            sites=tuple(self.places.known),
            remarks=(*remarks(found), *self.anatomy.remarks),
        )

    def _unfit(self) -> Iterator[Fault]:
        """Find the kinds of attention that not every layer has in the same form."""
        for stack, part in [(stack.name, part) for stack in self.family.stacks for part in ("self", "cross")]:
            sites = [site for site in self.places.attentions if _is(site, stack, part)]
            if not sites:
                continue
            forms = [self.forms[site] for site in sites if site in self.forms]
            if not len(forms) == len(sites) == self.places.layers[stack]:
                yield Fault("silent", f"{stack}.{part}")
            elif any(form.times > 1 for form in forms):
                yield Fault("repeated", f"{stack}.{part}")
            elif len({(form.heads, form.key_heads) for form in forms}) > 1:
                yield Fault("uneven", f"{stack}.{part}")

    @torch.no_grad()
    def _note_forms(self) -> dict[str, attentions.Form]:
        """Run three tokens, and return the form of every attention that is called, by its prefix."""
        found = attentions.calls = {}
        self.places.switch_on()
        try:
            ids = [min(3, self.size - 1)] * 3
            with trying(self.module, SEEN):
                memory = self.trial(ids)
                new = torch.tensor([ids], device=self.device)
                if memory is None:
                    self.module.base_model(input_ids=new, use_cache=False)  # without logits, which are half of the work
                elif "decoder" in self.stacks:
                    self.raw_logits(new, memory)
        finally:
            self.places.switch_off()
            attentions.calls = None
        return {site: found[module].form for site, module in self.places.attentions.items() if module in found}

    def trial(self, ids: Sequence[int]) -> Memory | None:
        """Read a source of trial; of a model that hears, a few frames of noise."""
        if not self.hears:
            return self.read([ids])
        draw = torch.Generator().manual_seed(0)
        parameter = next(self.module.parameters())
        return Memory(torch.randn(1, len(ids), self.places.width, generator=draw).to(parameter))

    def _kind(self, stack: Stack, part: str) -> Kind | None:
        found = [self.forms[site] for site in self.places.attentions if _is(site, stack.name, part)]
        if not found:
            return None
        own = part == "self"
        labels = {
            ("encoder", "self"): "encoder self",
            ("decoder", "self"): "decoder self (masked)",
            ("decoder", "cross"): "encoder–decoder",
        }
        return Kind(
            label=labels[stack.name, part], stack=stack.name, kind=part, layers=len(found), heads=found[0].heads,
            key_heads=found[0].key_heads, keys=stack.side if own else "source",
            causal=own and stack.name == "decoder",
        )  # fmt: skip


def _window(site: str, form: attentions.Form) -> tuple[int, int] | None:
    """Make the window of an attention: to the past in a decoder, to both sides in an encoder."""
    if form.window is None:
        return None
    return form.window - 1, 0 if site.startswith("decoder.") else form.window - 1


def _is(site: str, stack: str, part: str) -> bool:
    place = Site.parse(f"{site}.weights")
    return (place.stack, place.part) == (stack, part)


def family_of(module: Any, switch: Switch) -> Family:
    """Find the family of a model: in the table, or by watching where its numbers go.

    Raises GlassheadError for a model whose attention cannot be watched.
    """
    if not getattr(module, "_can_set_attn_implementation", lambda: True)():  # setting it would do nothing, silently
        raise GlassheadError(unwatchable(module))
    family = FAMILIES.get(str(module.config.model_type))
    sides = () if family is None else tuple(stack.name for stack in family.stacks)
    # One type may be saved as another class: BERT as a decoder, with a mask that its entry knows nothing of; BART as a
    # decoder alone, without encoder–decoder attention.
    decodes = sides == ("encoder",) and getattr(module.config, "is_decoder", False)
    alone = not module.config.is_encoder_decoder and any(each.part == "cross" for each in _blocks(family))
    return discover(module, switch) if family is None or decodes or alone else family


def _encoded(states: Tensor) -> Any:
    """Make what an encoder returned, as decoders ask for it: some for what its router chose, too."""
    from transformers.modeling_outputs import BaseModelOutput

    class Encoded(BaseModelOutput):  # type: ignore[misc]
        router_logits = router_probs = None

    return Encoded(last_hidden_state=states)


def _blocks(family: Family | None) -> tuple[Block, ...]:
    return () if family is None else tuple(block for stack in family.stacks for block in stack.blocks)


def feature_shape(config: Any) -> tuple[int, int]:
    """Return the shape of the features that a model hears: f t, two moments for each frame."""
    return int(config.num_mel_bins), 2 * int(config.max_source_positions)


def _ends(module: Any) -> frozenset[int]:
    """Return the ids that end a line: those of the generation config, or if it names none of the model's own."""
    for config in (getattr(module, "generation_config", None), module.config):
        ids = getattr(config, "eos_token_id", None)
        if ids is not None:
            return frozenset({ids} if isinstance(ids, int) else ids)
    return frozenset()
