"""Probes: a few sentences whose attention is kept at every evaluation, to see alignment form.

The decoder reads the reference (teacher forcing), whatever the model would say: so the rows and columns of a picture
mean the same tokens from the first step to the last. The model's own translation is kept beside it.

A step is one file, RUN/probes/step-00000500.safetensors, written beside its place and moved in whole:

    0/decoder.1.cross.weights    h q k, float16: the weights of probe 0, every head, as the model used them
    0/decoder.cross.looks        q k, 1 where a query of that kind may look, else 0 (the mask of its first layer)
    metadata                     format, step, and the tokens and texts of every probe

Choosing and recording need torch; reading needs only NumPy, and trusts nothing in a file.
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
from glasshead.site import Site

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.model import Transformer
    from glasshead.text import Vocabulary

FORMAT, VERSION = "glasshead probes", 1
SHORT = 24
"""Most tokens of a side, with its start or end, that a screen shows by name."""
POOL = 2000
"""Number of validation pairs, the first ones, that probes are chosen from."""
LARGEST_FILE = 1 << 28
"""Largest file that is read, in bytes."""

FILE = re.compile(r"step-(\d{8,15})\.safetensors")
PART = ".step-*.part"
KEY = re.compile(
    r"(\d{1,4})/(?:(encoder|decoder)\.(\d{1,4})\.(self|cross)\.weights|(encoder|decoder)\.(self|cross)\.looks)"
)
KINDS = (("encoder", "self"), ("decoder", "self"), ("decoder", "cross"))
"""The kinds of attention in the order in which a token meets them."""

Pair = tuple[str, str]
Numbers = NDArray[np.float16]
Looks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Probe:
    """One sentence at one step."""

    text: str
    """The source text."""
    expected: str
    """The reference, as the vocabulary writes it."""
    given: str
    """The model's greedy translation at this step."""
    source: tuple[str, ...]
    """Names of the source's tokens, the end token last."""
    target: tuple[str, ...]
    """Names of the decoder's input tokens: the start token, then the reference."""
    weights: Mapping[str, Numbers]
    """`decoder.1.cross` → h q k."""
    looks: Mapping[str, Looks]
    """`decoder.cross` → q k: where a query may look."""

    def axes(self, stack: str, kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of the queries and of the keys of a kind of attention."""
        queries = self.source if stack == "encoder" else self.target
        return queries, self.source if kind == "cross" else queries

    def layers(self, stack: str, kind: str) -> int:
        """Count the layers with this kind of attention."""
        places = (Site.parse(f"{prefix}.weights") for prefix in self.weights)
        return sum((place.stack, place.part) == (stack, kind) for place in places)

    @property
    def heads(self) -> int:
        """Number of heads in a layer."""
        return next(iter(self.weights.values())).shape[0]


@dataclass(frozen=True, eq=False)
class Recorded:
    """All probes at one step."""

    step: int
    probes: tuple[Probe, ...]

    @property
    def bytes(self) -> int:
        """Size in memory, without names and texts."""
        return sum(value.nbytes for probe in self.probes for value in probe.weights.values())


def choose(pairs: Sequence[Pair], vocabulary: "Vocabulary", count: int, *, limit: int | None = None) -> list[Pair]:
    """Choose pairs to watch, from a short one to a longer one, small enough for a screen if possible.

    limit: most tokens of the model, if some pairs may have more. If all pairs are too large for a screen, the smallest
    are taken; there may be fewer than `count`. The same pairs always give the same choice.
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
        # The middles of `count` equal parts: the very shortest and longest show little.
        fitting = [fitting[(2 * part + 1) * len(fitting) // (2 * count)] for part in range(count)]
    return [pool[number] for number in fitting]


def record(model: "Transformer", vocabulary: "Vocabulary", pairs: Sequence[Pair], folder: Path, step: int) -> Path:
    """Record the current attention of all heads on these pairs, and return the file.

    The model runs on its device, without dropout and without gradients, draws no random number, and keeps its mode.
    Raises GlassheadError if the file cannot be written, and for a pair too long for the model.
    """
    import torch
    from safetensors.numpy import save

    from glasshead.tap import listen

    device = next(model.parameters()).device
    tensors: dict[str, NDArray[Any]] = {}
    described: list[dict[str, Any]] = []
    sources = [[*vocabulary.source.encode(text), *model.config.source_ends] for text, _ in pairs]
    keep = ["encoder.*.self.weights", "encoder.0.self.masked", "decoder.*.weights", "decoder.0.*.masked"]
    listening = listen(model, keep)
    # Not inference_mode: tensors that a model keeps between passes must stay usable in training.
    with _at_rest(model), torch.no_grad():
        said = _said(model, sources)
        for number, ((text, reference), source) in enumerate(zip(pairs, sources, strict=True)):
            target = [*model.config.start, *vocabulary.target.encode(reference)]
            with listening as seen:
                seen.clear()
                model(torch.tensor([source], device=device), torch.tensor([target], device=device))
            for site, value in seen.items():
                at = Site.parse(site)
                if at.name == "weights":
                    tensors[f"{number}/{site}"] = value[0].float().cpu().numpy().astype(np.float16)
                else:
                    tensors[f"{number}/{at.stack}.{at.part}.looks"] = _looks(value)
            seen.clear()
            described.append(
                {
                    "text": text,
                    "expected": vocabulary.target.normalize(reference),
                    "given": vocabulary.target.decode(said[number]),
                    "source": [token.text for token in vocabulary.source.tokens(source)],
                    "target": [token.text for token in vocabulary.target.tokens(target)],
                }
            )
    about = {"format": FORMAT, "version": str(VERSION), "step": str(step), "probes": json.dumps(described)}
    place = folder / f"step-{step:08}.safetensors"
    _write(place, save(tensors, about))
    return place


def rewind(folder: Path, step: int) -> None:
    """Remove records beyond a step, and half-written files."""
    for part in folder.glob(PART):
        part.unlink(missing_ok=True)
    for later in steps(folder):
        if later > step:
            (folder / f"step-{later:08}.safetensors").unlink(missing_ok=True)


def steps(folder: Path) -> list[int]:
    """List the recorded steps, in order; none if the folder cannot be read."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return []
    found = (int(match[1]) for name in names if (match := FILE.fullmatch(name)))
    # Each number has one spelling only: step-000000500 is not ours.
    return sorted(step for step in found if f"step-{step:08}.safetensors" in names)


def load(folder: Path, step: int) -> Recorded:
    """Load the record of a step. Raises GlassheadError, with the file, if it is gone, damaged or foreign."""
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
    """Check that everything in a file fits together and return it. Raises ValueError and the like if not."""
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError("it is not marked as one")
    if about.get("version") != str(VERSION):
        raise ValueError(f"its version is {about.get('version')!r}; this program reads {VERSION}")
    if about.get("step") != str(step):
        raise ValueError(f"its step is {about.get('step')!r}")
    described = json.loads(about["probes"])
    if not isinstance(described, list) or not described:
        raise ValueError("it holds no probe")
    parts: list[tuple[dict[str, Numbers], dict[str, Looks]]] = [({}, {}) for _ in described]
    for key, value in tensors.items():
        match = KEY.fullmatch(key)
        if match is None or int(match[1]) >= len(described):
            raise ValueError(f"it holds something called {key!r}")
        weights, looks = parts[int(match[1])]
        if match[2]:
            weights[f"{match[2]}.{int(match[3])}.{match[4]}"] = value
        else:
            looks[f"{match[5]}.{match[6]}"] = value != 0
    return Recorded(step, tuple(_probe(each, *part) for each, part in zip(described, parts, strict=True)))


def _probe(described: Any, weights: dict[str, Numbers], looks: dict[str, Looks]) -> Probe:
    for side in ("source", "target"):
        if (
            not described[side]
            or not isinstance(described[side], list)
            or not all(isinstance(name, str) for name in described[side])
        ):
            raise ValueError(f"the {side} has no names of tokens")
    for name in ("text", "expected", "given"):
        if not isinstance(described[name], str):
            raise ValueError(f"{name} is no text")
    if not weights:
        raise ValueError("a probe has no weights")
    probe = Probe(
        text=described["text"],
        expected=described["expected"],
        given=described["given"],
        source=tuple(described["source"]),
        target=tuple(described["target"]),
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
        raise ValueError("it holds an unknown kind of attention")
    return probe


def _said(model: "Transformer", sources: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Translate each source greedily, without the end token; at most twice the source and ten tokens."""
    from glasshead.adapters.native import Native
    from glasshead.decoding.beam import search

    try:
        found = search(Native(model), sources, limit=[2 * len(source) + 10 for source in sources])
    except GlassheadError:  # its logits are not finite: it says nothing
        return [()] * len(sources)
    return [best.ids for best, *_ in found]


def _looks(masked: "Tensor") -> NDArray[np.uint8]:
    """Reduce masked scores to 1 where the first head may look, else 0: all heads share one mask. b h q k → q k"""
    looks: NDArray[np.uint8] = (~masked[0, 0].isneginf()).cpu().numpy().astype(np.uint8)
    return looks


@contextmanager
def _at_rest(model: "Transformer") -> Iterator[None]:
    """Switch to evaluation mode, and restore the mode of every module afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _write(place: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
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
