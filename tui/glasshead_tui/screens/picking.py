"""How the next token is picked: greedily, drawn, or by a beam search. What each number does is seen at once."""

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from glasshead_tui.drawing.names import next_labels, spoken
from glasshead_tui.drawing.numbers import drawn_with, real, weight
from glasshead_tui.drawing.paint import palette
from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import HERE
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.picking import Weighed

ROWS = (
    ("greedy", "", "the most probable token"),
    ("sample", "temperature", "the logits are divided by it"),
    ("", "top_k", "draw from the k best"),
    ("", "top_p", "draw from the fewest that reach p"),
    ("", "seed", "the same seed draws the same tokens"),
    ("beam", "width", "lines that are searched at once"),
)
"""Rule, its number, and what that does."""
STOPS: dict[str, tuple[float | None, ...]] = {
    "temperature": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 3.0, 5.0),
    "top_k": (None, 1, 2, 3, 4, 5, 10, 20, 40, 50, 100, 200),
    "top_p": (None, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99),
    "width": (2, 3, 4, 5, 6, 8, 10, 12, 16),
}
"""Values to turn through; None is off. The seed is any number from 0."""
USUAL: dict[str, float | None] = {"temperature": 1.0, "top_k": None, "top_p": None, "seed": 0, "width": 4}
SHOWN = 6
"""Candidates that are shown where there is room."""
REST = 17
"""Lines of the question without its candidates."""
WIDE = 70
"""Columns of the window from which on each number is explained."""
KEYS = "↑ ↓ row · ← → or type · R next seed · enter takes it · esc leaves it"
SAMPLING = ("temperature", "top_k", "top_p", "seed")
FRACTIONS = ("temperature", "top_p")
FRACTION, WHOLE = re.compile(r"\d{0,3}(\.\d{0,4})?"), re.compile(r"\d{0,6}")
"""What may be typed of a number that is a fraction, and of one that is not."""


