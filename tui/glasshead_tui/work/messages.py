"""The answers of a worker. Each message goes to the asker, with the ticket of the job that it answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from glasshead_tui.state.ranked_by import RankedBy

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from glasshead.analysis.measures import Trait
    from glasshead.lab.record import Shipped
    from glasshead.ranking.results import Effect
    from glasshead.session.moment import Moment
    from glasshead.session.picking import Weighed
    from glasshead.truth.trace_checks import Check


@dataclass(frozen=True, kw_only=True)
class About:
    """Facts about the model for the header."""

    name: str
    facts: tuple[str, ...]
    """Facts, the most important first."""
    limit: int | None
    """Most tokens of a text; None if there is no limit."""
    examples: tuple[str, ...] = ()
    """Example sentences of the model."""
    prompted: bool = False
    """Whether the model goes on from a text, and reads no source."""


@dataclass
class Opened(Message):
    """The model is loaded."""

    about: About


@dataclass
class NotOpened(Message):
    """The model could not be loaded, and why."""

    sentence: str


@dataclass
class Stepped(Message):
    """The line has moved, or is a new line."""

    moment: "Moment"
    ticket: int
    fresh: bool
    """Whether this is the first moment of a new line."""


@dataclass
class Computed(Message):
    """A value that a pass was put off for is there, or cannot be computed."""

    key: "Hashable"


@dataclass
class Checked(Message):
    """The shown moment has been checked."""

    moment: "Moment"
    checks: "tuple[Check, ...]"


@dataclass
class Refused(Message):
    """A job could not be done, and why."""

    sentence: str
    ticket: int
    too_long: bool = False
    there: bool = False
    """Whether a file is there already, which could be replaced."""

    @property
    def insisting(self) -> str:
        """What the same wish once more would do, as a sentence to append; empty if it would be refused again."""
        if self.too_long:
            return " Enter once more keeps what fits."
        return " Enter once more overwrites it." if self.there else ""


@dataclass
class Saved(Message):
    """The line was written to a file."""

    path: str
    bytes: int
    ticket: int


@dataclass
class NextWeighed(Message):
    """The next token was weighed by a rule that the line does not have yet."""

    weighed: "Weighed | None"
    ticket: int


@dataclass
class Searched(Message):
    """A beam search is done."""

    found: int
    """Lines that were found."""
    given_up: int
    """Lines that were given up on the way."""
    ticket: int


@dataclass
class Measured(Message):
    """What the heads of a line do was measured, by attention and head."""

    traits: "Mapping[tuple[str, int], Mapping[str, Trait]]"
    ticket: int


@dataclass
class MeasuringEdits(Message):
    """The edits are being measured, one by one: lines that are decoded, of all."""

    done: int
    of: int
    ticket: int


@dataclass
class Ranking(Message):
    """Heads are being ranked."""

    done: int
    of: int
    ticket: int


@dataclass
class Ranked(Message):
    """The heads have been ranked, the one that matters most first."""

    effects: "tuple[Effect, ...]"
    loss: float
    about: RankedBy
    ticket: int


@dataclass
class Scripted(Message):
    """The present state as Python."""

    text: str
    test: bool
    ticket: int


@dataclass
class Examining(Message):
    """An experiment has made progress."""

    ticket: int
    share: float
    """Share that is done, 0–1."""
    words: str
    """Current work, in words."""


@dataclass
class Examined(Message):
    """An experiment has its result."""

    ticket: int
    result: Any
    seconds: float


@dataclass
class ShippedRead(Message):
    """The result of an experiment that ships with the program was read."""

    ticket: int
    made: "Shipped | None"
    """Result; None if none ships with the program."""
