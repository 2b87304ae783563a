"""A recording on disk: the values of one line of decoding, exactly as they were captured, and its header.

    line.save("cat.safetensors")            the whole line, as far as it is known
    line.trace.save("cat.safetensors")      the steps of a trace
    glasshead.load("cat.safetensors")       a Subject that goes along that line, without the model

The file is written beside its place and moved in: it is there whole or not at all.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from glasshead import machine, tensors
from glasshead.errors import GlassheadError, ThereError, brief
from glasshead.files import flush, refuse_undecodable
from glasshead.site import KEYED, Site
from glasshead.text import Token
from glasshead.traces.chances import entropy, most_probable
from glasshead.traces.header import KEY, SUFFIX, Header, Provenance, dumps, load_header, now, steps_of
from glasshead.traces.record import Record, Row, grows, size_of
from glasshead.version import __version__

LONGEST = 300
"""Characters of a name that a sentence quotes whole."""
CANDIDATES = 24
"""Most probable tokens that are recorded after each row."""
NEXT = ("candidates/ids", "candidates/probabilities", "candidates/entropy")
BLANKS = ("blanks/ids", "blanks/probabilities", "blanks/entropy")
"""Tensors of the candidates for the next token, and for the mask tokens of the source."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Facts about a line of decoding that its captured values do not tell."""

    about: Provenance
    limits: tuple[int | None, int | None]
    ends: frozenset[int]
    size: int
    target: tuple[Token, ...]
    """All tokens of the target; one more than there are rows, if the last has none."""
    prompt: int
    texts: tuple[str, ...]
    """Text of the target after each step, the start included."""
    names: Callable[[Sequence[int]], list[Token]]
    logits: Sequence[Tensor]
    """Logits after each row: v."""
    edited: tuple[str, ...] = ()
    measured: tuple[float, int] | None = None
    blanks: Mapping[int, Tensor] | None = None
    """Logits (v) at each mask token of the source, by its place; None of a model that fills in nothing."""


@dataclass(frozen=True)
class Candidates:
    """The most probable tokens after each row: q c, best first."""

    ids: Tensor
    probabilities: Tensor
    entropy: Tensor
    """Entropy of the next token after each row, in bits: q."""

    @classmethod
    def of(cls, logits: Sequence[Tensor]) -> "Candidates":
        """Find them in the logits after each row. logits: v each."""
        best = [most_probable(row, CANDIDATES) for row in logits]
        return cls(
            torch.stack([ids for ids, _ in best]).int(),
            torch.stack([chances for _, chances in best]),
            torch.tensor([entropy(row) for row in logits], dtype=torch.float64),
        )


@dataclass(frozen=True)
class Recording:
    """The content of such a file."""

    header: Header
    record: Record
    candidates: Candidates | None
    """Candidates after each row; None if the recording has no rows."""
    blanks: Candidates | None
    """Candidates at each mask token of the source, in their order; None if there are none."""


def save(path: str | Path, record: Record, line: Line, *, overwrite: bool = False) -> Path:
    """Write a recording; return its path.

    Raises GlassheadError for a name that does not end in .safetensors, ThereError for a file that is there unless
    `overwrite`, and GlassheadError if it cannot be written.
    """
    if record.recorded:
        raise GlassheadError(f"{record.recorded} already: copy its file.")
    if line.target and not record.rows:
        raise GlassheadError("There is nothing to record before the first step: save the line, or a later trace.")
    place = check_place(path, overwrite=overwrite)
    values, widths = _pack(record)
    texts: dict[int, str] = {}
    for names, logits in ((NEXT, line.logits[: len(record.rows)]), (BLANKS, tuple((line.blanks or {}).values()))):
        if logits:
            found = Candidates.of(logits)
            values |= dict(zip(names, (found.ids, found.probabilities, found.entropy), strict=True))
            texts |= {token.id: token.text for token in line.names(found.ids.unique().tolist())}
    size = max([line.size, *(len(row) for row in (*line.logits[:1], *(line.blanks or {}).values()))])
    header = Header(
        about=line.about, anatomy=record.anatomy, limits=line.limits, ends=tuple(sorted(line.ends)), size=size,
        source=tuple((token.id, token.text) for token in record.source),
        target=tuple((token.id, token.text, token.probability) for token in line.target),
        prompt=line.prompt, texts=steps_of(line.texts), names=tuple(texts.items()),
        order=tuple(site for site in record.order if site in values), dropped=tuple(sorted(record.dropped)),
        rows=len(record.rows), widths=widths, budget=record.budget, edited=line.edited, measured=line.measured,
        blanks=None if line.blanks is None else tuple(line.blanks),
        made=now(), versions={"glasshead": __version__, "torch": str(torch.__version__)},
    )  # fmt: skip
    try:
        _check_shapes(header, values)
    except _MisfitError as error:
        raise GlassheadError(f"This line cannot be recorded: {error}.") from None
    _write(place, values, dumps(header))
    return place


