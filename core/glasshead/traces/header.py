"""The header of a recording: everything about a line of decoding but its numbers. Reading it costs no torch.

A recording is one safetensors file. Its metadata hold the JSON text of a `Header` under the name `glasshead`; its
tensors are the captured values, by site, without a batch axis, in the precision in which they were captured:

    encoder.0.self.weights       h q k                      as any value that was computed once
    decoder.1.cross.weights      h q k                      a row for each token of the target
    decoder.1.self.weights       h (1 + 2 + … + n)          rows that end at their own positions, one after the other
    candidates/ids               q c                        the most probable tokens after each row, best first
    candidates/probabilities     q c
    candidates/entropy           q                          bits
    blanks/ids, …                                           the same at each mask token of the source, if there are any
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from glasshead.anatomy import Anatomy
from glasshead.errors import GlassheadError, brief
from glasshead.files import open_plain, refuse_pointer
from glasshead.site import Site
from glasshead.traces.plain import OddError, read, write

FORMAT, VERSION = "glasshead recording", 1
KEY, SUFFIX = "glasshead", ".safetensors"
LARGEST = 64 << 20
"""Bytes of the longest header of a file, the places of its tensors included."""
MOST = 10_000
"""Most layers, heads and other parts of a model."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a line comes from."""

    name: str = "a model"
    """Name of the model."""
    card: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    """Text that the line began with, as it was typed."""
    ids: tuple[int, ...] = ()
    """Its ids, without those that the model adds."""
    changed: str = ""
    """Difference between the model and the one that its name stands for, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """See the module. Tokens are an id and a text; those of the target also have their probability, if produced."""

    about: Provenance
    anatomy: Anatomy
    limits: tuple[int | None, int | None]
    """Most tokens of a text, and most positions of a target, as the model has them."""
    ends: tuple[int, ...]
    """Ids that end a line."""
    size: int
    """Entries of the target's vocabulary."""
    source: tuple[tuple[int, str], ...]
    target: tuple[tuple[int, str, float | None], ...]
    prompt: int
    """Tokens of the target that the line began with; steps brought the others."""
    texts: tuple[tuple[int, str], ...]
    """Text after each step, the start included: how many characters of the text before stay, and those that follow."""
    names: tuple[tuple[int, str], ...]
    """Texts of the candidates, by id."""
    order: tuple[str, ...]
    """Recorded sites, in the order in which the model computes them."""
    dropped: tuple[str, ...] = ()
    """Sites that were let go while recording, to stay within the memory budget."""
    rows: int
    """Tokens of the target whose values were recorded: all, or all but the last."""
    widths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Keys in each row of a matrix of the target against itself, where they do not end at its own position."""
    budget: int
    """Bytes that the record could hold."""
    edited: tuple[str, ...] = ()
    """Sites or globs whose values were edited while the model ran."""
    measured: tuple[float, int] | None = None
    """Results of a pass over all tokens at once, when the recording was made (see `Stepper.verify`); None if it was not
    run."""
    blanks: tuple[int, ...] | None = None
    """Places of the mask tokens of the source; None of a model that fills in nothing."""
    made: str
    """Time of recording, in ISO format."""
    versions: Mapping[str, str]
    """Versions of the programs that made the recording, by name."""

    @property
    def title(self) -> str:
        """Name for a reader."""
        return f"recording of {self.about.name}"

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts about the recording, the most important first."""
        when = datetime.fromisoformat(self.made).astimezone(UTC)
        return (
            *([self.about.changed] if self.about.changed else []),
            *([f"edited at {', '.join(self.edited)}"] if self.edited else []),
            f"made {when:%Y-%m-%d %H:%M} UTC",
            f"v{self.versions.get('glasshead', '?')}",
        )

    @property
    def opening(self) -> str:
        """Beginning of every sentence that refuses what needs the model."""
        return f"This is a recording of {self.about.name}"

    def refuse(self, what: str) -> GlassheadError:
        """Make the error for a wish that needs the model. what: the wish, as a verb: "read another text"."""
        return GlassheadError(refusal(self.opening, what))

    def text_after(self, step: int) -> str:
        """Return the target's text after a step; step 0 is the start."""
        text = ""
        for kept, added in self.texts[: step + 1]:
            text = text[:kept] + added
        return text


