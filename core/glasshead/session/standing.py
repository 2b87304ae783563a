"""Standing: one line of a session, with what it came from. The lines of a session are a tree."""

from dataclasses import dataclass, replace

from glasshead.decoding.stepper import Stepper
from glasshead.edits.ledger import NO_EDITS, Ledger


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A line, the text that it began with, and its edits."""

    line: Stepper
    number: int
    """Number for the screen: it changes whenever another line, or the same one after an undo, is shown."""
    text: str
    truncate: bool
    branch: int
    """Number in the tree, counted from 1; it stays."""
    family: int
    """Branch of the same text and choices without edits: lines under other edits share it."""
    parent: int | None
    """Branch that this one came from; None for a text."""
    cause: str
    """What made it: the text, the token that was chosen, or the edits that changed."""
    fork: int
    """Step at which it left its parent."""
    ledger: Ledger = NO_EDITS
    base: Stepper | None = None
    """Line without the edits; None if there are none."""
    tried: bool = False
    """Whether a try of the lab began the line."""
    name: str = ""
    """Name that a person gave it."""
    folded: bool = False
    """Whether its children are not listed."""

    @property
    def changed(self) -> str:
        """The edits that are on, in a few words; empty if there are none."""
        active = self.ledger.active
        if not active:
            return ""
        return str(active[0]) if len(active) == 1 else f"{len(active)} edits, the last {active[-1]}"

    def to(self, **changes: object) -> "Standing":
        """Return the same standing with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]
