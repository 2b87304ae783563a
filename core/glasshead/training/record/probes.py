"""Probes: a few sentences whose attention is kept at every evaluation, so that one can see alignment form.

The decoder reads the reference (teacher forcing), whatever the model would say by now: so the rows and columns of a
picture mean the same tokens from the first step to the last. What the model says by itself is kept beside it.

A step is one file, RUN/probes/step-00000500.safetensors, written beside its place and moved in whole:

    0/decoder.1.cross.weights    h q k, float16: the weights of probe 0, every head, as the model used them
    0/decoder.cross.looks        q k, 1 where a query of that kind may look, else 0 (the mask of its first layer)
    metadata                     format, step, and the tokens and texts of every probe

Choosing and recording need torch; reading what was recorded needs NumPy alone, and believes nothing that a file says.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glasshead.errors import GlassheadError
from glasshead.files import flush

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.model import Transformer
    from glasshead.text import Vocabulary

FORMAT, VERSION = "glasshead probes", 1
SHORT = 24
"""Tokens of a side, its start or end counted, that a screen shows with their names."""
POOL = 2000
"""Validation pairs that probes are chosen from, the first ones."""
LARGEST_FILE = 1 << 28
"""Bytes of a file that is read at all."""

FILE = re.compile(r"step-(\d{8,15})\.safetensors")
PART = ".step-*.part"
KEY = re.compile(
    r"(\d{1,4})/(?:(encoder|decoder)\.(\d{1,4})\.(self|cross)\.weights|(encoder|decoder)\.(self|cross)\.looks)"
)
KINDS = (("encoder", "self"), ("decoder", "self"), ("decoder", "cross"))
"""In the order in which a token meets them."""

Pair = tuple[str, str]
Numbers = NDArray[np.float16]
Looks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Probe:
    """One sentence at one step."""

    text: str
    """The source."""
    expected: str
    """The reference, as the vocabulary writes it."""
    given: str
    """What the model makes of the source at this step, greedily."""
    source: tuple[str, ...]
    """Names of the source's tokens, the end token last."""
    target: tuple[str, ...]
    """Names of the tokens that the decoder read: the start token, then the reference."""
    weights: Mapping[str, Numbers]
    """`decoder.1.cross` → h q k."""
    looks: Mapping[str, Looks]
    """`decoder.cross` → q k: where a query may look."""

    def axes(self, stack: str, kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the queries and of the keys of a kind of attention."""
        queries = self.source if stack == "encoder" else self.target
        return queries, self.source if kind == "cross" else queries

    def layers(self, stack: str, kind: str) -> int:
        """How many layers have this kind of attention."""
        return sum(name.startswith(f"{stack}.") and name.endswith(f".{kind}") for name in self.weights)

    @property
    def heads(self) -> int:
        """How many heads a layer has."""
        return next(iter(self.weights.values())).shape[0]


@dataclass(frozen=True, eq=False)
class Recorded:
    """All probes at one step."""

    step: int
    probes: tuple[Probe, ...]

    @property
    def bytes(self) -> int:
        """What it takes in memory, names and texts left out."""
        return sum(value.nbytes for probe in self.probes for value in probe.weights.values())


def choose(pairs: Sequence[Pair], vocabulary: "Vocabulary", count: int, *, limit: int | None = None) -> list[Pair]:
    """Pairs to watch: from a short one to a longer one, all of them small enough for a screen where there are such.

    limit: the most tokens that the model takes, where some pairs may have more. Where all pairs are too large for a
    screen the smallest are taken; fewer than `count` come back where there are no more. The same pairs always give
    the same choice.
    """
    pool = [pair for pair in islice(dict.fromkeys(pairs), POOL) if all(side.strip() for side in pair)]
    sides = vocabulary.source.encode_batch([source for source, _ in pool])
    others = vocabulary.target.encode_batch([target for _, target in pool])
    sizes = [max(len(source), len(target)) + 1 for source, target in zip(sides, others, strict=True)]
    order = [
        number for number in sorted(range(len(pool)), key=sizes.__getitem__) if limit is None or sizes[number] <= limit
    ]
    small = [number for number in order if sizes[number] <= SHORT]
    fitting = small or order[:count]
    if len(fitting) > count:
        # The middles of `count` equal parts: the very shortest and longest tell little.
        fitting = [fitting[(2 * part + 1) * len(fitting) // (2 * count)] for part in range(count)]
    return [pool[number] for number in fitting]


def record(model: "Transformer", vocabulary: "Vocabulary", pairs: Sequence[Pair], folder: Path, step: int) -> Path:
    """Write what all heads look at in these pairs, now; the file.

    The model runs where it is, without dropout and without gradients, draws no random number, and is left in the mode
    it was in. Raises GlassheadError where the file cannot be written, and for a pair too long for the model.
    """
    import torch
    from safetensors.numpy import save

    from glasshead.tap import listen

    device = next(model.parameters()).device
    tensors: dict[str, NDArray[Any]] = {}
    told: list[dict[str, Any]] = []
    sources = [[*vocabulary.source.encode(text), model.config.eos_id] for text, _ in pairs]
    keep = ["encoder.*.self.weights", "encoder.0.self.masked", "decoder.*.weights", "decoder.0.*.masked"]
    listening = listen(model, keep)
    # Not inference_mode: what a model remembers between passes must still be good for training.
    with _at_rest(model), torch.no_grad():
        said = _said(model, sources)
        for number, ((text, reference), source) in enumerate(zip(pairs, sources, strict=True)):
            target = [model.config.bos_id, *vocabulary.target.encode(reference)]
            with listening as seen:
                seen.clear()
                model(torch.tensor([source], device=device), torch.tensor([target], device=device))
            for site, value in seen.items():
                prefix, _, stage = site.rpartition(".")
                if stage == "weights":
                    tensors[f"{number}/{site}"] = value[0].float().cpu().numpy().astype(np.float16)
                else:
                    stack, _, kind = prefix.split(".")
                    tensors[f"{number}/{stack}.{kind}.looks"] = _looks(value)
            seen.clear()
            told.append(
                {
                    "text": text,
                    "expected": vocabulary.target.normalize(reference),
                    "given": vocabulary.target.decode(said[number]),
                    "source": [token.text for token in vocabulary.source.tokens(source)],
                    "target": [token.text for token in vocabulary.target.tokens(target)],
                }
            )
    about = {"format": FORMAT, "version": str(VERSION), "step": str(step), "probes": json.dumps(told)}
    place = folder / f"step-{step:08}.safetensors"
    _write(place, save(tensors, about))
    return place


def rewind(folder: Path, step: int) -> None:
    """Remove what was recorded beyond a step, and what was left half-written."""
    for part in folder.glob(PART):
        part.unlink(missing_ok=True)
    for later in steps(folder):
        if later > step:
            (folder / f"step-{later:08}.safetensors").unlink(missing_ok=True)


def steps(folder: Path) -> list[int]:
    """The steps that were recorded, in order; none where there is no folder to be read."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return []
    found = (int(match[1]) for name in names if (match := FILE.fullmatch(name)))
    # A number may be written in one way only: step-000000500 is not ours.
    return sorted(step for step in found if f"step-{step:08}.safetensors" in names)


def load(folder: Path, step: int) -> Recorded:
    """What was recorded at a step. Raises GlassheadError, with the file, for one that is gone, damaged or foreign."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as read

    path = folder / f"step-{step:08}.safetensors"
    try:
        with path.open("rb") as file:  # read, not mapped: a file cut short under a mapping would kill the process
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(data) > LARGEST_FILE:
        raise GlassheadError(f"{path} is larger than any record of probes: more than {LARGEST_FILE >> 20} MiB.")
    try:
        tensors = read(data)
        about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__")
        return _recorded(about, tensors, step)
    except SafetensorError:
        raise GlassheadError(f"{path} is truncated, or not a safetensors file.") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise GlassheadError(f"{path} is not a record of probes that this program knows ({error}).") from None


def _recorded(about: Any, tensors: Mapping[str, NDArray[Any]], step: int) -> Recorded:
    """The record in a file, once everything in it fits together. Raises ValueError and its like where it does not."""
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError("it does not say that it is one")
    if about.get("version") != str(VERSION):
        raise ValueError(f"its version is {about.get('version')!r}, and {VERSION} is read")
    if about.get("step") != str(step):
        raise ValueError(f"its step is {about.get('step')!r}")
    told = json.loads(about["probes"])
    if not isinstance(told, list) or not told:
        raise ValueError("it holds no probe")
    parts: list[tuple[dict[str, Numbers], dict[str, Looks]]] = [({}, {}) for _ in told]
    for key, value in tensors.items():
        match = KEY.fullmatch(key)
        if match is None or int(match[1]) >= len(told):
            raise ValueError(f"it holds something called {key!r}")
        weights, looks = parts[int(match[1])]
        if match[2]:
            weights[f"{match[2]}.{int(match[3])}.{match[4]}"] = value
        else:
            looks[f"{match[5]}.{match[6]}"] = value != 0
    return Recorded(step, tuple(_probe(each, *part) for each, part in zip(told, parts, strict=True)))


def _probe(told: Any, weights: dict[str, Numbers], looks: dict[str, Looks]) -> Probe:
    for side in ("source", "target"):
        if not told[side] or not isinstance(told[side], list) or not all(isinstance(name, str) for name in told[side]):
            raise ValueError(f"the {side} has no names of tokens")
    for name in ("text", "expected", "given"):
        if not isinstance(told[name], str):
            raise ValueError(f"{name} is no text")
    if not weights:
        raise ValueError("a probe has no weights")
    probe = Probe(
        text=told["text"],
        expected=told["expected"],
        given=told["given"],
        source=tuple(told["source"]),
        target=tuple(told["target"]),
        weights=weights,
        looks=looks,
    )
    wanted: set[str] = set()
    for stack, kind in KINDS:
        queries, keys = (len(axis) for axis in probe.axes(stack, kind))
        if f"{stack}.{kind}" not in looks or looks[f"{stack}.{kind}"].shape != (queries, keys):
            raise ValueError(f"the mask of {stack}.{kind} is not {queries} × {keys}")
        layers = [f"{stack}.{layer}.{kind}" for layer in range(probe.layers(stack, kind))]
        for site in layers or [f"{stack}.0.{kind}"]:
            value = weights.get(site)
            if value is None or value.dtype != np.float16 or value.shape != (probe.heads, queries, keys):
                raise ValueError(f"{site} is not float16, {probe.heads} × {queries} × {keys}")
            wanted.add(site)
    if wanted != set(weights) or set(looks) != {f"{stack}.{kind}" for stack, kind in KINDS} or not probe.heads:
        raise ValueError("it holds a kind of attention that there is not")
    return probe


def _said(model: "Transformer", sources: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """What the model says to each source, greedily, the end token left out; at most twice the source and ten tokens."""
    from glasshead.decoding.beam import search

    try:
        found = search(model, sources, limit=[2 * len(source) + 10 for source in sources])
    except GlassheadError:  # its logits are no numbers any more: it says nothing
        return [()] * len(sources)
    return [best.ids for best, *_ in found]


def _looks(masked: "Tensor") -> NDArray[np.uint8]:
    """b h q k scores after the mask → q k: 1 where the first head may look. All heads have one mask."""
    looks: NDArray[np.uint8] = (~masked[0, 0].isneginf()).cpu().numpy().astype(np.uint8)
    return looks


@contextmanager
def _at_rest(model: "Transformer") -> Iterator[None]:
    """In evaluation mode; afterwards every module is in the mode it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _write(place: Path, data: bytes) -> None:
    """A file that is there whole or not at all."""
    part = place.with_name(f".{place.stem}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            flush(part)
            part.replace(place)
            flush(place.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise GlassheadError(f"{place} cannot be written: {error.strerror or error}.") from error