class Picking(Dialog[None]):
    """See the module. What is weighed and taken is done by the worker; the screen below brings the answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,g,q", "dismiss", "leave it as it is", show=False),
        Binding("up,k", "mark(-1)", "the row above", show=False),
        Binding("down,j", "mark(1)", "the row below", show=False),
        Binding("left,h", "turn(-1)", "turn down", show=False),
        Binding("right,l", "turn(1)", "turn up", show=False),
        Binding("R", "next_seed", "the next seed", show=False),
        Binding("enter", "take", "take it", show=False),
    ]
    DEFAULT_CSS = """
    Picking > Vertical { width: 74; max-width: 96%; height: auto; max-height: 96%; border: round $primary;
        background: $surface; padding: 0 1; }
    Picking .quiet { color: $text-muted; height: auto; }
    """

    def __init__(self, moment: "Moment", values: dict[str, float | None], worker: Worker, asker: Asker) -> None:
        """values: the numbers of the rules as they were left."""
        super().__init__()
        self._moment, self._worker, self._asker = moment, worker, asker
        self._values = USUAL | values
        self._row = 0
        if (now := moment.weighed) is not None:
            self._values |= {name: getattr(now, name) for name in SAMPLING}
            self._row = 1
        self._weighed: Weighed | None = moment.weighed
        self._ticket = 0
        self._refused = ""
        self._typed = ""
        """What is typed of the number of the marked row."""

    @property
    def values(self) -> dict[str, float | None]:
        """Numbers of the rules as they are turned now."""
        return dict(self._values)

    @property
    def _rule(self) -> str:
        """The rule of the marked row."""
        return next(rule for rule, _, _ in reversed(ROWS[: self._row + 1]) if rule)

    def compose(self) -> ComposeResult:
        """Compose title, rows, the answer and hint."""
        with Vertical():
            yield Static(Content("How the next token is picked, from here on"))
            yield Static(id="rows")
            yield Static(id="answer")
            yield Static(Content(KEYS), classes="quiet")

    def on_mount(self) -> None:
        """Show the present rule."""
        self._show()

    def action_mark(self, by: int) -> None:
        """Mark another row."""
        self._row, self._typed = min(max(self._row + by, 0), len(ROWS) - 1), ""
        self._ask()

    def action_turn(self, by: int) -> None:
        """Turn the number of the marked row; that of the first row of a rule needs none."""
        name, self._typed = ROWS[self._row][1], ""
        if name == "seed":
            self._values[name] = max(0, int(self._values[name] or 0) + by)
        elif name:
            stops = STOPS[name]
            self._values[name] = stops[min(max(_place(stops, self._values[name], by), 0), len(stops) - 1)]
        self._ask()

    def on_key(self, event: events.Key) -> None:
        """Take a number that is typed: each character that leaves it one."""
        name = ROWS[self._row][1]
        typed = self._typed[:-1] if event.key == "backspace" else f"{self._typed}{event.character or ' '}"
        if not name or not re.fullmatch(FRACTION if name in FRACTIONS else WHOLE, typed):
            return
        event.stop()
        self._typed = typed
        if typed not in ("", "."):
            self._values[name] = float(typed) if name in FRACTIONS else int(typed)
            self._ask()
        else:
            self._show()

    def action_next_seed(self) -> None:
        """Draw with the next seed."""
        if self._rule != "sample":
            self._row = 1
        self._typed = ""
        self._values["seed"] = int(self._values["seed"] or 0) + 1
        self._ask()

    def action_take(self) -> None:
        """Take the rule."""
        if not self.is_active:
            return
        if self._rule == "beam":
            width = int(self._values["width"] or 1)
            self._worker.search(width, to=self._asker)
            self.app.notify(f"Searching with a beam of {width} … esc stops it.", markup=False, timeout=2)
        else:
            self._worker.pick(self._sampling, to=self._asker)
        self.dismiss()

    @property
    def _sampling(self) -> dict[str, float | None] | None:
        return {name: self._values[name] for name in SAMPLING} if self._rule == "sample" else None

    def _ask(self) -> None:
        """Have the next token weighed by the rule as it is turned now."""
        rule = self._sampling
        self._refused = ""
        if rule is None:
            self._ticket, self._weighed = 0, None
        else:
            self._ticket = self._worker.weigh(rule, to=self._asker)
        self._show()

    def show(self, weighed: "Weighed | None", ticket: int) -> None:
        """Show what was weighed, if it was asked for last."""
        if ticket == self._ticket:
            self._weighed = weighed
            self._show()

    def refuse(self, sentence: str, ticket: int) -> bool:
        """Say why it cannot be weighed; tell whether the ticket was its own."""
        if ticket != self._ticket:
            return False
        self._refused = sentence
        self._show()
        return True

    def _show(self) -> None:
        for line in self.query("#rows").results(Static):
            line.update(self._draw_rows())
        for line in self.query("#answer").results(Static):
            line.update(self._draw_answer())

    def _draw_rows(self) -> Table:
        marks = palette(self.app)
        table = Table.grid(padding=(0, 1))
        for number, (rule, name, what) in enumerate(ROWS):
            here = number == self._row
            value = format_value(self._values[name]) if name else ""
            value = self._typed if here and self._typed else value
            chosen = rule != "" and rule == self._rule
            table.add_row(
                Text(HERE if here else " ", marks.query),
                Text(rule, marks.strong if chosen else marks.quiet),
                Text(name.replace("_", "-")),
                Text(f"‹{value}›" if here and name else f" {value} ", marks.strong if here else ""),
                Text(what if self.app.size.width >= WIDE else "", marks.quiet),
            )
        return table

    def _draw_answer(self) -> Group | Text:
        marks = palette(self.app)
        if self._refused:
            return Text(f"\n{visible(self._refused)}", marks.bad)
        if self._rule == "beam":
            width = format_value(self._values["width"])
            return Text(
                f"\nEnter searches on from here with {width} lines. Each finished line becomes a branch, with its "
                "score: log P of what follows ÷ ((5 + n) / 6)^0.6 for n tokens.",
                marks.quiet,
            )
        moment, found = self._moment, self._weighed if self._rule == "sample" else None
        shown = moment.candidates[: max(1, min(SHOWN, self.app.size.height - REST))]
        names = next_labels(moment.tokens, shown)
        table = Table.grid(padding=(0, 1))
        for number, (name, token) in enumerate(zip(names, shown, strict=True)):
            p = token.probability or 0.0
            drawn = p if found is None else found.adjusted[number]
            then = "" if found is None else f"→ {drawn_with(drawn, cuts=found.cuts)}"
            cells = (clip(spoken(name), 16), weight(p), then, bar(drawn, 24))
            table.add_row(*(Text(cell) for cell in cells[:3]), Text(cells[3], marks.positive))
        told = Text("\nthe model's own", marks.quiet)
        if found is None:
            told.append(f", entropy {real(moment.entropy, 4)} bits; the first is taken")
            return Group(told, table)
        told.append(f" → as it is drawn · entropy {real(found.entropy, 4)} → {real(found.adjusted_entropy, 4)} bits")
        draws = Text("draws ", marks.quiet)
        draws.append(spoken(next_labels(moment.tokens, (found.drawn,))[0]), marks.query)
        others = f"{found.left:,} tokens can be drawn" if found.left > 1 else "nothing else can be drawn"
        draws.append(f" · {others}", marks.quiet)
        return Group(told, table, draws)


def _place(stops: tuple[float | None, ...], value: float | None, by: int) -> int:
    """Find the place of the next stop; a value between two stops goes to the nearer one in that direction."""
    numbers = [-1.0 if stop is None else float(stop) for stop in stops]
    at = bisect_left(numbers, -1.0 if value is None else value)
    exact = at < len(numbers) and stops[at] == value
    return at + by if exact or by < 0 else at + by - 1


def format_value(value: float | None) -> str:
    """Write a number of a rule; None is off."""
    return "off" if value is None else f"{value:g}"