def check_place(path: str | Path, *, overwrite: bool = False) -> Path:
    """Check, before anything is computed, that a recording can have this name. Raises as `save`."""
    text = os.fspath(path)
    if "\0" in text:
        raise GlassheadError(f"{text!r} holds a NUL character, which no file name can.")
    place = Path(text)
    refuse_undecodable(place)
    shown = text if len(text) <= LONGEST else brief(text)
    try:
        there = bool(place.lstat())
    except FileNotFoundError:
        there = False
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise GlassheadError(f"{shown} cannot be written: {error.strerror}.") from error
    if text and place.is_dir():
        raise GlassheadError(f"{shown} is a folder: give the name of a file in it.")
    if not place.absolute().parent.is_dir():
        raise GlassheadError(f"There is no folder to write {shown} in: make it first.")
    if place.suffix != SUFFIX:
        raise GlassheadError(f"{shown or 'An empty name'} does not end in {SUFFIX}, as the name of a recording does.")
    if there and not overwrite:
        raise ThereError(f"{shown} is there already: give another name, or overwrite it.")
    return place


def _write(place: Path, values: Mapping[str, Tensor], header: str) -> None:
    part = place.with_name(f".{place.stem[:100]}.{os.getpid()}.part")
    umask = os.umask(0)
    os.umask(umask)
    try:
        tensors.write(part, values, {KEY: header})
        part.chmod(0o666 & ~umask)  # some writers make files that only their owner may read
        flush(part)
        part.replace(place)
        flush(place.absolute().parent)
    except OSError as error:
        raise GlassheadError(f"{place} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _pack(record: Record) -> tuple[dict[str, Tensor], dict[str, tuple[int, ...]]]:
    """Join the rows of each site, without the batch axis; return also the widths of rows that end elsewhere."""
    values = {site: value[0] for site, value in record.static.items()}
    widths: dict[str, tuple[int, ...]] = {}
    for site in record.rows[0] if record.rows else ():
        rows = [row[site] for row in record.rows]
        if grows(record.anatomy, site):
            values[site] = torch.cat([row[0, :, -1] for row in rows], -1)
            keys = tuple(row.shape[-1] for row in rows)
            if keys != tuple(range(1, len(rows) + 1)):
                widths[site] = keys
        else:
            values[site] = torch.cat([row[0] for row in rows], rows[0].dim() - 3)
    return values, widths


def load(path: str | Path) -> Recording:
    """Read a recording.

    Raises GlassheadError, in one sentence, for what `load_header` refuses, and for tensors that do not fit the header.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    header = load_header(path)
    tensors.count_numbers(path)
    try:
        if (size := path.stat().st_size) > machine.memory():
            raise GlassheadError(f"{path} has {machine.size(size)}: that does not fit into this machine's memory.")
        # Copied, since the file may be mapped into memory: later changes of the file must not reach what is shown.
        values = {name: value.clone() for name, value in load_file(path).items()}
    except (SafetensorError, OSError, MemoryError) as error:
        raise GlassheadError(f"{path} cannot be read: it is damaged, or too large. Take a fresh copy of it.") from error
    try:
        return _unpack(header, values)
    except _MisfitError as error:
        raise GlassheadError(f"{path} is damaged: {error}. Take a fresh copy of the recording.") from None


class _MisfitError(ValueError):
    """A tensor that does not fit the header."""


def _unpack(header: Header, values: dict[str, Tensor]) -> Recording:
    names = (*(NEXT if header.rows else ()), *(BLANKS if header.blanks else ()))
    if set(values) != {*header.order, *names}:
        odd = sorted({*header.order, *names} ^ set(values))[0]
        raise _MisfitError(f"its tensors are not those of its header, {odd[:100]} for one")
    candidates = _candidates(header, header.rows, *(values.pop(name) for name in NEXT)) if header.rows else None
    places = len(header.blanks or ())
    blanks = _candidates(header, places, *(values.pop(name) for name in BLANKS)) if places else None
    _check_shapes(header, values)
    static: dict[str, Tensor] = {}
    rows: list[dict[str, Tensor]] = [{} for _ in range(header.rows)]
    for site in header.order:
        value = values[site]
        if _once(header, site):
            static[site] = value[None]
            continue
        for row, part in zip(rows, _split(header, site, value), strict=True):
            row[site] = part
    record = Record(
        header.anatomy,
        tuple(Token(*token) for token in header.source),
        static=static,
        rows=list(rows),
        budget=header.budget,
        dropped=frozenset(header.dropped),
        bytes=size_of(static) + sum(map(size_of, rows)),
        order=header.order,
        recorded=header.opening,
    )
    return Recording(header, record, candidates, blanks)


def _once(header: Header, site: str) -> bool:
    """Tell whether a value is computed once: the encoder's, and keys and values of the source."""
    parsed = Site.parse(site)
    if parsed.side == "source" or not header.target:
        return True
    keyed = parsed.attention is not None and parsed.name in KEYED
    return keyed and header.anatomy.kind_at(parsed.prefix).keys == "source"


def _split(header: Header, site: str, value: Tensor) -> Sequence[Tensor]:
    """Part a site into its rows, each with its batch axis."""
    if grows(header.anatomy, site):
        widths = header.widths.get(site, tuple(range(1, header.rows + 1)))
        return [row[None, :, None] for row in value.split(list(widths), -1)]
    axis = 1 if Site.parse(site).axes.startswith("h") else 0
    return [row[None] for row in value.split(1, axis)]


def _fits(header: Header, site: str, value: Tensor) -> bool:
    """Tell whether a tensor has the shape that its site has for these tokens, and holds real numbers."""
    parsed = Site.parse(site)
    if not value.is_floating_point() or value.element_size() < 2:
        return False
    source, rows = len(header.source), header.rows
    queries = source if parsed.side == "source" or not header.target else rows  # logits of an encoder alone too
    letters = parsed.axes.split()
    if parsed.attention is None:
        fixed = {"q": 1, "v": header.size}
        width = fixed.get(letters[-1], value.shape[-1] if value.dim() else 0)
        return value.shape == (queries, width)
    kind = header.anatomy.kind_at(parsed.prefix)
    if not 0 <= (parsed.layer or 0) < kind.layers:
        return False
    keys = source if kind.keys == "source" else rows
    heads = kind.key_heads if letters[1] == "k" else kind.heads
    if grows(header.anatomy, site):
        widths = header.widths.get(site)
        return value.shape == (heads, rows * (rows + 1) // 2 if widths is None else sum(widths))
    sizes = {"h": heads, "q": queries, "k": keys}
    wanted = [sizes.get(letter) for letter in letters]
    return value.dim() == 3 and all(one is None or one == size for one, size in zip(wanted, value.shape, strict=True))


def _check_shapes(header: Header, values: Mapping[str, Tensor]) -> None:
    """Check each site's shape, that queries are as wide as their keys, and the heads' outputs as the values."""
    for site in header.order:
        if not _fits(header, site, values[site]):
            shape = " × ".join(map(str, values[site].shape))
            raise _MisfitError(f"{site} does not fit its tokens and the model: {shape}")
    for prefix in header.anatomy.attending:
        for one, other in (("q", "k"), ("v", "heads")):
            pair = [values[name] for local in (one, other) if (name := f"{prefix}.{local}") in values]
            if len(pair) == 2 and pair[0].shape[-1] != pair[1].shape[-1]:
                raise _MisfitError(f"{prefix}.{one} and {prefix}.{other} differ in width")


def _candidates(header: Header, rows: int, ids: Tensor, probabilities: Tensor, bits: Tensor) -> Candidates:
    shape = rows, min(CANDIDATES, header.size)
    known = {number for number, _ in header.names}
    right = (
        ids.shape == probabilities.shape == shape
        and bits.shape == shape[:1]
        and ids.dtype == torch.int32
        and probabilities.is_floating_point()
        and bits.dtype == torch.float64
        and set(ids.unique().tolist()) <= known
    )
    if not right:
        raise _MisfitError("its candidates do not fit its tokens")
    return Candidates(ids, probabilities, bits)


def subset(record: Record, keep: Callable[[str], bool]) -> Record:
    """Return the part of a record that holds the sites for which `keep` is true."""
    static = {site: value for site, value in record.static.items() if keep(site)}
    rows: list[Row] = [{site: value for site, value in row.items() if keep(site)} for row in record.rows]
    held = size_of(static) + sum(map(size_of, rows))
    order = tuple(site for site in record.order if keep(site))
    return replace(record, static=static, rows=rows, bytes=held, order=order)
