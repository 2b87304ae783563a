"""Record: the values captured in the steps of a line, within a memory budget."""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy
from glasshead.site import KEYED, SQUARE, Site
from glasshead.tap import Seen
from glasshead.text import Token
from glasshead.traces.shown import Layers, layer_of, stack_of

Row = Mapping[str, Tensor]
"""The values of one position, by site."""
MiB = 1 << 20
BUDGET = 256 * MiB
"""Bytes that a record holds at most, by default."""


@dataclass
class Record:
    """The values captured in the steps of a line so far. Rows write it, Traces read it."""

    anatomy: Anatomy
    source: tuple[Token, ...]
    static: Row = field(default_factory=dict)
    """Values computed once: the encoder's, and keys and values of the source. As captured, with a batch axis."""
    rows: list[Row] = field(default_factory=list)
    """Rows of the decoder's sites, one for each position of the target, as captured."""
    budget: int = BUDGET
    dropped: frozenset[str] = frozenset()
    bytes: int = 0
    order: tuple[str, ...] = ()
    """Sites in the order in which the model computes them, dropped ones included."""
    joined: tuple[str, ...] = ()
    """Keys and values of the target, which grow by one position at every step."""
    fixed: tuple[str, ...] = ()
    """Keys and values of the source, the same at every step."""
    ragged: tuple[str, ...] = ()
    """Matrices of the target against itself, whose rows end at their own positions."""
    layers: Layers | None = None
    """Layer of each stack whose values are captured; None for all layers."""
    recorded: str = ""
    """For a record that was read from a file: the beginning of the sentences that say so."""

    def keep_source(self, seen: Row) -> None:
        """Keep the values captured in the encoder."""
        # Copied, because they were made in inference mode and autograd would refuse them.
        self.static = {site: value.clone() for site, value in seen.items()}
        self.order = tuple(seen) if self.layers is None else self.anatomy.sites
        self.bytes += size_of(self.static)
        self._stay_within()

    def keep_rows(self, seen: Row, count: int) -> None:
        """Keep the values captured in one pass over `count` new positions."""
        if not self.rows:
            self._sort_out(seen)
        new = self._split(_without(seen, (*self.fixed, *self.dropped)), count)  # once let go, it is captured no more
        self.rows.extend(new)
        self.bytes += sum(map(size_of, new))
        self._stay_within()

    def _sort_out(self, seen: Row) -> None:
        """Sort the sites, at the first pass, by how their values grow."""
        self.order = tuple(dict.fromkeys((*self.order, *seen)))
        joined: list[str] = []
        fixed: list[str] = []
        ragged: list[str] = []
        for name in seen if self.layers is None else self.order:
            site = Site.parse(name)
            if site.attention is None or site.side == "source":
                continue
            if site.name in KEYED:
                keys = self.anatomy.kind(site.stack, site.part).keys
                (joined if keys == "target" else fixed).append(name)
            elif grows(self.anatomy, name):
                ragged.append(name)
        self.joined, self.fixed, self.ragged = tuple(joined), tuple(fixed), tuple(ragged)
        new = {site: seen[site].clone() for site in fixed if site in seen and site not in {*self.static, *self.dropped}}
        self.static = {**self.static, **new}
        self.bytes += size_of(new)

    def _split(self, seen: MutableMapping[str, Tensor], count: int) -> list[Row]:
        """Split what was seen in one pass into the rows of its new positions."""
        if count == 1:
            # Keys and values come joined with the past, whose memory keeps changing: keep only the new position.
            seen.update({site: seen[site][:, :, -1:].clone() for site in self.joined if site in seen})
            return [seen]
        rows: list[dict[str, Tensor]] = [{} for _ in range(count)]
        for site, value in seen.items():
            for row, part in zip(rows, self._parts(site, value, count), strict=True):
                row[site] = part
        return list(rows)

    def _parts(self, site: str, value: Tensor, count: int) -> Iterable[Tensor]:
        """Split one value into those of the new positions."""
        if site in self.joined:
            return value[:, :, -count:].clone().split(1, 2)
        if site not in self.ragged:
            return value.split(1, 2 if value.dim() == 4 else 1)
        beyond = value.shape[3] - count + 1
        peeks = _looks(site, value).triu(beyond).any(-1).any(1)[0].tolist()
        return (
            (part if peeks[place] else part[..., : beyond + place]).clone()
            for place, part in enumerate(value.split(1, 2))
        )

    @property
    def aside(self) -> frozenset[str]:
        """Sites of layers that are not captured."""
        if self.layers is None:
            return frozenset()
        return frozenset(site for site in self.order if layer_of(site) not in (None, *self.layers.values()))

    def turn(self, layer: str, values: Row) -> None:
        """Hold a layer in place of another one of its stack. values: of all rows, from one pass; none without rows."""
        assert self.layers is not None
        before, stack = self.layers[stack_of(layer)], stack_of(layer)
        kept = {site: value for site, value in values.items() if site not in self.dropped}
        once = {site: value for site, value in kept.items() if site in self.fixed or stack == "encoder"}
        new = {site: value for site, value in kept.items() if site not in once}
        gone = [site for site in self.order if layer_of(site) == before]
        self.static = {**_without(self.static, gone), **once}
        rows = [_without(row, gone) for row in self.rows]
        for row, more in zip(rows, self._split(new, len(rows)) if rows and new else (), strict=bool(new)):
            row.update(more)
        self.rows = list(rows)
        self.layers = {**self.layers, stack: layer}
        self.bytes = size_of(self.static) + sum(map(size_of, self.rows))
        self._stay_within()

    def crop(self, rows: int) -> None:
        """Forget the rows from there on."""
        left, gone = self.rows[:rows], self.rows[rows:]
        if len(left) < len(gone):  # whatever is less to count
            self.bytes = size_of(self.static) + sum(map(size_of, left))
        else:
            self.bytes -= sum(map(size_of, gone))
        self.rows = left

    def forget_fixed(self) -> None:
        """Forget the keys and values of the source, which the next pass captures again."""
        gone = {site: value for site, value in self.static.items() if site in self.fixed}
        self.bytes -= size_of(gone)
        self.static = {site: value for site, value in self.static.items() if site not in gone}

    def branch(self) -> "Record":
        """Return a record that continues independently. The common part is shared, not copied."""
        return replace(self, rows=list(self.rows))

    @property
    def allowance(self) -> int:
        """Bytes that may be captured: what the budget leaves beside one gathered matrix, which a view needs."""
        heads = max((kind.heads for kind in self.anatomy.kinds if kind.keys == "target"), default=0)
        return self.budget - min(4 * heads * len(self.rows) ** 2, self.budget * 3 // 4)

    def _stay_within(self) -> None:
        """Drop the largest sites until the rest fits the budget."""
        while self.bytes > self.allowance:
            sizes: dict[str, int] = {}
            for part in (self.static, *self.rows):
                for site, size in _sizes(part).items():
                    sizes[site] = sizes.get(site, 0) + size
            if not sizes:
                return
            # Sites that grow with the square of the length go first, then the widest ones.
            order = sorted(sizes, key=lambda site: (Site.parse(site).name in SQUARE, sizes[site]), reverse=True)
            gone: set[str] = set()
            for site in order:
                if self.bytes <= self.allowance * 3 // 4:  # a quarter at a time, so that this search is rare
                    break
                gone.add(site)
                self.bytes -= sizes[site]
            self.dropped |= gone
            self.static = _without(self.static, gone)
            self.rows = [_without(row, gone) for row in self.rows]


def grows(anatomy: Anatomy, site: str) -> bool:
    """Tell whether this is a matrix of the target against itself, whose rows end at their own positions."""
    parsed = Site.parse(site)
    if parsed.attention is None or parsed.name not in SQUARE or parsed.side == "source":
        return False
    return anatomy.lasting and anatomy.kind(parsed.stack, parsed.part).keys == "target"


def first_rows(site: str, value: Tensor, rows: int, anatomy: Anatomy) -> Tensor:
    """Take what the first rows of the target see of a value that was computed for more: b h q k, b h q d, b q m."""
    place = Site.parse(site)
    if place.side == "source":
        return value
    if place.attention is None:
        return value[:, :rows]
    own = anatomy.kind(place.stack, place.part).keys == "target"
    if place.name in KEYED:
        return value[:, :, :rows] if own else value
    return value[:, :, :rows, :rows] if place.name in SQUARE and own else value[:, :, :rows]


def size_of(row: Row) -> int:
    """Count the bytes of all values."""
    return sum(_sizes(row).values())


def _sizes(row: Row) -> dict[str, int]:
    return row.sizes if isinstance(row, Seen) else {site: value.nbytes for site, value in row.items()}


def _without(row: Row, gone: Iterable[str]) -> MutableMapping[str, Tensor]:
    """Return a row without some sites. What is computed only when somebody looks stays so."""
    if type(row) is Seen:
        return row.without(gone)
    gone = set(gone)
    return {site: value for site, value in row.items() if site not in gone}


def _looks(site: str, value: Tensor) -> Tensor:
    """Mark the looks in a matrix: of a model without a mask, rows that look beyond themselves are kept whole.

    A score is none.
    """
    name = Site.parse(site).name
    if name == "weights":
        return value != 0
    return value > -torch.inf if name == "masked" else torch.zeros_like(value, dtype=torch.bool)
