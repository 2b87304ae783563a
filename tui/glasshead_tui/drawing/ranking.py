"""All heads by one of many measures, or by what is lost without each: what is known of them, and the rows of that.

The measures are taken from the weights of the shown line, and cost no run of the model. The effect does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from glasshead.named import brief_head, brief_kind, name_head
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.rows import Rows

if TYPE_CHECKING:
    from glasshead.analysis.measures import Trait
    from glasshead.ranking.results import Effect, Placebo

Head = tuple[str, int]
"""An attention, e.g. `decoder.1.cross`, and the number of a head."""

EFFECT, NEXT = "effect on the line", "effect on the next token"
EFFECTS = (NEXT, EFFECT)
"""What is measured by taking a head out."""
PLACEBO = "placebo: any other head of its layer taken out instead, mean ± spread"
FORMULAS = {
    EFFECT: "rise of the loss without the head, in nats a token, over the whole line as the model writes it, which is "
    f"decoded to its end for this; {PLACEBO}",
    NEXT: f"fall of ln p of the best next token without the head, in nats; {PLACEBO}",
}


@dataclass(frozen=True)
class Row:
    """A head of the list."""

    head: Head
    value: float
    even: float | None = None
    """The same of even rows; None for what is no share."""
    placebo: "Placebo | None" = None
    """The effects of the other heads of the layer; None for a measure, and for a layer of one head."""
    still: bool = False
    """Whether the head moved no logit when it was taken out."""

    @property
    def tells(self) -> bool:
        """Whether an effect is larger than those of the placebo, or a share larger than that of even rows."""
        if self.still:
            return False
        if self.placebo is not None:
            return self.value > self.placebo.mean + (self.placebo.spread or 0.0)
        return self.even is None or self.value > self.even


@dataclass
class Table:
    """What is known of the heads, and which of it is listed."""

    traits: "Mapping[Head, Mapping[str, Trait]]" = field(default_factory=dict)
    known: "dict[str, tuple[tuple[Effect, ...], float]]" = field(default_factory=dict)
    """The effects that are known, by the name of the measure, and the loss of the unedited model with all heads."""
    goes_on: bool = True
    """Whether a next token is to come."""
    measurable: bool = True
    """Whether effects can be computed: not of a recording."""
    measure: str = ""
    part: str = ""
    """Part of the names of the heads that are listed; empty for all."""

    @property
    def measures(self) -> list[str]:
        """Names that can be chosen: those that a listed head has."""
        from glasshead.analysis.measures import MEASURES

        there = {name for head, traits in self.traits.items() if self.lists(head) for name in traits}
        return [each.name for each in MEASURES if each.name in there] + [
            each for each in EFFECTS if self.measurable and (each != NEXT or self.goes_on)
        ]

    @property
    def formula(self) -> str:
        """The formula of the measure."""
        from glasshead.analysis.measures import NAMES

        if self.measure in FORMULAS:
            return FORMULAS[self.measure]
        return NAMES[self.measure].formula if self.measure in NAMES else ""

    @property
    def told(self) -> str:
        """The longest name of the measure."""
        from glasshead.analysis.measures import NAMES

        return NAMES[self.measure].told if self.measure in NAMES else self.measure

    def best_for(self, head: Head) -> str:
        """Choose the measure in which a head stands out most from even rows; the first one for any other."""
        shares = [trait for trait in self.traits.get(head, {}).values() if trait.measure.share]
        if not shares:
            return next(iter(self.measures), "")
        return max(shares, key=lambda trait: trait.lift).measure.name

    def rows(self) -> list[Row]:
        """List the heads that have the measure, the largest first."""
        if self.measure in EFFECTS:
            effects, _ = self.known.get(self.measure, ((), 0.0))
            found = [
                Row((each.part.prefix, each.part.head or 0), each.effect, None, each.placebo, not each.moved)
                for each in effects
            ]
        else:
            found = [
                Row(head, trait.value, trait.chance if trait.measure.share else None)
                for head, traits in self.traits.items()
                if (trait := traits.get(self.measure))
            ]
        return sorted((row for row in found if self.lists(row.head)), key=lambda row: -row.value)

    def lists(self, head: Head) -> bool:
        """Tell whether a head is listed: whether one of its names holds every word that is asked for."""
        names = f"{head[0]}.{head[1]} {brief_head(*head)} {name_head(*head)} layer {head[0].split('.')[1]}".lower()
        return all(word in names for word in self.part.lower().split())


def place_name(prefix: str) -> tuple[str, str]:
    """Name an attention or another sub-layer in two cells: its kind, and its layer."""
    stack, layer, kind = prefix.split(".")
    return brief_kind(stack, kind), layer


def tell_of(row: Row, table: Table) -> str:
    """Say what the number of a head means, and what it is to be compared with."""
    prefix, head = row.head
    name = brief_head(prefix, head)
    if table.measure not in EFFECTS:
        even = "" if row.even is None else f", even {weight(row.even)} (equal weights)"
        return f"{name}: {table.told} {real(row.value, 7)}{even} · {table.formula}"
    if row.still:
        return f"{name} moved no logit when it was taken out · {table.formula}"
    placebo = ""
    if row.placebo is not None:
        placebo = f", placebo {write_placebo(row.placebo)}"
    loss = ""
    if table.measure in table.known:
        with_all = table.known[table.measure][1]
        what, value = ("ln p", -with_all) if table.measure == NEXT else ("loss", with_all)
        loss = f" · {what} with all heads {real(value, 6)}"
    return f"{name}: effect {real(row.value, 7)}{placebo} · {table.formula}{loss}"


def write_placebo(placebo: "Placebo") -> str:
    """Write mean and spread; of a single part there is no spread."""
    return real(placebo.mean, 6) + ("" if placebo.spread is None else f" ±{real(placebo.spread, 5)}")


def ranking_rows(table: Table) -> Rows:
    """Make a row for each listed head, the one with the largest number first."""
    effect = table.measure in EFFECTS
    rows: Rows = [("attention", "head", table.measure, *(("placebo", "spread") if effect else ("even",)))]
    for row in table.rows():
        placebo = row.placebo
        beside = ((None, None) if placebo is None else (placebo.mean, placebo.spread)) if effect else (row.even,)
        rows.append((*row.head, row.value, *beside))
    return rows
