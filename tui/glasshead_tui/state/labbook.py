"""A lab book: of every experiment what was foreseen, which values are set, and what came out. No screen, no model."""

from dataclasses import dataclass, field

from glasshead.errors import GlassheadError, nearest
from glasshead.lab import NAMES, page_of
from glasshead.lab.page import Control, Page, Size, Value
from glasshead_tui.state.course import Place
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip

GIVEN = 40
"""Columns of what somebody typed that are repeated in a sentence at most."""
SIZES: tuple[Size, ...] = ("usual", "full", "quick")
"""In the order in which one key goes through them."""
SOON = 1.5
"""Seconds up to which an experiment runs again as soon as a control is turned."""


@dataclass(kw_only=True)
class Visit:
    """One experiment, as far as the person has come with it."""

    page: Page
    values: dict[str, Value]
    """As the controls stand, which need not be as it was run."""
    answer: int | None = None
    """What was foreseen."""
    seen: bool = False
    """Whether the result may be shown: there was an answer, or none was wished."""
    outcome: Outcome | None = None
    first: Outcome | None = None
    """The result that was shown first."""
    stopped: bool = False
    """Whether it ran and was stopped, and nothing has run or was turned since."""
    trouble: str = ""
    """Why it could not be run with these values."""
    marked: int = 0
    """The answer that the cursor is at; afterwards, the control."""
    exhibit: int = 0
    size: Size = "usual"
    """What was asked for last; a control that was turned since makes it the usual one."""
    reading: bool = True
    """Whether, of page and result, the page is shown where they take turns."""

    @property
    def control(self) -> Control:
        """The control that is marked."""
        return self.page.controls[self.marked]

    @property
    def changed(self) -> bool:
        """Whether the controls stand otherwise than they did for what is shown."""
        return self.outcome is not None and dict(self.outcome.values) != self.values

    @property
    def quick(self) -> bool:
        """Whether it may run at each turn of a control: it took no time here, and this is not the full size."""
        known = self.outcome is not None and self.outcome.made_on is None and self.outcome.seconds < SOON
        return known and self.size != "full"

    def see(self, answer: int | None) -> None:
        """The answer is given; from now on the controls are what the cursor moves in."""
        self.answer, self.seen, self.reading, self.marked = answer, True, False, 0

    def mark(self, by: int) -> None:
        """Move the cursor among answers or controls; it goes round."""
        self.marked = (self.marked + by) % len(self.page.controls if self.seen else self.page.question.answers)

    def turn(self, by: int) -> None:
        """Turn the marked control so many stops. Raises GlassheadError where it has none."""
        self.put(turned(self.control, self.values[self.control.name], by))

    def put(self, value: Value) -> None:
        """Set the marked control."""
        if value != self.values[self.control.name]:
            self.values[self.control.name], self.size = value, "usual"

    def to_size(self, size: Size) -> None:
        """Set all controls to a size; a text that was typed stays."""
        self.size = size
        typed = {each.name: self.values[each.name] for each in self.page.controls if isinstance(each.usual, str)
                 and not each.choice}  # fmt: skip
        self.values = {**self.page.values(size), **(typed if size != "usual" else {})}

    def to_usual(self) -> None:
        """The usual values, or those of the result that comes with the program. Where the result that was shown first
        is of these values, it is shown again."""
        first = self.first
        self.size = "usual"
        self.values = dict(first.values) if first is not None and first.made_on is not None else self.page.values()
        if first is not None and dict(first.values) == self.values:
            self.take(first)

    def take(self, outcome: Outcome) -> None:
        """There is a result. What is shown of the old one stays shown as far as it is there."""
        self.outcome, self.trouble, self.stopped = outcome, "", False
        self.first = self.first or outcome
        self.exhibit = min(self.exhibit, max(0, len(outcome.exhibits) - 1))


@dataclass
class LabBook:
    """All visits, kept as long as the program runs; of a lesson, the place is kept for longer by who asks for it."""

    at: str = NAMES[0]
    lesson: bool = False
    place: Place = field(default_factory=Place)
    """How far the lesson had come."""
    ended: bool = False
    """Whether the page after the last experiment is shown."""
    visits: dict[str, Visit] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    """What the numbers said first, of an experiment whose result was seen."""

    def __post_init__(self) -> None:
        self.right |= self.place.right

    @property
    def visit(self) -> Visit:
        """The experiment that is open."""
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
        """Of the experiment that is open, counted from 1."""
        return NAMES.index(self.at) + 1

    def answer(self, name: str) -> int | None:
        """What was foreseen of an experiment."""
        known = self.visits.get(name)
        return known.answer if known and known.seen else self.place.answers.get(name)

    def go(self, by: int) -> bool:
        """Open the experiment so many further on; whether there is one. After the last of a lesson comes its end."""
        to = self.number - 1 + by + self.ended
        end = self.lesson and to == len(NAMES)
        if not (0 <= to < len(NAMES) or end):
            return False
        self.ended = end
        self.at = NAMES[min(to, len(NAMES) - 1)]
        return True

    def find(self, text: str) -> None:
        """Open the experiment of this number or name, or the one whose name alone begins so. Raises GlassheadError,
        with the nearest, where there is none."""
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
        """An experiment has a result; what it says first is what counts."""
        self.visits[name].take(outcome)
        self.right.setdefault(name, outcome.verdict.answer)

    def kept(self) -> Place:
        """What is worth keeping of a lesson."""
        answers = {name: self.answer(name) for name in self.right}
        return Place(
            at=self.at,
            answers={name: answer for name, answer in answers.items() if answer is not None},
            right=dict(self.right),
        )


def turned(control: Control, value: Value, by: int) -> Value:
    """The value so many stops further, and the last stop where there are none further. A value between two stops goes
    to the next of them. Raises GlassheadError for a control without stops.
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


def shown(value: Value) -> str:
    """A value as a person reads it; not yet safe for a terminal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:g}" if isinstance(value, float) else value
