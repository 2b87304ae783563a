"""What the worker tells the screen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from glasshead.lab.record import Shipped
    from glasshead.text import Token
    from glasshead.traces.trace import Trace
    from glasshead.truth.trace_checks import Check


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """All that is shown of one point of a line.

    Two of the same point are two: each is checked, and the check of one is not the other's.
    """

    trace: "Trace"
    source: "tuple[Token, ...]"
    tokens: "tuple[Token, ...]"
    """The target so far, with the start token."""
    text: str
    """The source as it was typed."""
    line: int
    """Which source sentence this is, counted from 1."""
    step: int
    done: bool
    limit: int
    """Most steps that can be taken."""
    candidates: "tuple[Token, ...]"
    entropy: float
    """Of the next token, in bits."""
    changed: str
    """How the model differs from the one that was opened, in a few words; nothing where it does not."""
    undoable: bool = False
    """Whether undo can bring something back."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the header says of the model."""

    name: str
    shape: tuple[str, ...]
    """In the order of importance."""
    limit: int
    """Most tokens of a source."""


class Opened(Message):
    """The model is loaded."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self.about = about


class Stepped(Message):
    """The line is somewhere else, or another line."""

    def __init__(self, moment: Moment, *, ticket: int, fresh: bool) -> None:
        """ticket: of the job that did it · fresh: a new source sentence."""
        super().__init__()
        self.moment, self.ticket, self.fresh = moment, ticket, fresh


class Checked(Message):
    """What is shown has been checked."""

    def __init__(self, moment: Moment, checks: "tuple[Check, ...]") -> None:
        super().__init__()
        self.moment, self.checks = moment, checks


class Refused(Message):
    """A job that could not be done, and why."""

    def __init__(self, sentence: str, *, ticket: int, too_long: bool = False) -> None:
        super().__init__()
        self.sentence, self.ticket, self.too_long = sentence, ticket, too_long


class Examining(Message):
    """An experiment reports its progress."""

    def __init__(self, *, ticket: int, share: float, words: str) -> None:
        """share: of the work that is done, 0–1 · words: the current piece of work."""
        super().__init__()
        self.ticket, self.share, self.words = ticket, share, words


class ShippedRead(Message):
    """The shipped result of an experiment was read."""

    def __init__(self, *, ticket: int, made: "Shipped | None") -> None:
        """made: None if the experiment has none."""
        super().__init__()
        self.ticket, self.made = ticket, made


class Examined(Message):
    """An experiment has its result."""

    def __init__(self, *, ticket: int, result: Any, seconds: float) -> None:
        super().__init__()
        self.ticket, self.result, self.seconds = ticket, result, seconds


class NotOpened(Message):
    """The model could not be loaded."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence
