"""Moment: everything to show of one point of a line, frozen. Every pane, and its text twin, draws a Moment."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from glasshead.anatomy import Anatomy
from glasshead.decoding.stepper import Filling, Stepper
from glasshead.edits.ledger import NO_EDITS, Ledger
from glasshead.session.beside import Beside
from glasshead.session.own_effects import OwnEffect
from glasshead.session.picking import Weighed, weigh
from glasshead.session.stopping import Missed, Stopped
from glasshead.session.stops import NO_STOPS, Stops
from glasshead.session.tree import Branch
from glasshead.text import Token
from glasshead.traces.file import CANDIDATES
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """See the module."""

    trace: Trace
    """Captured values: a row for each token so far, the newest included unless the line is done or being led on."""
    source: tuple[Token, ...]
    tokens: tuple[Token, ...]
    """The target so far, with the prompt."""
    text: str
    """Text as it was typed."""
    read: str | None = None
    """The text as the vocabulary sees it: perhaps in lower case; None if that is not known."""
    line: int
    """Number of the line, counted from 1; a text, a branch, a change and an undo begin another."""
    step: int
    done: bool
    ended: bool
    """Whether the end token, and not the limit, ended the line."""
    limit: int
    """Most steps that can be taken."""
    until: int | None = None
    """Step to which the line is being led, as it was there before an edit; None where it has come to."""
    cut: bool = False
    """Whether a recording, and not the line that it shows, ends here."""
    candidates: tuple[Token, ...]
    entropy: float
    """Entropy of the next token, in bits."""
    given: Token | None = None
    """The next token of a text that the line follows, with its probability."""
    fillings: tuple[Filling, ...] | None = None
    """What an encoder alone would write at its mask tokens; None of a model that fills in nothing."""
    changed: str = ""
    """Difference between the model and the one that was opened, in a few words; empty if there is none."""
    undoable: bool = False
    """Whether undo can bring something back."""
    undos: int = 0
    """How often to undo until the change is gone."""
    edits: Ledger = NO_EDITS
    """Edits of the line, those that are switched off included."""
    beside: Beside | None = None
    """The line that this one is compared with: the one without the edits, or another of the tree; None for none."""
    effect: Beside | None = None
    """The line without the edits; None where there are none."""
    alone: str = ""
    """Why another model, which should stand beside the line, does not; else empty."""
    weighed: Weighed | None = None
    """The next token as it is drawn; None where tokens are picked greedily, or given."""
    stopped: Stopped | None = None
    """Breakpoint at which the newest steps ended here; None if they went through."""
    missed: Missed | None = None
    """How near a line that is done came to the breakpoints that are on; None if it met one, or none is on."""
    stops: Stops = NO_STOPS
    """Breakpoints of the session, those that are switched off included."""
    branches: tuple[Branch, ...] = ()
    """The tree of all lines, in the order in which it is drawn."""
    other: int | None = None
    """Line of the tree that this one is compared with; None for none."""
    own_effects: tuple[OwnEffect, ...] = ()
    """What each edit that is on does by itself, once that was measured here."""
    pinned: tuple[str, int] | None = None
    """Head that the session keeps beside any other; None for none."""

    @cached_property
    def original(self) -> "Moment":
        """The line beside: the same tokens without the edits, or another; the moment itself where there is none."""
        if self.beside is None:
            return self
        at = self.beside
        stands = {} if at.stands is None else {each.name: getattr(at.stands, each.name) for each in fields(at.stands)}
        return replace(
            self, trace=at.trace, source=at.trace.source, candidates=at.candidates, entropy=at.entropy, given=None,
            weighed=None, **stands,
        )  # fmt: skip

    @cached_property
    def alike(self) -> "Moment":
        """The same line with as many rows as the one that it is compared with has."""
        return self if self.beside is None else replace(self, trace=self.beside.edited)

    @property
    def anatomy(self) -> Anatomy:
        """The parts of the model."""
        return self.trace.anatomy


def look(line: Stepper, *, ahead: bool = True, **about: Any) -> Moment:
    """Make the moment at which a line stands. about: what the session knows of it, by the names of the fields.

    ahead: whether the newest token has a row, as all others do; without it, the next token is not known yet.
    """
    fillings = line.fillings(CANDIDATES)
    number = about.pop("number")
    return Moment(
        trace=line.outlook if ahead else line.trace,
        source=tuple(line.source),
        tokens=tuple(line.tokens),
        line=number,
        step=line.step_number,
        done=line.done,
        ended=line.ended,
        limit=line.limit,
        cut=line.cut,
        candidates=tuple(line.candidates(CANDIDATES)) if ahead else (),
        entropy=line.entropy() if ahead else 0.0,
        given=line.given if ahead else None,
        weighed=weigh(line, line.rule) if ahead else None,
        fillings=None if fillings is None else tuple(fillings),
        **about,
    )
