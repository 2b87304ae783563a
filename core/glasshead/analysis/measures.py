"""What a head does, in numbers: one formula each, over its weights (h q k).

Most measures are a share of the weight, from 0 to 1: the mean over the rows of what a row gives to the keys in
question. Beside a share stands what an even row would give to the same keys (`chance`), so that a short sentence does
not pass for a pattern. Rows and keys that do not exist (padding, what a mask hides) count for nothing; where a measure
has no row to be taken from, it is NaN.
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from glasshead.errors import GlassheadError, nearest
from glasshead.text import WORD_START, Token
from glasshead.traces.trace import Trace


@dataclass(frozen=True, eq=False)
class Sight:
    """The weights of one attention over one text, and the tokens at its rows and columns."""

    weights: Tensor
    """h q k."""
    looks: Tensor
    """Boolean h q k, or what broadcasts to it: True where a query may look."""
    queries: tuple[Token, ...]
    keys: tuple[Token, ...]
    own: bool
    """Whether queries and keys are the same tokens: self-attention."""
    ends: frozenset[int] = frozenset()
    """Ids of the tokens that end a line."""
    made: Tensor | None = None
    """Boolean q k: the keys that made the token of a row, as gold knows them; None without gold."""

    @classmethod
    def of(cls, trace: Trace, prefix: str, ends: Collection[int] = (), made: Tensor | None = None) -> "Sight":
        """Take an attention, e.g. `decoder.1.cross`, of a trace. Raises GlassheadError if its weights are not there."""
        queries, keys = trace.axes(prefix)
        own = trace.anatomy.kind_at(prefix).kind == "self"
        looks = trace.may_look(prefix)
        return cls(trace[f"{prefix}.weights"], looks, queries, keys, own, frozenset(ends), None if own else made)

    def head(self, number: int) -> "Sight":
        """Take one head alone."""
        looks = self.looks[number : number + 1] if self.looks.dim() == 3 else self.looks
        return replace(self, weights=self.weights[number : number + 1], looks=looks)

    @property
    def mask(self) -> Tensor:
        """The cells that exist: boolean h q k."""
        return self.looks.expand_as(self.weights)

    @property
    def even(self) -> "Sight":
        """The same with even rows: what a head gives that tells no key from another."""
        mask = self.mask.double()
        return replace(self, weights=mask / mask.sum(-1, keepdim=True).clamp_min(1))

    def share(self, chosen: Tensor, rows: Tensor | None = None) -> Tensor:
        """Average what the rows give to the chosen keys: h. chosen: boolean q k · rows: boolean q, those that count.

        Without `rows`, those count which may look at one of the chosen keys.
        """
        cells = self.mask & chosen
        there = cells.any(-1) if rows is None else self.mask.any(-1) & rows
        given = (self.weights.double() * cells).sum(-1)
        return (given * there).sum(-1) / there.sum(-1)

    def mean(self, rows: Tensor) -> Tensor:
        """Average a number of each row over the rows that exist: h q → h."""
        there = self.mask.any(-1)
        return (rows * there).sum(-1) / there.sum(-1)

    @property
    def places(self) -> tuple[Tensor, Tensor]:
        """Position of each query, as a column, and of each key, as a row."""
        return torch.arange(self.weights.shape[1]).unsqueeze(-1), torch.arange(self.weights.shape[2]).unsqueeze(0)


@dataclass(frozen=True)
class Measure:
    """One formula."""

    name: str
    """A name short enough for a column."""
    formula: str
    """The formula, as a person reads it."""
    function: Callable[[Sight], Tensor]
    """From the weights to a number for each head: h."""
    share: bool = True
    """Whether it is a share of the weight, which can be compared with that of an even row."""
    own: bool | None = None
    """Whether it belongs to self-attention (True), to encoder–decoder attention (False) or to both."""
    title: str = ""
    """The name where there is room for more words; empty where the name says it all."""

    @property
    def told(self) -> str:
        """The longest name."""
        return self.title or self.name


def _beside(step: int) -> Callable[[Sight], Tensor]:
    def found(sight: Sight) -> Tensor:
        i, j = sight.places
        return sight.share(j == i + step)

    return found


def _first(sight: Sight) -> Tensor:
    """Skip the rows that can look at no other key: they give it everything, whatever the head does."""
    _, j = sight.places
    return sight.share(j == 0, (sight.mask.sum(-1) > 1).all(0))


def _last(sight: Sight) -> Tensor:
    """Take the last key that exists. Where later keys are hidden, hardly a row may look at it: there is no number."""
    _, j = sight.places
    there = sight.mask.any(0).any(0).nonzero()
    if not len(there):
        return torch.full((sight.weights.shape[0],), torch.nan, dtype=torch.float64)
    chosen = (j == there.max()).expand(sight.weights.shape[1:])
    able = (sight.mask & chosen).any(-1).sum(-1) * 2 > sight.mask.any(-1).sum(-1)
    return torch.where(able, sight.share(chosen), torch.nan)


def _of_tokens(sight: Sight, told: Callable[[Token], bool]) -> Tensor:
    return sight.share(torch.tensor([told(token) for token in sight.keys], dtype=torch.bool).unsqueeze(0))


def _end(sight: Sight) -> Tensor:
    return _of_tokens(sight, lambda token: token.id in sight.ends)


def _punctuation(sight: Sight) -> Tensor:
    return _of_tokens(sight, lambda token: token.id not in sight.ends and is_punctuation(token.text))


def is_punctuation(text: str) -> bool:
    """Tell whether a token is nothing but punctuation."""
    letters = text.removeprefix(WORD_START)
    return bool(letters) and all(unicodedata.category(letter)[0] == "P" for letter in letters)


def _line(sight: Sight, *, mirrored: bool) -> Tensor:
    """Share of the keys next to the line from one corner to the other: within a key of it."""
    i, j = sight.places
    queries, keys = sight.weights.shape[1:]
    place = i / max(queries - 1, 1) * (keys - 1)
    return sight.share((j - ((keys - 1 - place) if mirrored else place)).abs() <= 1)


def _sharpness(sight: Sight) -> Tensor:
    return sight.mean(sight.weights.double().masked_fill(~sight.mask, 0).amax(-1))


def _entropy(sight: Sight) -> Tensor:
    weights = sight.weights.double().masked_fill(~sight.mask, 0)
    return sight.mean(torch.special.entr(weights).sum(-1) / torch.log(torch.tensor(2.0)).double())


def _distance(sight: Sight) -> Tensor:
    i, j = sight.places
    return sight.mean((sight.weights.double().masked_fill(~sight.mask, 0) * (j - i).abs()).sum(-1))


def _induction(sight: Sight) -> Tensor:
    """Share of the keys before which the query's own token stands."""
    ids = torch.tensor([token.id for token in sight.keys])
    i, j = sight.places
    follows = torch.zeros(sight.weights.shape[1:], dtype=torch.bool)
    follows[:, 1:] = ids[: len(sight.queries)].unsqueeze(-1) == ids[:-1]
    return sight.share(follows & (j <= i))


