"""Part: what can be taken out of a model, one at a time or several together.

    decoder.1.cross[head=3]     the output of one head, before the output projection mixes it with the others
    decoder.1.ffn               the output of a whole sub-layer
    token 4                     a token that others may no longer look at

A removal is a set of parts. Many removals are run as rows of one batch; `changes` makes the edits of such a batch.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy
from glasshead.errors import GlassheadError
from glasshead.site import Site
from glasshead.tap import Change, Place

Of = Literal["heads", "layers", "sources"]
OF: tuple[Of, ...] = ("heads", "layers", "sources")
PARTS = ("self", "cross", "ffn")


@dataclass(frozen=True, order=True)
class Part:
    """One part of a model, or one token that it looks at."""

    prefix: str
    """Its sub-layer, e.g. `decoder.1.cross`; of a token the kind of attention in which it is hidden, in every layer."""
    head: int | None = None
    token: int | None = None
    """Position of a token: of the source, of the prompt, or of what an encoder alone reads."""

    @property
    def name(self) -> str:
        """Name for a reader: `decoder.1.cross[head=3]`, as an edit has it, `decoder.1.ffn`, `token 4`."""
        if self.token is not None:
            return f"token {self.token}"
        return self.prefix if self.head is None else f"{self.prefix}[head={self.head}]"

    @property
    def entry(self) -> tuple[str, int]:
        """Stack and layer from which on a run without it differs."""
        if self.token is not None:
            return self.prefix.partition(".")[0], 0
        site = Site.parse(f"{self.prefix}.out")
        return site.stack, site.layer or 0


Removal = frozenset[Part]
Fills = Mapping[str, Tensor]
"""What comes in the place of a value, by its site: h q d, h 1 d, q m or 1 m; zeros for a site that is not there."""


def heads(anatomy: Anatomy) -> tuple[Part, ...]:
    """List all heads, in the order in which a token meets them."""
    found = []
    for kind in anatomy.kinds:
        for prefix in anatomy.attentions(kind):
            _check(anatomy, f"{prefix}.heads")
            found += [Part(prefix, head) for head in range(kind.heads)]
    return tuple(sorted(found, key=_order))


def layers(anatomy: Anatomy) -> tuple[Part, ...]:
    """List all sub-layers whose output can be changed."""
    found = []
    for site in anatomy.sites:
        place = Site.parse(site)
        if place.name == "out" and place.part in PARTS and place.layer is not None:
            found.append(Part(place.prefix))
    return tuple(sorted(found, key=_order))


def tokens(anatomy: Anatomy, *, source: int, prompt: int) -> tuple[Part, ...]:
    """List the tokens that can be hidden. source, prompt: how many there are of each.

    They are hidden in encoder–decoder attention from all queries; without it from the later tokens, or in an encoder
    alone from the others.
    """
    stacks = {(kind.stack, kind.kind) for kind in anatomy.kinds}
    where = next(each for each in (("decoder", "cross"), ("decoder", "self"), ("encoder", "self")) if each in stacks)
    kind = anatomy.kind(*where)
    for prefix in anatomy.attentions(kind):
        _check(anatomy, f"{prefix}.masked")
    return tuple(Part(".".join(where), token=number) for number in range(source if kind.keys == "source" else prompt))


def siblings(part: Part, others: Sequence[Part]) -> list[Part]:
    """List the parts that are like a part: heads of its layer, the same sub-layer of other layers, other tokens."""
    if part.head is not None or part.token is not None:
        return [each for each in others if each.prefix == part.prefix and each != part]
    own = Site.parse(f"{part.prefix}.out")
    like = [(each, Site.parse(f"{each.prefix}.out")) for each in others if each != part]
    return [each for each, place in like if (place.stack, place.part) == (own.stack, own.part)]


def _order(part: Part) -> tuple[bool, int, int, int]:
    place = Site.parse(f"{part.prefix}.out")
    return place.stack == "decoder", place.layer or 0, PARTS.index(place.part), part.head or 0


def _check(anatomy: Anatomy, site: str) -> None:
    if site not in anatomy.sites:
        raise GlassheadError(f"{site} of this model cannot be changed: nothing of its kind can be ranked.")


@dataclass
class Edits:
    """The edits of a batch."""

    rows: Callable[[Site], tuple[int, ...]]
    """How many rows a value of a site may have."""
    by_site: dict[str, Change] = field(default_factory=dict)
    uneven: bool = False
    """Whether a value came that has other rows than the batch: then none of its rows was changed."""


def changes(
    removals: Sequence[Removal], anatomy: Anatomy, fills: Fills, *, rows: Callable[[Site], tuple[int, ...]]
) -> Edits:
    """Make the edits of a batch in which row n is run without the parts of removal n; without any it stays as it is.

    rows: how many rows a value of a site may have: those of the batch, or its first ones.
    """
    cells: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, removal in enumerate(removals):
        for part in removal:
            if part.token is not None:
                for prefix in anatomy.attentions(anatomy.kind(*part.prefix.split("."))):
                    cells[f"{prefix}.masked"].append((row, part.token))
            elif part.head is not None:
                cells[f"{part.prefix}.heads"].append((row, part.head))
            else:
                cells[f"{part.prefix}.out"].append((row, 0))
    edits = Edits(rows)
    edits.by_site = {site: _change(site, sorted(each), fills.get(site), edits) for site, each in cells.items()}
    return edits


def _change(site: str, cells: Sequence[tuple[int, int]], fill: Tensor | None, edits: Edits) -> Change:
    """Make the edit of one site. cells: row of the batch, and the head, or the position of the key."""
    rows, numbers = (torch.tensor(each) for each in zip(*cells, strict=True))
    place = Site.parse(site)
    allowed = edits.rows(place)

    def heads_of(value: Tensor, _start: int) -> None:
        value[rows, numbers] = 0 if fill is None else fill[numbers].to(value)

    def whole(value: Tensor, _start: int) -> None:
        value[rows] = 0 if fill is None else fill.to(value)

    def hidden(value: Tensor, start: int) -> None:
        queries = torch.arange(start, start + value.shape[2])
        for row, key in cells:
            if place.part == "cross":
                value[row, :, :, key] = -torch.inf
            else:  # a token sees itself; earlier ones never see it
                value[row, :, queries != key, key] = -torch.inf

    write = {"heads": heads_of, "out": whole, "masked": hidden}[place.name]

    def change(value: Tensor, at: Place) -> Tensor:
        if value.shape[0] not in allowed:
            edits.uneven = True
        else:
            write(value, at.start)
        return value

    return change
