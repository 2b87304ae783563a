"""A lab book: the answers, values and results of every experiment. No screen, no model."""

from dataclasses import dataclass, field

from glasshead.errors import GlassheadError, nearest
from glasshead.lab import NAMES, page_of
from glasshead.lab.page import Control, Page, Size, Value
from glasshead_tui.state.course import Place
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip

GIVEN = 40
"""Most columns of the user's typed text in a sentence."""
SIZES: tuple[Size, ...] = ("usual", "full", "quick")
"""The sizes in the order in which a key goes through them."""
SOON = 1.5
"""Most seconds of an experiment that runs again at each turn of a control."""


@dataclass(kw_only=True)
class Visit:
    """The user's visit of one experiment."""

    page: Page
    values: dict[str, Value]
    """Values of the controls, which may differ from those of the result."""
    answer: int | None = None
    """The user's answer."""
    seen: bool = False
    """Whether the result may be shown: there was an answer, or none was wished."""
    outcome: Outcome | None = None
    first: Outcome | None = None
    """The result that was shown first."""
    stopped: bool = False
    """Whether it was stopped, and nothing has run or was turned since."""
    trouble: str = ""
    """Reason why it could not run with these values."""
    marked: int = 0
    """Index of the marked answer; once the result is seen, of the marked control."""
    exhibit: int = 0
    size: Size = "usual"
    """The last requested size; turning a control makes it the usual one."""
    reading: bool = True
    """Whether the page, and not the result, is shown where they take turns."""

    @property
    def control(self) -> Control:
        """The marked control."""
        return self.page.controls[self.marked]

    @property
    def changed(self) -> bool:
        """Whether the controls differ from those of the shown result."""
        return self.outcome is not None and dict(self.outcome.values) != self.values

    @property
    def quick(self) -> bool:
        """Whether it may run at each turn of a control: it was fast here, and this is not the full size."""
        known = self.outcome is not None and self.outcome.made_on is None and self.outcome.seconds < SOON
        return known and self.size != "full"

    def see(self, answer: int | None) -> None:
        """Take the answer; from now on the cursor moves in the controls."""
        self.answer, self.seen, self.reading, self.marked = answer, True, False, 0

    def mark(self, by: int) -> None:
        """Move the cursor among answers or controls; it wraps around."""
        self.marked = (self.marked + by) % len(self.page.controls if self.seen else self.page.question.answers)

    def turn(self, by: int) -> None:
        """Turn the marked control by `by` stops. Raises GlassheadError if it has none."""
        self.put(turned(self.control, self.values[self.control.name], by))

    def put(self, value: Value) -> None:
        """Set the marked control."""
        if value != self.values[self.control.name]:
            self.values[self.control.name], self.size = value, "usual"

    def to_size(self, size: Size) -> None:
        """Set all controls to a size; typed text stays."""
        self.size = size
        typed = {each.name: self.values[each.name] for each in self.page.controls if isinstance(each.usual, str)
                 and not each.choice}  # fmt: skip
        self.values = {**self.page.values(size), **(typed if size != "usual" else {})}

    def to_usual(self) -> None:
        """Set the usual values, or those of the shipped result.

        If the first shown result has these values, it is shown again.
        """
        first = self.first
        self.size = "usual"
        self.values = dict(first.values) if first is not None and first.made_on is not None else self.page.values()
        if first is not None and dict(first.values) == self.values:
            self.take(first)

    def take(self, outcome: Outcome) -> None:
        """Take a result. The exhibit in sight stays, if the new result has it."""
        self.outcome, self.trouble, self.stopped = outcome, "", False
        self.first = self.first or outcome
        self.exhibit = min(self.exhibit, max(0, len(outcome.exhibits) - 1))


@dataclass
class LabBook:
    """All visits of this run. A lesson's place is saved by the caller."""

    at: str = NAMES[0]
    lesson: bool = False
    place: Place = field(default_factory=Place)
    """The place at the start of the lesson."""
    ended: bool = False
    """Whether the page after the last experiment is shown."""
    visits: dict[str, Visit] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    """The numbers' first answer for each experiment with a seen result."""

    def __post_init__(self) -> None:
        self.right |= self.place.right

    @property
    def visit(self) -> Visit:
        """The visit of the open experiment."""
        known = self.visits.get(self.at)
        if known is None:
            opened = page_of(self.at)
            known = self.visits[self.at] = Visit(page=opened, values=opened.values())
            if self.at in self.right:  # in an earlier lesson
                answer = self.place.answers.get(self.at)
                known.see(answer if answer is not None and answer < len(opened.question.answers) else None)
                known.reading = True
        return known

    @property
    def number(self) -> int:
        """Number of the open experiment, from 1."""
        return NAMES.index(self.at) + 1

    def answer(self, name: str) -> int | None:
        """Return the user's answer to an experiment."""
        known = self.visits.get(name)
        return known.answer if known and known.seen else self.place.answers.get(name)

    def go(self, by: int) -> bool:
        """Open the experiment `by` places further and return whether there is one; a lesson has an end page."""
        to = self.number - 1 + by + self.ended
        end = self.lesson and to == len(NAMES)
        if not (0 <= to < len(NAMES) or end):
            return False
        self.ended = end
        self.at = NAMES[min(to, len(NAMES) - 1)]
        return True

    def find(self, text: str) -> None:
        """Open the experiment with this number, name or unique beginning of a name.

        Raises GlassheadError, with the nearest name, if there is none.
        """
        asked = text.strip().lower()
        if asked.isdecimal() and asked.isascii() and 1 <= int(asked[:6]) <= len(NAMES):
            asked = NAMES[int(asked[:6]) - 1]
        begun = [name for name in NAMES if name.startswith(asked)] if asked else []
        asked = begun[0] if len(begun) == 1 else asked
        if asked not in NAMES:
            raise GlassheadError(
                f"{clip(text, GIVEN)!r} is no experiment: type 1 to {len(NAMES)}, or a name. "
                f"{nearest(asked, list(NAMES), what='experiment')}"
            )
        self.at, self.ended = asked, False

    def take(self, name: str, outcome: Outcome) -> None:
        """Take the result of an experiment; only its first verdict counts."""
        self.visits[name].take(outcome)
        self.right.setdefault(name, outcome.verdict.answer)

    def kept(self) -> Place:
        """Return the part of a lesson that is saved."""
        answers = {name: self.answer(name) for name in self.right}
        return Place(
            at=self.at,
            answers={name: answer for name, answer in answers.items() if answer is not None},
            right=dict(self.right),
        )


def turned(control: Control, value: Value, by: int) -> Value:
    """Return the value `by` stops further, at most the last stop; between two stops, go to the next one.

    Raises GlassheadError for a control without stops.
    """
    stops = (False, True) if isinstance(control.usual, bool) and not control.stops else control.stops
    if not stops:
        raise GlassheadError(f"{control.name} has no stops to go through: type a value with =.")
    if value in stops:
        return stops[min(max(stops.index(value) + by, 0), len(stops) - 1)]
    if isinstance(value, str) or any(isinstance(stop, str) for stop in stops):
        return stops[0 if by > 0 else -1]
    beyond = [stop for stop in stops if (stop > value if by > 0 else stop < value)]  # type: ignore[operator]
    if not beyond:
        return value
    ordered = sorted(beyond, reverse=by < 0)
    return ordered[min(abs(by), len(ordered)) - 1]


def format_value(value: Value) -> str:
    """Write a value for a person; not yet safe for a terminal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:g}" if isinstance(value, float) else value
