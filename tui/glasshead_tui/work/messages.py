"""What a worker answers. Each message goes to whoever asked, and carries the ticket of the job that it answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from glasshead.lab.record import Shipped
    from glasshead.session.moment import Moment
    from glasshead.truth.trace_checks import Check


@dataclass(frozen=True, kw_only=True)
class About:
    """What the header says of the model."""

    name: str
    facts: tuple[str, ...]
    """The most important first."""
    limit: int | None
    """Most tokens of a text; None where there is no limit."""


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
    """The line stands somewhere else, or is another line."""

    moment: "Moment"
    ticket: int
    fresh: bool
    """Whether this is the first moment of another line."""


@dataclass
class Checked(Message):
    """What is shown has been checked."""

    moment: "Moment"
    checks: "tuple[Check, ...]"


@dataclass
class Refused(Message):
    """A job could not be done, and why."""

    sentence: str
    ticket: int
    too_long: bool = False


@dataclass
class Examining(Message):
    """An experiment goes on."""

    ticket: int
    share: float
    """The part that is done, 0–1."""
    words: str
    """The part that is being done, in words."""


@dataclass
class Examined(Message):
    """An experiment has its result."""

    ticket: int
    result: Any
    seconds: float


@dataclass
class ShippedRead(Message):
    """The result of an experiment that comes with the program was read."""

    ticket: int
    made: "Shipped | None"
    """None where none comes with it."""