def _made(sight: Sight, ahead: int) -> Tensor:
    """Share of the keys that made the token that a row reads, or the one after it, that the row chooses.

    Chen et al. 2020 call the first SHIFT-ATT, the other NAIVE-ATT. Which keys made a token only some recipes know.
    """
    if sight.made is None:
        return torch.full((sight.weights.shape[0],), torch.nan, dtype=torch.float64)
    there = torch.zeros_like(sight.made)
    there[: len(there) - ahead] = sight.made[ahead:]
    return sight.share(there)


MEASURES: tuple[Measure, ...] = (
    Measure("previous", "mean of w[i, i − 1]", _beside(-1), own=True),
    Measure("same", "mean of w[i, i]", _beside(0), own=True),
    Measure("next", "mean of w[i, i + 1]", _beside(1), own=True),
    Measure("first", "mean of w[i, 0], over rows that have another key", _first),
    Measure("last", "mean of w[i, n], n the last key", _last),
    Measure("end token", "mean of Σ w[i, j] over the j that are </s>", _end),
    Measure("punctuation", "mean of Σ w[i, j] over the j that are punctuation", _punctuation),
    Measure(
        "diagonal", "mean of Σ w[i, j] over |j − i · (K − 1) / (Q − 1)| ≤ 1", lambda s: _line(s, mirrored=False),
        own=False,
    ),
    Measure(
        "mirrored", "mean of Σ w[i, j] over |K − 1 − j − i · (K − 1) / (Q − 1)| ≤ 1", lambda s: _line(s, mirrored=True),
        own=False,
    ),
    Measure(
        "aligned read", "mean of Σ w[i, j] over the j that made token i, which row i reads, by the rules of the recipe",
        lambda s: _made(s, 0), own=False, title="aligned with the word read",
    ),
    Measure(
        "aligned chosen",
        "mean of Σ w[i, j] over the j that made token i + 1, which row i chooses, by the rules of the recipe",
        lambda s: _made(s, 1), own=False, title="aligned with the word chosen",
    ),
    Measure("induction", "mean of Σ w[i, j] over j ≤ i where token j − 1 is token i", _induction, own=True),
    Measure("sharpness", "mean of max over j of w[i, j]", _sharpness),
    Measure("entropy", "mean of −Σ w[i, j] · log₂ w[i, j], in bits", _entropy, share=False),
    Measure("distance", "mean of Σ w[i, j] · |j − i|, in tokens", _distance, share=False, own=True),
)  # fmt: skip
"""All measures, with i a query of Q, j a key of K, and w the weights of one head."""
NAMES = {measure.name: measure for measure in MEASURES}
FORMER = {"alignment": "aligned read", "alignment ahead": "aligned chosen"}
"""Names that a measure had before."""