def refusal(opening: str, what: str) -> str:
    """Refuse, in a sentence, what needs the model. opening: `Header.opening` · what: the wish, as a verb."""
    return f"{opening}: it shows the line that was recorded. Open the model itself to {what}."


def now() -> str:
    """Return the present time as a header has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def steps_of(texts: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Write texts, each mostly the beginning of the next, by their differences."""
    found, before = [], ""
    for text in texts:
        pairs = zip(before, text, strict=False)
        kept = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(before), len(text)))
        found.append((kept, text[kept:]))
        before = text
    return tuple(found)


def dumps(header: Header) -> str:
    """Write a header as JSON text in ASCII. Raises GlassheadError for one that is too long, and for an odd card."""
    content = {"format": FORMAT, "version": VERSION, **write(header)}
    try:
        text = json.dumps(content, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise GlassheadError(f"The card of {header.about.name} cannot be written as JSON: {brief(error)}.") from None
    if len(text) > LARGEST // 2:
        raise GlassheadError(f"The line is too long to be recorded: its tokens take more than {LARGEST // 2:,} bytes.")
    return text


def load_header(path: Path) -> Header:
    """Read and check the header of a recording.

    Raises GlassheadError, in one sentence, for a file that is missing, truncated, no safetensors file, without a
    recording in it, of another version, or with a field that is not what it should be.
    """
    entries = places(path)
    told = entries.get("__metadata__")
    text = told.get(KEY) if isinstance(told, dict) else None
    if not isinstance(text, str):
        raise GlassheadError(_other(path, entries))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise GlassheadError(f"{path} is damaged: its header is not that of a recording. Take a fresh copy of it.")
    version = content.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise GlassheadError(
            f"{path} is a recording of format version {brief(version)}; this program reads version {VERSION}."
        )
    try:
        header: Header = read(Header, content)
        check(header)
    except (OddError, GlassheadError) as error:
        raise GlassheadError(f"{path} is damaged: {error}. Take a fresh copy of the recording.") from None
    return header


def is_recording(path: Path) -> bool:
    """Tell whether a file says that it is a recording, whole or damaged."""
    try:
        told = places(path).get("__metadata__")
    except GlassheadError:
        return False
    return isinstance(told, dict) and KEY in told


def places(path: Path) -> dict[str, Any]:
    """Read the entries of a safetensors file's own header: its metadata, and the place of each tensor."""
    refuse_pointer(path)
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if length > LARGEST and 8 + length <= size:
                raise GlassheadError(f"{path} has a header of {length:,} bytes; at most {LARGEST:,} are read.")
            found = json.loads(file.read(length)) if 8 + length <= size else None
    except FileNotFoundError:
        raise GlassheadError(f"There is no file {path}.") from None
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from None
    except GlassheadError:
        raise
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise GlassheadError(f"{path} is truncated or not a safetensors file. Take a fresh copy of it.")
    return found


def _other(path: Path, entries: Mapping[str, Any]) -> str:
    count = len([name for name in entries if name != "__metadata__"])
    return (
        f"{path} holds {count:,} tensors, weights perhaps, and no recording. "
        f"To open a model, give its folder: glasshead explore {path.absolute().parent}"
    )


def check(header: Header) -> None:
    """Check that fields of a header fit each other. Raises OddError, and GlassheadError for an odd name of a site."""
    check_anatomy(header.anatomy)
    _demand(1 <= len(header.about.name) <= 1000, "about.name", "a name")
    _demand(header.size >= 1, "size", "at least 1")
    _demand(all(number is None or number >= 0 for number in header.limits), "limits", "at least 0")
    _demand(0 <= header.prompt <= len(header.target), "prompt", "at most the number of target tokens")
    most = len(header.target)
    _demand(header.rows in (most, max(most - 1, min(most, 1))), "rows", "the number of target tokens, or one less")
    steps = len(header.target) - header.prompt
    _demand(len(header.texts) == steps + 1, "texts", "one for each step, and one for the start")
    length = 0
    for kept, added in header.texts:
        _demand(0 <= kept <= length, "texts", "differences of texts")
        length = kept + len(added)
    for token in header.target:
        _demand(0 <= token[0] < header.size, "target", f"ids below {header.size}")
        _demand(token[2] is None or not (token[2] < 0 or token[2] > 1.001), "target", "probabilities of 0 … 1")
    _demand(
        all(token[2] is None for token in header.target[: header.prompt]), "target", "a prompt without probabilities"
    )
    _demand(all(0 <= number < header.size for number, _ in header.names), "names", f"ids below {header.size}")
    _demand(all(number >= 0 for number, _ in header.source), "source", "ids of at least 0")
    _demand(header.budget >= 0, "budget", "at least 0")
    for place in header.blanks or ():
        _demand(0 <= place < len(header.source), "blanks", "places in the source")
    known = set(header.anatomy.sites)
    _demand(set(header.order) <= known and len(set(header.order)) == len(header.order), "order", "sites of the model")
    _demand(set(header.dropped) <= known - set(header.order), "dropped", "sites that are not recorded")
    _demand(set(header.widths) <= set(header.order), "widths", "recorded sites")
    for widths in header.widths.values():
        right = len(widths) == header.rows and all(at < width <= header.rows for at, width in enumerate(widths))
        _demand(right, "widths", "the keys of each row")
    if header.measured is not None:
        _demand(header.measured[0] >= 0 and header.measured[1] >= 0, "measured", "at least 0")
    _demand(_is_time(header.made), "made", "a time with its zone")


def _is_time(text: str) -> bool:
    try:
        found = datetime.fromisoformat(text)
        return found.tzinfo is not None and found.astimezone(UTC).year >= 1970
    except (ValueError, OverflowError):
        return False


def check_anatomy(anatomy: Anatomy) -> None:
    """Check that the parts of a model fit each other. Raises as `check`."""
    pairs = [(kind.stack, kind.kind) for kind in anatomy.kinds]
    _demand(bool(pairs) and len(set(pairs)) == len(pairs), "anatomy.kinds", "kinds of attention, each once")
    for kind in anatomy.kinds:
        _demand(kind.stack in ("encoder", "decoder") and kind.kind in ("self", "cross"), "anatomy.kinds", "kinds")
        _demand(1 <= kind.key_heads <= kind.heads <= MOST and kind.heads % kind.key_heads == 0,
                "anatomy.kinds", "heads that share those of keys evenly")  # fmt: skip
        _demand(0 <= kind.layers <= min(MOST, len(anatomy.attending)), "anatomy.kinds", "layers with their arithmetic")
        _demand(kind.keys == "source" or kind.stack == "decoder", "anatomy.kinds", "an encoder that reads the source")
        for prefix in anatomy.attentions(kind):
            _demand(prefix in anatomy.attending, f"anatomy.attending.{prefix}", "there")
    for how in anatomy.attending.values():
        _demand(isfinite(how.scale), "anatomy.attending", "finite scales")
        _demand(how.cap is None or (isfinite(how.cap) and how.cap > 0), "anatomy.attending", "caps above 0")
        _demand(how.window is None or min(how.window) >= 0, "anatomy.attending", "windows of at least 0")
    words = [*(kind.label for kind in anatomy.kinds), anatomy.precision, anatomy.device, *anatomy.remarks]
    _demand(all(map(str.isprintable, words)), "anatomy", "of printable words")
    names = [*anatomy.sites, *anatomy.attending, *(norm.site for norm in anatomy.norms)]
    for site in anatomy.sites:
        Site.parse(site)
    for name in names:
        Site.parse(f"{name}.norm.out")
        _demand(
            name.isascii() and name.replace(".", "").replace("_", "").isalnum(), "anatomy", "of plain names of sites"
        )
    _demand(len(set(anatomy.sites)) == len(anatomy.sites), "anatomy.sites", "each once")
    _demand(anatomy.width >= 1 and anatomy.parameters >= 0, "anatomy.width", "at least 1")


def _demand(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise OddError(f"{where} should be {what}")
