"""RankedBy: what heads are ranked by, the loss of a whole line or the probability of its next token."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RankedBy:
    """What heads are ranked by."""

    text: str | None
    """The text whose whole line is asked about, as the model writes it."""
    ids: tuple[int, ...] = ()
    """The target so far, if the next token is asked about alone."""
    next: int | None = None
    """That token; None for the whole line."""
