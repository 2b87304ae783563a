"""The project's own Transformer as a Model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy, Attending, Kind, Norm
from glasshead.decoding.cache import Cache
from glasshead.decoding.protocols import Layer, Limits, Memory, Past, Prompt
from glasshead.errors import GlassheadError
from glasshead.model import Attention, Config, FeedForward, LayerNorm, Transformer
from glasshead.site import Site, attention
from glasshead.tap import Change, Listening, sites
from glasshead.traces.reading import Affine, Gain, Learned, Unembedding


class Native:
    """A Transformer of the paper, as decoding asks for it."""

    def __init__(self, module: Transformer, *, bare: bool = False) -> None:
        """bare: whether the ids of a text are all that the encoder reads."""
        self.module = module
        config = module.config
        self.ends = frozenset(config.ends)
        self._after = () if bare else config.source_ends
        self.limits = Limits(text=config.max_length - len(self._after), target=config.max_length)
        self.size = config.vocab_size

    @property
    def config(self) -> Config:
        """The shape of the module."""
        return self.module.config

    @property
    def device(self) -> torch.device:
        """Device of the module."""
        return self.module.source.weight.device

    @property
    def training(self) -> bool:
        """Whether dropout is on."""
        return self.module.training

    @cached_property
    def anatomy(self) -> Anatomy:
        """The parts of the module, as plain data."""
        return anatomy(self.module)

    @property
    def layers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers of both stacks."""
        stacks = {"encoder": self.module.encoder, "decoder": self.module.decoder}
        return {name: tuple(Layer(layer) for layer in stack.layers) for name, stack in stacks.items()}

    @cached_property
    def learned(self) -> Learned:
        """All learned maps."""
        outputs: dict[str, Affine] = {}
        norms: dict[str, Gain] = {}
        for name, (owner, local) in sites(self.module).items():
            if local == "out":
                prefix = name.removesuffix(".out")
                if isinstance(owner, LayerNorm):
                    norms[prefix] = Gain(owner.gain, owner.bias)
                elif isinstance(owner, Attention | FeedForward):
                    last = owner.output if isinstance(owner, Attention) else owner.outer
                    outputs[prefix] = Affine(last.weight.T, last.bias)
        unembedding = Unembedding(weight=self.module.projection, bias=self.module.bias)
        return Learned(outputs=outputs, norms=norms, unembedding=unembedding)

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make a prompt: the encoder reads the text and its end token; the target begins with the start tokens."""
        return Prompt((*ids, *self._after), self.config.start)

    def read(self, sources: Sequence[Sequence[int]]) -> Memory:
        """Encode sources, padded at their ends to one length."""
        ids, mask = pad_lines(sources, self.config.pad_id, self.device)
        return Memory(self.module.encode(ids, mask), mask)

    def past(self) -> Cache:
        """Return an empty cache."""
        return Cache(self.config.decoder_layers)

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits after each of the given ids: b q → b q v."""
        if memory is None:
            raise GlassheadError("There is no source: this decoder looks at what its encoder has read.")
        return self.module.decode(ids, memory.states, memory.mask, past=past)

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> Listening:
        """Make taps in the module."""
        return Listening(self.module, keep, edit, known=self._sites)

    @cached_property
    def _sites(self) -> Mapping[str, tuple[Any, str]]:
        """The sites of the module, which stay: looking for them takes as long as half a step."""
        return sites(self.module)

    def changed(self, **fields: Any) -> "Native":
        """Return a model with the same weights and other values for some fields of Config, e.g. `scale=False`.

        Parameters that a field takes away are left out. Raises GlassheadError for a change under which the weights do
        not fit.
        """
        try:
            config = replace(self.config, **fields)
        except TypeError as error:
            raise GlassheadError(f"A model has no such field: {error}.") from None
        with torch.random.fork_rng(devices=[]):
            module = Transformer(config)
        own, given = module.state_dict(), self.module.state_dict()
        odd = [name for name in own if name not in given or own[name].shape != given[name].shape]
        if odd:
            raise GlassheadError(f"The weights do not fit the changed model: {odd[0]} is another.")
        module.load_state_dict({name: given[name] for name in own})
        return Native(module.eval().requires_grad_(False), bare=not self._after)


def anatomy(module: Transformer) -> Anatomy:
    """Describe the parts of a Transformer."""
    config = module.config
    heads = config.heads
    kinds = (
        Kind(
            label="encoder self", stack="encoder", kind="self", layers=config.encoder_layers,
            keys="source", causal=False, heads=heads, key_heads=heads,
        ),
        Kind(
            label=f"decoder self ({'masked' if config.masked else 'no mask'})", stack="decoder", kind="self",
            layers=config.decoder_layers, keys="target", causal=True, masked=config.masked,
            heads=heads, key_heads=heads,
        ),
        Kind(
            label="encoder–decoder", stack="decoder", kind="cross", layers=config.decoder_layers,
            keys="source", causal=False, heads=heads, key_heads=heads,
        ),
    )  # fmt: skip
    # Section 4: r positions around the query; an even number gives one more before it than after it.
    window = None if config.window is None else (config.window // 2, (config.window - 1) // 2)
    known = sites(module)
    norms = []
    for name, (owner, local) in known.items():
        if local == "out" and isinstance(owner, LayerNorm):
            place = Site.parse(name)
            norms.append(Norm(place.prefix, "layer", owner.eps, "last" if place.layer is None else config.norm))
    return Anatomy(
        kinds=kinds,
        attending={
            attention(kind.stack, layer, kind.kind): Attending(
                scale=config.score_scale,
                # Without a mask the decoder's window is not there either: it is a part of the mask.
                window=window if kind.kind == "self" and (kind.masked or not kind.causal) else None,
            )
            for kind in kinds
            for layer in range(kind.layers)
        },
        norms=tuple(norms),
        sites=tuple(known),
        width=config.d_model,
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        precision=str(module.source.weight.dtype).removeprefix("torch."),
        device={"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}.get(module.source.weight.device.type, "device"),
        remarks=config.departures,
    )


def pad_lines(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Pad rows of ids to one matrix (b k), with a mask that is True at tokens (b 1 1 k; None if nothing is padded)."""
    lengths = [len(row) for row in rows]
    longest = max(lengths)
    ids = torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows], dtype=torch.long, device=device)
    if min(lengths) == longest:
        return ids, None
    mask = torch.arange(longest) < torch.tensor(lengths).unsqueeze(-1)
    return ids, mask[:, None, None, :].to(device)
