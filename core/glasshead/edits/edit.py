"""Edit: one change of the values at a site, as a frozen value. It says what, where and how; `changes` does it.

    decoder.1.cross.heads[head=3] = 0                       knock out a head
    decoder.1.cross.weights[head=3, query=2, key=4] = 0.9 renormalised      set one weight; its row still sums to 1
    decoder.*.cross.masked[key=2] = hidden                  hide a source token in every layer
    decoder.1.ffn = skipped                                 leave a sub-layer out

Positions are absolute: row 0 is the first token of its side. `str` of an Edit is the text that `language.parse` reads.
"""

from dataclasses import dataclass
from typing import Literal

from glasshead.errors import LONGEST, shorten
from glasshead.site import Site

Axis = Literal["head", "query", "key", "unit"]
AXES: tuple[Axis, ...] = ("head", "query", "key", "unit")
OPEN = 1 << 40
"""End of a span that goes on for ever."""


@dataclass(frozen=True, order=True)
class Span:
    """Whole numbers from `first` to `last`, both included; `OPEN` as last: all from there on."""

    first: int
    last: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last

    def __str__(self) -> str:
        if self.first == self.last:
            return str(self.first)
        return f"{self.first}-" if self.last >= OPEN else f"{self.first}-{self.last}"


Spans = tuple[Span, ...]
"""A choice of numbers along one axis; empty: all of them."""


@dataclass(frozen=True)
class Where:
    """The part of a value that an edit changes: all that each axis chooses."""

    head: Spans = ()
    query: Spans = ()
    key: Spans = ()
    unit: Spans = ()
    """Numbers of a vector: of the model's width, a head's, the feed-forward's, or tokens of the vocabulary."""

    def __str__(self) -> str:
        chosen = [f"{axis}={' '.join(map(str, spans))}" for axis in AXES if (spans := getattr(self, axis))]
        return f"[{', '.join(chosen)}]" if chosen else ""


@dataclass(frozen=True)
class Origin:
    """The decode that a value is taken from: of a text, of a recording, or of the line itself before any edit."""

    text: str | None = None
    """Text that the model decodes by itself; None for the line itself."""
    model: str | None = None
    """Name or folder of another model of the same shape, which decodes it."""
    path: str | None = None
    """File of a recording."""
    line: int | None = None
    """Number of a line of the session."""

    def __str__(self) -> str:
        if self.path is not None:
            return f"file {quote(self.path)}"
        if self.line is not None:
            return f"line {self.line}"
        if self.text is None:
            return "the line itself"
        return quote(self.text) + (f" by {quote(self.model)}" if self.model is not None else "")


@dataclass(frozen=True)
class Put:
    """Put a number in place of every chosen value. A head whose `heads` are 0 adds nothing: it is knocked out."""

    number: float

    def __str__(self) -> str:
        return f"= {plain(self.number)}"


@dataclass(frozen=True)
class Weigh:
    """Give the chosen weights a number, and scale the rest of each row so that it still sums to 1.

    Keys that may not be looked at stay at 0. A rest of 0 is shared out evenly among the others that may; a row that has
    no others stays as it is.
    """

    number: float

    def __str__(self) -> str:
        return f"= {plain(self.number)} renormalised"


@dataclass(frozen=True)
class Scale:
    """Multiply the chosen values by a number."""

    factor: float

    def __str__(self) -> str:
        return f"*= {plain(self.factor)}"


@dataclass(frozen=True)
class Mean:
    """Put the mean over all rows of a decode in place of the chosen values: what the head says on average."""

    of: Origin = Origin()

    def __str__(self) -> str:
        return "= mean" if self.of == Origin() else f"= mean of {self.of}"


@dataclass(frozen=True)
class Uniform:
    """Give every key that may be looked at the same weight: attention that does not choose."""

    def __str__(self) -> str:
        return "= uniform"


@dataclass(frozen=True)
class Hide:
    """Put −∞ in place of the chosen scores after the mask: those keys may not be looked at."""

    def __str__(self) -> str:
        return "= hidden"


@dataclass(frozen=True)
class Reveal:
    """Take the mask away from the chosen scores. Keys after a query's own position are a leak from the future."""

    def __str__(self) -> str:
        return "= revealed"


@dataclass(frozen=True)
class Narrow:
    """Hide all keys farther from the query's own position than a number of positions."""

    reach: int

    def __str__(self) -> str:
        return f"= window {self.reach}"


@dataclass(frozen=True)
class Unscale:
    """Take the factor 1/√d_k out of the scores; a position bias stays as it is."""

    def __str__(self) -> str:
        return "= unscaled"


@dataclass(frozen=True)
class Swap:
    """Exchange the values of two heads."""

    def __str__(self) -> str:
        return "= swapped"


@dataclass(frozen=True)
class Skip:
    """Leave out a sub-layer, or all of a layer: what came in goes on."""

    def __str__(self) -> str:
        return "= skipped"


@dataclass(frozen=True)
class Copy:
    """Put the value that another site has in the same pass. `resid = out` drops the residual connection."""

    site: str

    def __str__(self) -> str:
        return f"= {self.site}"


@dataclass(frozen=True)
class At:
    """Put the value that the line has, before any edit, at another position: its statistics, its vector."""

    row: int

    def __str__(self) -> str:
        return f"= at {self.row}"


@dataclass(frozen=True)
class Patch:
    """Put the values of another decode at the same positions. Rows that the other does not have stay as they are."""

    of: Origin

    def __str__(self) -> str:
        return f"= from {self.of}"


@dataclass(frozen=True)
class Steer:
    """Add the difference between the means of a site over two decodes, times a factor."""

    factor: float
    towards: Origin
    away: Origin

    def __str__(self) -> str:
        return f"+= {plain(self.factor)} * ({self.towards} - {self.away})"


Action = (
    Put | Weigh | Scale | Mean | Uniform | Hide | Reveal | Narrow | Unscale | Swap | Skip | Copy | At | Patch | Steer
)


@dataclass(frozen=True)
class Edit:
    """One change. `site` is the name of a site, a glob of names, or with `Skip` that of a sub-layer or a layer."""

    site: str
    where: Where
    action: Action

    def __str__(self) -> str:
        return f"{self.site}{self.where} {self.action}"

    @property
    def said(self) -> str:
        """The edit as a sentence quotes it: of a long one, both ends."""
        return shorten(str(self), 2 * LONGEST)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Decodes that values are taken from; none for most edits."""
        match self.action:
            case Mean(of) | Patch(of):
                return (of,)
            case Steer(_, towards, away):
                return towards, away
            case At():
                return (Origin(),)
        return ()

    @property
    def name(self) -> str:
        """Local name of the site, e.g. `weights`; of a skipped part that of its last part."""
        if isinstance(self.action, Skip):
            return self.site.split(".")[-1]
        return Site.parse(self.site.replace("*", "0")).name if self.site.count(".") > 1 else self.site


def quote(text: str) -> str:
    """Quote a text as the grammar reads it: on one line."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def plain(number: float) -> str:
    """Write a number so that it is read back exactly."""
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)
