"""Record: what the steps of a line showed, within a memory budget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from glasshead.anatomy import Kind
from glasshead.text import Token

Row = Mapping[str, Tensor]


MiB = 1 << 20


BUDGET = 256 * MiB


# By local name: what grows with the square of the length goes first, then what is widest.
DROPPED_FIRST = ("scores", "masked", "weights")


@dataclass
class Record:
    """What the steps of a line have shown so far. The Stepper writes it, Traces read it."""

    scale: float
    window: int | None
    kinds: tuple[Kind, ...]
    source: tuple[Token, ...]
    static: Row = field(default_factory=dict)
    """What is computed once: the encoder, and keys and values of cross-attention. As captured, with a batch axis."""
    rows: list[Row] = field(default_factory=list)
    """For each position of the target its row of the decoder's sites, as captured."""
    budget: int = BUDGET
    dropped: frozenset[str] = frozenset()
    bytes: int = 0
    order: tuple[str, ...] = ()
    """The sites as the model computes them, what was dropped too."""
    joined: tuple[str, ...] = ()
    """Keys and values of masked self-attention: one position more at every step."""
    fixed: tuple[str, ...] = ()
    """Keys and values of cross-attention: the same at every step."""

    def keep_source(self, seen: Row) -> None:
        """Take in what the encoder showed."""
        # Copied, as they were made in inference mode, where autograd would not take them.
        self.static, self.order = {site: value.clone() for site, value in seen.items()}, tuple(seen)
        self.bytes += size_of(self.static.values())
        self._stay_within()

    def keep_row(self, seen: Row) -> None:
        """Take in what one position of the decoder showed."""
        if not self.rows:
            self.order = tuple(dict.fromkeys((*self.order, *seen)))
            self.joined = tuple(site for site in seen if site.endswith((".self.k", ".self.v")))
            self.fixed = tuple(site for site in seen if site.endswith((".cross.k", ".cross.v")))
            new = {site: seen[site].clone() for site in self.fixed if site not in {*self.static, *self.dropped}}
            self.static = {**self.static, **new}
            self.bytes += size_of(new.values())
        row = dict(seen)
        for site in self.fixed:
            del row[site]
        for site in self.joined:
            # They come joined with the cache, whose memory goes on changing: keep the new position alone.
            row[site] = row[site][:, :, -1:].clone()
        for site in self.dropped.intersection(row):
            del row[site]
        self.rows.append(row)
        self.bytes += size_of(row.values())
        self._stay_within()

    def crop(self, rows: int) -> None:
        """Forget the rows from there on."""
        self.bytes -= sum(size_of(row.values()) for row in self.rows[rows:])
        self.rows = self.rows[:rows]

    def branch(self) -> "Record":
        """A record that goes its own way from here; what both have seen is shared, not copied."""
        return Record(
            self.scale, self.window, self.kinds, self.source, self.static, list(self.rows), self.budget, self.dropped,
            self.bytes, self.order, self.joined, self.fixed,
        )  # fmt: skip

    def _stay_within(self) -> None:
        """Let go of the largest sites until the rest fits the budget."""
        while self.bytes > self.budget:
            sizes: dict[str, int] = {}
            for part in (self.static, *self.rows):
                for site, value in part.items():
                    sizes[site] = sizes.get(site, 0) + value.nbytes
            if not sizes:
                return
            # A quarter at a time, so that this search is rare.
            order = sorted(
                sizes, key=lambda site: (site.rsplit(".", 1)[-1] in DROPPED_FIRST, sizes[site]), reverse=True
            )
            gone: set[str] = set()
            for site in order:
                if self.bytes <= self.budget * 3 // 4:
                    break
                gone.add(site)
                self.bytes -= sizes[site]
            self.dropped |= gone
            self.static = {site: value for site, value in self.static.items() if site not in gone}
            self.rows = [{site: value for site, value in row.items() if site not in gone} for row in self.rows]


def size_of(values: Iterable[Tensor]) -> int:
    return sum(value.nbytes for value in values)