def find_measure(name: str) -> Measure:
    """Return the measure of a name, the short or the longest one. Raises GlassheadError for any other."""
    found = next((measure for measure in MEASURES if name.lower() in (measure.name, measure.told)), None)
    if found is None:
        if now := FORMER.get(name.lower()):
            raise GlassheadError(f"The measure {name!r} is called {now!r} now: {NAMES[now].told}.")
        raise GlassheadError(f"There is no measure {name!r}. {nearest(name, list(NAMES), what='measure')}")
    return found


@dataclass(frozen=True)
class Trait:
    """What one measure says of one head."""

    measure: Measure
    value: float
    chance: float
    """The same of even rows."""

    @property
    def lift(self) -> float:
        """How far a share is above that of even rows, of what there is above it: 1 is all of it."""
        return (self.value - self.chance) / max(1 - self.chance, 1e-9)


def measured(sights: Sequence[Sight]) -> list[dict[str, Trait]]:
    """Take all measures of an attention over texts: for each head, name → the mean over the texts that have it."""
    heads = sights[0].weights.shape[0]
    found: list[dict[str, Trait]] = [{} for _ in range(heads)]
    for measure in MEASURES:
        if measure.own not in (None, sights[0].own):
            continue
        values = torch.stack([measure.function(sight) for sight in sights]).nanmean(0).tolist()
        chances = torch.stack([measure.function(sight.even) for sight in sights]).nanmean(0).tolist()
        for head, (value, chance) in enumerate(zip(values, chances, strict=True)):
            if value == value:  # not NaN
                found[head][measure.name] = Trait(measure, value, chance)
    return found


LARGE = 1 << 22
"""Weights of one attention beyond which its heads are measured one by one."""


def measure_trace(
    trace: Trace, ends: Collection[int] = (), made: Tensor | None = None, stop: Callable[[], bool] = lambda: False
) -> dict[tuple[str, int], dict[str, Trait]]:
    """Measure every head whose weights are there, by its attention and its number. stop: asked before each attention.

    made: see `Sight`. An attention without a row or a column has no numbers.
    """
    found: dict[tuple[str, int], dict[str, Trait]] = {}
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            if stop():
                return found
            if f"{prefix}.weights" not in trace:
                continue
            sight = Sight.of(trace, prefix, ends, made)
            if not sight.weights.numel():
                continue
            if sight.weights.numel() > LARGE:
                traits = [measured([sight.head(head)])[0] for head in range(kind.heads)]
            else:
                traits = measured([sight])
            found |= {(prefix, head): each for head, each in enumerate(traits)}
    return found


def strongest(traits: Mapping[str, Trait], count: int = 3, *, least: float = 0.2) -> tuple[Trait, ...]:
    """Choose the shares that stand out most from even rows, the most first; none below `least` of what is possible."""
    shares = [trait for trait in traits.values() if trait.measure.share and trait.lift >= least]
    return tuple(sorted(shares, key=lambda trait: -trait.lift)[:count])
