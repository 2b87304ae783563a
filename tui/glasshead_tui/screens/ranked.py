"""All heads in one list, sorted by one of many measures, or by what is lost without each; Enter goes to one.

The measures are taken from the weights of the shown line, and cost no run of the model. The effect does, and is
computed once it is chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.plain.ranking import place_name
from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.bars import bar

if TYPE_CHECKING:
    from glasshead.analysis.measures import Trait
    from glasshead.anatomy import Kind
    from glasshead.ranking.results import Effect

Head = tuple[str, int]
"""An attention, e.g. `decoder.1.cross`, and the number of a head."""
Traits = "Mapping[Head, Mapping[str, Trait]]"

EFFECT = "effect"
COLUMNS = "part          layer  head"


@dataclass(frozen=True)
class Row:
    """A head in the list."""

    head: Head
    value: float
    even: float | None = None
    """The same of even rows; None for what is no share."""
    note: str = ""


@dataclass
class Table:
    """What is known of the heads, and which of it is shown."""

    kinds: "tuple[Kind, ...]" = ()
    traits: "Mapping[Head, Mapping[str, Trait]]" = field(default_factory=dict)
    effects: "tuple[Effect, ...]" = ()
    measurable: bool = True
    """Whether effects can be computed: not of a recording."""
    measure: str = ""
    kind: int | None = None
    """Number of the only kind that is listed; None for all."""

    @property
    def measures(self) -> list[str]:
        """Names that can be chosen: those that a listed head has."""
        from glasshead.analysis.measures import MEASURES

        there = {name for head, traits in self.traits.items() if self._lists(head[0]) for name in traits}
        return [each.name for each in MEASURES if each.name in there] + [EFFECT] * self.measurable

    @property
    def formula(self) -> str:
        """The formula of the measure."""
        from glasshead.analysis.measures import NAMES

        if self.measure == EFFECT:
            return (
                "rise of the loss without the head, in nats a token; placebo: the same of the other heads of its "
                "layer, mean ± spread"
            )
        if self.measure not in NAMES:
            return ""
        measure = NAMES[self.measure]
        return f"{measure.formula}{'; even: the same of equal weights' if measure.share else ''}"

    def best_for(self, head: Head) -> str:
        """Choose the measure in which a head stands out most from even rows; the first one for any other."""
        shares = [trait for trait in self.traits.get(head, {}).values() if trait.measure.share]
        if not shares:
            return next(iter(self.measures), "")
        return max(shares, key=lambda trait: trait.lift).measure.name

    def rows(self) -> list[Row]:
        """List the heads that have the measure, the largest first."""
        if self.measure == EFFECT:
            found = [
                Row((each.part.prefix, each.part.head or 0), each.effect, None, _placebo(each)) for each in self.effects
            ]
        else:
            found = [
                Row(head, trait.value, trait.chance if trait.measure.share else None)
                for head, traits in self.traits.items()
                if (trait := traits.get(self.measure))
            ]
        return sorted((row for row in found if self._lists(row.head[0])), key=lambda row: -row.value)

    def _lists(self, prefix: str) -> bool:
        """Tell whether the heads of an attention are listed."""
        return self.kind is None or _of(prefix, self.kinds[self.kind])


def _placebo(effect: "Effect") -> str:
    if not effect.moved:
        return "moved no logit"
    if effect.placebo is None:
        return ""
    return f"placebo {real(effect.placebo.mean, 6)} ±{real(effect.placebo.spread, 5)}"


def _of(prefix: str, kind: "Kind") -> bool:
    stack, _, name = prefix.split(".")
    return (stack, name) == (kind.stack, kind.kind)


class RankedHeads(ListDialog[Head | None]):
    """See the module; dismissed with the chosen head, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,r", "dismiss(None)", "close", show=False),
        Binding("left,h", "measure(-1)", "measure before", show=False),
        Binding("right,l", "measure(1)", "next measure", show=False),
        Binding("t", "kind", "kind", show=False),
    ]
    DEFAULT_CSS = """
    RankedHeads > Vertical { width: 92; max-width: 98%; }
    RankedHeads #measure { text-style: bold; }
    """

    def __init__(self, head: Head, rank: Callable[[], None]) -> None:
        """head: the one to mark · rank: asks for the effects, which `show_effects` takes."""
        super().__init__()
        self.table = Table()
        self._rank = rank
        self._head: Head | None = head
        """The head to mark; None for the first of the list."""
        self._asked = False
        self._rows: list[Row] = []

    def compose(self) -> ComposeResult:
        """Compose measure, formula, list and hint."""
        with Vertical():
            yield Static(Content("Heads by what they do in this line"))
            yield Static(Content("measuring …"), id="measure")
            yield Static(Content(""), id="said", classes="quiet")
            yield Static(Content(""), id="heads", classes="quiet")
            yield self.make_list()
            yield Static(Content("← → measure · t kind · enter goes to the head · esc closes"), classes="quiet")

    def on_mount(self) -> None:
        """Leave room for the lines around the list."""
        self._fit()

    def on_resize(self) -> None:
        """See `on_mount`."""
        self._fit()

    def _fit(self) -> None:
        self.query_one(OptionList).styles.max_height = max(3, self.app.size.height - 13)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The heads in their order."""
        return tuple(self._rows)

    def say(self, sentence: str) -> None:
        """Write the line above the list."""
        self._put("said", clip(visible(sentence), 400))

    def show_traits(
        self, kinds: "tuple[Kind, ...]", traits: "Mapping[Head, Mapping[str, Trait]]", *, measurable: bool
    ) -> None:
        """List the heads by the measure in which the marked one stands out. measurable: see `Table`."""
        self.table = Table(kinds, traits, self.table.effects, measurable)
        self.table.measure = self.table.best_for(self._head) if self._head else ""
        self._write()

    def show_effects(self, effects: "tuple[Effect, ...]", loss: float) -> None:
        """Take the effects of the heads."""
        self.table.effects = effects
        self._write()
        if self.table.measure == EFFECT:
            still = sum(not effect.moved for effect in effects)
            nothing = f" {still} moved nothing." if still else ""
            self.say(f"{self.table.formula}. The loss of the unedited model is {real(loss, 6)}.{nothing}")

    def action_measure(self, by: int) -> None:
        """Sort by the next measure."""
        names = self.table.measures
        if not names or not self.table.measure:
            return
        self._head = None  # another order begins at its first
        self.table.measure = names[(names.index(self.table.measure) + by) % len(names)]
        self._write()
        if self.table.measure == EFFECT and not self._asked:
            self._asked = True
            self._rank()

    def action_kind(self) -> None:
        """List the heads of the next kind of attention alone, or of all."""
        kinds = len(self.table.kinds)
        if not kinds:
            return
        now = self.table.kind
        self._head = None
        self.table.kind = 0 if now is None else now + 1 if now + 1 < kinds else None
        if self.table.measure not in self.table.measures:
            self.table.measure = next(iter(self.table.measures), "")
        self._write()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the head on which Enter is pressed."""
        event.stop()
        if self.is_active and event.option_index < len(self._rows):
            self.dismiss(self._rows[event.option_index].head)

    def _write(self) -> None:
        """Write all lines, with the head marked that was."""
        table = self.table
        room = max(30, min(88, self.app.size.width - 8))
        self._rows = table.rows()
        kind = "all kinds" if table.kind is None else visible(table.kinds[table.kind].label)
        self._put("measure", clip(f"‹ {table.measure} ›   {kind}", room))
        waits = table.measure == EFFECT and not table.effects
        self.say("takes one head after the other out …" if waits else table.formula)
        value = "effect" if table.measure == EFFECT else "value"
        even = "   even" if any(row.even is not None for row in self._rows) else ""
        self._put("heads", clip(f"{COLUMNS}     {value:>5}{even}", room))
        largest = max((abs(row.value) for row in self._rows), default=0.0)
        heads = [row.head for row in self._rows]
        at = heads.index(self._head) if self._head is not None and self._head in heads else 0
        self.refill((clip(_line(row, largest, room), room) for row in self._rows), at)

    def _put(self, name: str, text: str) -> None:
        for line in self.query(f"#{name}").results(Static):
            line.update(Content(text))


def _line(row: Row, largest: float, room: int) -> str:
    """Write a head: its place, its value, that of even rows, and a bar or a note."""
    prefix, head = row.head
    kind, layer = place_name(prefix)
    shown = f"{fit(kind, 12)}  {layer:>5}  {head:>4}  {real(row.value, 8):>8}"
    if row.even is not None:
        shown += f"  {weight(row.even):>5}"
    if row.note:
        return f"{shown}  {row.note}"
    return f"{shown}  {bar(row.value / largest if largest else 0.0, max(0, min(30, room - len(shown) - 2)))}"
